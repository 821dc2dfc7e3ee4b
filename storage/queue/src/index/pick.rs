//! Choosing what a consumer gets, giving it back, and finding what has expired.

use bytes::Bytes;
use tidegate_types::Timestamp;

use super::lanes::Rank;
use super::window::Place;
use super::{Index, LaneId, Reserved};
use crate::Discipline;

/// What a consumer wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Want {
    pub max: usize,
    /// At most so many messages out at once, those picked now included.
    pub max_in_flight: usize,
    /// Ready messages sent before this are passed over.
    pub sent_after: Timestamp,
    /// Marks what is picked, so that a reservation that was settled meanwhile cannot be given back.
    pub token: u64,
}

/// A message picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picked {
    pub position: u64,
    pub lane: Bytes,
}

/// What to do after a pick.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: there is no more to be had, or enough was picked.
    Done,
    /// Nothing was picked because as many are out as may be.
    Limit,
    /// Read on in this lane, then pick on: its window has fewer messages than are wanted.
    Read(Bytes),
    /// Look for lanes from this position on, then pick on: those in memory are not all.
    List(u64),
    /// Remove expired messages, then pick on: a whole window is full of them, or all lanes in memory.
    Expire,
}

/// Where expired messages may be unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Suspect {
    /// In this lane, from this position on.
    Lane { lane: Bytes, from: u64 },
    /// In lanes that are not in memory.
    AllLanes,
}

impl Index {
    /// Picks up to `want.max` messages into `picked`.
    pub(crate) fn pick(&mut self, want: &Want, picked: &mut Vec<Picked>) -> Next {
        let mut behind: Option<Rank> = None;
        while picked.len() < want.max {
            if self.leases.len() + self.reserved.len() >= want.max_in_flight {
                return if picked.is_empty() { Next::Limit } else { Next::Done };
            }
            let next = self.lanes.next(behind);
            if self.lanes.must_list(next) {
                // Lanes that have expired must make room first, or those that are found would be unlisted
                // again at once.
                return if behind.is_some() { Next::Expire } else { Next::List(self.lanes.horizon()) };
            }
            let Some(rank) = next else { return Next::Done };
            let lane = self.lanes.get(rank.lane);
            if self.is_low(rank.lane, want.max - picked.len()) {
                return Next::Read(lane.name.clone());
            }
            match lane.window.first_sent_from(want.sent_after) {
                Some(at) => self.take_from(rank.lane, at, want, picked),
                None if !lane.window.is_complete() => return Next::Expire,
                None => behind = Some(rank),
            }
        }
        Next::Done
    }

    /// Whether a read could add to a window that has fewer places than are wanted.
    pub(super) fn is_low(&self, lane: LaneId, wanted: usize) -> bool {
        let window = &self.lanes.get(lane).window;
        let len = window.len();
        // Where lanes take turns a few of each are enough, and reading for more would be reading at each turn.
        let wanted = match self.discipline {
            Discipline::Fifo => wanted,
            Discipline::Standard => wanted.min(self.limits.lane_floor),
        };
        len < wanted && !window.is_complete() && self.limits.room(len, self.lanes.windowed())
    }

    /// Takes one message of a lane, or in FIFO as many as are wanted and have a place.
    fn take_from(&mut self, lane: LaneId, at: usize, want: &Want, picked: &mut Vec<Picked>) {
        let name = self.lanes.get(lane).name.clone();
        let mut at = Some(at);
        while let Some(index) = at {
            let Place { position, sent_at } = self.lanes.take(lane, index);
            self.reserved.insert(position, Reserved { lane, sent_at, token: want.token });
            picked.push(Picked { position, lane: name.clone() });
            let full = picked.len() == want.max || self.leases.len() + self.reserved.len() >= want.max_in_flight;
            let goes_on = self.discipline == Discipline::Fifo && !full;
            at = goes_on.then(|| self.lanes.get(lane).window.first_sent_from(want.sent_after)).flatten();
        }
        self.lanes.settle(lane);
    }

    /// Whether `position` is still reserved under `token`.
    fn holds(&self, position: u64, token: u64) -> bool {
        self.reserved.get(&position).is_some_and(|reserved| reserved.token == token)
    }

    /// Gives a message back that was not used; nothing if it was settled meanwhile.
    pub(crate) fn release(&mut self, position: u64, token: u64) {
        if !self.holds(position, token) {
            return;
        }
        if let Some(Reserved { lane, sent_at, .. }) = self.reserved.remove(&position) {
            self.lanes.remove_busy(lane);
            self.give_back(lane, Place { position, sent_at });
            self.settle(lane, true, true);
        }
    }

    /// Notes that a reservation was dropped after it was used in a transaction that may yet commit.
    pub(crate) fn doubt(&mut self, position: u64, token: u64) {
        if self.holds(position, token) {
            self.doubtful.push(position);
        }
    }

    /// Takes the doubtful reservations that have not been settled: position and lane.
    pub(crate) fn take_doubtful(&mut self) -> Vec<Picked> {
        let doubtful = std::mem::take(&mut self.doubtful);
        let lane_of = |position: &u64| self.reserved.get(position).map(|reserved| reserved.lane);
        let known = doubtful.into_iter().filter_map(|position| Some((position, lane_of(&position)?)));
        known.map(|(position, lane)| Picked { position, lane: self.lanes.get(lane).name.clone() }).collect()
    }

    /// Puts back what [`Index::take_doubtful`] gave out, because it could not be resolved.
    pub(crate) fn doubt_again(&mut self, doubtful: &[Picked]) {
        self.doubtful.extend(doubtful.iter().map(|picked| picked.position));
    }

    /// Up to `limit` messages in memory that were sent before `time` and are not reserved.
    pub(crate) fn expired(&mut self, time: Timestamp, limit: usize) -> Vec<Picked> {
        let is_expired = |sent_at: Timestamp| sent_at < time;
        let picked = |position: u64, lane: &Bytes| Picked { position, lane: lane.clone() };
        let leased = self.leases.iter().filter(|(_, leased)| is_expired(leased.sent_at));
        let leased = leased.map(|(position, leased)| picked(position, &self.lanes.get(leased.lane).name));
        let waiting = self.delayed.window().iter().filter(|(_, waiting)| is_expired(waiting.sent_at));
        let waiting = waiting.map(|((_, position), waiting)| picked(*position, &waiting.lane));
        let mut found: Vec<Picked> = leased.chain(waiting).take(limit).collect();
        let mut slot_reached = self.expiry_slot;
        for (slot, lane) in self.lanes.iter_from(self.expiry_slot) {
            if found.len() >= limit {
                break;
            }
            slot_reached = slot;
            let places = lane.window.places().filter(|place| is_expired(place.sent_at));
            found.extend(places.take(limit - found.len()).map(|place| picked(place.position, &lane.name)));
        }
        self.expiry_slot = slot_reached;
        found
    }

    /// Where messages may be unread that were sent before `time`: a pass over them begins.
    pub(crate) fn begin_expiry_pass(&mut self, time: Timestamp) -> Option<Suspect> {
        let is_suspect = |oldest: Option<Timestamp>| oldest.is_some_and(|oldest| oldest < time);
        if is_suspect(self.lanes.unlisted_oldest()) {
            self.lanes.begin_pass();
            return Some(Suspect::AllLanes);
        }
        let lane = self.lanes.iter().find(|lane| is_suspect(lane.window.unread_oldest()))?;
        let lane = lane.name.clone();
        let window = self.lanes.window_mut(&lane)?;
        window.begin_pass();
        Some(Suspect::Lane { from: window.unread_from(), lane })
    }

    /// The pass left nothing that was sent before `oldest`.
    pub(crate) fn end_expiry_pass(&mut self, over: &Suspect, oldest: Timestamp) {
        match over {
            Suspect::AllLanes => self.lanes.end_pass(oldest),
            Suspect::Lane { lane, .. } => {
                if let Some(window) = self.lanes.window_mut(lane) {
                    window.end_pass(oldest);
                }
            }
        }
    }

    /// Whether somebody holds a message and may be about to use it.
    pub(crate) fn is_reserved(&self, position: u64) -> bool {
        self.reserved.contains_key(&position)
    }
}
