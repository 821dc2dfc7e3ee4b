//! When a mail is tried again, and when it is given up: as mail servers do it.

use std::time::Duration;

use tidegate_types::Timestamp;

/// The pause after the first attempt; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(4 * 3600);
/// How long a mail is tried: as long as SES tries, 840 minutes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(14 * 3600);

/// When patience with a mail runs out.
pub(crate) fn expires_at(raised_at: Timestamp) -> Timestamp {
    raised_at.plus(PATIENCE)
}

/// When the next attempt is, after `attempts` of them. `chance` spreads those that failed together over an
/// eighth of the pause. The last attempt is when patience runs out.
pub(crate) fn next_attempt(now: Timestamp, expires_at: Timestamp, attempts: u32, chance: u64) -> Timestamp {
    let doublings = attempts.saturating_sub(1).min(16);
    let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    let next = now.plus(pause).plus_millis(chance % (pause.as_millis() as u64 / 8 + 1));
    if now < expires_at { next.min(expires_at) } else { next }
}

/// How the last words of a mail that was given up begin.
pub(crate) fn expired_diagnostic(last: &str) -> String {
    format!("smtp; 554 4.4.7 Message expired: unable to deliver in {} minutes.<{last}>", PATIENCE.as_secs() / 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert, proptest};

    proptest! {
        #[test]
        fn a_pause_grows_up_to_four_hours(attempts in 1u32..100, chance in any::<u64>()) {
            let now = Timestamp::from_secs(1_000_000);
            let far = Timestamp::MAX;
            let pause = next_attempt(now, far, attempts, chance).since(now);
            let floor = Duration::from_secs(60 << attempts.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
            prop_assert!(pause >= floor && pause <= floor + floor / 8);
        }
    }

    #[test]
    fn the_last_attempt_is_when_patience_runs_out() {
        let raised = Timestamp::from_secs(1000);
        let (mut now, mut attempts) = (raised, 0);
        while now < expires_at(raised) {
            attempts += 1;
            now = next_attempt(now, expires_at(raised), attempts, 0);
        }
        assert_eq!((now, attempts), (expires_at(raised), 11));
    }
}
