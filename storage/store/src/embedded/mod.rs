//! The store of this process: a sequencer under a mutex, a commit thread, and an engine.
//!
//! A batch is accepted in the task that submits it. Were acceptance left to the commit thread, the
//! next transaction on a hot key could only be accepted between two syncs, and a hundred of them
//! would take a hundred syncs; this way they all share the next one.

mod options;
mod shared;
mod threads;

use std::path::Path;
use std::sync::Arc;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tidegate_env::{Activity, Env, ThreadHandle};
use tidegate_types::Timestamp;
use tokio::runtime::Handle;

pub use self::options::{Durability, Options, Status};
pub(crate) use self::shared::Shared;
use self::shared::{Home, Offer, Pause};
use crate::audit::{self, AuditReport, Auditor};
use crate::backup::{self, BackupError, BackupReport};
use crate::committer::{Stepper, read_commit_record};
use crate::driver::Driver;
use crate::engine::memory::MemoryDisk;
use crate::engine::{Disk, FjallDisk};
use crate::folder::{self, Folder};
use crate::loss::{self, Expected};
use crate::sequencer::{Acceptance, Sequencer};
use crate::views::{AcceptedView, DurableView};
use crate::waits::DurableWait;
use crate::{
    Batch, CommitError, Committed, Fold, Held, Latches, OpenError, Sequence, Snapshot, Store, StoreError, Ticket,
};

/// The store of this process.
///
/// Dropping it closes it, as [`EmbeddedStore::close`] does.
pub struct EmbeddedStore {
    shared: Arc<Shared>,
    driver: Arc<Driver>,
    /// Whether who submits may do the commit thread's work while that one rests, as far as durability goes.
    may_lead: bool,
    accepted: Arc<AcceptedView>,
    threads: Mutex<Vec<ThreadHandle>>,
}

impl EmbeddedStore {
    /// Opens the store in a folder, or creates it there, and starts its commit thread.
    ///
    /// # Errors
    /// Another process has it open; it is of a newer release; it has lost acknowledged commits; or
    /// the disk fails.
    pub fn open(env: Env, options: Options) -> Result<Arc<EmbeddedStore>, OpenError> {
        let folder = Folder::open(&options.dir)?;
        let disk = FjallDisk::new(folder.engine_dir(), options.cache_bytes);
        let expected = loss::expected(&folder, options.accept_loss)?;
        let home = Home { marker: folder.marker()?, folder };
        let (store, stepper) =
            EmbeddedStore::assemble(env, Box::new(disk), options.durability, Some((home, expected)))?;
        store.start(stepper)?;
        Ok(store)
    }

    /// A store in memory: everything is gone when it is closed.
    ///
    /// # Errors
    /// The operating system cannot start a thread.
    pub fn ephemeral(env: Env) -> Result<Arc<EmbeddedStore>, OpenError> {
        EmbeddedStore::on_disk(env, Box::new(MemoryDisk::default()), Durability::Always)
    }

    /// A store on any disk, with a commit thread.
    ///
    /// # Errors
    /// The disk cannot be opened, or the operating system cannot start a thread.
    pub fn on_disk(env: Env, disk: Box<dyn Disk>, durability: Durability) -> Result<Arc<EmbeddedStore>, OpenError> {
        let (store, stepper) = EmbeddedStore::assemble(env, disk, durability, None)?;
        store.start(stepper)?;
        Ok(store)
    }

    /// A store on any disk whose commits are driven by hand: nothing is written, synced or
    /// acknowledged but by [`Stepper::step`], and dropping the stepper between two steps is a crash
    /// of the process.
    ///
    /// # Errors
    /// The disk cannot be opened.
    pub fn open_stepped(env: Env, disk: Box<dyn Disk>) -> Result<(Arc<EmbeddedStore>, Stepper), OpenError> {
        EmbeddedStore::assemble(env, disk, Durability::Always, None)
    }

    fn assemble(
        env: Env,
        disk: Box<dyn Disk>,
        durability: Durability,
        home: Option<(Home, Expected)>,
    ) -> Result<(Arc<EmbeddedStore>, Stepper), OpenError> {
        let in_doubt = home.as_ref().is_some_and(|(home, _)| home.folder.is_in_doubt());
        let engine = disk.open(in_doubt)?;
        let found = read_commit_record(&*engine.snapshot()?)?;
        let mut stands = found;
        if let Some((home, expected)) = &home {
            stands = expected.settle(found, &home.folder)?;
        }
        if stands != found {
            engine.write(vec![stands.as_write()])?;
            engine.sync()?;
        }
        let view = engine.snapshot()?;
        if let Some((home, _)) = &home {
            let failed = |source| OpenError::Io { what: "clearing the note of a failure", source };
            home.folder.set_in_doubt(false).map_err(failed)?;
        }
        let shared = Arc::new(Shared::new(env, stands, view, home.map(|(home, _)| home)));
        let part: Arc<dyn Activity> = shared.clone();
        shared.env.activity().register(&part);
        let accepted = Arc::new(AcceptedView { shared: shared.clone() });
        let stepper = Stepper::new(shared.clone(), disk, engine, stands, durability);
        // With an interval nobody waits for a sync, and the thread has to see to it in time.
        let may_lead = durability == Durability::Always;
        let (driver, threads) = (Arc::default(), Mutex::default());
        Ok((Arc::new(EmbeddedStore { shared, driver, may_lead, accepted, threads }), stepper))
    }

    fn start(&self, stepper: Stepper) -> Result<(), OpenError> {
        let failed = |source| OpenError::Io { what: "starting the commit thread", source };
        let mut threads = self.threads.lock();
        self.driver.put(stepper);
        let (driver, shared) = (self.driver.clone(), self.shared.clone());
        let commit = move || driver.run(&shared);
        threads.push(self.shared.env.spawn_thread("store-commit", commit).map_err(failed)?);
        if self.shared.home.is_some() {
            let shared = self.shared.clone();
            let body = move || threads::keep_marker(&shared);
            threads.push(self.shared.env.spawn_thread("store-marker", body).map_err(failed)?);
        }
        Ok(())
    }

    /// Makes everything accepted durable, then closes the engine and releases the folder. Blocks
    /// for as long as that takes: milliseconds. Later calls answer [`StoreError::Unavailable`].
    ///
    /// A commit thread that has panicked before is logged: its callers have been told by then.
    pub fn close(&self) {
        self.shared.stop();
        for thread in self.threads.lock().drain(..) {
            if !thread.join() {
                tracing::error!("a thread of the store has panicked");
            }
        }
        if let Some(home) = &self.shared.home {
            home.save_marker();
            home.folder.release();
        }
    }

    /// When the last durable commit was made, in product time. A server whose clock shows less when
    /// it starts must move it there: committed time never runs backwards.
    pub fn committed_time(&self) -> Timestamp {
        self.shared.committed_time()
    }

    /// The bytes that the data folder occupies; 0 for a store in memory.
    ///
    /// # Errors
    /// The file system's.
    pub fn disk_bytes(&self) -> std::io::Result<u64> {
        self.shared.home.as_ref().map_or(Ok(0), |home| folder::disk_bytes(home.folder.dir()))
    }

    /// Reads every durable record and compares it with its checksum and with all invariants.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn audit(&self, auditors: &mut [&mut dyn Auditor]) -> Result<AuditReport, StoreError> {
        audit::audit(&*self.durable_view()?.view, auditors)
    }

    /// Writes what is durable now to the file `target`, while the store goes on.
    ///
    /// # Errors
    /// `target` exists or cannot be written; the store cannot be read.
    pub fn backup(&self, target: &Path) -> Result<BackupReport, BackupError> {
        backup::write_backup(&*self.durable_view()?.view, target)
    }

    /// Whether who submits may do the commit thread's work. On a runtime's only worker nothing could be
    /// submitted meanwhile: each batch would be a group of its own, and they would take a sync each.
    fn may_lead(&self) -> bool {
        let is_only_worker = |runtime: Handle| runtime.metrics().num_workers() == 1;
        self.may_lead && !Handle::try_current().is_ok_and(is_only_worker)
    }

    /// Accepts a batch as soon as there is room for it, and tells whether the caller has the turn.
    async fn accept(&self, mut batch: Batch, may_lead: fn(&Self) -> bool) -> Result<(Acceptance, bool), CommitError> {
        loop {
            match self.shared.accept(batch, || may_lead(self))? {
                Offer::Accepted { acceptance, leads } => return Ok((acceptance, leads)),
                Offer::NoRoom(refused, room) => {
                    batch = refused;
                    let Err(_dropped) = room.await;
                }
            }
        }
    }

    fn durable_view(&self) -> Result<Arc<DurableView>, StoreError> {
        match self.shared.current.load_full() {
            Some(view) => Ok(view),
            None => Err(self.shared.with_accepted(|sequencer| match sequencer.view() {
                Err(error) => error,
                // It has recovered in this moment.
                Ok(_) => StoreError::Unavailable { reason: "the store was being reopened".into() },
            })),
        }
    }

    /// Whether the store can be used.
    pub fn status(&self) -> Status {
        self.shared.status()
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl Store for EmbeddedStore {
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(self.durable_view()?)
    }

    fn accepted(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        self.shared.with_accepted(|sequencer| sequencer.view().map(drop))?;
        Ok(self.accepted.clone())
    }

    fn submit(&self, batch: Batch) -> BoxFuture<'_, Result<Ticket, CommitError>> {
        Box::pin(async move {
            let (Acceptance { sequence, positions }, _) = self.accept(batch, |_| false).await?;
            let durable = Box::pin(DurableWait::new(self.shared.waits.clone(), sequence));
            Ok(Ticket { sequence, positions, durable })
        })
    }

    fn commit(&self, batch: Batch, held: Held) -> BoxFuture<'_, Result<Committed, CommitError>> {
        Box::pin(async move {
            let (Acceptance { sequence, positions }, leads) = self.accept(batch, Self::may_lead).await?;
            drop(held);
            if leads {
                self.driver.lead(&self.shared);
            }
            DurableWait::new(self.shared.waits.clone(), sequence).await?;
            Ok(Committed { sequence, positions })
        })
    }

    fn durable(&self, sequence: Sequence) -> BoxFuture<'_, Result<(), CommitError>> {
        Box::pin(DurableWait::new(self.shared.waits.clone(), sequence))
    }

    fn attach(&self, fold: Arc<dyn Fold>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let _pause = Pause::new(&self.shared);
            // What is being written is applied to the folds there are; from then on nothing moves.
            if let Some(writing) = self.shared.with_accepted(Sequencer::writing) {
                self.durable(writing).await.map_err(|error| match error {
                    CommitError::Store(error) => error,
                    other => StoreError::Engine(Arc::new(other)),
                })?;
            }
            let snapshot = self.snapshot()?;
            fold.rebuild(&*snapshot).await?;
            self.shared.folds.lock().add(fold.clone());
            fold.announce();
            Ok(())
        })
    }

    fn latches(&self) -> &Latches {
        &self.shared.latches
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::FutureExt;

    use super::*;
    use crate::engine::{Engine, EngineError, View, Write};
    use crate::{Space, Step};

    /// A disk whose first engine syncs once.
    struct Tiring {
        disk: FjallDisk,
        opened: AtomicU32,
    }

    struct Tired(Arc<dyn Engine>, AtomicU32);

    impl Disk for Tiring {
        fn open(&self, in_doubt: bool) -> Result<Arc<dyn Engine>, EngineError> {
            let engine = self.disk.open(in_doubt)?;
            let first = self.opened.fetch_add(1, Ordering::Relaxed) == 0;
            Ok(if first { Arc::new(Tired(engine, AtomicU32::new(1))) } else { engine })
        }
    }

    impl Engine for Tired {
        fn write(&self, writes: Vec<Write>) -> Result<(), EngineError> {
            self.0.write(writes)
        }

        fn sync(&self) -> Result<(), EngineError> {
            let left = self.1.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            left.map_err(|_| EngineError::failed("syncing", std::io::Error::from_raw_os_error(5)))?;
            self.0.sync()
        }

        fn snapshot(&self) -> Result<Arc<dyn View>, EngineError> {
            self.0.snapshot()
        }
    }

    fn put(store: &EmbeddedStore, key: &'static str) {
        let mut batch = Batch::default();
        batch.put(Space::Map, key, "x");
        drop(store.submit(batch).now_or_never().unwrap().unwrap());
    }

    /// A disk that fails a sync may well have lost more.
    #[test]
    fn a_key_space_without_its_list_is_not_reopened_as_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let expected = loss::expected(&folder, false).unwrap();
        let disk = Tiring { disk: FjallDisk::new(folder.engine_dir(), 1 << 20), opened: AtomicU32::new(0) };
        let home = Home { marker: folder.marker().unwrap(), folder };
        let env = Env::manual(1, Timestamp::from_secs(1)).0;
        let home = Some((home, expected));
        let (store, mut stepper) = EmbeddedStore::assemble(env, Box::new(disk), Durability::Always, home).unwrap();
        put(&store, "a");
        assert_eq!([stepper.step(), stepper.step(), stepper.step()], [Step::Wrote, Step::Synced, Step::Published]);
        put(&store, "b");
        let current = dir.path().join("engine/keyspaces/2/current");
        let list = fs::read(&current).unwrap();
        fs::remove_file(&current).unwrap();
        assert_eq!([stepper.step(), stepper.step(), stepper.step()], [Step::Wrote, Step::Failed, Step::Failed]);
        let Status::Recovering { reason } = store.status() else { panic!("it is not open") };
        assert!(reason.contains("keyspaces/2/current is missing; restore a backup"), "{reason}");
        fs::write(&current, list).unwrap();
        assert_eq!(stepper.step(), Step::Recovered);
    }
}
