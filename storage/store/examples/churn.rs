//! What the disk holds while messages pass through: each is sent, received and deleted, and only
//! the newest of them wait.
//!
//! `cargo run --release -p tidegate-store --example churn -- [MESSAGES] [WAITING] [FOLDER]`

use std::time::Duration;

use bytes::Bytes;
use tidegate_env::Env;
use tidegate_store::{EmbeddedStore, Options, Position, Space, Store, StoreError, TransactError, Tx, transact};

/// Messages in one transaction.
const TOGETHER: u64 = 100;

/// Transactions under way at once.
const AT_ONCE: u64 = 8;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let messages: u64 = arguments.next().map_or(2_000_000, |text| text.parse().expect("a number of messages"));
    let waiting: u64 = arguments.next().map_or(10_000, |text| text.parse().expect("a number of messages"));
    let folder = tempfile::tempdir_in(arguments.next().unwrap_or_else(|| ".".to_owned())).expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    let env = Env::real();
    let store = EmbeddedStore::open(env.clone(), Options::new(folder.path())).expect("a store");
    let start = env.monotonic();
    let mut most = 0;
    let mut slowest = Duration::ZERO;
    runtime.block_on(async {
        // Positions are dense here, because nobody else writes.
        for round in 0..messages / (TOGETHER * AT_ONCE) {
            let began = env.monotonic();
            let first = 1 + round * TOGETHER * AT_ONCE;
            let gone = first.checked_sub(waiting);
            let shared: &dyn Store = &*store;
            let parts = (0..AT_ONCE).map(|part| pass(shared, gone.map(|gone| gone + part * TOGETHER)));
            for outcome in futures::future::join_all(parts).await {
                outcome.expect("the disk holds");
            }
            slowest = slowest.max(env.monotonic() - began);
            if round % 100 == 0 {
                most = most.max(store.disk_bytes().expect("the folder"));
            }
            if round % 2500 == 0 {
                let seconds = (env.monotonic() - start).as_secs_f64();
                println!(
                    "{first:>9} messages, {seconds:>5.0} s, disk {} MB (most {}), slowest round {slowest:?}, memory {} MB",
                    store.disk_bytes().expect("the folder") / 1_000_000,
                    most / 1_000_000,
                    memory_bytes() / 1_000_000
                );
                slowest = Duration::ZERO;
            }
        }
    });
    println!("most {} MB, live data {} MB", most / 1_000_000, waiting * 1300 / 1_000_000);
    store.close();
    println!("closed: {} MB", store.disk_bytes().expect("the folder") / 1_000_000);
    drop(store);
    let start = env.monotonic();
    let store = EmbeddedStore::open(env.clone(), Options::new(folder.path())).expect("the same store");
    println!("opened again in {:?}, memory {} MB", env.monotonic() - start, memory_bytes() / 1_000_000);
    let start = env.monotonic();
    let report = store.audit(&mut []).expect("a readable store");
    println!("audited in {:?}: {:?}, {} problems", env.monotonic() - start, report.spaces, report.problem_count);
}

/// Sends some messages, and receives and deletes those from `gone` on.
async fn pass(store: &dyn Store, gone: Option<u64>) -> Result<(), TransactError<StoreError>> {
    let (lease, body) = (Bytes::from(vec![1; 100]), Bytes::from(vec![b'x'; 1126]));
    transact(store, &[], async |tx: &mut Tx| {
        for _ in 0..TOGETHER {
            let slot = tx.position();
            tx.put_at(Space::Queue, "queue/orders/lease/", slot, "", lease.clone());
            tx.put_at(Space::Log, "queue/orders/body/", slot, "", body.clone());
        }
        Ok(())
    })
    .await?;
    let Some(gone) = gone else { return Ok(()) };
    transact(store, &[], async |tx: &mut Tx| {
        for position in gone..gone + TOGETHER {
            tx.put(Space::Queue, key("queue/orders/lease/", position), lease.clone());
        }
        Ok(())
    })
    .await?;
    transact(store, &[], async |tx: &mut Tx| {
        for position in gone..gone + TOGETHER {
            tx.delete(Space::Queue, key("queue/orders/lease/", position));
            tx.delete(Space::Log, key("queue/orders/body/", position));
        }
        Ok(())
    })
    .await?;
    Ok(())
}

fn key(before: &str, position: u64) -> Vec<u8> {
    [before.as_bytes(), &Position(position).0.to_be_bytes()].concat()
}

fn memory_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number of pages") * 4096
}
