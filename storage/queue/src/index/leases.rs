//! Messages that are with consumers, by position and by the end of their lease.

use std::collections::{BTreeSet, HashMap};

use tidegate_types::Timestamp;

use super::LaneId;

/// A message in flight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leased {
    pub lane: LaneId,
    pub until: Timestamp,
    pub sent_at: Timestamp,
}

/// All messages in flight. Their number is limited by the services, so they are all in memory.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    by_position: HashMap<u64, Leased>,
    ends: BTreeSet<(Timestamp, u64)>,
}

impl Leases {
    pub(crate) fn len(&self) -> usize {
        self.by_position.len()
    }

    pub(crate) fn contains(&self, position: u64) -> bool {
        self.by_position.contains_key(&position)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Leased)> {
        self.by_position.iter().map(|(position, leased)| (*position, leased))
    }

    pub(crate) fn next_end(&self) -> Option<Timestamp> {
        self.ends.first().map(|(until, _)| *until)
    }

    pub(crate) fn add(&mut self, position: u64, leased: Leased) {
        self.ends.insert((leased.until, position));
        let old = self.by_position.insert(position, leased);
        assert!(old.is_none(), "message {position} is leased twice");
    }

    pub(crate) fn remove(&mut self, position: u64) -> Option<Leased> {
        let leased = self.by_position.remove(&position)?;
        self.ends.remove(&(leased.until, position));
        Some(leased)
    }

    /// Takes the next message whose lease has ended.
    pub(crate) fn pop_ended(&mut self, now: Timestamp) -> Option<(u64, Leased)> {
        let (_, position) = self.ends.first().copied().filter(|(until, _)| *until <= now)?;
        self.remove(position).map(|leased| (position, leased))
    }
}
