//! The lanes that hold a live message, and whose turn it is.
//!
//! The *order* is a directory of the lanes that have something to give, sorted by rank: finding the
//! next lane costs the same behind a noisy lane's millions as in an empty queue.
//!
//! - **FIFO**: by the position of the lane's head; a lane with a message out is not listed.
//! - **Standard**: lanes with fewer messages out come first, which is how fair queues keep a tenant
//!   whose consumers are slow from taking all of them. Among equals lanes take turns by start-time
//!   fair queueing: a lane that is served moves one turn back, and a lane that appears joins at the
//!   present turn, so it neither waits for the backlog of the others nor jumps ahead for good.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use bytes::Bytes;

use super::window::{Place, Window};
use super::{IndexLimits, LaneId};
use crate::Discipline;

/// A lane's place in the order; smallest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    busy: u32,
    turn: u64,
    head: u64,
    pub lane: LaneId,
}

/// One lane.
#[derive(Debug)]
pub(crate) struct LaneState {
    pub name: Bytes,
    pub window: Window,
    /// How many of its messages are reserved or leased.
    pub busy: u32,
    turn: u64,
    rank: Option<Rank>,
}

/// All lanes.
#[derive(Debug)]
pub(crate) struct Lanes {
    discipline: Discipline,
    limits: IndexLimits,
    by_name: HashMap<Bytes, LaneId>,
    slots: Vec<Option<LaneState>>,
    free: Vec<LaneId>,
    order: BTreeSet<Rank>,
    turn: u64,
    /// Places in all windows together.
    windowed: usize,
    /// Ready messages in all lanes together.
    ready: u64,
}

impl Lanes {
    pub(crate) fn new(discipline: Discipline, limits: IndexLimits) -> Lanes {
        Lanes {
            discipline,
            limits,
            by_name: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            order: BTreeSet::new(),
            turn: 0,
            windowed: 0,
            ready: 0,
        }
    }

    pub(crate) fn ready(&self) -> u64 {
        self.ready
    }

    pub(crate) fn windowed(&self) -> usize {
        self.windowed
    }

    /// Whether some lane has something to give.
    pub(crate) fn any_listed(&self) -> bool {
        !self.order.is_empty()
    }

    pub(crate) fn is_listed(&self, lane: LaneId) -> bool {
        self.slots[lane as usize].as_ref().is_some_and(|lane| lane.rank.is_some())
    }

    pub(crate) fn find(&self, name: &[u8]) -> Option<LaneId> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn find_or_add(&mut self, name: &Bytes) -> LaneId {
        if let Some(&id) = self.by_name.get(name) {
            return id;
        }
        let lane = LaneState { name: name.clone(), window: Window::default(), busy: 0, turn: self.turn, rank: None };
        let id = match self.free.pop() {
            Some(id) => id,
            None => {
                self.slots.push(None);
                LaneId::try_from(self.slots.len() - 1).expect("fewer than four thousand million lanes fit in memory")
            }
        };
        self.slots[id as usize] = Some(lane);
        self.by_name.insert(name.clone(), id);
        id
    }

    pub(crate) fn get(&self, id: LaneId) -> &LaneState {
        self.slots[id as usize].as_ref().expect("a lane lives as long as a message refers to it")
    }

    fn get_mut(&mut self, id: LaneId) -> &mut LaneState {
        self.slots[id as usize].as_mut().expect("a lane lives as long as a message refers to it")
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &LaneState> {
        self.slots.iter().flatten()
    }

    /// The lanes from slot `start` on, around once, with their slots.
    pub(crate) fn iter_from(&self, start: usize) -> impl Iterator<Item = (usize, &LaneState)> {
        let count = self.slots.len();
        let slots = (0..count).map(move |step| (start + step) % count);
        slots.filter_map(|slot| self.slots[slot].as_ref().map(|lane| (slot, lane)))
    }

    /// The first lane in the order, or the first behind a rank.
    pub(crate) fn next(&self, behind: Option<Rank>) -> Option<Rank> {
        match behind {
            None => self.order.first().copied(),
            Some(rank) => self.order.range((Bound::Excluded(rank), Bound::Unbounded)).next().copied(),
        }
    }

    /// Changes a lane's window and keeps the totals.
    fn with_window<T>(&mut self, id: LaneId, change: impl FnOnce(&mut Window) -> T) -> T {
        let lane = self.slots[id as usize].as_mut().expect("a lane lives as long as a message refers to it");
        let (len, ready) = (lane.window.len(), lane.window.ready());
        let result = change(&mut lane.window);
        self.windowed = self.windowed - len + lane.window.len();
        self.ready = self.ready - ready + lane.window.ready();
        result
    }

    pub(crate) fn add_ready(&mut self, id: LaneId, place: Place) {
        let room = self.limits.room(self.get(id).window.len(), self.windowed);
        self.with_window(id, |window| window.add(place, room));
    }

    pub(crate) fn remove_ready(&mut self, id: LaneId, position: u64) {
        self.with_window(id, |window| window.remove(position));
    }

    /// Takes a ready message out of its place and counts it as busy; the lane has had its turn.
    pub(crate) fn take(&mut self, id: LaneId, at: usize) -> Place {
        let place = self.with_window(id, |window| window.take(at));
        let lane = self.get_mut(id);
        lane.busy += 1;
        let turn = lane.turn;
        lane.turn += 1;
        self.turn = self.turn.max(turn);
        place
    }

    pub(crate) fn read(&mut self, id: LaneId, found: impl Iterator<Item = Place>, read_to: u64) {
        let (limits, others) = (self.limits, self.windowed - self.get(id).window.len());
        self.with_window(id, |window| window.read(found, read_to, |len| limits.room(len, others + len)));
    }

    pub(crate) fn window_mut(&mut self, name: &[u8]) -> Option<&mut Window> {
        let id = self.find(name)?;
        Some(&mut self.get_mut(id).window)
    }

    pub(crate) fn add_busy(&mut self, id: LaneId) {
        self.get_mut(id).busy += 1;
    }

    pub(crate) fn remove_busy(&mut self, id: LaneId) {
        let lane = self.get_mut(id);
        lane.busy = lane.busy.checked_sub(1).expect("a message that was out was counted");
    }

    /// Puts a lane where it belongs after it has changed: in the order, off the order, or away.
    pub(crate) fn settle(&mut self, id: LaneId) {
        let (discipline, turn) = (self.discipline, self.turn);
        let lane = self.get_mut(id);
        let rank = match (lane.window.head(), discipline) {
            (None, _) => None,
            (Some(_), Discipline::Fifo) if lane.busy > 0 => None,
            (Some(head), Discipline::Fifo) => Some(Rank { busy: 0, turn: 0, head, lane: id }),
            (Some(head), Discipline::Standard) => {
                if lane.rank.is_none() {
                    lane.turn = lane.turn.max(turn);
                }
                Some(Rank { busy: lane.busy, turn: lane.turn, head, lane: id })
            }
        };
        let dead = lane.busy == 0 && lane.window.ready() == 0;
        let old = std::mem::replace(&mut lane.rank, rank);
        if old != rank {
            old.map(|old| self.order.remove(&old));
            self.order.extend(rank);
        }
        if dead && let Some(lane) = self.slots[id as usize].take() {
            self.by_name.remove(&lane.name);
            self.free.push(id);
        }
    }
}
