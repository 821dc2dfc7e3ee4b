//! All queues in memory: the fold that follows the store.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tidegate_env::{Activity, Env, Report};
use tidegate_record::Stored;
use tidegate_store::{Change, Fold, Sequence, Snapshot, Space, StoreError};
use tidegate_types::Timestamp;

use crate::index::{Index, IndexLimits};
use crate::keys::FoldedKey;
use crate::rebuild;
use crate::records::QueueRecord;
use crate::state::{QueueState, Timers};
use crate::{Lease, QueueId, keys};

/// See the module's page.
pub(crate) struct Registry {
    env: Env,
    pub limits: IndexLimits,
    queues: RwLock<HashMap<QueueId, Arc<QueueState>>>,
    pub timers: Arc<Timers>,
}

impl Registry {
    pub(crate) fn new(env: Env, limits: IndexLimits) -> Registry {
        Registry { env, limits, queues: RwLock::default(), timers: Arc::default() }
    }

    pub(crate) fn find(&self, queue: QueueId) -> Option<Arc<QueueState>> {
        self.queues.read().get(&queue).cloned()
    }

    /// Every queue there is, in an order that repeats.
    pub(crate) fn all(&self) -> Vec<Arc<QueueState>> {
        let mut all: Vec<_> = self.queues.read().values().cloned().collect();
        all.sort_unstable_by_key(|state| state.id);
        all
    }

    fn apply_queue(&self, queue: QueueId, value: Option<&Bytes>, sequence: Sequence) {
        let Some(value) = value else {
            if let Some(state) = self.queues.write().remove(&queue) {
                state.with(|index| index.purge(u32::MAX));
                state.wake_all();
            }
            return;
        };
        let record = QueueRecord::decode(value).expect("this crate encoded the record in this process");
        if let Some(state) = self.find(queue) {
            state.with(|index| {
                index.purge(record.generation);
                index.set_applied(sequence);
            });
        } else {
            let mut index = Index::new(record.discipline, record.generation, self.limits);
            index.set_applied(sequence);
            let state = QueueState::new(queue, index, self.timers.clone());
            self.queues.write().insert(queue, Arc::new(state));
        }
    }

    /// Puts what was rebuilt in the place of what there was. Those in line stay in line.
    fn replace(&self, rebuilt: HashMap<QueueId, Index>) {
        let mut queues = self.queues.write();
        let mut old = std::mem::take(&mut *queues);
        for (queue, mut index) in rebuilt {
            let state = old.remove(&queue).unwrap_or_else(|| {
                let empty = Index::new(index.discipline(), 0, self.limits);
                Arc::new(QueueState::new(queue, empty, self.timers.clone()))
            });
            index.advance(self.env.now());
            state.with(|present| *present = index);
            queues.insert(queue, state);
        }
        for gone in old.into_values() {
            gone.with(|index| index.purge(u32::MAX));
            gone.wake_all();
        }
    }
}

/// One change, read.
struct Event<'a> {
    key: FoldedKey,
    value: Option<&'a Bytes>,
}

impl<'a> Event<'a> {
    fn read(change: &'a Change) -> Event<'a> {
        let key = keys::read_folded(&change.key).expect("this crate wrote the key in this process");
        Event { key, value: change.value.as_ref() }
    }

    fn queue(&self) -> QueueId {
        match &self.key {
            FoldedKey::Queue(queue) | FoldedKey::Due { queue, .. } => *queue,
            FoldedKey::Lease(key) => key.queue,
        }
    }
}

/// Takes over changes of one queue. Those of a generation that is past are only the sweeper's.
fn apply_messages(index: &mut Index, events: &[Event<'_>]) {
    let mut dues: Vec<(u64, Timestamp)> = Vec::new();
    for event in events {
        match &event.key {
            FoldedKey::Due { generation, due, position, .. }
                if *generation == index.generation() && event.value.is_none() =>
            {
                dues.push((*position, *due));
            }
            FoldedKey::Lease(key) if key.generation == index.generation() => {
                let (position, lane) = (key.position.0, &key.lane.0);
                let prior_due = dues.iter().rev().find(|(of, _)| *of == position).map(|(_, due)| *due);
                let lease = event.value.map(|value| Lease::decode(value).expect("this crate encoded the lease"));
                match lease {
                    Some(lease) if index.is_new(position) => index.sent(position, lane, &lease),
                    Some(lease) => index.rewritten(position, lane, &lease, prior_due),
                    None => index.deleted(position, lane, prior_due),
                }
            }
            _ => {}
        }
    }
}

impl Fold for Registry {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Queue, keys::folded())
    }

    fn apply(&self, sequence: Sequence, changes: &[Change]) {
        let events: Vec<Event<'_>> = changes.iter().map(Event::read).collect();
        let is_message = |event: &Event<'_>| !matches!(event.key, FoldedKey::Queue(_));
        for run in events.chunk_by(|a, b| a.queue() == b.queue() && is_message(a) && is_message(b)) {
            let queue = run[0].queue();
            if !is_message(&run[0]) {
                self.apply_queue(queue, run[0].value, sequence);
            } else if let Some(state) = self.find(queue) {
                state.with(|index| {
                    apply_messages(index, run);
                    index.set_applied(sequence);
                });
            }
        }
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let rebuilt = rebuild::indexes(snapshot, self.limits, self.env.now()).await?;
            self.replace(rebuilt);
            Ok(())
        })
    }
}

impl Activity for Registry {
    /// Only what waits: a message that can be had is not work unless somebody consumes it.
    fn report(&self, _now: Timestamp, report: &mut Report) {
        for state in self.all() {
            if let Some(due) = state.with(|index| index.next_due()) {
                report.waiting(format!("delayed or leased message in queue {}", state.id.0), due);
            }
        }
    }
}
