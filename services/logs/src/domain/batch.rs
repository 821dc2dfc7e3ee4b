//! What PutLogEvents takes, refuses, and leaves out.

use tidegate_types::Timestamp;

use super::limits::{EVENT_OVERHEAD_BYTES, MAX_BATCH_BYTES};

/// How far in the future an event may lie.
const MAX_AHEAD_MS: u64 = 2 * 3_600_000;
/// How far in the past.
const MAX_BEHIND_MS: u64 = 14 * 86_400_000;
/// How long a time one batch may span.
const MAX_SPAN_MS: u64 = 86_400_000;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it happened, in milliseconds, as its writer says.
    pub timestamp: u64,
    /// What happened.
    pub message: String,
    /// What the group's transformer made of it, if it has one that could read it.
    pub transformed: Option<String>,
}

impl Event {
    /// An event as it is written.
    pub fn new(timestamp: u64, message: String) -> Event {
        Event { timestamp, message, transformed: None }
    }

    /// What it counts towards limits and stored bytes.
    pub fn size(&self) -> usize {
        self.message.len() + EVENT_OVERHEAD_BYTES
    }
}

/// A batch is refused as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum BatchError {
    #[error("the batch has {0} bytes")]
    TooLarge(usize),
    #[error("the events are not in order")]
    NotInOrder,
    #[error("the batch spans more than a day")]
    SpansTooLong,
}

/// Events that were left out of a batch, as places in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rejected {
    /// The first event that is more than two hours ahead.
    pub too_new_from: Option<usize>,
    /// The first event that is not older than two weeks.
    pub too_old_to: Option<usize>,
    /// The first event that is not older than the group keeps events.
    pub expired_to: Option<usize>,
}

/// What of a batch is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The events, in order.
    pub events: Vec<Event>,
    /// What was left out; `None` if nothing was.
    pub rejected: Option<Rejected>,
}

/// Checks a batch at `now`; `keeps_ms` is for how long the group keeps events.
///
/// # Errors
/// [`BatchError`]: nothing of it is written.
pub fn accept(mut events: Vec<Event>, keeps_ms: Option<u64>, now: Timestamp) -> Result<Accepted, BatchError> {
    let bytes: usize = events.iter().map(Event::size).sum();
    if bytes > MAX_BATCH_BYTES {
        return Err(BatchError::TooLarge(bytes));
    }
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(BatchError::NotInOrder);
    }
    let (first, last) = (events.first(), events.last());
    if let (Some(first), Some(last)) = (first, last)
        && last.timestamp - first.timestamp > MAX_SPAN_MS
    {
        return Err(BatchError::SpansTooLong);
    }
    let before = |time: Timestamp| events.partition_point(|event| event.timestamp < time.as_millis());
    let too_old = before(now.minus_millis(MAX_BEHIND_MS));
    let expired = keeps_ms.map_or(0, |keeps| before(now.minus_millis(keeps)));
    let too_new = before(now.plus_millis(MAX_AHEAD_MS + 1));
    let rejected = Rejected {
        too_new_from: (too_new < events.len()).then_some(too_new),
        too_old_to: (too_old > 0).then_some(too_old),
        expired_to: (expired > 0).then_some(expired),
    };
    events.truncate(too_new);
    events.drain(..too_old.max(expired).min(events.len()));
    Ok(Accepted { events, rejected: Some(rejected).filter(|rejected| *rejected != Rejected::default()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;
    const NOW: Timestamp = Timestamp::from_millis(100 * DAY);

    fn events(timestamps: &[u64]) -> Vec<Event> {
        timestamps.iter().map(|&timestamp| Event::new(timestamp, "x".to_owned())).collect()
    }

    #[test]
    fn batches_are_in_order_and_span_a_day() {
        let check = |timestamps: &[u64]| accept(events(timestamps), None, NOW).map(|accepted| accepted.events.len());
        assert_eq!(check(&[99 * DAY, 99 * DAY, 100 * DAY]), Ok(3));
        assert_eq!(check(&[99 * DAY, 99 * DAY - 1]), Err(BatchError::NotInOrder));
        assert_eq!(check(&[99 * DAY - 1, 100 * DAY]), Err(BatchError::SpansTooLong));
        let large = vec![Event::new(100 * DAY, "x".repeat(MAX_BATCH_BYTES - 25))];
        assert_eq!(accept(large, None, NOW), Err(BatchError::TooLarge(MAX_BATCH_BYTES + 1)));
    }

    #[test]
    fn events_out_of_time_are_left_out() {
        let check = |timestamps: &[u64], keeps| {
            let accepted = accept(events(timestamps), keeps, NOW).unwrap();
            (accepted.events.len(), accepted.rejected)
        };
        let now = NOW.as_millis();
        let hours = |hours: u64| hours * 3_600_000;
        assert_eq!(check(&[now, now + hours(2)], None), (2, None));
        let rejected = Rejected { too_new_from: Some(1), ..Rejected::default() };
        assert_eq!(check(&[now, now + hours(2) + 1], None), (1, Some(rejected)));
        let rejected = Rejected { too_old_to: Some(1), ..Rejected::default() };
        assert_eq!(check(&[now - 14 * DAY - 1, now - 14 * DAY], None), (1, Some(rejected)));
        let rejected = Rejected { expired_to: Some(1), ..Rejected::default() };
        assert_eq!(check(&[now - DAY - 1, now - DAY], Some(DAY)), (1, Some(rejected)));
        let rejected = Rejected { too_new_from: Some(0), ..Rejected::default() };
        assert_eq!(check(&[now + DAY], None), (0, Some(rejected)));
    }
}
