//! The store against a plain map: random batches, checks and positions, stepped by hand, with
//! failing disks and crashes between any two steps.
//!
//! After everything that happens, accepted state, durable state and a fold are compared with the
//! model. After a crash the store must be at a state that it has been in: at least everything
//! acknowledged, and no part of a batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use tidegate_env::Env;
use tidegate_store::engine::memory::{Fault, MemoryDisk};
use tidegate_store::{
    Batch, Change, CommitError, EmbeddedStore, Fold, KeyRange, Order, Page, Position, Record, Sequence, Snapshot,
    Space, Step, Stepper, Store, StoreError,
};
use tidegate_types::Timestamp;

use crate::machines::{Folder, Machine};

const SPACES: [Space; 3] = [Space::Map, Space::Queue, Space::Log];

#[derive(Debug, Clone)]
enum Action {
    Submit { writes: Vec<Writing>, check: Option<Checking> },
    Step,
    CutPower,
    Kill,
    Plan(Fault, u32),
}

#[derive(Debug, Clone)]
enum Writing {
    Put(usize, u8, u16),
    Delete(usize, u8),
    Append(u16),
    Count(u8),
}

#[derive(Debug, Clone)]
struct Checking {
    space: usize,
    key: u8,
    /// Whether the check is to hold.
    holds: bool,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let key = 0..6u8;
    let writing = prop_oneof![
        4 => (0..3usize, key.clone(), any::<u16>()).prop_map(|(space, key, value)| Writing::Put(space, key, value)),
        2 => (0..3usize, key.clone()).prop_map(|(space, key)| Writing::Delete(space, key)),
        1 => any::<u16>().prop_map(Writing::Append),
        1 => key.clone().prop_map(Writing::Count),
    ];
    let check = (0..3usize, key, any::<bool>()).prop_map(|(space, key, holds)| Checking { space, key, holds });
    let submit = (proptest::collection::vec(writing, 0..5), proptest::option::of(check))
        .prop_map(|(writes, check)| Action::Submit { writes, check });
    let fault = prop_oneof![
        Just(Fault::FailedWrite),
        Just(Fault::PartialWrite),
        Just(Fault::FailedSync),
        Just(Fault::DiskFull)
    ];
    let action = prop_oneof![
        12 => submit,
        16 => Just(Action::Step),
        1 => Just(Action::CutPower),
        1 => Just(Action::Kill),
        1 => (fault, 0..3u32).prop_map(|(fault, good)| Action::Plan(fault, good)),
    ];
    proptest::collection::vec(action, 1..120)
}

fn key(key: u8) -> Bytes {
    Bytes::copy_from_slice(&[b'k', key])
}

/// Everything in a store, or that should be: by space and key.
type State = BTreeMap<(usize, Bytes), Record>;

/// A fold that keeps all it watches.
#[derive(Default)]
struct Mirror {
    entries: Mutex<BTreeMap<Bytes, Bytes>>,
}

impl Fold for Mirror {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Queue, Bytes::from_static(b"k"))
    }

    fn apply(&self, _sequence: Sequence, changes: &[Change]) {
        let mut entries = self.entries.lock();
        for Change { key, value } in changes {
            match value {
                Some(value) => drop(entries.insert(key.clone(), value.clone())),
                None => drop(entries.remove(key)),
            }
        }
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let range = KeyRange::prefix(b"k");
            let entries = snapshot.scan(Space::Queue, &range, Order::Ascending, Page::of(1000)).await?;
            *self.entries.lock() = entries.into_iter().map(|entry| (entry.key, entry.record.value)).collect();
            Ok(())
        })
    }
}

fn read_all(view: &dyn Snapshot) -> State {
    let mut state = State::new();
    let everything = KeyRange { start: Bytes::new(), end: None };
    for (index, space) in SPACES.into_iter().enumerate() {
        let mut entries =
            view.scan(space, &everything, Order::Ascending, Page::of(1000)).now_or_never().unwrap().unwrap();
        state.extend(entries.iter().map(|entry| ((index, entry.key.clone()), entry.record.clone())));
        let backwards =
            view.scan(space, &everything, Order::Descending, Page::of(1000)).now_or_never().unwrap().unwrap();
        entries.reverse();
        assert_eq!(entries, backwards);
        for entry in entries {
            assert_eq!(view.get(space, &entry.key).now_or_never().unwrap().unwrap(), Some(entry.record));
        }
    }
    state
}

/// What the writes of a batch do to the model.
fn apply(state: &mut State, version: Sequence, writes: &[Writing], positions: Vec<Position>) {
    let mut positions = positions.into_iter().map(|position| position.0.to_be_bytes());
    for writing in writes {
        let (space, key, value) = match *writing {
            Writing::Put(space, number, value) => (space, key(number), Some(value.to_be_bytes().to_vec())),
            Writing::Delete(space, number) => (space, key(number), None),
            Writing::Append(value) => {
                let key = [&b"log"[..], &positions.next().unwrap()].concat();
                (2, key.into(), Some(value.to_be_bytes().to_vec()))
            }
            Writing::Count(number) => (1, key(number), Some([&positions.next().unwrap()[..], b"!"].concat())),
        };
        match value {
            Some(value) => drop(state.insert((space, key), Record { version, value: value.into() })),
            None => drop(state.remove(&(space, key))),
        }
    }
    assert_eq!(positions.next(), None);
}

struct World<M> {
    machine: M,
    running: Option<Running>,
    /// The states that the store may be in after a crash: the last durable one, and one for each
    /// commit accepted since.
    states: Vec<(Sequence, State)>,
    last_position: Position,
}

struct Running {
    store: Arc<EmbeddedStore>,
    stepper: Stepper,
    fold: Arc<Mirror>,
    waiting: Vec<(Sequence, BoxFuture<'static, Result<(), CommitError>>)>,
    failed: bool,
}

impl<M: Machine> World<M> {
    fn new(machine: M) -> World<M> {
        let mut world =
            World { machine, running: None, states: vec![(Sequence(0), State::new())], last_position: Position(0) };
        world.start();
        world
    }

    fn start(&mut self) {
        let (env, _) = Env::manual(1, Timestamp::from_secs(1));
        let (store, stepper) = EmbeddedStore::open_stepped(env, self.machine.disk()).unwrap();
        let fold = Arc::new(Mirror::default());
        store.attach(fold.clone()).now_or_never().unwrap().unwrap();
        self.running = Some(Running { store, stepper, fold, waiting: Vec::new(), failed: false });
        self.find_state();
    }

    /// After a crash or a recovery: the store is at one of the states that it may be at.
    fn find_state(&mut self) {
        let store = &self.running.as_ref().unwrap().store;
        let state = read_all(&*store.snapshot().unwrap());
        let found = self.states.iter().rposition(|(_, possible)| *possible == state);
        let found = found.unwrap_or_else(|| panic!("{state:#?} is none of {:#?}", self.states));
        self.states = vec![self.states.swap_remove(found)];
        self.states[0].0 = store.accepted().unwrap().sequence();
    }

    fn restart(&mut self, cut_power: bool) {
        drop(self.running.take());
        if cut_power {
            self.machine.cut_power();
        }
        // Positions given to commits that are lost are given again.
        self.last_position = Position(0);
        self.start();
        let state = &self.states[0].1;
        let used =
            |key: &Bytes| key.strip_prefix(b"log").map(|position| u64::from_be_bytes(position.try_into().unwrap()));
        self.last_position = Position(state.keys().filter_map(|(_, key)| used(key)).max().unwrap_or(0));
    }

    fn submit(&mut self, writes: &[Writing], check: Option<&Checking>) {
        let running = self.running.as_mut().unwrap();
        let mut batch = Batch::new();
        let (sequence, mut state) = self.states.last().unwrap().clone();
        if let Some(Checking { space, key: number, holds }) = check {
            let actual = state.get(&(*space, key(*number))).map(|record| record.version);
            let wrong = if actual.is_none() { Some(Sequence(1)) } else { None };
            batch.check(SPACES[*space], key(*number), if *holds { actual } else { wrong });
        }
        for writing in writes {
            match *writing {
                Writing::Put(space, number, value) => {
                    batch.put(SPACES[space], key(number), value.to_be_bytes().to_vec())
                }
                Writing::Delete(space, number) => batch.delete(SPACES[space], key(number)),
                Writing::Append(value) => {
                    let slot = batch.position();
                    batch.put_at(Space::Log, "log", slot, "", value.to_be_bytes().to_vec());
                }
                Writing::Count(number) => {
                    let slot = batch.position();
                    batch.put_with_position(Space::Queue, key(number), "", slot, "!");
                }
            }
        }
        let empty = batch.is_empty();
        match running.store.submit(batch).now_or_never().expect("there is room") {
            Err(CommitError::Conflict { .. }) => assert!(check.is_some_and(|check| !check.holds)),
            Err(CommitError::Store(StoreError::Unavailable { .. })) => assert!(running.failed),
            Err(error) => panic!("{error}"),
            Ok(_) if running.failed => panic!("accepted by a failed store"),
            Ok(ticket) => {
                assert!(check.is_none_or(|check| check.holds));
                running.waiting.push((ticket.sequence, ticket.durable));
                if empty {
                    return;
                }
                assert_eq!(ticket.sequence, Sequence(sequence.0 + 1));
                for position in &ticket.positions {
                    assert!(*position > self.last_position);
                    self.last_position = *position;
                }
                apply(&mut state, ticket.sequence, writes, ticket.positions);
                self.states.push((ticket.sequence, state));
            }
        }
    }

    fn step(&mut self) {
        let running = self.running.as_mut().unwrap();
        match running.stepper.step() {
            Step::Published => {
                let durable = running.store.snapshot().unwrap().sequence();
                self.states.retain(|(sequence, _)| *sequence >= durable);
                assert_eq!(self.states[0].0, durable);
            }
            Step::Failed => running.failed = true,
            Step::Recovered => {
                running.failed = false;
                self.find_state();
            }
            Step::Idle | Step::Wrote | Step::Synced => {}
        }
        self.check_waiting();
    }

    /// Who waits is told exactly when the commit is durable, or given up.
    fn check_waiting(&mut self) {
        let running = self.running.as_mut().unwrap();
        let durable = running.store.snapshot().map(|view| view.sequence());
        running.waiting.retain_mut(|(sequence, waiting)| match (&durable, waiting.as_mut().now_or_never()) {
            (Ok(durable), None) => {
                assert!(*sequence > *durable);
                true
            }
            (Err(_), None) => panic!("{sequence:?} still waits for a failed store"),
            (_, Some(Err(_))) => false,
            (Ok(durable), Some(Ok(()))) => {
                assert!(*sequence <= *durable);
                false
            }
            (Err(_), Some(Ok(()))) => {
                assert!(*sequence <= self.states[0].0, "acknowledged before the failure, or not at all");
                false
            }
        });
    }

    fn check(&self) {
        let running = self.running.as_ref().unwrap();
        if running.failed {
            assert!(running.store.snapshot().is_err() && running.store.accepted().is_err());
            return;
        }
        assert_eq!(read_all(&*running.store.accepted().unwrap()), self.states.last().unwrap().1);
        let durable = running.store.snapshot().unwrap();
        assert_eq!(read_all(&*durable), self.states[0].1);
        let rebuilt = Mirror::default();
        rebuilt.rebuild(&*durable).now_or_never().unwrap().unwrap();
        assert_eq!(*running.fold.entries.lock(), *rebuilt.entries.lock(), "Q-1");
    }
}

fn play(machine: impl Machine, actions: &[Action]) {
    let mut world = World::new(machine);
    for action in actions {
        match action {
            Action::Submit { writes, check } => world.submit(writes, check.as_ref()),
            Action::Step => world.step(),
            Action::CutPower => world.restart(true),
            Action::Kill => world.restart(false),
            Action::Plan(fault, good) => world.machine.plan(*fault, *good),
        }
        world.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_store_in_memory_behaves_like_a_map(seed: u64, actions in actions()) {
        play(MemoryDisk::seeded(seed), &actions);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_store_on_disk_behaves_like_a_map(seed: u64, actions in actions()) {
        play(Folder::new(seed), &actions);
    }
}
