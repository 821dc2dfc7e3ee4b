//! What the store makes of a load like `SendMessage`: tasks that each commit a small record and a
//! body of 1.1 KiB at an assigned position, again and again.
//!
//! `cargo run --release -p tidegate-store --example send_load -- [TASKS] [SECONDS] [FOLDER]`

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tidegate_env::Env;
use tidegate_store::{EmbeddedStore, Options, Space, StoreError, TransactError, transact};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let tasks: u64 = arguments.next().map_or(32, |text| text.parse().expect("a number of tasks"));
    let seconds: u64 = arguments.next().map_or(5, |text| text.parse().expect("a number of seconds"));
    let folder = tempfile::tempdir_in(arguments.next().unwrap_or_else(|| ".".to_owned())).expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    let env = Env::real();
    let store = EmbeddedStore::open(env.clone(), Options::new(folder.path())).expect("a store");
    let (start, cpu) = (env.monotonic(), cpu_time());
    let until = start + Duration::from_secs(seconds);
    let commits: u64 = runtime.block_on(async {
        let running: Vec<_> =
            (0..tasks).map(|_| env.spawn("sender", send_until(env.clone(), store.clone(), until))).collect();
        let mut commits = 0;
        for task in running {
            commits += task.await.expect("no task panics");
        }
        commits
    });
    let (elapsed, cpu) = (env.monotonic() - start, cpu_time() - cpu);
    println!(
        "{tasks} tasks: {:.0} commits/s, {:.1} µs of CPU each",
        commits as f64 / elapsed.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / commits as f64
    );
    store.close();
}

async fn send_until(env: Env, store: Arc<EmbeddedStore>, until: Duration) -> u64 {
    let (lease, body) = (Bytes::from(vec![1; 100]), Bytes::from(vec![b'x'; 1126]));
    let mut commits = 0;
    while env.monotonic() < until {
        let done: Result<_, TransactError<StoreError>> = transact(&*store, &[], async |tx| {
            let slot = tx.position();
            tx.put_at(Space::Queue, "queue/orders/lease/", slot, "", lease.clone());
            tx.put_at(Space::Log, "queue/orders/body/", slot, "", body.clone());
            Ok(())
        })
        .await;
        done.expect("the disk holds");
        commits += 1;
    }
    commits
}

/// The time that this process has spent on its processors.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().expect("user time") + fields[12].parse::<u64>().expect("system time");
    Duration::from_millis(ticks * 10)
}
