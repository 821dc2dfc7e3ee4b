use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tidegate_record::Stored;
use tidegate_store::{Change, Fold, Position, Sequence, Snapshot, Space, StoreError};

use super::{GroupId, IndexRecord, keys};

/// How many chunks wait for one listener at most; it is told if it missed some.
const MAX_WAITING: usize = 4096;

/// A chunk that became durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Its group.
    pub group: GroupId,
    /// Its place in the stream's log.
    pub position: Position,
    /// What is known of it.
    pub index: IndexRecord,
}

#[derive(Default)]
struct Waiting {
    chunks: VecDeque<Appended>,
    has_missed: bool,
}

/// Those who listen to groups: a fold over the chunks' index, so that they hear of what other services
/// wrote in their own transactions as well, and of nothing that did not commit.
#[derive(Default)]
pub struct Tails {
    listeners: Mutex<HashMap<GroupId, Vec<Weak<Mutex<Waiting>>>>>,
}

/// One who listens, until it is dropped.
pub struct Tail(Arc<Mutex<Waiting>>);

impl Tails {
    /// Listens to these groups from now on.
    pub fn listen(&self, groups: &[GroupId]) -> Tail {
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let mut listeners = self.listeners.lock();
        for group in groups {
            listeners.entry(*group).or_default().push(Arc::downgrade(&waiting));
        }
        Tail(waiting)
    }
}

impl Tail {
    /// What has come since the last time, and whether some was missed.
    pub fn take(&self) -> (Vec<Appended>, bool) {
        let mut waiting = self.0.lock();
        let has_missed = std::mem::take(&mut waiting.has_missed);
        (waiting.chunks.drain(..).collect(), has_missed)
    }
}

impl Fold for Tails {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Log, keys::all_chunks())
    }

    fn apply(&self, _sequence: Sequence, changes: &[Change]) {
        let mut listeners = self.listeners.lock();
        if listeners.is_empty() {
            return;
        }
        for Change { key, value } in changes {
            let Some(value) = value else { continue };
            let Ok((group, _, position)) = keys::read_any_chunk(key) else { continue };
            let Some(waiting) = listeners.get_mut(&group) else { continue };
            // An index that cannot be read is told to whoever reads it.
            let Ok(index) = IndexRecord::decode(value) else { continue };
            waiting.retain(|listener| {
                let Some(listener) = listener.upgrade() else { return false };
                let mut waiting = listener.lock();
                if waiting.chunks.len() == MAX_WAITING {
                    waiting.chunks.pop_front();
                    waiting.has_missed = true;
                }
                waiting.chunks.push_back(Appended { group, position, index: index.clone() });
                true
            });
        }
        listeners.retain(|_, waiting| {
            waiting.retain(|listener| listener.strong_count() > 0);
            !waiting.is_empty()
        });
    }

    /// Nothing to rebuild: listeners hear of what comes from now on.
    fn rebuild<'a>(&'a self, _snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        async { Ok(()) }.boxed()
    }
}
