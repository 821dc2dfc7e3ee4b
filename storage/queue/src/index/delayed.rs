//! Messages that wait for their first due time: all of them counted, the nearest of them by time.
//!
//! As with a lane's window, what is further away lies on disk, in the due index, and is read when
//! its time comes near.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use tidegate_types::Timestamp;

/// Due time and position: the order of the due index on disk.
pub(crate) type DueKey = (Timestamp, u64);

/// A waiting message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub lane: Bytes,
    pub sent_at: Timestamp,
}

/// *Invariant*: while [`Delayed::is_complete`] does not hold, every waiting message below
/// `unread_from` is in the window and none at or above it is.
#[derive(Debug)]
pub(crate) struct Delayed {
    window: BTreeMap<DueKey, Waiting>,
    due: HashMap<u64, Timestamp>,
    total: u64,
    unread_from: DueKey,
    limit: usize,
}

impl Delayed {
    pub(crate) fn new(limit: usize) -> Delayed {
        Delayed { window: BTreeMap::new(), due: HashMap::new(), total: 0, unread_from: (Timestamp::EPOCH, 0), limit }
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.total == self.window.len() as u64
    }

    pub(crate) fn unread_from(&self) -> DueKey {
        self.unread_from
    }

    pub(crate) fn window(&self) -> &BTreeMap<DueKey, Waiting> {
        &self.window
    }

    /// When the next message is due, or a time before that if it has to be read first.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let first = self.window.first_key_value().map(|((due, _), _)| *due);
        first.or((!self.is_complete()).then_some(self.unread_from.0))
    }

    /// Whether messages that are due at `now` may be unread.
    pub(crate) fn must_read(&self, now: Timestamp) -> bool {
        self.window.is_empty() && !self.is_complete() && self.unread_from.0 <= now
    }

    pub(crate) fn contains(&self, position: u64) -> bool {
        self.due.contains_key(&position)
    }

    /// Whether a message of this key would be unread.
    pub(crate) fn is_unread(&self, key: DueKey) -> bool {
        !self.is_complete() && key >= self.unread_from
    }

    pub(crate) fn add(&mut self, key: DueKey, waiting: Waiting) {
        let unread = self.is_unread(key);
        self.total += 1;
        if unread {
            return;
        }
        self.insert(key, waiting);
        if self.window.len() > self.limit {
            self.evict();
        }
    }

    fn insert(&mut self, key: DueKey, waiting: Waiting) {
        self.due.insert(key.1, key.0);
        self.window.insert(key, waiting);
    }

    fn evict(&mut self) {
        if let Some((last, _)) = self.window.pop_last() {
            self.due.remove(&last.1);
            self.unread_from = last;
        }
    }

    /// Removes a waiting message that is in the window. Returns whether it was.
    pub(crate) fn remove(&mut self, position: u64) -> bool {
        let Some(due) = self.due.remove(&position) else { return false };
        self.window.remove(&(due, position));
        self.total -= 1;
        true
    }

    /// An unread message waits no more.
    pub(crate) fn remove_unread(&mut self) {
        self.total = self.total.checked_sub(1).expect("a message that waited was counted");
    }

    /// Takes the next message that is due.
    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<(u64, Waiting)> {
        let first = self.window.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((_, position), waiting) = first.remove_entry();
        self.due.remove(&position);
        self.total -= 1;
        Some((position, waiting))
    }

    /// Takes messages that were unread into the window, in order; all unread ones below `read_to`
    /// are among them.
    pub(crate) fn read(&mut self, found: impl Iterator<Item = (DueKey, Waiting)>, read_to: DueKey) {
        for (key, waiting) in found {
            if self.window.len() >= self.limit {
                self.unread_from = key;
                return;
            }
            self.insert(key, waiting);
        }
        self.unread_from = read_to;
    }
}
