use std::collections::BTreeSet;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tidegate_store::{Change, Fold, KeyRange, Order, Page, Sequence, Snapshot, Space, StoreError};
use tidegate_workers::Hint;
use tokio::sync::watch;

use super::corrupt;
use crate::keys;

/// Where the mails are: a fold over the list. Eight bytes for each; the list itself stays in the store.
pub(crate) struct Count {
    positions: Mutex<BTreeSet<u64>>,
    /// Given when there are more than there should be.
    full: Hint,
    most: usize,
    /// Told of each change: the page that shows the mailbox waits for it.
    changed: watch::Sender<Sequence>,
}

impl Count {
    pub(crate) fn new(most: usize, full: Hint) -> Count {
        Count { positions: Mutex::default(), full, most, changed: watch::Sender::new(Sequence(0)) }
    }

    pub(crate) fn len(&self) -> usize {
        self.positions.lock().len()
    }

    /// How many there are beyond what is kept. Nothing as long as there are few: mails are removed many at
    /// a time.
    pub(crate) fn excess(&self) -> usize {
        let len = self.len();
        if len > self.most + self.most / 16 { len - self.most } else { 0 }
    }

    pub(crate) fn changed(&self) -> watch::Receiver<Sequence> {
        self.changed.subscribe()
    }
}

impl Fold for Count {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Log, keys::entries())
    }

    fn apply(&self, sequence: Sequence, changes: &[Change]) {
        let mut positions = self.positions.lock();
        for Change { key, value } in changes {
            let position = keys::read_entry(key).expect("this crate wrote the key in this process");
            match value {
                Some(_) => positions.insert(position),
                None => positions.remove(&position),
            };
        }
        drop(positions);
        self.changed.send_replace(sequence);
    }

    fn announce(&self) {
        if self.excess() > 0 {
            self.full.give();
        }
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            let mut range = KeyRange::prefix(&keys::entries());
            let mut found = BTreeSet::new();
            loop {
                let page = snapshot.scan(Space::Log, &range, Order::Ascending, Page::of(1000)).await?;
                let Some(last) = page.last() else { break };
                range.start = [&last.key[..], &[0]].concat().into();
                for entry in &page {
                    found
                        .insert(keys::read_entry(&entry.key).map_err(|error| corrupt(Space::Log, &entry.key, &error))?);
                }
            }
            *self.positions.lock() = found;
            Ok(())
        }
        .boxed()
    }
}
