//! The limits of the engine, by name.

use std::time::Duration;

/// The largest event of a synchronous invocation, in bytes.
pub(crate) const MAX_EVENT_BYTES: usize = 6 * 1024 * 1024;

/// What of an event is not records: its frame, and the state of a window.
pub(crate) const EVENT_FRAME_BYTES: usize = 1024;

/// The most records of all batches together that one receive takes from a queue.
pub(crate) const MAX_RECEIVED: usize = 1_000;

/// With how many calls at once a queue begins, and how many it may reach, if its mapping does not say.
/// AWS goes up to 1,250; one machine runs fewer functions than that, and what is received waits hidden.
pub(crate) const FIRST_CALLS: usize = 5;
pub(crate) const MOST_CALLS: usize = 64;

/// How long the backlog must keep all calls busy until there is one more: 300 in a minute, as on AWS.
pub(crate) const GROWTH_EVERY: Duration = Duration::from_millis(200);

/// The pauses between tries, in product time: doubling from the first to the longest.
pub(crate) const FIRST_BACKOFF_MS: u64 = 100;
pub(crate) const LONGEST_BACKOFF_MS: u64 = 60_000;

/// How long to wait before a failed store or a missing source is asked again: real time.
pub(crate) const PAUSE: Duration = Duration::from_millis(500);
pub(crate) const MISSING_PAUSE: Duration = Duration::from_secs(2);

/// How long a receive that goes on may still take when its mapping stops: real time. One that commits this
/// very moment would hide messages from everybody if it were dropped.
pub(crate) const LAST_RECEIVE: Duration = Duration::from_millis(50);

/// The most of a tumbling window's state, in bytes.
pub(crate) const MAX_STATE_BYTES: usize = 1024 * 1024;

/// How many records a lane may skip until it notes how far it is.
pub(crate) const SKIPPED_AT_MOST: u64 = 10_000;

/// The pause after so many failures in a row.
pub(crate) fn backoff_ms(failures: u32) -> u64 {
    let doublings = failures.saturating_sub(1).min(16);
    (FIRST_BACKOFF_MS << doublings).min(LONGEST_BACKOFF_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        for (failures, pause) in [(1, 100), (2, 200), (3, 400), (10, 51_200), (11, 60_000), (u32::MAX, 60_000)] {
            assert_eq!(backoff_ms(failures), pause, "after {failures}");
        }
    }
}
