//! Commits driven by the commit thread and by submitters in turn: who does the work, and what becomes
//! of it when it fails in a submitter's hands.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use std::thread::ThreadId;

use bytes::Bytes;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tidegate_env::Env;
use tidegate_store::engine::memory::{Fault, MemoryDisk};
use tidegate_store::engine::{Disk, Engine, EngineError, View, Write};
use tidegate_store::{
    Change, CommitError, Durability, EmbeddedStore, Fold, Sequence, Snapshot, Space, Status, Store, StoreError,
    TransactError, Tx, transact,
};
use tokio::runtime::Runtime;

/// More tries than any machine needs until the commit thread has gone to rest.
const TRIES: u32 = 100_000;

/// A runtime on which others could go on while one submitter is busy, as on a server's.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let two = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    two.unwrap()
});

fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// Notes which thread syncs.
#[derive(Clone, Default)]
struct Watched {
    disk: MemoryDisk,
    synced_by: Arc<Mutex<Vec<ThreadId>>>,
}

struct WatchedEngine(Arc<dyn Engine>, Arc<Mutex<Vec<ThreadId>>>);

impl Disk for Watched {
    fn open(&self, in_doubt: bool) -> Result<Arc<dyn Engine>, EngineError> {
        Ok(Arc::new(WatchedEngine(self.disk.open(in_doubt)?, self.synced_by.clone())))
    }
}

impl Engine for WatchedEngine {
    fn write(&self, writes: Vec<Write>) -> Result<(), EngineError> {
        self.0.write(writes)
    }

    fn sync(&self) -> Result<(), EngineError> {
        self.1.lock().push(std::thread::current().id());
        self.0.sync()
    }

    fn snapshot(&self) -> Result<Arc<dyn View>, EngineError> {
        self.0.snapshot()
    }
}

impl Watched {
    fn last_sync_was_mine(&self) -> bool {
        self.synced_by.lock().last() == Some(&std::thread::current().id())
    }

    fn store(&self) -> Arc<EmbeddedStore> {
        EmbeddedStore::on_disk(Env::real(), Box::new(self.clone()), Durability::Always).unwrap()
    }
}

fn put(store: &dyn Store, key: &'static str) -> Result<Sequence, TransactError<StoreError>> {
    let done = block_on(transact::<_, StoreError>(store, &[], async |tx: &mut Tx| {
        tx.put(Space::Map, key, "x");
        Ok(())
    }));
    Ok(done?.committed.sequence)
}

/// Commits until the commit thread rests, so that the next commit is this thread's own.
fn lead(store: &dyn Store, disk: &Watched) {
    let leads = (0..TRIES).any(|_| {
        put(store, "warm").unwrap();
        disk.last_sync_was_mine()
    });
    assert!(leads, "the commit thread never rested");
}

#[test]
fn on_an_idle_store_the_submitter_syncs_its_own_commit() {
    let disk = Watched::default();
    let store = disk.store();
    lead(&*store, &disk);
    store.close();
}

#[test]
fn a_runtimes_only_worker_goes_on_accepting_while_the_thread_syncs() {
    let disk = Watched::default();
    let store = disk.store();
    lead(&*store, &disk);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let put = || async {
            let body = async |tx: &mut Tx| {
                tx.put(Space::Map, "k", "x");
                Ok(())
            };
            transact::<_, StoreError>(&*store, &[], body).await.unwrap();
            assert!(!disk.last_sync_was_mine());
        };
        for _ in 0..100 {
            futures::future::join(put(), put()).await;
        }
    });
    store.close();
}

#[test]
fn many_submitters_lose_nothing_between_them_and_the_thread() {
    const THREADS: usize = 4;
    const EACH: usize = 500;
    let disk = Watched::default();
    let store = disk.store();
    let mut sequences: Vec<Sequence> = std::thread::scope(|scope| {
        let work = || (0..EACH).map(|_| put(&*store, "k").unwrap()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    sequences.sort_unstable();
    sequences.dedup();
    assert_eq!(sequences.len(), THREADS * EACH);
    store.close();
    disk.disk.crash();
    let again = disk.store();
    assert!(block_on(again.snapshot().unwrap().get(Space::Map, b"k")).unwrap().is_some());
}

#[test]
fn a_sync_that_fails_for_a_submitter_is_mended_by_the_thread() {
    let disk = Watched::default();
    let store = disk.store();
    lead(&*store, &disk);
    disk.disk.plan(Fault::FailedSync, 0);
    assert!(matches!(put(&*store, "doubtful"), Err(TransactError::Commit(CommitError::Store(_)))));
    let healed = (0..TRIES).any(|_| {
        std::thread::yield_now();
        store.status() == Status::Healthy
    });
    assert!(healed, "{:?}", store.status());
    put(&*store, "next").unwrap();
    store.close();
}

/// A fold with a bug.
struct Panics;

impl Fold for Panics {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, Bytes::from_static(b"bad"))
    }

    fn apply(&self, _sequence: Sequence, _changes: &[Change]) {
        panic!("a bug");
    }

    fn rebuild<'a>(&'a self, _snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn a_bug_in_a_submitters_turn_ends_the_store_and_hangs_nobody() {
    let disk = Watched::default();
    let store = disk.store();
    block_on(store.attach(Arc::new(Panics))).unwrap();
    lead(&*store, &disk);
    assert!(catch_unwind(AssertUnwindSafe(|| put(&*store, "bad"))).is_err());
    assert!(matches!(put(&*store, "next"), Err(TransactError::Commit(CommitError::Store(_)))));
    store.close();
}
