//! What a backlog costs: `cargo run --profile quick -p tidegate-queue --example backlog -- 1000000`.
//!
//! Sends that many messages, opens the store again, and compares a round of receive and delete on
//! the deep queue with one on an empty queue in the same store.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a measuring tool")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tidegate_env::Env;
use tidegate_queue::{
    Discipline, Lane, NewMessage, QueueError, QueueId, Queues, Reserve, create_in_tx, delete_in_tx, enqueue_in_tx,
    lease_in_tx,
};
use tidegate_store::{Durability, EmbeddedStore, Options, Store, Tx, transact};
use tidegate_types::Timestamp;

const DEEP: QueueId = QueueId(1);
const EMPTY: QueueId = QueueId(2);

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().map_or(1_000_000, |text| text.parse().unwrap());
    let lanes: usize = arguments.next().map_or(1, |text| text.parse().unwrap());
    let discipline = if lanes > 1 { Discipline::Fifo } else { Discipline::Standard };
    let dir = tempfile::tempdir().unwrap();
    let env = Env::real();
    {
        let (store, queues) = open(&env, dir.path()).await;
        for queue in [DEEP, EMPTY] {
            commit(&*store, async |tx| {
                create_in_tx(tx, queue, discipline);
                Ok(())
            })
            .await;
        }
        let start = Instant::now();
        for batch in 0..count / 500 {
            send(&env, &*store, DEEP, batch * 500, 500, lanes).await;
        }
        println!("{count} messages in {lanes} lanes sent in {:?}", start.elapsed());
        println!("memory after sending: {} MB", resident_mb());
        compare(&env, &store, &queues).await;
    }
    let start = Instant::now();
    let (store, queues) = open(&env, dir.path()).await;
    println!("opened in {:?}, memory {} MB", start.elapsed(), resident_mb());
    println!("counts {:?}", queues.counts(DEEP, env.now()));
    compare(&env, &store, &queues).await;
}

async fn open(env: &Env, dir: &std::path::Path) -> (Arc<dyn Store>, Arc<Queues>) {
    let options = Options { durability: Durability::Interval(Duration::from_millis(50)), ..Options::new(dir) };
    let start = Instant::now();
    let store: Arc<dyn Store> = EmbeddedStore::open(env.clone(), options).unwrap();
    println!("store opened in {:?}", start.elapsed());
    let queues = Queues::open(store.clone(), env.clone()).await.unwrap();
    (store, queues)
}

async fn commit<T>(store: &dyn Store, body: impl AsyncFnOnce(&mut Tx) -> Result<T, QueueError> + Clone) -> T {
    transact(store, &[], body).await.unwrap().value
}

async fn send(env: &Env, store: &dyn Store, queue: QueueId, first: usize, count: usize, lanes: usize) {
    let (now, body) = (env.now(), Bytes::from(vec![b'x'; 200]));
    let message = |number: usize| NewMessage {
        lane: Lane(if lanes > 1 { Bytes::from(format!("lane-{}", number % lanes)) } else { Bytes::new() }),
        body: body.clone(),
        sent_at: now,
        visible_at: now,
    };
    let messages: Vec<_> = (first..first + count).map(message).collect();
    commit(store, async |tx| {
        for message in messages {
            enqueue_in_tx(tx, queue, message).await?;
        }
        Ok(())
    })
    .await;
}

async fn compare(env: &Env, store: &Arc<dyn Store>, queues: &Queues) {
    let mut times: [Vec<Duration>; 2] = Default::default();
    for round in 0..400 {
        for (index, queue) in [EMPTY, DEEP].into_iter().enumerate() {
            let start = Instant::now();
            send(env, &**store, queue, round * 10, 10, 1).await;
            receive_and_delete(env, &**store, queues, queue).await;
            times[index].push(start.elapsed());
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let [empty, deep] = &mut times;
    println!("send, receive and delete ten: {:?} on an empty queue, {:?} on the deep one", median(empty), median(deep));
    let (worst_empty, worst_deep) = (empty[empty.len() - 4], deep[deep.len() - 4]);
    println!("  99th percentile: {worst_empty:?} and {worst_deep:?}");
}

async fn receive_and_delete(env: &Env, store: &dyn Store, queues: &Queues, queue: QueueId) {
    let now = env.now();
    let what = Reserve { max: 10, now, max_in_flight: 120_000, sent_after: Timestamp::EPOCH, max_bytes: usize::MAX };
    let reserved = queues.reserve(queue, what).await.unwrap();
    assert_eq!(reserved.len(), 10);
    commit(store, async |tx| {
        for reservation in &reserved {
            assert!(lease_in_tx(tx, reservation, now, now.plus_millis(30_000)).await?.is_some());
        }
        Ok(())
    })
    .await;
    commit(store, async |tx| {
        for reservation in &reserved {
            assert!(delete_in_tx(tx, &reservation.key).await?);
        }
        Ok(())
    })
    .await;
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or_default() / 1024
}
