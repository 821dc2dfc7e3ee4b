//! What memory knows of one queue: pure, synchronous, told the time.
//!
//! Durable changes come in through [`Index::sent`], [`Index::rewritten`] and [`Index::deleted`], in
//! commit order; the passing of time through [`Index::advance`]. Consumers [`Index::pick`] messages
//! and give them back with [`Index::release`]. When a window runs low, `pick` says what to read; the
//! caller reads it from disk without holding the index, and hands it over (`reading.rs`).
//!
//! Every message is in exactly one of these states, and all are counted exactly:
//!
//! | state | where |
//! |---|---|
//! | ready | counted in its lane; the lowest positions have a place in the lane's window |
//! | reserved | `reserved`: picked, what becomes of it is not durable yet; counts as ready |
//! | in flight | `leases` |
//! | delayed | counted in `delayed`; the nearest are in its window |
//!
//! A change on disk names a message but not the state it was in. If memory does not know it as
//! reserved, in flight or waiting in the window, it was unread: delayed if its due entry is deleted
//! along with it and lies beyond the window, else ready.

mod delayed;
mod lanes;
mod leases;
mod pick;
mod reading;
mod window;

#[cfg(test)]
mod model_tests;

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use tidegate_store::Sequence;
use tidegate_types::Timestamp;

pub(crate) use delayed::{DueKey, Waiting};
pub(crate) use pick::{Next, Picked, Suspect, Want};
pub(crate) use reading::{DueRead, LaneRead, LanesRead};
use {delayed::Delayed, lanes::Lanes, leases::Leased, leases::Leases, reading::Reading, window::Place};

use crate::{Counts, Discipline, Lease};

/// A lane's slot in memory.
pub(crate) type LaneId = u32;

/// How much of a queue is kept in memory, in messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexLimits {
    /// At most so many places in a lane's window.
    pub lane_window: usize,
    /// At most so many places in all windows of a queue, beside `lane_floor` in each.
    pub queue_window: usize,
    /// So many places a lane may always have.
    pub lane_floor: usize,
    /// About so many lanes, beside those with a message out.
    pub lanes: usize,
    /// At most so many delayed messages.
    pub due_window: usize,
    /// How many entries one read fetches.
    pub page: usize,
}

impl IndexLimits {
    pub(crate) const DEFAULT: IndexLimits = IndexLimits {
        lane_window: 1024,
        queue_window: 65_536,
        lane_floor: 16,
        lanes: 16_384,
        due_window: 8192,
        page: 1024,
    };

    /// Whether a window of `len` places may grow when all windows together have `total`.
    fn room(&self, len: usize, total: usize) -> bool {
        len < self.lane_window && (total < self.queue_window || len < self.lane_floor)
    }
}

/// A message that a consumer has picked.
#[derive(Debug, Clone, Copy)]
struct Reserved {
    lane: LaneId,
    sent_at: Timestamp,
    token: u64,
}

/// See the module's page.
#[derive(Debug)]
pub(crate) struct Index {
    limits: IndexLimits,
    discipline: Discipline,
    generation: u32,
    /// The latest time this index was told of. Leases and delays up to it have ended.
    clock: Timestamp,
    /// The last commit that this index was told of.
    applied: Sequence,
    /// The highest position seen: what is above is new.
    newest: u64,
    lanes: Lanes,
    delayed: Delayed,
    leases: Leases,
    reserved: HashMap<u64, Reserved>,
    /// Reservations that were dropped after their use in a transaction of unknown outcome.
    doubtful: Vec<u64>,
    reading: Option<Reading>,
    wakes: usize,
    /// Where the search for expired messages goes on, in slots of lanes.
    expiry_slot: usize,
}

/// The logical content of an index.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    generation: u32,
    ready: u64,
    in_flight: BTreeMap<u64, Timestamp>,
    delayed: u64,
}

/// What became of a message's old state.
enum Was {
    Busy(LaneId),
    Waiting,
    Ready(LaneId),
    /// Ready in a lane that is not in memory.
    Unlisted,
}

impl Index {
    pub(crate) fn new(discipline: Discipline, generation: u32, limits: IndexLimits) -> Index {
        Index {
            limits,
            discipline,
            generation,
            clock: Timestamp::EPOCH,
            applied: Sequence(0),
            newest: 0,
            lanes: Lanes::new(discipline, limits),
            delayed: Delayed::new(limits.due_window),
            leases: Leases::default(),
            reserved: HashMap::new(),
            doubtful: Vec::new(),
            reading: None,
            wakes: 0,
            expiry_slot: 0,
        }
    }

    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    pub(crate) fn discipline(&self) -> Discipline {
        self.discipline
    }

    pub(crate) fn clock(&self) -> Timestamp {
        self.clock
    }

    /// Everything up to now is gone: the queue is in a new generation. Old reservations cannot be
    /// given back any more, because their tokens are unknown.
    pub(crate) fn purge(&mut self, generation: u32) {
        let (clock, applied, newest, wakes) = (self.clock, self.applied, self.newest, self.wakes);
        *self = Index { clock, applied, newest, wakes, ..Index::new(self.discipline, generation, self.limits) };
    }

    pub(crate) fn applied(&self) -> Sequence {
        self.applied
    }

    /// Notes the commit whose changes were just taken over.
    pub(crate) fn set_applied(&mut self, sequence: Sequence) {
        self.applied = self.applied.max(sequence);
    }

    /// Whether a message at `position` is one that this index has not been told of.
    pub(crate) fn is_new(&self, position: u64) -> bool {
        position > self.newest
    }

    /// How many waiters should look again since this was last asked.
    pub(crate) fn take_wakes(&mut self) -> usize {
        std::mem::take(&mut self.wakes)
    }

    /// Whether a consumer that is not at its limit would find something.
    pub(crate) fn has_ready(&self) -> bool {
        self.lanes.any_to_give()
    }

    /// A new message.
    pub(crate) fn sent(&mut self, position: u64, lane: &Bytes, lease: &Lease) {
        self.newest = self.newest.max(position);
        self.note_waiting(position, None, lane, Some(lease));
        if let Some((lane, is_ready)) = self.put(position, lane, lease) {
            self.settle(lane, is_ready, false);
        }
    }

    /// A message's lease was written anew; `prior_due` is its due entry if that was deleted along.
    pub(crate) fn rewritten(&mut self, position: u64, lane: &Bytes, lease: &Lease, prior_due: Option<Timestamp>) {
        self.note_change(position, lane, prior_due, Some(lease));
        let was = self.lift(position, lane, prior_due);
        let now = self.put(position, lane, lease);
        let was_lane = match was {
            Was::Busy(lane) | Was::Ready(lane) => Some(lane),
            Was::Waiting | Was::Unlisted => None,
        };
        let freed = matches!(was, Was::Busy(_)) && now.is_none_or(|(_, is_ready)| is_ready);
        if let Some(lane) = now.map(|(lane, _)| lane).or(was_lane) {
            self.settle(lane, now.is_some_and(|(_, is_ready)| is_ready), freed);
        }
    }

    /// A message is gone.
    pub(crate) fn deleted(&mut self, position: u64, lane: &Bytes, prior_due: Option<Timestamp>) {
        self.note_change(position, lane, prior_due, None);
        match self.lift(position, lane, prior_due) {
            Was::Busy(lane) => self.settle(lane, false, true),
            Was::Ready(lane) => self.settle(lane, false, false),
            Was::Waiting | Was::Unlisted => {}
        }
    }

    /// Takes a message out of the state it was in.
    fn lift(&mut self, position: u64, lane: &Bytes, prior_due: Option<Timestamp>) -> Was {
        let reserved = self.reserved.remove(&position).map(|reserved| reserved.lane);
        if let Some(lane) = reserved.or_else(|| self.leases.remove(position).map(|leased| leased.lane)) {
            self.lanes.remove_busy(lane);
            return Was::Busy(lane);
        }
        if self.delayed.remove(position) {
            return Was::Waiting;
        }
        if prior_due.is_some_and(|due| self.delayed.is_unread((due, position))) {
            self.delayed.remove_unread();
            return Was::Waiting;
        }
        self.lanes.remove_ready(lane, position).map_or(Was::Unlisted, Was::Ready)
    }

    /// Puts a message into the state that its lease says. Returns its lane, unless it waits or its lane
    /// is unlisted, and whether it is ready.
    fn put(&mut self, position: u64, lane: &Bytes, lease: &Lease) -> Option<(LaneId, bool)> {
        let Lease { sent_at, visible_at, .. } = *lease;
        if lease.has_due_entry() {
            let key = (visible_at, position);
            // Also if it is due but others that are due before it are unread: they come in order.
            if visible_at > self.clock || self.delayed.is_unread(key) {
                self.delayed.add(key, Waiting { lane: lane.clone(), sent_at });
                return None;
            }
        }
        let in_flight = lease.receive_count > 0 && visible_at > self.clock;
        if in_flight {
            let lane = self.lanes.find_or_add(lane);
            self.leases.add(position, Leased { lane, until: visible_at, sent_at });
            self.lanes.add_busy(lane);
            return Some((lane, false));
        }
        self.add_ready(lane, Place { position, sent_at }).map(|lane| (lane, true))
    }

    /// Takes in a ready message that was not in memory. Returns its lane, unless that is unlisted.
    fn add_ready(&mut self, name: &Bytes, place: Place) -> Option<LaneId> {
        self.note_joined(place.position, name);
        let lane = self.lanes.add_ready(name, place);
        // Whoever looks finds the lane on disk.
        self.wakes += usize::from(lane.is_none());
        lane
    }

    /// Puts a changed lane in its place in the order and counts whom to wake: one waiter for a
    /// message that can be had now, and one when a message in flight made room under a limit.
    fn settle(&mut self, lane: LaneId, became_ready: bool, freed: bool) {
        self.lanes.settle(lane);
        let available = (became_ready && self.lanes.is_listed(lane)) || (freed && self.lanes.any_to_give());
        self.wakes += usize::from(available);
    }

    /// Time has passed: leases and delays that end up to `now` end.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        self.clock = self.clock.max(now);
        while let Some((position, leased)) = self.leases.pop_ended(self.clock) {
            self.lanes.remove_busy(leased.lane);
            self.give_back(leased.lane, Place { position, sent_at: leased.sent_at });
            self.settle(leased.lane, true, true);
        }
        while let Some((position, waiting)) = self.delayed.pop_due(self.clock) {
            let place = Place { position, sent_at: waiting.sent_at };
            if let Some(lane) = self.add_ready(&waiting.lane, place) {
                self.settle(lane, true, false);
            }
        }
    }

    /// When something will change by itself. May be early if it has to be read first.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let doubt = (!self.doubtful.is_empty()).then_some(Timestamp::EPOCH);
        [self.leases.next_end(), self.delayed.next_due(), doubt].into_iter().flatten().min()
    }

    /// How many messages are in each state.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            ready: self.lanes.ready() + self.reserved.len() as u64,
            in_flight: self.leases.len() as u64,
            delayed: self.delayed.total(),
        }
    }

    /// How many places the windows of all lanes have.
    #[cfg(test)]
    pub(crate) fn windowed(&self) -> usize {
        self.lanes.windowed()
    }

    /// How many lanes memory holds.
    #[cfg(test)]
    pub(crate) fn lanes_in_memory(&self) -> usize {
        self.lanes.iter().count()
    }

    /// What two indexes of the same queue must agree on, however far each has read.
    pub(crate) fn summary(&self) -> Summary {
        let ready = self.counts().ready;
        let in_flight = self.leases.iter().map(|(position, leased)| (position, leased.until)).collect();
        Summary { generation: self.generation, ready, in_flight, delayed: self.delayed.total() }
    }

    /// No message lies below this position.
    pub(crate) fn lowest_position(&self) -> u64 {
        if !self.delayed.is_complete() {
            return 0;
        }
        let ready = self.lanes.iter().filter_map(|lane| lane.window.head());
        let leased = self.leases.iter().map(|(position, _)| position);
        let waiting = self.delayed.window().keys().map(|(_, position)| *position);
        let ready = ready.chain([self.lanes.horizon()]).filter(|position| *position < u64::MAX);
        ready.chain(leased).chain(self.reserved.keys().copied()).chain(waiting).min().unwrap_or(0)
    }

    /// No message was sent before this, except perhaps delayed ones that are far from due.
    pub(crate) fn oldest_sent_at(&self) -> Option<Timestamp> {
        let ready = self.lanes.iter().filter_map(|lane| lane.window.oldest_sent_at());
        let leased = self.leases.iter().map(|(_, leased)| leased.sent_at);
        let reserved = self.reserved.values().map(|reserved| reserved.sent_at);
        let waiting = self.delayed.window().values().map(|waiting| waiting.sent_at);
        ready.chain(self.lanes.unlisted_oldest()).chain(leased).chain(reserved).chain(waiting).min()
    }
}
