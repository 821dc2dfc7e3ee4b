use std::collections::HashMap;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tidegate_queue::QueueId;
use tidegate_record::Stored;
use tidegate_store::{Change, Fold, KeyRange, Order, Page, Sequence, Snapshot, Space, StoreError};
use tidegate_workers::Hint;

use crate::keys;
use crate::records::TargetRecord;

/// The targets of a kind and their queues: a fold over their records.
pub(crate) struct Targets {
    kind: u8,
    known: Mutex<HashMap<String, QueueId>>,
    changed: Hint,
}

impl Targets {
    pub(crate) fn new(kind: u8, changed: Hint) -> Targets {
        Targets { kind, known: Mutex::default(), changed }
    }

    pub(crate) fn all(&self) -> Vec<(String, QueueId)> {
        self.known.lock().iter().map(|(name, queue)| (name.clone(), *queue)).collect()
    }

    pub(crate) fn is(&self, name: &str, queue: QueueId) -> bool {
        self.known.lock().get(name) == Some(&queue)
    }
}

fn corrupt(key: &Bytes, what: &tidegate_record::DecodeError) -> StoreError {
    StoreError::Corrupt { space: Space::Map, key: key.clone(), what: what.to_string().into() }
}

impl Fold for Targets {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, keys::targets(self.kind))
    }

    fn apply(&self, _sequence: Sequence, changes: &[Change]) {
        let mut known = self.known.lock();
        for Change { key, value } in changes {
            let name = keys::read_target(key, self.kind).expect("this crate wrote the key in this process");
            match value {
                Some(value) => {
                    let record = TargetRecord::decode(value).expect("this crate wrote the record in this process");
                    known.insert(name, record.queue);
                }
                None => drop(known.remove(&name)),
            }
        }
    }

    fn announce(&self) {
        self.changed.give();
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            let mut range = KeyRange::prefix(&keys::targets(self.kind));
            let mut found = HashMap::new();
            loop {
                let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
                let Some(last) = page.last() else { break };
                range.start = [&last.key[..], &[0]].concat().into();
                for entry in &page {
                    let name = keys::read_target(&entry.key, self.kind).map_err(|error| corrupt(&entry.key, &error))?;
                    let record =
                        TargetRecord::decode(&entry.record.value).map_err(|error| corrupt(&entry.key, &error))?;
                    found.insert(name, record.queue);
                }
            }
            *self.known.lock() = found;
            Ok(())
        }
        .boxed()
    }
}
