//! Random operations on a store that fails and is killed: memory equals a rebuild, records agree with
//! each other, what was acknowledged is there, what was removed does not come back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use tidegate_env::{Env, ManualClock};
use tidegate_store::engine::memory::{Fault, MemoryDisk};
use tidegate_store::{EmbeddedStore, Step, Stepper, Store, Tx, transact};
use tidegate_types::Timestamp;

use super::{Q, START, TINY};
use crate::invariants::{check_memory, check_store};
use crate::queues::flatten;
use crate::{
    Discipline, Lane, MessageKey, NewMessage, QueueError, Queues, Reservation, Reserve, change_visibility_in_tx,
    create_in_tx, delete_in_tx, enqueue_in_tx, lease_in_tx, purge_in_tx, take_in_tx,
};

#[derive(Debug, Clone)]
enum Op {
    Send { lane: u8, delay: u64 },
    Receive { max: usize, timeout: u64 },
    Take { max: usize },
    Delete(usize),
    Hide { which: usize, timeout: u64 },
    Purge,
    Advance(u64),
    Fail { how: u8, after: u32 },
    Kill,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (0u8..3, prop_oneof![Just(0u64), 1u64..50]).prop_map(|(lane, delay)| Op::Send { lane, delay }),
        6 => (1usize..5, 0u64..50).prop_map(|(max, timeout)| Op::Receive { max, timeout }),
        3 => (1usize..5).prop_map(|max| Op::Take { max }),
        3 => any::<usize>().prop_map(Op::Delete),
        3 => (any::<usize>(), 0u64..50).prop_map(|(which, timeout)| Op::Hide { which, timeout }),
        1 => Just(Op::Purge),
        4 => (1u64..40).prop_map(Op::Advance),
        1 => (0u8..3, 0u32..4).prop_map(|(how, after)| Op::Fail { how, after }),
        1 => Just(Op::Kill),
    ]
}

/// A server that can be killed: the disk outlives it.
struct Server {
    env: Env,
    clock: Arc<ManualClock>,
    disk: MemoryDisk,
    stepper: Stepper,
    store: Arc<dyn Store>,
    queues: Arc<Queues>,
}

impl Server {
    fn start(env: Env, clock: Arc<ManualClock>, disk: MemoryDisk) -> Server {
        let (store, stepper) = EmbeddedStore::open_stepped(env.clone(), Box::new(disk.clone())).unwrap();
        let store: Arc<dyn Store> = store;
        let opening = Queues::open_with_limits(store.clone(), env.clone(), TINY);
        let queues = futures::FutureExt::now_or_never(opening).expect("an embedded store reads at once").unwrap();
        Server { env, clock, disk, stepper, store, queues }
    }

    /// Polls a future and steps the committer in turn until the future is done.
    fn drive<T>(&mut self, body: impl AsyncFnOnce(&Queues, &dyn Store) -> T) -> T {
        let (queues, store) = (self.queues.clone(), self.store.clone());
        let mut future = std::pin::pin!(body(&queues, &*store));
        for _ in 0..100_000 {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return value;
            }
            self.stepper.step();
        }
        panic!("the future never ends");
    }

    fn commit<T>(&mut self, body: impl AsyncFnOnce(&mut Tx) -> Result<T, QueueError> + Clone) -> Result<T, QueueError> {
        self.drive(async |_, store| flatten(transact(store, &[], body).await))
    }

    fn reserve(&mut self, max: usize) -> Result<Vec<Reservation>, QueueError> {
        let what = Reserve {
            max,
            now: self.env.now(),
            max_in_flight: usize::MAX,
            sent_after: Timestamp::EPOCH,
            max_bytes: usize::MAX,
        };
        self.drive(async |queues, _| queues.reserve(Q, what).await)
    }

    /// Brings the store to rest, whatever it takes.
    fn settle(&mut self) {
        for _ in 0..1000 {
            if self.stepper.step() == Step::Idle {
                return;
            }
        }
        panic!("the store does not come to rest");
    }

    fn kill(self) -> Server {
        let Server { env, clock, disk, stepper, store, queues } = self;
        drop((stepper, queues, store));
        disk.crash();
        Server::start(env, clock, disk)
    }

    fn check(&mut self) {
        let violations = self.drive(async |queues, store| {
            let mut found = check_memory(queues).await?;
            found.extend(check_store(&*store.snapshot()?).await?);
            Ok::<_, QueueError>(found)
        });
        match violations {
            Ok(violations) => assert_eq!(violations, []),
            // A planned fault struck a fence; what is checked next time is what counts.
            Err(_) => self.settle(),
        }
    }
}

/// What clients know.
#[derive(Default)]
struct Known {
    /// Acknowledged, and nobody tried to remove them.
    kept: BTreeMap<u64, MessageKey>,
    /// Their removal was acknowledged.
    gone: BTreeSet<u64>,
    /// All that were ever acknowledged or received.
    seen: Vec<MessageKey>,
}

impl Known {
    fn removed(&mut self, keys: &[MessageKey], acknowledged: bool) {
        for key in keys {
            self.kept.remove(&key.position.0);
            if acknowledged {
                self.gone.insert(key.position.0);
            }
        }
    }

    fn received(&mut self, reserved: &[Reservation]) {
        for reservation in reserved {
            let position = reservation.key.position.0;
            assert!(!self.gone.contains(&position), "{:?} has come back", reservation.key);
            assert_eq!(reservation.body, format!("{}", reservation.key.lane.0.len()));
            self.seen.push(reservation.key.clone());
        }
    }
}

fn run(server: &mut Server, known: &mut Known, op: Op) {
    let now = server.env.now();
    match op {
        Op::Send { lane, delay } => send(server, known, lane, delay),
        Op::Receive { max, timeout } => {
            let Ok(reserved) = server.reserve(max) else { return };
            known.received(&reserved);
            let until = now.plus_millis(timeout);
            let leased = server.commit(async |tx| {
                for reservation in &reserved {
                    assert!(lease_in_tx(tx, reservation, now, until).await?.is_some());
                }
                Ok(())
            });
            // In doubt or not: the reservations are dropped either way.
            drop(leased);
        }
        Op::Take { max } => {
            let Ok(reserved) = server.reserve(max) else { return };
            known.received(&reserved);
            let taken = take(server, &reserved);
            let keys: Vec<_> = reserved.iter().map(|reservation| reservation.key.clone()).collect();
            known.removed(&keys, taken.is_ok());
        }
        Op::Delete(which) if !known.seen.is_empty() => {
            let key = known.seen[which % known.seen.len()].clone();
            let deleted = server.commit(async |tx| delete_in_tx(tx, &key).await);
            known.removed(&[key], deleted.is_ok());
        }
        Op::Hide { which, timeout } if !known.seen.is_empty() => {
            let key = known.seen[which % known.seen.len()].clone();
            let until = now.plus_millis(timeout);
            drop(server.commit(async |tx| change_visibility_in_tx(tx, &key, until).await));
        }
        Op::Purge => {
            let purged = server.commit(async |tx| purge_in_tx(tx, Q).await);
            let all: Vec<_> = known.kept.values().cloned().collect();
            known.removed(&all, purged.is_ok());
        }
        Op::Advance(by) => server.clock.advance(Duration::from_millis(by)),
        Op::Fail { how, after } => {
            let fault = [Fault::FailedWrite, Fault::PartialWrite, Fault::FailedSync][usize::from(how)];
            server.disk.plan(fault, after);
        }
        Op::Delete(_) | Op::Hide { .. } | Op::Kill => {}
    }
}

fn send(server: &mut Server, known: &mut Known, lane: u8, delay: u64) {
    let now = server.env.now();
    let lane = Lane(Bytes::from(vec![b'g'; lane.into()]));
    let body = Bytes::from(format!("{}", lane.0.len()));
    let message = NewMessage { lane: lane.clone(), body, sent_at: now, visible_at: now.plus_millis(delay) };
    let sent = server
        .drive(async |_, store| transact(store, &[], async |tx: &mut Tx| enqueue_in_tx(tx, Q, message).await).await);
    if let Ok(sent) = sent {
        let generation = server.queues.state(Q).unwrap().with(|index| index.generation());
        let position = sent.committed.positions[0];
        let key = MessageKey { queue: Q, generation, lane, position };
        known.kept.insert(position.0, key.clone());
        known.seen.push(key);
    }
}

fn take(server: &mut Server, reserved: &[Reservation]) -> Result<(), QueueError> {
    server.commit(async |tx| {
        for reservation in reserved {
            assert!(take_in_tx(tx, reservation).await?);
        }
        Ok(())
    })
}

fn play(discipline: Discipline, ops: Vec<Op>) {
    let (env, clock) = Env::manual(1, START);
    let mut server = Server::start(env, clock, MemoryDisk::seeded(ops.len() as u64));
    let created = server.commit(async |tx| {
        create_in_tx(tx, Q, discipline);
        Ok(())
    });
    created.unwrap();
    let mut known = Known::default();
    for op in ops {
        if matches!(op, Op::Kill) {
            server = server.kill();
        } else {
            run(&mut server, &mut known, op);
        }
        server.settle();
        server.check();
    }
    drain(&mut server, &mut known);
}

/// In the end everything that was acknowledged and not removed can be received, in order.
fn drain(server: &mut Server, known: &mut Known) {
    while !server.disk.is_past_faults() {
        send(server, known, 0, 0);
        server.settle();
    }
    server.clock.advance(Duration::from_secs(10));
    let mut order: BTreeMap<Lane, Vec<u64>> = BTreeMap::new();
    loop {
        let reserved = server.reserve(3).unwrap();
        if reserved.is_empty() {
            break;
        }
        known.received(&reserved);
        take(server, &reserved).unwrap();
        for Reservation { key, .. } in &reserved {
            known.kept.remove(&key.position.0);
            order.entry(key.lane.clone()).or_default().push(key.position.0);
        }
    }
    assert!(known.kept.is_empty(), "acknowledged and lost: {:?}", known.kept);
    assert!(order.values().all(|positions| positions.is_sorted()), "{order:?}");
    server.settle();
    server.check();
}

#[test]
fn an_abandoned_transaction_keeps_its_lane_locked_until_its_outcome_is_known() {
    let (env, clock) = Env::manual(1, START);
    let mut server = Server::start(env, clock, MemoryDisk::seeded(1));
    let created = server.commit(async |tx| {
        create_in_tx(tx, Q, Discipline::Fifo);
        Ok(())
    });
    created.unwrap();
    let mut known = Known::default();
    send(&mut server, &mut known, 0, 0);
    send(&mut server, &mut known, 0, 0);
    let reserved = server.reserve(1).unwrap();
    {
        let (now, store) = (server.env.now(), server.store.clone());
        let leased =
            transact(&*store, &[], async |tx: &mut Tx| lease_in_tx(tx, &reserved[0], now, now.plus_millis(1000)).await);
        let mut leased = std::pin::pin!(leased);
        // Accepted by the first poll, and nothing is durable without a step of the committer.
        assert!(leased.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    drop(reserved);
    assert_eq!(server.reserve(2).unwrap().len(), 0);
    server.check();
    server.clock.advance(Duration::from_millis(1000));
    let again = server.reserve(2).unwrap();
    let counts: Vec<_> = again.iter().map(|reservation| reservation.lease.receive_count).collect();
    assert_eq!(counts, [1, 0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn standard_queues_survive(ops in proptest::collection::vec(op(), 0..60)) {
        play(Discipline::Standard, ops);
    }

    #[test]
    fn fifo_queues_survive(ops in proptest::collection::vec(op(), 0..60)) {
        play(Discipline::Fifo, ops);
    }
}
