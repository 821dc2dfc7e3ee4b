use std::sync::atomic::{AtomicU64, Ordering};

use tidegate_types::Timestamp;
use tidegate_workers::Hint;

/// How long one count lasts.
const PERIOD_MS: u64 = 10_000;
/// How many appends within a period make a shard busy: 1000 a second, what AWS grants a partition.
const BUSY_APPENDS: u64 = 10_000;

/// How many changes a table's open shards were given in the current period. In memory alone: what is
/// lost with it is that a shard would have been split a moment sooner. A transaction that runs again
/// counts again, since it shows as much that there is a crowd.
#[derive(Debug)]
pub struct Traffic {
    since_ms: AtomicU64,
    appends: Vec<AtomicU64>,
    busy: Hint,
}

impl Traffic {
    /// None so far, of this many shards; `busy` is given when one of them has become busy.
    pub fn new(shards: usize, busy: Hint) -> Traffic {
        Traffic { since_ms: AtomicU64::new(0), appends: (0..shards).map(|_| AtomicU64::new(0)).collect(), busy }
    }

    /// Counts a change that goes to the shard at a place.
    pub fn count(&self, place: usize, now: Timestamp) {
        let (since, now) = (self.since_ms.load(Ordering::Relaxed), now.as_millis());
        let begins = now >= since.saturating_add(PERIOD_MS);
        if begins && self.since_ms.compare_exchange(since, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.appends.iter().for_each(|appends| appends.store(0, Ordering::Relaxed));
        }
        if self.appends[place].fetch_add(1, Ordering::Relaxed) + 1 == BUSY_APPENDS {
            self.busy.give();
        }
    }

    /// The places of the shards that are busy.
    pub fn busy(&self) -> impl Iterator<Item = usize> {
        let counts = self.appends.iter().enumerate();
        counts.filter(|(_, appends)| appends.load(Ordering::Relaxed) >= BUSY_APPENDS).map(|(place, _)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_busy_by_what_comes_within_a_period() {
        let traffic = Traffic::new(2, Hint::new());
        let at = |ms| Timestamp::from_millis(1_000_000 + ms);
        (0..BUSY_APPENDS - 1).for_each(|_| traffic.count(1, at(0)));
        assert_eq!(traffic.busy().next(), None);
        traffic.count(1, at(PERIOD_MS));
        assert_eq!(traffic.busy().next(), None);
        (0..BUSY_APPENDS - 1).for_each(|_| traffic.count(1, at(PERIOD_MS * 2 - 1)));
        assert_eq!(traffic.busy().collect::<Vec<_>>(), [1]);
    }
}
