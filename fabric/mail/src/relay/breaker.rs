//! Remembers that the relay is away, so that a thousand mails do not each wait for its silence.

use std::time::Duration;

use parking_lot::Mutex;
use tidegate_types::Timestamp;

use super::connection::{Failure, Trouble};

/// How long a relay that cannot be used is left alone: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(15 * 60));

#[derive(Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    away: Option<(Timestamp, Failure)>,
    failures: u32,
}

impl Breaker {
    /// Until when the relay is left alone, and why.
    pub(crate) fn away(&self, now: Timestamp) -> Option<(Timestamp, Failure)> {
        self.0.lock().away.clone().filter(|(until, _)| now < *until)
    }

    /// The relay was there.
    pub(crate) fn closed(&self) {
        let mut state = self.0.lock();
        if state.away.is_some() {
            tracing::info!("the mail relay can be used again");
        }
        *state = State::default();
    }

    /// It could not be used at all.
    pub(crate) fn failed(&self, now: Timestamp, failure: &Failure) {
        let mut state = self.0.lock();
        // Those that were under way at the same time say the same.
        if state.away.as_ref().is_some_and(|(until, _)| now < *until) {
            return;
        }
        state.failures += 1;
        // One conversation that broke may be the fault of one mail; two without a good one in between are not.
        if failure.trouble == Trouble::Broken && state.failures == 1 {
            tracing::warn!(reason = failure.what, "the mail relay broke off");
            return;
        }
        let pause = PAUSES.0.saturating_mul(1 << (state.failures - 1).min(10)).min(PAUSES.1);
        state.away = Some((now.plus(pause), failure.clone()));
        let seconds = pause.as_secs();
        match failure.trouble {
            Trouble::Settings => tracing::error!(
                reason = failure.what,
                seconds,
                "the mail relay refuses what --smtp says; mails wait until that is mended"
            ),
            Trouble::Away | Trouble::Broken => {
                tracing::warn!(reason = failure.what, seconds, "the mail relay cannot be used; mails wait");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_that_is_away_is_left_alone_for_longer_each_time() {
        let breaker = Breaker::default();
        let failure = Failure { trouble: Trouble::Away, what: "refused".to_owned(), status: "4.4.1" };
        let mut now = Timestamp::from_secs(1000);
        assert_eq!(breaker.away(now), None);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            breaker.failed(now, &failure);
            breaker.failed(now, &failure);
            let (until, _) = breaker.away(now).unwrap();
            pauses.push(until.since(now).as_secs());
            now = until;
            assert_eq!(breaker.away(now), None, "it is tried again then");
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480, 900, 900]);
        breaker.closed();
        breaker.failed(now, &failure);
        assert_eq!(breaker.away(now).unwrap().0.since(now).as_secs(), 30);
        breaker.closed();
        let broken = Failure { trouble: Trouble::Broken, ..failure };
        breaker.failed(now, &broken);
        assert_eq!(breaker.away(now), None, "it may be the mail's fault");
        breaker.failed(now, &broken);
        assert!(breaker.away(now).is_some());
    }
}
