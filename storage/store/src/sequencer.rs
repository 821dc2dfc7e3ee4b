//! The committer as a state machine: accept, take a group, publish it, or fail. No thread, no I/O
//! except reads of the view it is given; whoever drives it writes and syncs in between.
//!
//! # Invariants
//! - STORE-1: no record's version is above the sequence of the commit record beside it.
//! - STORE-2: positions and sequences only grow, also over a failure: what was accepted and lost
//!   leaves a gap, so that a version never names two different records to one process.
//! - STORE-3: `durable` ≤ the group being written ≤ `accepted`.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use tidegate_types::{Timestamp, limits};
use xxhash_rust::xxh3::Xxh3;

use crate::engine::{Area, View, Write};
use crate::overlay::{self, Newest, Overlay};
use crate::recent::Recent;
use crate::stored::{self, CommitRecord};
use crate::{Batch, Change, Check, CommitError, Op, Position, Sequence, Space, Stamped, StoreError};

/// The most bytes of writes in one group, unless a single batch is larger.
const GROUP_BYTES: usize = 16 * 1024 * 1024;

/// The most batches in one group.
const GROUP_BATCHES: usize = 4096;

/// The most bytes that may be accepted and not durable; who would exceed it waits.
pub(crate) const ACCEPTED_BYTES: usize = 128 * 1024 * 1024;

/// The longest key: the engine writes a key's length in two bytes.
const MAX_KEY_BYTES: usize = 65_535;

/// What a write costs in memory besides its key and value.
const WRITE_OVERHEAD_BYTES: usize = 64;

/// An accepted batch on its way to the disk.
pub(crate) struct AcceptedBatch {
    pub(crate) sequence: Sequence,
    pub(crate) writes: Vec<(Space, Change)>,
    /// Whether it writes a key twice, or one that was accepted before and is not durable.
    rewrites: bool,
    bytes: usize,
}

/// Batches that share one write and one sync.
pub(crate) struct Group {
    pub(crate) batches: Vec<AcceptedBatch>,
    pub(crate) last: Sequence,
    pub(crate) bytes: usize,
    next_position: u64,
}

/// What a submitter gets for a batch whose checks held.
pub(crate) struct Acceptance {
    pub(crate) sequence: Sequence,
    pub(crate) positions: Vec<Position>,
}

/// Why a batch was not accepted right away.
pub(crate) enum Refusal {
    /// Too much is accepted and not durable: offer it again once some of it is.
    NoRoom(Batch),
    Error(CommitError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Refusal::Error(error.into())
    }
}

pub(crate) struct Sequencer {
    accepted: Sequence,
    durable: Sequence,
    /// The last commit of the group that is being written.
    writing: Option<Sequence>,
    next_position: u64,
    overlay: Overlay,
    recent: Recent,
    pending: VecDeque<AcceptedBatch>,
    /// Bytes accepted and not durable.
    bytes: usize,
    /// While above zero no group is taken: memory state is being read from the durable view.
    pauses: usize,
    durable_view: Result<Arc<dyn View>, StoreError>,
}

impl Sequencer {
    /// Goes on from where a store stands.
    pub(crate) fn new(stands: CommitRecord, view: Arc<dyn View>) -> Sequencer {
        let mut recent = Recent::default();
        recent.forget(stands.sequence);
        Sequencer {
            accepted: stands.sequence,
            durable: stands.sequence,
            writing: None,
            next_position: stands.next_position,
            overlay: Overlay::default(),
            recent,
            pending: VecDeque::new(),
            bytes: 0,
            pauses: 0,
            durable_view: Ok(view),
        }
    }

    pub(crate) fn accepted(&self) -> Sequence {
        self.accepted
    }

    pub(crate) fn durable(&self) -> Sequence {
        self.durable
    }

    pub(crate) fn writing(&self) -> Option<Sequence> {
        self.writing
    }

    pub(crate) fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// The durable view, or why there is none.
    pub(crate) fn view(&self) -> Result<&Arc<dyn View>, StoreError> {
        self.durable_view.as_ref().map_err(Clone::clone)
    }

    /// Takes a batch whose checks hold. A batch without writes is only checked; its sequence is
    /// that of the newest commit that its checks may have seen.
    pub(crate) fn accept(&mut self, batch: Batch) -> Result<Acceptance, Refusal> {
        let weight = batch.bytes + batch.ops.len() * WRITE_OVERHEAD_BYTES;
        if batch.bytes > limits::MAX_BATCH {
            let (bytes, limit) = (batch.bytes, limits::MAX_BATCH);
            return Err(Refusal::Error(CommitError::TooLarge { bytes, limit }));
        }
        if let Some(bytes) = batch.ops.iter().map(key_bytes).find(|bytes| *bytes > MAX_KEY_BYTES) {
            return Err(Refusal::Error(CommitError::TooLarge { bytes, limit: MAX_KEY_BYTES }));
        }
        self.view()?;
        for check in &batch.checks {
            self.verify(check)?;
        }
        if batch.is_empty() {
            return Ok(Acceptance { sequence: self.accepted, positions: Vec::new() });
        }
        if self.bytes > 0 && self.bytes + weight > ACCEPTED_BYTES {
            return Err(Refusal::NoRoom(batch));
        }
        let sequence = Sequence(self.accepted.0 + 1);
        self.accepted = sequence;
        let first = self.next_position;
        self.next_position += u64::from(batch.slots);
        let mut writes = Vec::with_capacity(batch.ops.len());
        let mut rewrites = false;
        for op in batch.ops {
            let (space, change) = resolve(op, first);
            self.recent.note(space, &change.key, sequence);
            rewrites |= self.overlay.put(space, &change.key, Newest { sequence, value: change.value.clone() });
            writes.push((space, change));
        }
        self.bytes += weight;
        self.pending.push_back(AcceptedBatch { sequence, writes, rewrites, bytes: weight });
        Ok(Acceptance { sequence, positions: (first..self.next_position).map(Position).collect() })
    }

    fn verify(&self, check: &Check) -> Result<(), Refusal> {
        let unchanged = |since| self.recent.is_unchanged_since(check.space, &check.key, since);
        if check.read_at.is_some_and(unchanged) {
            return Ok(());
        }
        let found = match self.overlay.get(check.space, &check.key) {
            Some(newest) => newest.value.as_ref().map(|_| newest.sequence),
            None => overlay::get(&**self.view()?, check.space, &check.key)?.map(|record| record.version),
        };
        if found == check.expected {
            return Ok(());
        }
        Err(Refusal::Error(CommitError::Conflict { space: check.space, key: check.key.clone() }))
    }

    /// Whether [`Sequencer::take_group`] would answer one.
    pub(crate) fn has_work(&self) -> bool {
        self.pauses == 0 && !self.pending.is_empty() && self.durable_view.is_ok()
    }

    /// The batches to be written next.
    pub(crate) fn take_group(&mut self) -> Option<Group> {
        assert!(self.writing.is_none(), "one group is written at a time");
        if !self.has_work() {
            return None;
        }
        let (mut count, mut bytes) = (0, 0);
        for batch in self.pending.iter().take(GROUP_BATCHES) {
            if count > 0 && bytes + batch.bytes > GROUP_BYTES {
                break;
            }
            count += 1;
            bytes += batch.bytes;
        }
        let batches: Vec<_> = if count == self.pending.len() {
            std::mem::take(&mut self.pending).into()
        } else {
            self.pending.drain(..count).collect()
        };
        let last = batches.last()?.sequence;
        self.writing = Some(last);
        // With batches left behind, this is above what the group used: a gap after a crash.
        Some(Group { batches, last, bytes, next_position: self.next_position })
    }

    /// Makes a group that is safe on disk what readers see.
    pub(crate) fn publish(&mut self, group: &Group, view: Arc<dyn View>) {
        assert!(self.durable < group.last && group.last <= self.accepted, "STORE-3");
        assert_eq!(self.writing.take(), Some(group.last), "only the group that was taken is published");
        for batch in &group.batches {
            for (space, change) in &batch.writes {
                self.overlay.settle(*space, &change.key, batch.sequence);
            }
        }
        self.durable = group.last;
        self.bytes -= group.bytes;
        self.durable_view = Ok(view);
    }

    /// Gives up everything that is accepted and not durable. Until [`Sequencer::resume`] all
    /// answers are `reason`. Returns the commits given up: those above the first, up to the second.
    pub(crate) fn fail(&mut self, reason: StoreError) -> (Sequence, Sequence) {
        self.durable_view = Err(reason);
        self.overlay.clear();
        self.pending.clear();
        self.bytes = 0;
        self.writing = None;
        (self.durable, self.accepted)
    }

    /// Goes on from what a reopened engine holds.
    pub(crate) fn resume(&mut self, stands: CommitRecord, view: Arc<dyn View>) {
        // STORE-2: numbers of what was lost are not used again. One more is skipped, because readers
        // name the state they see by this number and ask whether it is durable: were it a lost
        // commit's own, they would be told that what they read is lost.
        self.accepted = Sequence(self.accepted.max(stands.sequence).0 + 1);
        self.durable = self.accepted;
        // What was read before may have been of a commit that is lost.
        self.recent.forget(self.accepted);
        self.next_position = self.next_position.max(stands.next_position);
        self.durable_view = Ok(view);
    }

    /// Keeps groups from being taken; each call needs one of [`Sequencer::unpause`].
    pub(crate) fn pause(&mut self) {
        self.pauses += 1;
    }

    pub(crate) fn unpause(&mut self) {
        self.pauses -= 1;
    }
}

fn key_bytes(op: &Op) -> usize {
    match op {
        Op::Put { key, .. } | Op::Delete { key, .. } | Op::PutStampedValue { key, .. } => key.len(),
        Op::PutStampedKey { key, .. } => key.before.len() + 8 + key.after.len(),
    }
}

/// Fills in the positions.
fn resolve(op: Op, first: u64) -> (Space, Change) {
    match op {
        Op::Put { space, key, value } => (space, Change { key, value: Some(value) }),
        Op::Delete { space, key } => (space, Change { key, value: None }),
        Op::PutStampedKey { space, key, value } => (space, Change { key: stamp(&key, first), value: Some(value) }),
        Op::PutStampedValue { space, key, value } => (space, Change { key, value: Some(stamp(&value, first)) }),
    }
}

fn stamp(stamped: &Stamped, first: u64) -> Bytes {
    let mut bytes = BytesMut::with_capacity(stamped.before.len() + 8 + stamped.after.len());
    bytes.put_slice(&stamped.before);
    bytes.put_u64(first + u64::from(stamped.slot.0));
    bytes.put_slice(&stamped.after);
    bytes.freeze()
}

impl Group {
    fn arenas(&self) -> [BytesMut; 3] {
        let mut sizes = [0; 3];
        for (space, change) in self.batches.iter().flat_map(|batch| &batch.writes) {
            if let Some(value) = &change.value {
                sizes[Area::Space(*space).index()] += stored::HEADER_BYTES + value.len();
            }
        }
        sizes.map(BytesMut::with_capacity)
    }

    /// The engine's writes for this group, the last one of each key only, and where the store
    /// stands after it: the last of the writes.
    pub(crate) fn encode(&self, before: &CommitRecord, now: Timestamp) -> (Vec<Write>, CommitRecord) {
        let count = self.batches.iter().map(|batch| batch.writes.len()).sum::<usize>();
        let mut writes = Vec::with_capacity(count + 1);
        // What a group writes stays in the overlay until it is published, so whoever writes a key again
        // was seen to when it was accepted. In most groups nobody does.
        let rewrites = self.batches.iter().any(|batch| batch.rewrites);
        let mut seen = HashSet::with_capacity(if rewrites { count } else { 0 });
        // One arena for each space: their memtables are flushed at different times, and a value
        // keeps its whole arena alive.
        let mut arenas = self.arenas();
        let mut digest = Xxh3::with_seed(before.digest);
        for batch in self.batches.iter().rev() {
            for (space, change) in batch.writes.iter().rev() {
                if rewrites && !seen.insert((*space, &change.key[..])) {
                    continue;
                }
                let area = Area::Space(*space);
                let value = change
                    .value
                    .as_ref()
                    .map(|value| stored::encode(&mut arenas[area.index()], &change.key, batch.sequence, value));
                digest.update(&change.key);
                digest.update(value.as_deref().unwrap_or_default());
                writes.push(Write { area, key: change.key.clone(), value });
            }
        }
        let commit = CommitRecord {
            sequence: self.last,
            next_position: self.next_position,
            digest: digest.digest(),
            time: now.max(before.time),
        };
        writes.push(commit.as_write());
        (writes, commit)
    }
}
