//! Reading on: how entries from disk get into a window without holding the index meanwhile.
//!
//! One read of a queue runs at a time. The caller makes sure that the snapshot it reads contains
//! everything the index knew when the read began, and that the index knows everything the snapshot
//! contains when it ends. Changes that the index is told of in between are noted in the [`Reading`]
//! and override what was read, so it does not matter on which side of the snapshot they fell.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use tidegate_types::Timestamp;

use super::delayed::{DueKey, Waiting};
use super::window::Place;
use super::{Index, LaneId};
use crate::Lease;

/// Entries of a lane are wanted, from this position on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LaneRead {
    pub lane: Bytes,
    pub from: u64,
    pub page: usize,
}

/// Messages of all lanes are wanted, from this position on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LanesRead {
    pub from: u64,
    pub page: usize,
}

/// Entries of the due index are wanted, from this key on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DueRead {
    pub from: DueKey,
    pub page: usize,
}

/// A read that is going on.
#[derive(Debug)]
pub(super) enum Reading {
    /// `joined`: a message became ready that the snapshot may lack.
    Lane {
        lane: Bytes,
        from: u64,
        newest: u64,
        changed: HashMap<u64, Option<Lease>>,
        joined: bool,
    },
    Lanes {
        from: u64,
    },
    Due {
        from: DueKey,
        changed: BTreeMap<DueKey, Option<Waiting>>,
    },
}

impl Index {
    /// Begins to read on in `lane`, unless its window has got as many messages as are `wanted`.
    pub(crate) fn begin_lane_read(&mut self, lane: &Bytes, wanted: usize) -> Option<LaneRead> {
        let id = self.lanes.find(lane).filter(|id| self.is_low(*id, wanted))?;
        let from = self.lanes.get(id).window.unread_from();
        let changed = HashMap::new();
        let newest = self.newest;
        self.reading = Some(Reading::Lane { lane: lane.clone(), from, newest, changed, joined: false });
        Some(LaneRead { lane: lane.clone(), from, page: self.limits.page })
    }

    /// Begins to look for lanes, unless somebody has done so since the horizon was at `from`.
    pub(crate) fn begin_lanes_read(&mut self, from: u64) -> Option<LanesRead> {
        if self.lanes.horizon() != from {
            return None;
        }
        self.lanes.begin_listing();
        self.reading = Some(Reading::Lanes { from });
        Some(LanesRead { from, page: self.lanes.listing_page() })
    }

    /// Takes over the positions and lanes of messages, in order of position, none if there are no more.
    pub(crate) fn finish_lanes_read(&mut self, found: &[(u64, Bytes)]) {
        let Some(Reading::Lanes { from }) = self.reading.take() else { return };
        let read_to = found.last().map_or(u64::MAX, |(position, _)| position + 1);
        debug_assert!(found.first().is_none_or(|(position, _)| *position >= from));
        self.lanes.finish_listing(found, read_to);
    }

    /// A message became ready that was not in memory.
    pub(super) fn note_joined(&mut self, position: u64, name: &Bytes) {
        if let Some(Reading::Lane { lane, newest, joined, .. }) = &mut self.reading
            && lane == name
        {
            *joined |= position > *newest;
        }
    }

    /// A message of a lane in memory is ready again.
    pub(super) fn give_back(&mut self, lane: LaneId, place: Place) {
        if let Some(Reading::Lane { .. }) = self.reading {
            let name = self.lanes.get(lane).name.clone();
            self.note_joined(place.position, &name);
        }
        self.lanes.give_back(lane, place);
    }

    /// Whether delayed messages that are due must be read.
    pub(crate) fn must_read_dues(&self) -> bool {
        self.delayed.must_read(self.clock)
    }

    /// Begins to read delayed messages, unless none that are due are unread.
    pub(crate) fn begin_due_read(&mut self) -> Option<DueRead> {
        if !self.delayed.must_read(self.clock) {
            return None;
        }
        let from = self.delayed.unread_from();
        self.reading = Some(Reading::Due { from, changed: BTreeMap::new() });
        Some(DueRead { from, page: self.limits.page })
    }

    /// A message that was there before has changed.
    pub(super) fn note_change(&mut self, position: u64, lane: &Bytes, due: Option<Timestamp>, lease: Option<&Lease>) {
        if let Some(Reading::Lane { lane: reading, from, changed, .. }) = &mut self.reading
            && reading == lane
            && position >= *from
        {
            changed.insert(position, lease.copied());
        }
        self.note_waiting(position, due, lane, lease);
    }

    /// The due entry of a message has changed.
    pub(super) fn note_waiting(&mut self, position: u64, old: Option<Timestamp>, lane: &Bytes, lease: Option<&Lease>) {
        let Some(Reading::Due { changed, .. }) = &mut self.reading else { return };
        if let Some(due) = old {
            changed.insert((due, position), None);
        }
        if let Some(lease) = lease.filter(|lease| lease.has_due_entry()) {
            let waiting = Waiting { lane: lane.clone(), sent_at: lease.sent_at };
            changed.insert((lease.visible_at, position), Some(waiting));
        }
    }

    /// Takes over what was read of a lane, in order of position. `exhausted`: there is no more.
    pub(crate) fn finish_lane_read(&mut self, found: Vec<(u64, Lease)>, exhausted: bool) {
        let Some(Reading::Lane { lane, from, newest, changed, joined }) = self.reading.take() else { return };
        let Some(lane) = self.lanes.find(&lane) else { return };
        let window = &self.lanes.get(lane).window;
        if window.is_complete() || window.unread_from() != from {
            return;
        }
        let last = found.last().map_or(from, |(position, _)| position + 1);
        let read_to = if exhausted { last.max(newest + 1) } else { last };
        let mut places = Vec::with_capacity(found.len());
        for (position, lease) in found {
            match changed.get(&position).copied().unwrap_or(Some(lease)) {
                Some(lease) if self.is_unread_ready(position, &lease) => {
                    places.push(Place { position, sent_at: lease.sent_at });
                }
                _ => {}
            }
        }
        self.lanes.read(lane, places.into_iter(), read_to, exhausted && !joined);
        self.lanes.settle(lane);
    }

    /// Whether an existing message beyond its lane's window is ready: it is in no other state.
    fn is_unread_ready(&self, position: u64, lease: &Lease) -> bool {
        let out = self.reserved.contains_key(&position) || self.leases.contains(position);
        let unread = lease.has_due_entry() && self.delayed.is_unread((lease.visible_at, position));
        !out && !unread && !self.delayed.contains(position)
    }

    /// Takes over what was read of the due index, in order.
    pub(crate) fn finish_due_read(&mut self, found: Vec<(DueKey, Waiting)>, exhausted: bool) {
        let Some(Reading::Due { from, mut changed }) = self.reading.take() else { return };
        if self.delayed.is_complete() || self.delayed.unread_from() != from {
            return;
        }
        let read_to = match found.last() {
            Some(((due, position), _)) if !exhausted => (*due, position + 1),
            _ => (Timestamp::MAX, u64::MAX),
        };
        let mut entries: BTreeMap<DueKey, Option<Waiting>> =
            found.into_iter().map(|(key, waiting)| (key, Some(waiting))).collect();
        entries.append(&mut changed);
        let entries = entries.into_iter().filter(|(key, _)| (from..read_to).contains(key));
        self.delayed.read(entries.filter_map(|(key, waiting)| Some((key, waiting?))), read_to);
        self.advance(self.clock);
    }

    /// Gives up a read that failed.
    pub(crate) fn abandon_read(&mut self) {
        self.reading = None;
    }
}
