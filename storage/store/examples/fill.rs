//! What memory a store takes while a large table is filled, and after it has been read all over.
//!
//! `cargo run --release -p tidegate-store --example fill -- [ITEMS] [FOLDER]`

use bytes::Bytes;
use tidegate_env::Env;
use tidegate_store::{EmbeddedStore, Options, Space, Store, StoreError, TransactError, Tx, transact};

/// Items in one transaction.
const TOGETHER: u64 = 25;

/// Transactions under way at once.
const AT_ONCE: u64 = 32;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let items: u64 = arguments.next().map_or(2_000_000, |text| text.parse().expect("a number of items"));
    let folder = tempfile::tempdir_in(arguments.next().unwrap_or_else(|| ".".to_owned())).expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    let env = Env::real();
    let store = EmbeddedStore::open(env.clone(), Options::new(folder.path())).expect("a store");
    let start = env.monotonic();
    let say = |what: &str, number: u64| {
        let seconds = (env.monotonic() - start).as_secs_f64();
        let disk = store.disk_bytes().expect("the folder") / 1_000_000;
        println!("{what} {number:>9}, {seconds:>5.0} s, disk {disk} MB, memory {} MB", memory_bytes() / 1_000_000);
    };
    runtime.block_on(async {
        for round in 0..items / (TOGETHER * AT_ONCE) {
            let first = round * TOGETHER * AT_ONCE;
            let shared: &dyn Store = &*store;
            let parts = (0..AT_ONCE).map(|part| put(shared, first + part * TOGETHER));
            for outcome in futures::future::join_all(parts).await {
                outcome.expect("the disk holds");
            }
            if round % 250 == 0 {
                say("written", first);
            }
        }
        for number in 0..items / 10 {
            let found = store.snapshot().expect("a snapshot").get(Space::Map, &key(number * 7_919_917 % items)).await;
            assert!(found.expect("a readable store").is_some());
            if number % 50_000 == 0 {
                say("read", number);
            }
        }
    });
}

fn key(number: u64) -> Bytes {
    // Items of one partition lie together, partitions wherever their hashes lead.
    let hash = (number / 20).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    [b"\x05\x01\0\0\0\0\0\0\0\x01".as_slice(), &hash[..4], &(number / 20).to_be_bytes(), &number.to_be_bytes()]
        .concat()
        .into()
}

async fn put(store: &dyn Store, first: u64) -> Result<(), TransactError<StoreError>> {
    let body = Bytes::from(vec![b'x'; 130]);
    let put = async |tx: &mut Tx| {
        for number in first..first + TOGETHER {
            tx.put(Space::Map, key(number), body.clone());
        }
        Ok::<_, StoreError>(())
    };
    transact(store, &[], put).await.map(|_| ())
}

fn memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|kib| kib.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or_default() * 1024
}
