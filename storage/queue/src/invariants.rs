//! What must hold, numbered. Tests, the simulator's auditors and `tidegate check` use the same
//! predicates.
//!
//! - **Q-1** Memory equals what a rebuild makes of the same store.
//! - **Q-2** Every lease has a body and every body a lease, in the same lane.
//! - **Q-3** A message has a due entry if and only if it was never received and was not to be had at
//!   once; the entry says the lease's due time, lane and time of sending.
//! - **Q-4** Every lease, due entry and body is of its queue's present generation, or its generation
//!   is marked as garbage. What is garbage is not of a queue's present generation.
//! - **Q-5** Every deduplication record has an entry under its expiry, and every entry its record.
//! - **Q-6** A lease that counts receives says when the first was, and the other way round; nothing is
//!   visible before it was sent unless it was received.
//! - **Q-7** In memory: a window holds the lowest ready messages of its lane in order, and no more
//!   than it may; counts are sums; only lanes with live messages are kept. (In the index's tests,
//!   because it can be seen only next to a model.)

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use tidegate_record::{DecodeError, Stored};
use tidegate_store::{Entry, KeyRange, Order, Page, Position, Snapshot, Space, StoreError};
use tidegate_types::Timestamp;

use crate::index::Summary;
use crate::keys::FoldedKey;
use crate::records::{Body, Dedup, Due, QueueRecord};
use crate::state::QueueState;
use crate::{Lane, Lease, MessageKey, QueueError, QueueId, Queues, keys, rebuild};

const PAGE: Page = Page::of(4096);

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant, such as `Q-2`.
    pub invariant: &'static str,
    /// The key at which it shows.
    pub key: Bytes,
    /// What is wrong.
    pub what: String,
}

/// Checks all that queues have stored.
///
/// # Errors
/// What reading answers; undecodable records are violations, not errors.
pub async fn check_store(snapshot: &dyn Snapshot) -> Result<Vec<Violation>, StoreError> {
    let mut check = Check { snapshot, violations: Vec::new(), generations: BTreeMap::new(), garbage: BTreeSet::new() };
    check.generations().await?;
    check.folded().await?;
    check.bodies().await?;
    check.dedups().await?;
    Ok(check.violations)
}

/// Checks that memory equals what a rebuild makes of the store. Looks at memory between two
/// commits; if there is no moment without one, that is the answer.
///
/// # Errors
/// What reading answers.
pub async fn check_memory(queues: &Queues) -> Result<Vec<Violation>, QueueError> {
    for _ in 0..100 {
        let now = queues.env.now();
        for state in queues.registry.all() {
            queues.catch_up(&state, now).await?;
        }
        let snapshot = queues.store.snapshot()?;
        queues.store.durable(snapshot.sequence()).await?;
        let memory: Vec<_> = queues.registry.all().iter().map(|state| (state.id, summary(state, now))).collect();
        if queues.store.snapshot()?.sequence() == snapshot.sequence() {
            return compare(queues, &*snapshot, now, memory).await;
        }
    }
    let what = "not checked: the store was never at rest".to_owned();
    Ok(vec![Violation { invariant: "Q-1", key: keys::folded(), what }])
}

fn summary(state: &QueueState, now: Timestamp) -> Summary {
    state.with(|index| {
        index.advance(now);
        index.summary()
    })
}

async fn compare(
    queues: &Queues,
    snapshot: &dyn Snapshot,
    now: Timestamp,
    memory: Vec<(QueueId, Summary)>,
) -> Result<Vec<Violation>, QueueError> {
    let mut rebuilt = rebuild::indexes(snapshot, queues.registry.limits, now).await?;
    let mut violations = Vec::new();
    let mut violated =
        |queue, what| violations.push(Violation { invariant: "Q-1", key: keys::queue(queue).build(), what });
    for (queue, ours) in memory {
        let theirs = rebuilt.remove(&queue).map(|index| index.summary());
        if theirs.as_ref() != Some(&ours) {
            violated(queue, format!("memory has {ours:?}, the store {theirs:?}"));
        }
    }
    for queue in rebuilt.into_keys() {
        violated(queue, "memory does not know the queue".to_owned());
    }
    Ok(violations)
}

struct Check<'a> {
    snapshot: &'a dyn Snapshot,
    violations: Vec<Violation>,
    generations: BTreeMap<QueueId, u32>,
    garbage: BTreeSet<(QueueId, u32)>,
}

impl Check<'_> {
    fn violated(&mut self, invariant: &'static str, key: &Bytes, what: impl Into<String>) {
        self.violations.push(Violation { invariant, key: key.clone(), what: what.into() });
    }

    /// The value, or a note that it cannot be read.
    fn readable<T>(&mut self, key: &Bytes, value: Result<T, DecodeError>) -> Option<T> {
        value.map_err(|error| self.violated("decodable", key, error.to_string())).ok()
    }

    async fn page(&self, space: Space, prefix: &[u8], after: Option<&Bytes>) -> Result<Vec<Entry>, StoreError> {
        let range = match after {
            Some(key) => keys::range_behind(prefix, key),
            None => KeyRange::prefix(prefix),
        };
        self.snapshot.scan(space, &range, Order::Ascending, PAGE).await
    }

    async fn find<T: Stored>(&mut self, space: Space, key: &Bytes) -> Result<Option<T>, StoreError> {
        let Some(record) = self.snapshot.get(space, key).await? else { return Ok(None) };
        Ok(self.readable(key, T::decode(&record.value)))
    }

    /// Learns which generations there are; Q-4 for the marks.
    async fn generations(&mut self) -> Result<(), StoreError> {
        let mut start = keys::folded();
        loop {
            // From queue to queue: what lies between is checked later.
            let range = KeyRange::prefix_from(&keys::folded(), start.clone());
            let first = self.snapshot.scan(Space::Queue, &range, Order::Ascending, Page::of(1)).await?;
            let Some(entry) = first.first() else { break };
            match self.readable(&entry.key, keys::read_folded(&entry.key)) {
                Some(FoldedKey::Queue(queue)) => {
                    if let Some(record) = self.readable(&entry.key, QueueRecord::decode(&entry.record.value)) {
                        self.generations.insert(queue, record.generation);
                    }
                    start = keys::behind_queue(queue);
                }
                Some(FoldedKey::Lease(MessageKey { queue, .. }) | FoldedKey::Due { queue, .. }) => {
                    start = keys::behind_queue(queue);
                }
                None => start = keys::range_behind(&keys::folded(), &entry.key).start,
            }
        }
        let mut after = None;
        loop {
            let page = self.page(Space::Queue, &keys::garbages(), after.as_ref()).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            for entry in &page {
                let Some(mark) = self.readable(&entry.key, keys::read_garbage(&entry.key)) else { continue };
                self.garbage.insert(mark);
                if self.generations.get(&mark.0) == Some(&mark.1) {
                    self.violated("Q-4", &entry.key, "the queue's present generation is marked as garbage");
                }
            }
        }
    }

    /// Whether a record's generation is present. Q-4 if it is neither that nor garbage.
    fn is_present(&mut self, key: &Bytes, queue: QueueId, generation: u32) -> bool {
        let present = self.generations.get(&queue) == Some(&generation);
        if !present && !self.garbage.contains(&(queue, generation)) {
            self.violated("Q-4", key, format!("generation {generation} of {queue:?} is neither present nor garbage"));
        }
        present
    }

    async fn folded(&mut self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.page(Space::Queue, &keys::folded(), after.as_ref()).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            for entry in &page {
                match self.readable(&entry.key, keys::read_folded(&entry.key)) {
                    Some(FoldedKey::Lease(key)) if self.is_present(&entry.key, key.queue, key.generation) => {
                        self.lease(&key, entry).await?;
                    }
                    Some(FoldedKey::Due { queue, generation, due, position })
                        if self.is_present(&entry.key, queue, generation) =>
                    {
                        self.due(queue, generation, due, position, entry).await?;
                    }
                    _ => {}
                }
            }
        }
    }

    async fn lease(&mut self, key: &MessageKey, entry: &Entry) -> Result<(), StoreError> {
        let Some(lease) = self.readable(&entry.key, Lease::decode(&entry.record.value)) else { return Ok(()) };
        if (lease.receive_count == 0) != lease.first_received_at.is_none() {
            self.violated("Q-6", &entry.key, format!("{lease:?}"));
        }
        let body: Option<Body> =
            self.find(Space::Log, &keys::body(key.queue, key.generation, key.position.0).build()).await?;
        match body {
            None => self.violated("Q-2", &entry.key, "the lease has no body"),
            Some(body) if body.lane != key.lane.0 => self.violated("Q-2", &entry.key, "the body is of another lane"),
            Some(_) => {}
        }
        if lease.has_due_entry() {
            let at = keys::due(key.queue, key.generation, lease.visible_at, key.position.0);
            let expected = Due { lane: key.lane.0.clone(), sent_at: lease.sent_at };
            if self.find::<Due>(Space::Queue, &at).await? != Some(expected) {
                self.violated("Q-3", &entry.key, "the lease's due entry is missing or different");
            }
        }
        Ok(())
    }

    async fn due(
        &mut self,
        queue: QueueId,
        generation: u32,
        due: Timestamp,
        position: u64,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        let Some(Due { lane, .. }) = self.readable(&entry.key, Due::decode(&entry.record.value)) else { return Ok(()) };
        let key = MessageKey { queue, generation, lane: Lane(lane), position: Position(position) };
        let lease: Option<Lease> = self.find(Space::Queue, &keys::lease(&key).build()).await?;
        if !lease.is_some_and(|lease| lease.has_due_entry() && lease.visible_at == due) {
            self.violated("Q-3", &entry.key, "the due entry's lease is missing or says something else");
        }
        Ok(())
    }

    async fn bodies(&mut self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.page(Space::Log, &keys::all_bodies(), after.as_ref()).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            for entry in &page {
                let Some((queue, generation, position)) = self.readable(&entry.key, keys::read_body(&entry.key)) else {
                    continue;
                };
                if !self.is_present(&entry.key, queue, generation) {
                    continue;
                }
                let Some(Body { lane, .. }) = self.readable(&entry.key, Body::decode(&entry.record.value)) else {
                    continue;
                };
                let key = MessageKey { queue, generation, lane: Lane(lane), position: Position(position) };
                if self.snapshot.get(Space::Queue, &keys::lease(&key)).await?.is_none() {
                    self.violated("Q-2", &entry.key, "the body has no lease");
                }
            }
        }
    }

    async fn dedups(&mut self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.page(Space::Queue, &keys::dedups(), after.as_ref()).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            for entry in &page {
                let Some((queue, key)) = self.readable(&entry.key, keys::read_dedup(&entry.key)) else { continue };
                let Some(dedup) = self.readable(&entry.key, Dedup::decode(&entry.record.value)) else { continue };
                let at = keys::dedup_expiry(dedup.expires_at, queue, key);
                if self.snapshot.get(Space::Queue, &at).await?.is_none() {
                    self.violated("Q-5", &entry.key, "nothing under the record's expiry");
                }
            }
        }
        let mut after = None;
        loop {
            let page = self.page(Space::Queue, &keys::dedup_expiries(), after.as_ref()).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            for entry in &page {
                let read = keys::read_dedup_expiry(&entry.key);
                let Some((expires_at, queue, key)) = self.readable(&entry.key, read) else { continue };
                let record: Option<Dedup> = self.find(Space::Queue, &keys::dedup(queue, key)).await?;
                if record.is_none_or(|record| record.expires_at != expires_at) {
                    self.violated("Q-5", &entry.key, "an expiry without its record");
                }
            }
        }
    }
}
