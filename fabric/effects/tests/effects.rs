//! Effects against a store in memory: performed, tried again, ended in one transaction, kept over a restart.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tidegate_effects::{Attempt, Effect, EffectError, Effects, Kind, enqueue_in_tx, forget_in_tx};
use tidegate_env::{Env, ManualClock, Report};
use tidegate_queue::Queues;
use tidegate_store::engine::memory::MemoryDisk;
use tidegate_store::{Durability, EmbeddedStore, LatchKey, Space, Store, StoreError, Tx, transact};
use tidegate_types::Timestamp;
use tidegate_workers::Supervisor;
use tokio::sync::{Semaphore, mpsc};

/// Says what the test tells it to say, and notes each attempt.
struct Scripted {
    answers: Arc<Mutex<VecDeque<Attempt<&'static str>>>>,
    attempted: mpsc::UnboundedSender<Effect>,
    gate: Arc<Semaphore>,
}

impl Kind for Scripted {
    const NAME: &'static str = "scripted";
    const TAG: u8 = 200;
    type Permit = ();
    type Outcome = &'static str;

    async fn admit(&self, _target: &str) {}

    async fn attempt(&self, _permit: (), effect: &Effect) -> Attempt<&'static str> {
        self.attempted.send(effect.clone()).unwrap();
        self.gate.acquire().await.unwrap().forget();
        self.answers.lock().pop_front().unwrap_or(Attempt::Over("done"))
    }

    fn latches(&self, _effect: &Effect, _outcome: &&'static str) -> Vec<LatchKey> {
        Vec::new()
    }

    async fn conclude(&self, tx: &mut Tx, effect: &Effect, outcome: &&'static str) -> Result<(), StoreError> {
        tx.put(Space::Map, [&[0xfe], &effect.body[..]].concat(), *outcome);
        Ok(())
    }
}

struct Bench {
    env: Env,
    clock: Arc<ManualClock>,
    disk: MemoryDisk,
    store: Arc<EmbeddedStore>,
    queues: Arc<Queues>,
    answers: Arc<Mutex<VecDeque<Attempt<&'static str>>>>,
    gate: Arc<Semaphore>,
}

struct Server {
    effects: Arc<Effects<Scripted>>,
    attempted: mpsc::UnboundedReceiver<Effect>,
    _supervisor: Supervisor,
    _timers: tidegate_env::TaskHandle<()>,
}

const START: Timestamp = Timestamp::from_millis(1_000_000);

impl Bench {
    async fn new() -> Bench {
        Bench::on(MemoryDisk::seeded(7)).await
    }

    async fn on(disk: MemoryDisk) -> Bench {
        let (env, clock) = Env::manual(7, START);
        let store = EmbeddedStore::on_disk(env.clone(), Box::new(disk.clone()), Durability::Always).unwrap();
        let queues = Queues::open(store.clone(), env.clone()).await.unwrap();
        Bench { env, clock, disk, store, queues, answers: Arc::default(), gate: Arc::new(Semaphore::new(0)) }
    }

    /// The same store, opened anew.
    async fn restart(self) -> Bench {
        let Bench { disk, env, store, .. } = self;
        env.run_blocking(move || store.close()).await;
        Bench::on(disk).await
    }

    async fn start(&self) -> Server {
        let (attempts, attempted) = mpsc::unbounded_channel();
        let kind = Scripted { answers: self.answers.clone(), attempted: attempts, gate: self.gate.clone() };
        let (store, queues, env) = (self.store.clone(), self.queues.clone(), self.env.clone());
        let effects = Effects::open(store, queues.clone(), env, kind).await.unwrap();
        let supervisor = Supervisor::new(self.env.clone());
        effects.start(&supervisor);
        let timers = self.env.spawn("timers", queues.run_timers());
        Server { effects, attempted, _supervisor: supervisor, _timers: timers }
    }

    async fn enqueue(&self, target: &str, body: &'static str) {
        let now = self.env.now();
        transact(&*self.store, &[], async |tx| {
            enqueue_in_tx::<Scripted>(tx, &self.env, target, Bytes::from_static(body.as_bytes()), now, now).await
        })
        .await
        .map_err(EffectError::from)
        .unwrap();
    }

    async fn outcome(&self, body: &str) -> Option<Bytes> {
        let snapshot = self.store.snapshot().unwrap();
        let key = [&[0xfe], body.as_bytes()].concat();
        snapshot.get(Space::Map, &key).await.unwrap().map(|record| record.value)
    }

    fn report(&self) -> Report {
        self.env.activity().report(self.env.now())
    }

    /// Until nothing moves any more.
    async fn settle(&self) {
        while !self.report().busy.is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_failed_attempt_is_counted_and_made_again_at_its_time() {
    let bench = Bench::new().await;
    let mut server = bench.start().await;
    let later = START.plus_millis(60_000);
    bench.answers.lock().extend([Attempt::Again { at: later, counts: true }, Attempt::Over("sent")]);
    bench.gate.add_permits(1);
    bench.enqueue("a", "mail").await;
    assert_eq!(server.attempted.recv().await.unwrap().failures, 0);
    bench.settle().await;
    assert_eq!(bench.outcome("mail").await, None);
    assert_eq!(bench.report().next_due(), Some(later));

    bench.gate.add_permits(1);
    bench.clock.advance(Duration::from_secs(60));
    let second = server.attempted.recv().await.unwrap();
    assert_eq!((second.failures, second.raised_at, second.target.as_str()), (1, START, "a"));
    bench.settle().await;
    assert_eq!(bench.outcome("mail").await.unwrap(), "sent");
    assert!(server.attempted.try_recv().is_err());
}

#[tokio::test]
async fn one_that_is_performed_while_the_server_stops_is_performed_again() {
    let bench = Bench::new().await;
    let mut server = bench.start().await;
    bench.enqueue("a", "mail").await;
    server.attempted.recv().await.unwrap();
    assert_eq!(bench.report().busy.len(), 1, "being performed is work");
    server.effects.stop(Duration::ZERO).await;
    drop(server);

    let bench = bench.restart().await;
    let mut server = bench.start().await;
    assert_eq!(server.attempted.recv().await.unwrap().failures, 0, "an attempt that was cut off is not counted");
    bench.gate.add_permits(1);
    bench.settle().await;
    assert_eq!(bench.outcome("mail").await.unwrap(), "done");
}

#[tokio::test]
async fn a_target_that_takes_its_time_keeps_no_other_waiting() {
    let bench = Bench::new().await;
    let mut server = bench.start().await;
    for _ in 0..15 {
        bench.enqueue("slow", "first").await;
    }
    bench.enqueue("quick", "second").await;
    let mut attempted = Vec::new();
    while !attempted.contains(&"quick".to_owned()) {
        attempted.push(server.attempted.recv().await.unwrap().target);
    }
    bench.gate.add_permits(16);
    bench.settle().await;
    assert_eq!(bench.outcome("second").await.unwrap(), "done");
}

#[tokio::test]
async fn nothing_is_done_to_a_target_that_was_forgotten() {
    let bench = Bench::new().await;
    let mut server = bench.start().await;
    bench.enqueue("a", "mail").await;
    server.attempted.recv().await.unwrap();
    transact(&*bench.store, &[], async |tx| forget_in_tx::<Scripted>(tx, "a").await).await.unwrap();
    bench.settle().await;
    bench.gate.add_permits(1);
    assert_eq!(bench.outcome("mail").await, None);
    bench.enqueue("a", "again").await;
    assert_eq!(server.attempted.recv().await.unwrap().body, "again");
    bench.settle().await;
    assert_eq!(bench.outcome("again").await.unwrap(), "done");
}
