//! The folds of a store, and which change belongs to which.

use std::sync::Arc;

use bytes::Bytes;

use crate::sequencer::AcceptedBatch;
use crate::{Change, Fold, Snapshot, Space, StoreError};

/// Sorted by what they watch.
#[derive(Default)]
pub(crate) struct Folds {
    list: Vec<Watcher>,
}

struct Watcher {
    space: Space,
    prefix: Bytes,
    fold: Arc<dyn Fold>,
    /// Emptied after each batch; kept for its room.
    changes: Vec<Change>,
}

impl Folds {
    /// Adds a fold that has been built.
    ///
    /// # Panics
    /// If another fold watches some of the same keys.
    pub(crate) fn add(&mut self, fold: Arc<dyn Fold>) {
        let (space, prefix) = fold.watches();
        let overlaps = |other: &&Watcher| {
            other.space == space && (other.prefix.starts_with(&prefix) || prefix.starts_with(&other.prefix))
        };
        assert!(!self.list.iter().any(|other| overlaps(&other)), "two folds watch {space:?} keys under {prefix:02x?}");
        self.list.push(Watcher { space, prefix, fold, changes: Vec::new() });
        self.list.sort_by(|a, b| (a.space, &a.prefix).cmp(&(b.space, &b.prefix)));
    }

    /// Tells the folds of one durable batch.
    pub(crate) fn apply(&mut self, batch: AcceptedBatch) {
        if self.list.is_empty() {
            return;
        }
        let sequence = batch.sequence;
        for (space, change) in batch.writes {
            // The last watcher that is not behind the key is the only one whose prefix it can have,
            // because no two overlap.
            let behind = self.list.partition_point(|watcher| (watcher.space, &watcher.prefix) <= (space, &change.key));
            if let Some(watcher) = behind.checked_sub(1).map(|index| &mut self.list[index])
                && watcher.space == space
                && change.key.starts_with(&watcher.prefix)
            {
                watcher.changes.push(change);
            }
        }
        for watcher in &mut self.list {
            if !watcher.changes.is_empty() {
                watcher.fold.apply(sequence, &watcher.changes);
            }
        }
        for watcher in &mut self.list {
            if !watcher.changes.is_empty() {
                watcher.changes.clear();
                watcher.fold.announce();
            }
        }
    }

    /// Builds all of them anew.
    pub(crate) fn rebuild(&self, snapshot: &dyn Snapshot) -> Result<(), StoreError> {
        self.list.iter().try_for_each(|watcher| crate::block_on(watcher.fold.rebuild(snapshot)))?;
        self.list.iter().for_each(|watcher| watcher.fold.announce());
        Ok(())
    }
}
