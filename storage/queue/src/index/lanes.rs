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
//!
//! A queue may have more lanes than memory should hold. Those beyond a limit are *unlisted*: their
//! messages are counted together, and lie at or above a position, the *horizon*. The messages on disk
//! are read from there on, in order of position, when the lanes in memory have nothing older to give
//! (FIFO) or become few (standard): a lane that is met on the way gets an uncounted window.
//!
//! *Invariant*: a lane that is not in memory has no message out and no ready message below the
//! horizon. What an uncounted window leaves out counts as unlisted too, wherever it lies.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use bytes::Bytes;
use tidegate_types::Timestamp;

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
    /// Ready messages in all lanes together, unlisted ones included.
    ready: u64,
    /// Those that the windows of the lanes in memory count.
    listed: u64,
    /// See the module's page; the highest number if every lane with a ready message is in memory.
    horizon: u64,
    /// The lowest position that became unlisted since this was last reset.
    lowest_unlisted: u64,
    /// No unlisted message was sent before.
    unlisted_oldest: Timestamp,
    /// The same for those that became unlisted since a pass over them began.
    unlisted_oldest_in_pass: Timestamp,
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
            listed: 0,
            horizon: u64::MAX,
            lowest_unlisted: u64::MAX,
            unlisted_oldest: Timestamp::MAX,
            unlisted_oldest_in_pass: Timestamp::MAX,
        }
    }

    /// From where on lanes are to be looked for.
    pub(crate) fn horizon(&self) -> u64 {
        self.horizon
    }

    /// How many ready messages are in no window's count.
    pub(crate) fn unlisted(&self) -> u64 {
        self.ready - self.listed
    }

    /// Whether lanes must be looked for on disk before the one of this rank has its turn.
    pub(crate) fn must_list(&self, next: Option<Rank>) -> bool {
        let Some(rank) = next.filter(|_| self.horizon < u64::MAX) else { return self.horizon < u64::MAX };
        match self.discipline {
            Discipline::Fifo => rank.head > self.horizon,
            Discipline::Standard => self.order.len() < self.limits.lanes / 2,
        }
    }

    /// How many messages to look at when lanes are looked for.
    pub(crate) fn listing_page(&self) -> usize {
        self.limits.page.min(self.limits.lanes / 2).max(1)
    }

    /// A search for lanes begins.
    pub(crate) fn begin_listing(&mut self) {
        self.lowest_unlisted = u64::MAX;
    }

    /// Takes in the lanes of messages that were found from the horizon on, in order of position; there
    /// is no other message below `read_to`.
    pub(crate) fn finish_listing(&mut self, found: &[(u64, Bytes)], read_to: u64) {
        let lowest = self.lowest_unlisted;
        for (position, name) in found {
            if !self.by_name.contains_key(name) {
                let id = self.add(name, Window::uncounted(lowest.min(*position)));
                self.settle(id);
            }
        }
        self.horizon = read_to.min(lowest);
        if self.discipline == Discipline::Fifo {
            self.unlist_youngest();
        }
        self.forget_horizon();
    }

    /// Makes those lanes unlisted again whose turn is furthest off, as far as there are too many.
    fn unlist_youngest(&mut self) {
        while self.order.len() > self.limits.lanes
            && let (Some(first), Some(last)) = (self.order.first(), self.order.last().copied())
            && last.head > first.head
        {
            self.order.remove(&last);
            let Some(lane) = self.slots[last.lane as usize].take() else { return };
            self.by_name.remove(&lane.name);
            self.free.push(last.lane);
            self.windowed -= lane.window.len();
            self.listed -= lane.window.ready();
            self.horizon = self.horizon.min(last.head);
            lane.window.oldest_sent_at().into_iter().for_each(|sent_at| self.note_unlisted(sent_at));
        }
    }

    fn note_unlisted(&mut self, sent_at: Timestamp) {
        self.unlisted_oldest = self.unlisted_oldest.min(sent_at);
        self.unlisted_oldest_in_pass = self.unlisted_oldest_in_pass.min(sent_at);
    }

    /// Where nothing is unlisted there is nothing to look for.
    fn forget_horizon(&mut self) {
        if self.unlisted() == 0 {
            self.horizon = u64::MAX;
            self.unlisted_oldest = Timestamp::MAX;
        }
    }

    /// No unlisted message was sent before this, if there is one.
    pub(crate) fn unlisted_oldest(&self) -> Option<Timestamp> {
        (self.unlisted() > 0).then_some(self.unlisted_oldest)
    }

    /// A pass over all messages begins.
    pub(crate) fn begin_pass(&mut self) {
        self.unlisted_oldest_in_pass = Timestamp::MAX;
    }

    /// The pass left nothing that was sent before `oldest`.
    pub(crate) fn end_pass(&mut self, oldest: Timestamp) {
        self.unlisted_oldest = oldest.min(self.unlisted_oldest_in_pass);
    }

    pub(crate) fn ready(&self) -> u64 {
        self.ready
    }

    pub(crate) fn windowed(&self) -> usize {
        self.windowed
    }

    /// Whether some lane has something to give.
    pub(crate) fn any_to_give(&self) -> bool {
        !self.order.is_empty() || self.horizon < u64::MAX
    }

    pub(crate) fn is_listed(&self, lane: LaneId) -> bool {
        self.slots[lane as usize].as_ref().is_some_and(|lane| lane.rank.is_some())
    }

    pub(crate) fn find(&self, name: &[u8]) -> Option<LaneId> {
        self.by_name.get(name).copied()
    }

    /// The lane of a message that is out.
    pub(crate) fn find_or_add(&mut self, name: &Bytes) -> LaneId {
        if let Some(&id) = self.by_name.get(name) {
            return id;
        }
        let all_known = self.horizon == u64::MAX;
        self.add(name, if all_known { Window::default() } else { Window::uncounted(self.horizon) })
    }

    fn add(&mut self, name: &Bytes, window: Window) -> LaneId {
        let lane = LaneState { name: name.clone(), window, busy: 0, turn: self.turn, rank: None };
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
        self.listed = self.listed - ready + lane.window.ready();
        result
    }

    /// A message is ready. Returns its lane, unless that is unlisted.
    pub(crate) fn add_ready(&mut self, name: &Bytes, place: Place) -> Option<LaneId> {
        let may_add = self.horizon == u64::MAX && self.by_name.len() < self.limits.lanes;
        let known = self.find(name).or_else(|| may_add.then(|| self.add(name, Window::default())));
        let Some(id) = known else {
            self.ready += 1;
            self.horizon = self.horizon.min(place.position);
            self.lowest_unlisted = self.lowest_unlisted.min(place.position);
            self.note_unlisted(place.sent_at);
            return None;
        };
        self.give_back(id, place);
        Some(id)
    }

    /// A message of a lane in memory is ready.
    pub(crate) fn give_back(&mut self, id: LaneId, place: Place) {
        let room = self.limits.room(self.get(id).window.len(), self.windowed);
        self.ready += 1;
        let unread = self.with_window(id, |window| window.add(place, room).filter(|_| window.is_uncounted()));
        unread.into_iter().for_each(|sent_at| self.note_unlisted(sent_at));
    }

    /// A message that was ready is ready no more. Returns its lane, unless that is unlisted.
    pub(crate) fn remove_ready(&mut self, name: &Bytes, position: u64) -> Option<LaneId> {
        self.ready = self.ready.checked_sub(1).expect("a message that was ready was counted");
        let id = self.find(name);
        id.into_iter().for_each(|id| self.with_window(id, |window| window.remove(position)));
        self.forget_horizon();
        id
    }

    /// Takes a ready message out of its place and counts it as busy; the lane has had its turn.
    pub(crate) fn take(&mut self, id: LaneId, at: usize) -> Place {
        let place = self.with_window(id, |window| window.take(at));
        self.ready -= 1;
        let lane = self.get_mut(id);
        lane.busy += 1;
        let turn = lane.turn;
        lane.turn += 1;
        self.turn = self.turn.max(turn);
        place
    }

    /// Gives places to what was read; `to_the_end`: nothing else of the lane is ready.
    pub(crate) fn read(&mut self, id: LaneId, found: impl Iterator<Item = Place>, read_to: u64, to_the_end: bool) {
        let (limits, others) = (self.limits, self.windowed - self.get(id).window.len());
        self.with_window(id, |window| {
            if window.read(found, read_to, |len| limits.room(len, others + len)) && to_the_end {
                window.count();
            }
        });
        self.forget_horizon();
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
        let dead = lane.busy == 0 && lane.window.ready() == 0 && lane.window.is_complete();
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
