//! The index against a naive model that looks at every message each time, with windows so small
//! that almost everything is read from "disk", and with changes that fall into the middle of reads.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::Index as Choice;
use tidegate_types::Timestamp;

use super::{Index, IndexLimits, Next, Picked, Waiting, Want};
use crate::{Counts, Discipline, Lease, LeaseState};

const TINY: IndexLimits =
    IndexLimits { lane_window: 3, queue_window: 6, lane_floor: 1, lanes: 2, due_window: 2, page: 2 };

#[derive(Debug, Clone)]
enum Op {
    Send { lane: u8, delay: u64, age: u64, count: u8 },
    Advance(u64),
    Reserve { max: usize, limit: usize, retention: u64, during: Vec<Op> },
    Lease { which: Choice, timeout: u64 },
    Take(Choice),
    Release(Choice),
    Doubt(Choice),
    Delete(Choice),
    Hide { which: Choice, timeout: u64 },
    Expire { retention: u64 },
    Purge,
}

/// What may happen to a queue from outside while a read is going on.
fn change() -> impl Strategy<Value = Op> {
    let delay = prop_oneof![3 => Just(0), 2 => 1u64..60];
    prop_oneof![
        4 => (0u8..4, delay, 0u64..50, 1u8..6)
            .prop_map(|(lane, delay, age, count)| Op::Send { lane, delay, age, count }),
        3 => any::<Choice>().prop_map(Op::Delete),
        2 => (any::<Choice>(), 0u64..40).prop_map(|(which, timeout)| Op::Hide { which, timeout }),
        2 => (0u64..30).prop_map(Op::Advance),
        1 => any::<Choice>().prop_map(Op::Release),
        1 => (any::<Choice>(), 0u64..40).prop_map(|(which, timeout)| Op::Lease { which, timeout }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let limit = prop_oneof![3 => Just(usize::MAX), 1 => 1usize..6];
    let retention = prop_oneof![3 => Just(u64::MAX), 1 => 1u64..100];
    let during = proptest::collection::vec(change(), 0..6);
    let reserve = (1usize..6, limit, retention, during);
    prop_oneof![
        8 => change(),
        5 => reserve.prop_map(|(max, limit, retention, during)| Op::Reserve { max, limit, retention, during }),
        3 => (any::<Choice>(), 0u64..40).prop_map(|(which, timeout)| Op::Lease { which, timeout }),
        2 => any::<Choice>().prop_map(Op::Take),
        1 => any::<Choice>().prop_map(Op::Doubt),
        1 => (1u64..100).prop_map(|retention| Op::Expire { retention }),
        1 => prop_oneof![9 => Just(Op::Advance(0)), 1 => Just(Op::Purge)],
    ]
}

type Disk = BTreeMap<(Bytes, u64), Lease>;

struct World {
    index: Index,
    disk: Disk,
    reserved: HashMap<u64, u64>,
    doubtful: BTreeSet<u64>,
    now: Timestamp,
    last_position: u64,
    last_token: u64,
    discipline: Discipline,
}

fn name(lane: u8) -> Bytes {
    if lane == 0 { Bytes::new() } else { Bytes::from(vec![lane]) }
}

impl World {
    fn new(discipline: Discipline) -> World {
        let mut index = Index::new(discipline, 0, TINY);
        index.advance(Timestamp::from_millis(1000));
        World {
            index,
            disk: Disk::new(),
            reserved: HashMap::new(),
            doubtful: BTreeSet::new(),
            now: Timestamp::from_millis(1000),
            last_position: 0,
            last_token: 0,
            discipline,
        }
    }

    fn nth(&self, which: Choice) -> Option<((Bytes, u64), Lease)> {
        let keys: Vec<_> = self.disk.iter().collect();
        (!keys.is_empty()).then(|| which.get(&keys)).map(|(key, lease)| ((*key).clone(), **lease))
    }

    fn nth_reserved(&self, which: Choice) -> Option<((Bytes, u64), Lease)> {
        let ours = |position: &u64| self.reserved.contains_key(position) && !self.doubtful.contains(position);
        let keys: Vec<_> = self.disk.iter().filter(|((_, position), _)| ours(position)).collect();
        (!keys.is_empty()).then(|| which.get(&keys)).map(|(key, lease)| ((*key).clone(), **lease))
    }

    fn rewrite(&mut self, key: (Bytes, u64), old: Lease, new: Lease) {
        let prior_due = old.has_due_entry().then_some(old.visible_at);
        self.index.rewritten(key.1, &key.0, &new, prior_due);
        self.reserved.remove(&key.1);
        self.doubtful.remove(&key.1);
        self.disk.insert(key, new);
    }

    fn delete(&mut self, key: &(Bytes, u64), old: Lease) {
        let prior_due = old.has_due_entry().then_some(old.visible_at);
        self.index.deleted(key.1, &key.0, prior_due);
        self.reserved.remove(&key.1);
        self.doubtful.remove(&key.1);
        self.disk.remove(key);
    }

    fn send(&mut self, lane: u8, delay: u64, age: u64) {
        self.last_position += 1;
        let sent_at = self.now.minus_millis(age);
        // As a sender does: without a delay it may be had at once.
        let visible_at = if delay == 0 { sent_at } else { self.now.plus_millis(delay) };
        let lease = Lease { sent_at, visible_at, receive_count: 0, first_received_at: None };
        self.index.sent(self.last_position, &name(lane), &lease);
        self.disk.insert((name(lane), self.last_position), lease);
    }

    fn run(&mut self, op: Op) {
        match op {
            Op::Send { lane, delay, age, count } => (0..count).for_each(|_| self.send(lane, delay, age)),
            Op::Advance(by) => {
                self.now = self.now.plus_millis(by);
                self.index.advance(self.now);
            }
            Op::Reserve { max, limit, retention, during } => self.reserve(max, limit, retention, during),
            Op::Lease { which, timeout } => {
                if let Some((key, old)) = self.nth_reserved(which) {
                    let visible_at = self.now.plus_millis(timeout);
                    self.rewrite(key, old, Lease { visible_at, receive_count: old.receive_count + 1, ..old });
                }
            }
            Op::Take(which) => {
                if let Some((key, old)) = self.nth_reserved(which) {
                    self.delete(&key, old);
                }
            }
            Op::Release(which) => {
                if let Some(((_, position), _)) = self.nth_reserved(which) {
                    let token = self.reserved.remove(&position).unwrap();
                    self.index.release(position, token + 1);
                    self.index.release(position, token);
                }
            }
            Op::Doubt(which) => {
                if let Some(((_, position), _)) = self.nth_reserved(which) {
                    self.index.doubt(position, self.reserved[&position]);
                    self.doubtful.insert(position);
                    assert_eq!(self.index.next_due(), Some(Timestamp::EPOCH));
                }
            }
            Op::Delete(which) => {
                if let Some((key, old)) = self.nth(which) {
                    self.delete(&key, old);
                }
            }
            Op::Hide { which, timeout } => {
                if let Some((key, old)) = self.nth(which) {
                    self.rewrite(key, old, Lease { visible_at: self.now.plus_millis(timeout), ..old });
                }
            }
            Op::Expire { retention } => self.expire(self.now.minus_millis(retention)),
            Op::Purge => {
                self.index.purge(self.index.generation() + 1);
                self.disk.clear();
                self.reserved.clear();
                self.doubtful.clear();
            }
        }
    }

    fn expire(&mut self, before: Timestamp) {
        for Picked { position, lane } in self.index.expired(before, 3) {
            assert!(!self.reserved.contains_key(&position), "a reserved message expired");
            let key = (lane, position);
            let lease = self.disk[&key];
            assert!(lease.sent_at < before);
            self.delete(&key, lease);
        }
    }

    /// Reads what the index asks for. The first half of `during` happens before the snapshot, the
    /// second between the snapshot and the end of the read.
    fn read_lane(&mut self, lane: &Bytes, wanted: usize, during: Vec<Op>) {
        let Some(read) = self.index.begin_lane_read(lane, wanted) else { panic!("the read is not wanted any more") };
        let (before, after) = during.split_at(during.len() / 2);
        before.iter().for_each(|op| self.run(op.clone()));
        let found: Vec<_> = self
            .disk
            .range((read.lane.clone(), read.from)..)
            .take_while(|((lane, _), _)| *lane == read.lane)
            .take(read.page)
            .map(|((_, position), lease)| (*position, *lease))
            .collect();
        after.iter().for_each(|op| self.run(op.clone()));
        let exhausted = found.len() < read.page;
        self.index.finish_lane_read(found, exhausted);
        self.check();
    }

    /// Looks for lanes, as [`World::read_lane`] reads one.
    fn list_lanes(&mut self, horizon: u64, during: Vec<Op>) {
        let Some(read) = self.index.begin_lanes_read(horizon) else { panic!("the search is not wanted any more") };
        let (before, after) = during.split_at(during.len() / 2);
        before.iter().for_each(|op| self.run(op.clone()));
        let mut found: Vec<_> = self.disk.keys().map(|(lane, position)| (*position, lane.clone())).collect();
        found.retain(|(position, _)| *position >= read.from);
        found.sort();
        found.truncate(read.page);
        after.iter().for_each(|op| self.run(op.clone()));
        self.index.finish_lanes_read(&found);
        self.check();
    }

    fn read_dues(&mut self, mut during: Vec<Op>) {
        while let Some(read) = self.index.begin_due_read() {
            let (before, after) = during.split_at(during.len() / 2);
            before.iter().for_each(|op| self.run(op.clone()));
            let waiting = self.disk.iter().filter(|(_, lease)| lease.has_due_entry());
            let mut entries: Vec<_> = waiting
                .map(|((lane, position), lease)| {
                    ((lease.visible_at, *position), Waiting { lane: lane.clone(), sent_at: lease.sent_at })
                })
                .filter(|(key, _)| *key >= read.from)
                .collect();
            entries.sort_by_key(|(key, _)| *key);
            let exhausted = entries.len() < read.page;
            entries.truncate(read.page);
            after.iter().for_each(|op| self.run(op.clone()));
            self.index.finish_due_read(entries, exhausted);
            during = Vec::new();
        }
    }

    fn state(&self, lease: &Lease) -> LeaseState {
        lease.state(self.now)
    }

    /// Ready messages by lane and position, and the lanes with a message out.
    fn ready(&self) -> (Vec<(Bytes, u64, Timestamp)>, BTreeSet<Bytes>) {
        let (mut ready, mut busy) = (Vec::new(), BTreeSet::new());
        for ((lane, position), lease) in &self.disk {
            if self.reserved.contains_key(position) || self.state(lease) == LeaseState::InFlight {
                busy.insert(lane.clone());
            } else if self.state(lease) == LeaseState::Ready {
                ready.push((lane.clone(), *position, lease.sent_at));
            }
        }
        (ready, busy)
    }

    fn out(&self) -> usize {
        let in_flight = |((_, position), lease): &(&(Bytes, u64), &Lease)| {
            !self.reserved.contains_key(position) && self.state(lease) == LeaseState::InFlight
        };
        self.reserved.len() + self.disk.iter().filter(in_flight).count()
    }

    fn reserve(&mut self, max: usize, limit: usize, retention: u64, during: Vec<Op>) {
        self.read_dues(during.clone());
        let sent_after = self.now.minus_millis(retention);
        self.last_token += 1;
        let token = self.last_token;
        let want = Want { max, max_in_flight: limit, sent_after, token };
        let (mut picked, mut rounds, mut during) = (Vec::new(), 0, Some(during));
        // What is expected is known only from where nothing else happens any more.
        let mut expected = None;
        let next = loop {
            rounds += 1;
            assert!(rounds < 500, "picking does not end");
            if during.is_none() || picked.is_empty() {
                expected.get_or_insert_with(|| (self.ready(), self.out()));
            }
            let known = picked.len();
            let next = self.index.pick(&want, &mut picked);
            for picked in &picked[known..] {
                let lease = self.disk[&(picked.lane.clone(), picked.position)];
                assert_eq!(self.state(&lease), LeaseState::Ready, "{picked:?} is not ready");
                assert!(lease.sent_at >= sent_after, "{picked:?} has expired");
                let double = self.reserved.insert(picked.position, token);
                assert_eq!(double, None, "{picked:?} is handed out twice");
            }
            match next {
                Next::Read(lane) => {
                    let during = if picked.is_empty() { during.take() } else { None }.unwrap_or_default();
                    if !during.is_empty() {
                        expected = None;
                    }
                    self.read_lane(&lane, max - picked.len(), during);
                }
                Next::List(horizon) => {
                    let during = if picked.is_empty() { during.take() } else { None }.unwrap_or_default();
                    if !during.is_empty() {
                        expected = None;
                    }
                    self.list_lanes(horizon, during);
                }
                Next::Expire => {
                    expected = None;
                    self.expire(sent_after);
                    if !picked.is_empty() {
                        break None;
                    }
                }
                other => break Some(other),
            }
        };
        // Time may have passed during a read; what became due by that is had by the next pick.
        let expected = expected.filter(|_| !self.index.must_read_dues());
        if let (Some(next), Some(((ready, busy), out))) = (next, expected) {
            self.judge(&want, &picked, &next, &ready, &busy, out);
        }
    }

    fn judge(
        &self,
        want: &Want,
        picked: &[Picked],
        next: &Next,
        ready: &[(Bytes, u64, Timestamp)],
        busy: &BTreeSet<Bytes>,
        out: usize,
    ) {
        let fresh: Vec<_> = ready.iter().filter(|(_, _, sent_at)| *sent_at >= want.sent_after).collect();
        let room = want.max.min(want.max_in_flight.saturating_sub(out));
        match self.discipline {
            Discipline::Standard => assert_eq!(picked.len(), fresh.len().min(room), "picked {picked:?} of {fresh:?}"),
            Discipline::Fifo => {
                // Lanes by their head, whether that has expired or not; locked lanes not at all.
                let mut lanes: BTreeMap<&Bytes, Vec<u64>> = BTreeMap::new();
                let mut heads: BTreeMap<u64, &Bytes> = BTreeMap::new();
                for (lane, position, _) in ready.iter().filter(|(lane, _, _)| !busy.contains(lane)) {
                    if lanes.insert(lane, Vec::new()).is_none() {
                        heads.insert(*position, lane);
                    }
                }
                for (lane, position, _) in fresh {
                    lanes.entry(lane).and_modify(|positions| positions.push(*position));
                }
                let got: Vec<u64> = picked.iter().map(|picked| picked.position).collect();
                let mut taken: Vec<&Bytes> = picked.iter().map(|picked| &picked.lane).collect();
                taken.dedup();
                let able: Vec<_> = heads.values().copied().filter(|lane| !lanes[lane].is_empty()).collect();
                // A lane may give less than it has, as much as its window holds, but it gives in turn.
                assert!(able.starts_with(&taken), "{taken:?} are not the first of {able:?}");
                let all_gave = taken.len() == able.len();
                assert!(all_gave || got.len() == room, "{got:?} is less than {room} while {able:?} have more");
                let known: BTreeSet<_> = fifo_prefixes(&got, &lanes);
                assert_eq!(known.len(), got.len(), "{got:?} is not in order within lanes {lanes:?}");
            }
        }
        if *next == Next::Limit {
            assert!(want.max_in_flight <= out && picked.is_empty());
        }
    }

    fn check(&self) {
        let mut counts = Counts::default();
        for ((_, position), lease) in &self.disk {
            if self.reserved.contains_key(position) {
                counts.ready += 1;
                continue;
            }
            match self.state(lease) {
                LeaseState::Ready => counts.ready += 1,
                LeaseState::InFlight => counts.in_flight += 1,
                LeaseState::Delayed => counts.delayed += 1,
            }
        }
        let mut found = self.index.counts();
        if self.index.must_read_dues() {
            // Due, but not read yet: counted as delayed.
            let late = found.delayed - counts.delayed;
            found = Counts { ready: found.ready + late, delayed: found.delayed - late, ..found };
        }
        assert_eq!(found, counts);
        if self.index.must_read_dues() {
            return;
        }
        self.check_windows();
        let oldest = self.disk.values().filter(|lease| self.state(lease) != LeaseState::Delayed);
        if let Some(oldest) = oldest.map(|lease| lease.sent_at).min() {
            assert!(self.index.oldest_sent_at().unwrap() <= oldest, "the oldest is {oldest:?}");
        }
    }

    /// Below what is unread every ready message has a place, and nothing else has one.
    fn check_windows(&self) {
        let (ready, _) = self.ready();
        let windowed = self.index.lanes.iter().map(|lane| lane.window.len()).sum::<usize>();
        assert_eq!(windowed, self.index.lanes.windowed());
        assert!(windowed <= TINY.queue_window + TINY.lane_floor * self.index.lanes.iter().count());
        assert!(self.index.delayed.window().len() <= TINY.due_window);
        for lane in self.index.lanes.iter() {
            assert!(lane.window.len() <= TINY.lane_window);
            let unread = if lane.window.is_complete() { u64::MAX } else { lane.window.unread_from() };
            let places: Vec<_> = lane.window.places().map(|place| (place.position, place.sent_at)).collect();
            let mine = ready.iter().filter(|(name, position, _)| *name == lane.name && *position < unread);
            let mine: Vec<_> = mine.map(|(_, position, sent_at)| (*position, *sent_at)).collect();
            assert_eq!(places, mine, "the window of {:?} up to {unread}", lane.name);
        }
        let live: BTreeSet<_> = self.index.lanes.iter().map(|lane| lane.name.clone()).collect();
        assert_eq!(live.len(), self.index.lanes.iter().count());
        let uncounted: BTreeSet<_> =
            self.index.lanes.iter().filter(|lane| lane.window.is_uncounted()).map(|lane| lane.name.clone()).collect();
        assert!(live.difference(&uncounted).all(|lane| self.has_live(lane)));
        let horizon = self.index.lanes.horizon();
        for (lane, position, _) in ready.iter().filter(|(lane, ..)| !live.contains(lane)) {
            assert!(*position >= horizon, "{position} of the unlisted lane {lane:?} is below {horizon}");
        }
    }

    fn has_live(&self, lane: &Bytes) -> bool {
        self.disk.keys().any(|(name, _)| name == lane)
    }
}

/// Those of `got` that continue their lane's order without a gap.
fn fifo_prefixes(got: &[u64], lanes: &BTreeMap<&Bytes, Vec<u64>>) -> BTreeSet<u64> {
    let mut left: Vec<_> = lanes.values().map(|positions| positions.iter().copied().peekable()).collect();
    let continues = |position: &u64| left.iter_mut().any(|lane| lane.next_if_eq(position).is_some());
    got.iter().copied().filter(continues).collect()
}

fn run(discipline: Discipline, ops: Vec<Op>) {
    let mut world = World::new(discipline);
    for op in ops {
        world.run(op);
        world.check();
    }
    // In the end everything can be had: time passes, all is given back, and consumers take all.
    world.run(Op::Advance(1_000));
    for (position, token) in std::mem::take(&mut world.reserved) {
        world.index.release(position, token);
    }
    world.doubtful.clear();
    for _ in 0..100 {
        world.reserve(5, usize::MAX, u64::MAX, Vec::new());
        let mine: Vec<_> = world.disk.iter().map(|(key, lease)| (key.clone(), *lease)).collect();
        for (key, lease) in mine {
            if world.reserved.contains_key(&key.1) {
                world.delete(&key, lease);
            }
        }
        world.check();
    }
    assert!(world.disk.is_empty(), "left over: {:?}", world.disk);
    assert_eq!(world.index.lanes.iter().count(), 0, "lanes without messages are forgotten");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn standard_queues_agree_with_the_model(ops in proptest::collection::vec(op(), 0..80)) {
        run(Discipline::Standard, ops);
    }

    #[test]
    fn fifo_queues_agree_with_the_model(ops in proptest::collection::vec(op(), 0..80)) {
        run(Discipline::Fifo, ops);
    }
}
