//! Queues on a store in memory, with windows so small that they are read from it all the time.

#![allow(clippy::disallowed_methods, reason = "a guard against a test that hangs")]

mod behaviour;
mod crashes;
mod lanes;
mod stress;
mod upkeep;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tidegate_env::{Env, ManualClock};
use tidegate_store::{EmbeddedStore, Position, Slot, Store, Tx, transact};
use tidegate_types::Timestamp;

use crate::index::IndexLimits;
use crate::invariants::{check_memory, check_store};
use crate::queues::flatten;
use crate::{
    Discipline, Lane, MessageKey, NewMessage, QueueError, QueueId, Queues, Reservation, Reserve, create_in_tx,
    delete_in_tx, enqueue_in_tx, lease_in_tx, take_in_tx,
};

const TINY: IndexLimits =
    IndexLimits { lane_window: 4, queue_window: 8, lane_floor: 2, lanes: 4, due_window: 2, page: 3 };
const Q: QueueId = QueueId(7);
const START: Timestamp = Timestamp::from_secs(1_000_000);

struct World {
    store: Arc<dyn Store>,
    env: Env,
    clock: Arc<ManualClock>,
    queues: Arc<Queues>,
}

impl World {
    async fn new(discipline: Discipline) -> World {
        World::with_limits(discipline, TINY).await
    }

    async fn with_limits(discipline: Discipline, limits: IndexLimits) -> World {
        let (env, clock) = Env::manual(1, START);
        let store: Arc<dyn Store> = EmbeddedStore::ephemeral(env.clone()).unwrap();
        let queues = Queues::open_with_limits(store.clone(), env.clone(), limits).await.unwrap();
        let world = World { store, env, clock, queues };
        world.create(Q, discipline).await;
        world
    }

    async fn create(&self, queue: QueueId, discipline: Discipline) {
        self.commit(async |tx| {
            create_in_tx(tx, queue, discipline);
            Ok(())
        })
        .await;
    }

    async fn commit<T>(&self, body: impl AsyncFnOnce(&mut Tx) -> Result<T, QueueError> + Clone) -> T {
        flatten(transact(&*self.store, &[], body).await).unwrap()
    }

    fn now(&self) -> Timestamp {
        self.env.now()
    }

    fn advance(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }

    fn message(&self, lane: &str, body: &str, delay_ms: u64) -> NewMessage {
        NewMessage {
            lane: Lane(Bytes::copy_from_slice(lane.as_bytes())),
            body: Bytes::copy_from_slice(body.as_bytes()),
            sent_at: self.now(),
            visible_at: self.now().plus_millis(delay_ms),
        }
    }

    async fn send(&self, lane: &str, body: &str) -> MessageKey {
        self.send_delayed(lane, body, 0).await
    }

    async fn send_delayed(&self, lane: &str, body: &str, delay_ms: u64) -> MessageKey {
        let message = self.message(lane, body, delay_ms);
        let sent = transact(&*self.store, &[], async |tx: &mut Tx| enqueue_in_tx(tx, Q, message).await).await.unwrap();
        let Slot(slot) = sent.value;
        self.key(lane, sent.committed.positions[slot as usize])
    }

    fn key(&self, lane: &str, position: Position) -> MessageKey {
        let generation = self.queues.state(Q).unwrap().with(|index| index.generation());
        MessageKey { queue: Q, generation, lane: Lane(Bytes::copy_from_slice(lane.as_bytes())), position }
    }

    fn all(&self, max: usize) -> Reserve {
        Reserve { max, now: self.now(), max_in_flight: usize::MAX, sent_after: Timestamp::EPOCH, max_bytes: usize::MAX }
    }

    async fn reserve(&self, max: usize) -> Vec<Reservation> {
        self.queues.reserve(Q, self.all(max)).await.unwrap()
    }

    /// Receives as a consumer does: reserves and leases.
    async fn receive(&self, max: usize, timeout_ms: u64) -> Vec<Reservation> {
        let mut reserved = self.reserve(max).await;
        let (now, until) = (self.now(), self.now().plus_millis(timeout_ms));
        let leased = self
            .commit(async |tx| {
                let mut leased = Vec::new();
                for reservation in &reserved {
                    leased.push(lease_in_tx(tx, reservation, now, until).await?.is_some());
                }
                Ok(leased)
            })
            .await;
        let mut leased = leased.into_iter();
        reserved.retain(|_| leased.next() == Some(true));
        reserved
    }

    async fn take(&self, max: usize) -> Vec<String> {
        let reserved = self.reserve(max).await;
        self.commit(async |tx| {
            for reservation in &reserved {
                assert!(take_in_tx(tx, reservation).await?);
            }
            Ok(())
        })
        .await;
        bodies(&reserved)
    }

    async fn delete(&self, key: &MessageKey) -> bool {
        self.commit(async |tx| delete_in_tx(tx, key).await).await
    }

    fn counts(&self) -> (u64, u64, u64) {
        let counts = self.queues.counts(Q, self.now());
        (counts.ready, counts.in_flight, counts.delayed)
    }

    /// All invariants that can be checked from outside.
    async fn check(&self) {
        assert_eq!(check_memory(&self.queues).await.unwrap(), []);
        let snapshot = self.store.snapshot().unwrap();
        assert_eq!(check_store(&*snapshot).await.unwrap(), []);
    }
}

fn bodies(reserved: &[Reservation]) -> Vec<String> {
    reserved.iter().map(|reservation| String::from_utf8(reservation.body.to_vec()).unwrap()).collect()
}

/// Fails a test that would otherwise hang.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it should have happened by now")
}

/// Whether a future is not ready after everything that can run has run.
async fn pends(future: impl Future) -> bool {
    let mut future = std::pin::pin!(future);
    for _ in 0..50 {
        if futures::poll!(future.as_mut()).is_ready() {
            return false;
        }
        tokio::task::yield_now().await;
    }
    true
}
