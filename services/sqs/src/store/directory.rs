use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tidegate_policy::Document;
use tidegate_queue::QueueId;
use tidegate_record::Stored;
use tidegate_store::{Change, Fold, KeyRange, Order, Page, Sequence, Snapshot, Space, StoreError};
use tidegate_types::{AccountId, Region, Timestamp};
use tidegate_workers::Hint;

use super::{QueueRecord, corrupt, keys};
use crate::domain::{QueueAddress, QueueName};

/// A queue as it was at one commit.
#[derive(Debug, PartialEq, Eq)]
pub struct Queue {
    /// Where it is and what it is called.
    pub address: QueueAddress,
    /// Everything else.
    pub record: QueueRecord,
    /// Its policy, as requests are held against it.
    pub policy: Option<Arc<Document>>,
}

impl Queue {
    /// The number under which its messages lie.
    pub fn id(&self) -> QueueId {
        self.record.id
    }

    /// Whether `target` is its dead-letter queue.
    pub fn sends_dead_letters_to(&self, target: &QueueAddress) -> bool {
        self.record.settings.redrive.as_ref().is_some_and(|policy| policy.target == *target)
    }

    fn retention_ms(&self) -> u64 {
        u64::from(self.record.settings.retention_seconds) * 1000
    }

    /// When a message that was sent at this time expires.
    pub fn expires_at(&self, sent_at: Timestamp) -> Timestamp {
        sent_at.plus_millis(self.retention_ms())
    }

    /// What was sent before this has expired by now.
    pub fn sent_after(&self, now: Timestamp) -> Timestamp {
        now.minus_millis(self.retention_ms()).plus_millis(1)
    }

    /// Whether it keeps order within groups.
    pub fn is_fifo(&self) -> bool {
        self.record.settings.fifo.is_some()
    }
}

type Queues = HashMap<(AccountId, Region), BTreeMap<QueueName, Result<Arc<Queue>, StoreError>>>;

/// All durable queues, in memory: a send or a receive looks its queue up without reading the store.
///
/// What an operation decides from it may be out of date by the time its transaction commits. That is
/// as if the operation had come a moment earlier, except that the queue might be gone: its existence
/// is checked by the queue library in the transaction itself. Whoever *changes* a queue reads its
/// record in the transaction.
pub struct Directory {
    /// An undecodable record is kept as the error that whoever needs the queue gets.
    queues: RwLock<Queues>,
    /// Given when a queue changes: its retention may be another one now.
    changed: Hint,
}

impl Directory {
    /// An empty directory, which tells `changed` of every change.
    pub fn new(changed: Hint) -> Directory {
        Directory { queues: RwLock::default(), changed }
    }

    /// The queue of this address, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if its record cannot be read.
    pub fn get(&self, address: &QueueAddress) -> Result<Option<Arc<Queue>>, StoreError> {
        let owner = (address.account, address.region.clone());
        self.queues.read().get(&owner).and_then(|queues| queues.get(&address.name)).cloned().transpose()
    }

    /// Every queue.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a record cannot be read.
    pub fn all(&self) -> Result<Vec<Arc<Queue>>, StoreError> {
        self.queues.read().values().flat_map(BTreeMap::values).cloned().collect()
    }

    /// The queues of an account and region from behind `after` on, in order of name.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a record cannot be read.
    pub fn of_account(
        &self,
        account: AccountId,
        region: &Region,
        after: Option<&QueueName>,
    ) -> Result<Vec<Arc<Queue>>, StoreError> {
        let queues = self.queues.read();
        let Some(queues) = queues.get(&(account, region.clone())) else { return Ok(Vec::new()) };
        let first = after.map_or(Bound::Unbounded, Bound::Excluded);
        queues.range((first, Bound::Unbounded)).map(|(_, queue)| queue.clone()).collect()
    }
}

fn insert(queues: &mut Queues, key: &Bytes, value: &Bytes) -> Result<(), StoreError> {
    let address = keys::address_of(key).map_err(|error| corrupt(Space::Map, key, &error))?;
    let owner = (address.account, address.region.clone());
    let name = address.name.clone();
    let queue = match QueueRecord::decode(value) {
        Ok(record) => {
            let policy = record.settings.policy.as_deref();
            let policy = policy.map(|text| Arc::new(Document::of_resource(text, address.account)));
            Ok(Arc::new(Queue { address, record, policy }))
        }
        Err(error) => Err(corrupt(Space::Map, key, &error)),
    };
    queues.entry(owner).or_default().insert(name, queue);
    Ok(())
}

impl Fold for Directory {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, keys::queues())
    }

    fn apply(&self, _sequence: Sequence, changes: &[Change]) {
        let mut queues = self.queues.write();
        for Change { key, value } in changes {
            match value {
                Some(value) => {
                    insert(&mut queues, key, value).expect("keys::queue made the key");
                }
                None => {
                    let QueueAddress { account, region, name } =
                        keys::address_of(key).expect("keys::queue made the key");
                    queues.entry((account, region)).or_default().remove(&name);
                }
            }
        }
    }

    fn announce(&self) {
        self.changed.give();
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            let prefix = keys::queues();
            let mut range = KeyRange::prefix(&prefix);
            let mut queues = Queues::new();
            loop {
                let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
                let Some(last) = page.last() else { break };
                range = KeyRange::prefix_from(&prefix, [&last.key[..], b"\0"].concat().into());
                for found in &page {
                    insert(&mut queues, &found.key, &found.record.value)?;
                }
            }
            *self.queues.write() = queues;
            Ok(())
        }
        .boxed()
    }
}
