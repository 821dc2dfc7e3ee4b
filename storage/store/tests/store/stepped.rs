//! Commits driven by hand: who shares a sync, who waits for what, and what a failure does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use tidegate_env::{Env, ManualClock};
use tidegate_store::engine::memory::{Fault, MemoryDisk};
use tidegate_store::engine::{Disk, Engine, EngineError, FjallDisk};
use tidegate_store::{
    Batch, Change, CommitError, Durability, EmbeddedStore, Fold, Sequence, Snapshot, Space, Status, Step, Stepper,
    Store, StoreError, TransactError, Tx, transact,
};
use tidegate_types::Timestamp;

use crate::support::{block_on, write};

fn environment() -> (Env, Arc<ManualClock>) {
    Env::manual(1, Timestamp::from_secs(1))
}

fn stepped(disk: &MemoryDisk) -> (Arc<EmbeddedStore>, Stepper) {
    EmbeddedStore::open_stepped(environment().0, Box::new(disk.clone())).unwrap()
}

/// Steps until there is nothing to do; returns how often it synced.
fn settle(stepper: &mut Stepper) -> usize {
    let steps = std::iter::from_fn(|| Some(stepper.step())).take_while(|step| *step != Step::Idle);
    steps.filter(|step| *step == Step::Synced).count()
}

fn put(key: &'static str, value: &'static str) -> Batch {
    let mut batch = Batch::new();
    batch.put(Space::Map, key, value);
    batch
}

async fn increment(store: &dyn Store, latch: bool) -> Result<u64, TransactError<StoreError>> {
    let key = Bytes::from_static(b"counter");
    let latches = if latch { vec![key.clone()] } else { Vec::new() };
    let done = transact(store, &latches, async |tx: &mut Tx| {
        let old = tx.get(Space::Map, &key).await?;
        let old = old.map_or(0, |record| u64::from_be_bytes(record.value[..].try_into().unwrap()));
        tx.put(Space::Map, key.clone(), Bytes::copy_from_slice(&(old + 1).to_be_bytes()));
        Ok(old + 1)
    });
    Ok(done.await?.value)
}

#[test]
fn a_hundred_increments_of_one_key_share_a_sync() {
    for latch in [true, false] {
        let (store, mut stepper) = stepped(&MemoryDisk::default());
        let mut all = Box::pin(join_all((0..100).map(|_| increment(&*store, latch))));
        assert!(all.as_mut().now_or_never().is_none());
        assert_eq!(stepper.step(), Step::Wrote);
        // The next ones are accepted while the sync of the first is still to come.
        let mut more = Box::pin(join_all((0..100).map(|_| increment(&*store, latch))));
        assert!(more.as_mut().now_or_never().is_none());
        assert_eq!(settle(&mut stepper), 2);
        let counts: Vec<_> = all.now_or_never().unwrap().into_iter().map(Result::unwrap).collect();
        assert_eq!(counts, (1..=100).collect::<Vec<_>>());
        assert_eq!(more.now_or_never().unwrap().pop().unwrap().unwrap(), 200);
    }
}

#[test]
fn a_refusal_waits_until_what_it_read_is_durable() {
    let (store, mut stepper) = stepped(&MemoryDisk::default());
    let mut first = store.submit(put("taken", "yes")).now_or_never().unwrap().unwrap().durable;
    #[derive(Debug, PartialEq)]
    struct Taken(bool);
    impl From<StoreError> for Taken {
        fn from(_: StoreError) -> Self {
            Taken(false)
        }
    }
    let refuse = async || {
        let outcome = transact(&*store, &[], async |tx: &mut Tx| match tx.get(Space::Map, b"taken").await? {
            Some(_) => Err(Taken(true)),
            None => Ok(()),
        });
        match outcome.await {
            Err(TransactError::Refused(refused)) => Some(refused),
            _ => None,
        }
    };
    let mut refusal = Box::pin(refuse());
    for step in [Step::Wrote, Step::Synced] {
        assert!(refusal.as_mut().now_or_never().is_none(), "not durable yet");
        assert_eq!(stepper.step(), step);
    }
    assert!(refusal.as_mut().now_or_never().is_none() && first.as_mut().now_or_never().is_none());
    assert_eq!(stepper.step(), Step::Published);
    assert_eq!(refusal.now_or_never().unwrap(), Some(Taken(true)));
    first.now_or_never().unwrap().unwrap();
    assert_eq!(refuse().now_or_never().unwrap(), Some(Taken(true)), "there is nothing to wait for");
}

#[test]
fn a_refusal_that_was_never_durable_is_not_answered() {
    let disk = MemoryDisk::default();
    let (store, mut stepper) = stepped(&disk);
    disk.plan(Fault::FailedSync, 0);
    let _first = store.submit(put("taken", "yes")).now_or_never().unwrap().unwrap();
    let mut refusal = Box::pin(transact::<(), _>(&*store, &[], async |tx: &mut Tx| {
        tx.get(Space::Map, b"taken").await?;
        Err(StoreError::Unavailable { reason: "my refusal".into() })
    }));
    assert!(refusal.as_mut().now_or_never().is_none());
    assert_eq!([stepper.step(), stepper.step()], [Step::Wrote, Step::Failed]);
    assert!(matches!(refusal.now_or_never().unwrap(), Err(TransactError::Commit(CommitError::Store(_)))));
}

#[test]
fn reads_that_were_never_true_together_are_run_again() {
    let (store, mut stepper) = stepped(&MemoryDisk::default());
    let runs = AtomicU32::new(0);
    let mut both = Box::pin(transact::<_, StoreError>(&*store, &[], async |tx: &mut Tx| {
        let first = tx.get(Space::Map, b"a").await?.is_some();
        if runs.fetch_add(1, Ordering::Relaxed) == 0 {
            let mut batch = put("a", "1");
            batch.put(Space::Map, "b", "1");
            drop(store.submit(batch).await);
        }
        let second = tx.get(Space::Map, b"b").await?.is_some();
        Ok((first, second))
    }));
    assert!(both.as_mut().now_or_never().is_none());
    settle(&mut stepper);
    assert_eq!(both.now_or_never().unwrap().unwrap().value, (true, true));
    assert_eq!(runs.into_inner(), 2);
}

#[test]
fn a_transaction_gives_up_after_64_conflicts() {
    let (store, _stepper) = stepped(&MemoryDisk::default());
    let runs = AtomicU32::new(0);
    let hopeless = transact::<(), StoreError>(&*store, &[], async |tx: &mut Tx| {
        tx.get(Space::Map, b"a").await?;
        drop(store.submit(put("a", "again")).await);
        runs.fetch_add(1, Ordering::Relaxed);
        tx.put(Space::Map, "b", "x");
        Ok(())
    });
    let outcome = hopeless.now_or_never().unwrap();
    assert!(
        matches!(outcome, Err(TransactError::Commit(CommitError::Conflict { space: Space::Map, key })) if key == "a")
    );
    assert_eq!(runs.into_inner(), 64);
}

#[test]
fn a_decision_taken_from_memory_waits_until_memory_can_have_changed() {
    let (store, mut stepper) = stepped(&MemoryDisk::default());
    let _newer = store.submit(put("settings", "2")).now_or_never().unwrap().unwrap();
    let mut outdated = Box::pin(transact::<_, StoreError>(&*store, &[], async |tx: &mut Tx| {
        // Memory is what is durable.
        let known = store.snapshot()?.get(Space::Map, b"settings").await?;
        tx.check(Space::Map, "settings", known.as_ref().map(|record| record.version));
        Ok(known.map(|record| record.value))
    }));
    assert!(outdated.as_mut().now_or_never().is_none());
    settle(&mut stepper);
    assert_eq!(outdated.now_or_never().unwrap().unwrap().value.unwrap(), "2");
}

#[test]
fn too_much_at_once_waits_for_room() {
    let (store, mut stepper) = stepped(&MemoryDisk::default());
    let body = Bytes::from(vec![1; 60 << 20]);
    let large = |key: &'static str| {
        let mut batch = Batch::new();
        batch.put(Space::Log, key, body.clone());
        batch
    };
    let accepted: Vec<_> = ["a", "b"].map(|key| store.submit(large(key)).now_or_never().unwrap().unwrap()).into();
    let mut third = store.submit(large("c"));
    assert!(third.as_mut().now_or_never().is_none());
    assert_eq!([stepper.step(), stepper.step(), stepper.step()], [Step::Wrote, Step::Synced, Step::Published]);
    let third = third.now_or_never().expect("there is room").unwrap();
    assert_eq!(third.sequence, Sequence(3));
    assert_eq!(settle(&mut stepper), 2, "batches that are large get groups of their own");
    join_all(accepted.into_iter().map(|ticket| ticket.durable)).now_or_never().unwrap();
    third.durable.now_or_never().unwrap().unwrap();
}

/// Remembers what it was told.
#[derive(Default)]
struct Diary {
    told: parking_lot::Mutex<Vec<(u64, usize)>>,
    rebuilt: AtomicU32,
}

impl Fold for Diary {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, Bytes::from_static(b"d/"))
    }

    fn apply(&self, sequence: Sequence, changes: &[Change]) {
        assert!(changes.iter().all(|change| change.key.starts_with(b"d/")));
        self.told.lock().push((sequence.0, changes.len()));
    }

    fn rebuild<'a>(&'a self, _snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        self.rebuilt.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn a_fold_is_told_of_its_own_keys_before_the_acknowledgement() {
    let (store, mut stepper) = stepped(&MemoryDisk::default());
    let fold = Arc::new(Diary::default());
    store.attach(fold.clone()).now_or_never().unwrap().unwrap();
    let mut batch = put("d/1", "x");
    batch.delete(Space::Map, "d/2");
    batch.put(Space::Map, "d/1", "y");
    batch.put(Space::Queue, "d/1", "another space");
    batch.put(Space::Map, "e", "another prefix");
    let mut ticket = store.submit(batch).now_or_never().unwrap().unwrap().durable;
    let _other = store.submit(put("c", "x")).now_or_never().unwrap().unwrap();
    assert_eq!([stepper.step(), stepper.step()], [Step::Wrote, Step::Synced]);
    assert_eq!(*fold.told.lock(), []);
    stepper.step();
    assert_eq!(*fold.told.lock(), [(1, 3)]);
    ticket.as_mut().now_or_never().unwrap().unwrap();
}

/// Two of them: when one says that something has changed, the other knows of it too.
struct Pair {
    prefix: &'static [u8],
    told: Arc<AtomicU32>,
    told_when_announced: Arc<parking_lot::Mutex<Vec<u32>>>,
}

impl Fold for Pair {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, Bytes::from_static(self.prefix))
    }

    fn apply(&self, _sequence: Sequence, _changes: &[Change]) {
        self.told.fetch_add(1, Ordering::Relaxed);
    }

    fn announce(&self) {
        self.told_when_announced.lock().push(self.told.load(Ordering::Relaxed));
    }

    fn rebuild<'a>(&'a self, _snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn nobody_is_woken_before_every_fold_was_told() {
    let (store, mut stepper) = stepped(&MemoryDisk::default());
    let (told, told_when_announced) = (Arc::default(), Arc::<parking_lot::Mutex<Vec<u32>>>::default());
    for prefix in [b"a/", b"b/"] {
        let fold = Pair { prefix, told: Arc::clone(&told), told_when_announced: told_when_announced.clone() };
        store.attach(Arc::new(fold)).now_or_never().unwrap().unwrap();
    }
    assert_eq!(std::mem::take(&mut *told_when_announced.lock()), [0, 0], "each when it was attached");
    let mut batch = put("a/1", "x");
    batch.put(Space::Map, "b/1", "x");
    let _ticket = store.submit(batch).now_or_never().unwrap().unwrap();
    settle(&mut stepper);
    assert_eq!(*told_when_announced.lock(), [2, 2]);
}

#[test]
fn attaching_waits_for_the_group_that_is_being_written_and_holds_the_next() {
    let (store, mut stepper) = stepped(&MemoryDisk::default());
    let _first = store.submit(put("d/1", "x")).now_or_never().unwrap().unwrap();
    assert_eq!(stepper.step(), Step::Wrote);
    let _second = store.submit(put("d/2", "x")).now_or_never().unwrap().unwrap();
    let fold = Arc::new(Diary::default());
    let mut attached = store.attach(fold.clone());
    assert!(attached.as_mut().now_or_never().is_none());
    assert_eq!([stepper.step(), stepper.step(), stepper.step()], [Step::Synced, Step::Published, Step::Idle]);
    attached.now_or_never().unwrap().unwrap();
    settle(&mut stepper);
    assert_eq!(*fold.told.lock(), [(2, 1)], "the first commit was in the view that it was built from");
}

#[test]
fn an_attachment_that_is_given_up_lets_commits_go_on() {
    let (store, mut stepper) = stepped(&MemoryDisk::default());
    let _first = store.submit(put("a", "x")).now_or_never().unwrap().unwrap();
    stepper.step();
    let mut attached = store.attach(Arc::new(Diary::default()));
    assert!(attached.as_mut().now_or_never().is_none());
    drop(attached);
    let second = store.submit(put("b", "x")).now_or_never().unwrap().unwrap();
    settle(&mut stepper);
    second.durable.now_or_never().unwrap().unwrap();
}

#[test]
#[should_panic(expected = "two folds watch")]
fn two_folds_of_the_same_keys_are_a_mistake() {
    let (store, _stepper) = stepped(&MemoryDisk::default());
    for _ in 0..2 {
        store.attach(Arc::new(Diary::default())).now_or_never().unwrap().unwrap();
    }
}

#[test]
fn after_a_failed_sync_everything_is_unavailable_until_it_is_open_again() {
    let disk = MemoryDisk::seeded(3);
    let (store, mut stepper) = stepped(&disk);
    let fold = Arc::new(Diary::default());
    store.attach(fold.clone()).now_or_never().unwrap().unwrap();
    let kept = store.submit(put("kept", "x")).now_or_never().unwrap().unwrap();
    settle(&mut stepper);
    disk.plan(Fault::FailedSync, 0);
    disk.set_full(true);
    let doubtful = store.submit(put("doubtful", "x")).now_or_never().unwrap().unwrap();
    disk.set_full(false);
    stepper.step();
    let waiting = store.submit(put("waiting", "x")).now_or_never().unwrap().unwrap();
    assert_eq!(stepper.step(), Step::Failed);
    disk.set_full(true);
    assert_eq!(stepper.step(), Step::Failed);
    kept.durable.now_or_never().unwrap().unwrap();
    for lost in [doubtful.durable, waiting.durable] {
        let error = lost.now_or_never().unwrap().unwrap_err();
        assert!(matches!(error, CommitError::Store(StoreError::Unavailable { .. })), "{error}");
    }
    assert!(matches!(store.status(), Status::Recovering { reason } if reason.contains("full")));
    assert!(store.snapshot().is_err() && store.accepted().is_err());
    assert!(store.submit(put("a", "x")).now_or_never().unwrap().is_err());
    disk.set_full(false);
    assert_eq!(stepper.step(), Step::Recovered);
    assert_eq!(store.status(), Status::Healthy);
    assert_eq!(fold.rebuilt.load(Ordering::Relaxed), 2);
    assert!(store.durable(Sequence(2)).now_or_never().unwrap().is_err(), "what was lost stays lost");
    let read = transact::<_, StoreError>(&*store, &[], async |tx: &mut Tx| tx.get(Space::Map, b"kept").await);
    assert!(read.now_or_never().unwrap().unwrap().value.is_some(), "what is read after the recovery is durable");
    let next = store.submit(put("next", "x")).now_or_never().unwrap().unwrap();
    assert_eq!(next.sequence, Sequence(5), "a version never names two records, and the recovery has one too");
    settle(&mut stepper);
    next.durable.now_or_never().unwrap().unwrap();
    let view = store.snapshot().unwrap();
    assert!(view.get(Space::Map, b"kept").now_or_never().unwrap().unwrap().is_some());
    assert_eq!(view.get(Space::Map, b"waiting").now_or_never().unwrap().unwrap(), None);
}

#[test]
fn committed_time_is_kept_and_never_runs_backwards() {
    let disk = MemoryDisk::default();
    let (env, clock) = environment();
    let (store, mut stepper) = EmbeddedStore::open_stepped(env, Box::new(disk.clone())).unwrap();
    clock.advance(Duration::from_secs(99));
    drop(store.submit(put("a", "x")).now_or_never().unwrap().unwrap());
    settle(&mut stepper);
    assert_eq!(store.committed_time(), Timestamp::from_secs(100));
    drop((store, stepper));
    let (store, mut stepper) = stepped(&disk);
    drop(store.submit(put("a", "x")).now_or_never().unwrap().unwrap());
    settle(&mut stepper);
    assert_eq!(store.committed_time(), Timestamp::from_secs(100));
}

#[test]
fn a_dropped_stepper_leaves_nobody_waiting() {
    let (store, stepper) = stepped(&MemoryDisk::default());
    let ticket = store.submit(put("a", "x")).now_or_never().unwrap().unwrap();
    drop(stepper);
    assert!(ticket.durable.now_or_never().unwrap().is_err());
}

#[test]
fn the_board_shows_what_is_not_durable() {
    let (env, _) = environment();
    let (store, mut stepper) = EmbeddedStore::open_stepped(env.clone(), Box::new(MemoryDisk::default())).unwrap();
    let report = || env.activity().report(env.now()).busy.first().map(|busy| (busy.what.clone(), busy.count));
    assert_eq!(report(), None);
    for key in ["a", "b"] {
        drop(store.submit(put(key, "x")).now_or_never().unwrap().unwrap());
    }
    assert_eq!(report(), Some(("accepted batch".to_owned(), 2)));
    settle(&mut stepper);
    assert_eq!(report(), None);
}

/// A disk on which the sync of one engine fails, as fjall's does: it cannot be used any more.
struct FailingOnce {
    disk: FjallDisk,
    opened: AtomicU32,
}

struct Failing(Arc<dyn Engine>);

impl Disk for FailingOnce {
    fn open(&self, in_doubt: bool) -> Result<Arc<dyn Engine>, EngineError> {
        let engine = self.disk.open(in_doubt)?;
        let first = self.opened.fetch_add(1, Ordering::Relaxed) == 0;
        assert_eq!(in_doubt, !first);
        Ok(if first { Arc::new(Failing(engine)) } else { engine })
    }
}

impl Engine for Failing {
    fn write(&self, writes: Vec<tidegate_store::engine::Write>) -> Result<(), EngineError> {
        self.0.write(writes)
    }

    fn sync(&self) -> Result<(), EngineError> {
        let source = Arc::new(std::io::Error::from_raw_os_error(5));
        Err(EngineError::Failed { what: "syncing", source })
    }

    fn snapshot(&self) -> Result<Arc<dyn tidegate_store::engine::View>, EngineError> {
        self.0.snapshot()
    }
}

/// The commit thread recovers by itself, and the journals are new files afterwards.
#[test]
fn fjall_is_reopened_after_a_failed_sync() {
    use std::os::unix::fs::MetadataExt;
    let dir = tempfile::tempdir().unwrap();
    let engine = dir.path().join("engine");
    let disk = FailingOnce { disk: FjallDisk::new(&engine, 1 << 20), opened: AtomicU32::new(0) };
    let store = EmbeddedStore::on_disk(Env::real(), Box::new(disk), Durability::Always).unwrap();
    let journal = || engine.join("0.jnl").metadata().unwrap().ino();
    let before = journal();
    block_on(async {
        let doubtful = store.submit(put("a", "x")).await.unwrap();
        assert!(doubtful.durable.await.is_err());
        // The next commit that is durable is one behind the recovery.
        let recovered = store.durable(Sequence(1)).await;
        assert!(recovered.is_err(), "what was lost stays lost");
        loop {
            match store.submit(put("b", "x")).await {
                Ok(ticket) => break drop(ticket.durable().await.unwrap()),
                Err(error) => assert!(matches!(error, CommitError::Store(StoreError::Unavailable { .. })), "{error}"),
            }
            std::thread::yield_now();
        }
    });
    assert_ne!(journal(), before);
    assert_eq!(store.status(), Status::Healthy);
    store.close();
}

/// A backup that was begun before the failure goes on, and keeps the engine's lock.
#[test]
fn a_view_that_is_held_delays_the_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let disk = FailingOnce { disk: FjallDisk::new(dir.path().join("engine"), 1 << 20), opened: AtomicU32::new(0) };
    let (store, mut stepper) = EmbeddedStore::open_stepped(environment().0, Box::new(disk)).unwrap();
    let view = store.snapshot().unwrap();
    drop(store.submit(put("a", "x")).now_or_never().unwrap().unwrap());
    assert_eq!([stepper.step(), stepper.step(), stepper.step()], [Step::Wrote, Step::Failed, Step::Failed]);
    let Status::Recovering { reason } = store.status() else { panic!("it is not open") };
    assert!(reason.contains("opening the database: it is in use") && !reason.contains("damaged"), "{reason}");
    drop(view);
    assert_eq!(stepper.step(), Step::Recovered);
}

#[test]
fn at_an_interval_the_sync_comes_after_the_acknowledgement() {
    let disk = MemoryDisk::seeded(1);
    let hour = Durability::Interval(Duration::from_secs(3600));
    let store = EmbeddedStore::on_disk(Env::real(), Box::new(disk.clone()), hour).unwrap();
    block_on(write(&*store, |tx| tx.put(Space::Map, "a", "x")));
    // A killed process loses nothing: the next one opens what was written.
    let (again, _stepper) = stepped(&disk);
    assert!(block_on(again.snapshot().unwrap().get(Space::Map, b"a")).unwrap().is_some());
    drop(store);
}

#[test]
fn closing_syncs_what_an_interval_has_left() {
    let disk = MemoryDisk::seeded(1);
    let hour = Durability::Interval(Duration::from_secs(3600));
    let store = EmbeddedStore::on_disk(Env::real(), Box::new(disk.clone()), hour).unwrap();
    block_on(write(&*store, |tx| tx.put(Space::Map, "a", "x")));
    store.close();
    disk.crash();
    let (again, _stepper) = stepped(&disk);
    assert!(block_on(again.snapshot().unwrap().get(Space::Map, b"a")).unwrap().is_some());
}
