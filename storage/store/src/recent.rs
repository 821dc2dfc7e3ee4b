//! Which keys were written lately.
//!
//! A transaction reads a key and the sequencer compares its version again when the batch is accepted,
//! a moment later. Reading it from the engine a second time would cost more than everything else that
//! accepting does, and it would be done under the lock that all submitters share. So the newest writes
//! are remembered: a key that is not among them is as it was.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::{Sequence, Space};

/// So many keys are remembered at least, and at most twice as many: a third of a second under full load,
/// in less than two megabytes.
const REMEMBERED: usize = 32_768;

/// The key of the maps is a hash already.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("only numbers are hashed");
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

type Writes = HashMap<u64, Sequence, BuildHasherDefault<Identity>>;

/// The last write of each key that was written lately. Two keys with one hash count as one, which can
/// only make a key look changed that is not.
#[derive(Default)]
pub(crate) struct Recent {
    newer: Writes,
    older: Writes,
    /// The last write among the older ones.
    older_last: Sequence,
    /// What was written up to then may be forgotten.
    forgotten: Sequence,
}

fn hash(space: Space, key: &[u8]) -> u64 {
    xxh3_64_with_seed(key, space as u64)
}

impl Recent {
    /// Notes that the commit `sequence` writes `key`. Commits come in order.
    pub(crate) fn note(&mut self, space: Space, key: &[u8], sequence: Sequence) {
        if self.newer.len() >= REMEMBERED {
            self.forgotten = self.older_last;
            self.older_last = sequence;
            std::mem::swap(&mut self.newer, &mut self.older);
            self.newer.clear();
        }
        self.newer.insert(hash(space, key), sequence);
    }

    /// Whether `key` is known not to have been written by a commit after `since`.
    pub(crate) fn is_unchanged_since(&self, space: Space, key: &[u8], since: Sequence) -> bool {
        let hash = hash(space, key);
        let is_old = |writes: &Writes| writes.get(&hash).is_none_or(|last| *last <= since);
        since >= self.forgotten && is_old(&self.newer) && is_old(&self.older)
    }

    /// Nothing is known any more of what was written up to `sequence`.
    pub(crate) fn forget(&mut self, sequence: Sequence) {
        *self = Recent { forgotten: sequence, older_last: sequence, ..Recent::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_to_be_unchanged_is() {
        let mut recent = Recent::default();
        let mut last = HashMap::new();
        for sequence in 1..=150_000_u64 {
            let key = (sequence * 7919 % 100_003).to_be_bytes();
            recent.note(Space::Queue, &key, Sequence(sequence));
            last.insert(key, sequence);
            if sequence % 97 == 0 {
                for since in [sequence, sequence.saturating_sub(5), sequence.saturating_sub(40_000), 0] {
                    for sought in [key, (sequence % 100_003).to_be_bytes()] {
                        let unchanged = last.get(&sought).is_none_or(|last| *last <= since);
                        let known = recent.is_unchanged_since(Space::Queue, &sought, Sequence(since));
                        assert!(unchanged || !known, "{sought:?} since {since} at {sequence}");
                        let is_recent = since + (REMEMBERED as u64) >= sequence;
                        assert!(known || !unchanged || !is_recent, "{sought:?} since {since} is not known");
                    }
                }
            }
        }
        recent.forget(Sequence(200_000));
        assert!(!recent.is_unchanged_since(Space::Map, b"key", Sequence(199_999)));
        assert!(recent.is_unchanged_since(Space::Map, b"key", Sequence(200_000)));
    }
}
