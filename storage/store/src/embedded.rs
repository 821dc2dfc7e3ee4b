//! The store of this process: a sequencer under a mutex, a commit thread, and an engine.
//!
//! A batch is accepted in the task that submits it. Were acceptance left to the commit thread, the
//! next transaction on a hot key could only be accepted between two syncs, and a hundred of them
//! would take a hundred syncs; this way they all share the next one.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures::future::BoxFuture;
use parking_lot::{Condvar, Mutex};
use tidegate_env::{Activity, Env, Report, ThreadHandle};
use tidegate_types::Timestamp;
use tokio::sync::oneshot;

use crate::audit::{self, AuditReport, Auditor};
use crate::backup::{self, BackupError, BackupReport};
use crate::committer::{Step, Stepper, read_commit_record};
use crate::engine::memory::MemoryDisk;
use crate::engine::{Disk, FjallDisk, View};
use crate::folder::{self, Folder, Marker};
use crate::folds::Folds;
use crate::sequencer::{Acceptance, Group, Refusal, Sequencer};
use crate::stored::CommitRecord;
use crate::views::{AcceptedView, DurableView};
use crate::waits::{DurableWait, Waits};
use crate::{Batch, CommitError, Fold, Latches, OpenError, Sequence, Snapshot, Store, StoreError, Ticket};

/// How long to wait before the next attempt to open a failed engine, at first and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

/// A group that takes longer than this is reported: the disk, or the engine on it, hangs.
const STALL: Duration = Duration::from_secs(5);

/// How often the marker is brought up to date.
const MARKER_INTERVAL: Duration = Duration::from_secs(1);

/// When a commit is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// After its sync. Nothing acknowledged is lost, whatever happens to the process or the power.
    Always,
    /// After it was handed to the operating system, which is told to sync this long after the
    /// oldest write. A `kill -9` loses nothing; a power cut or a crash of the operating system
    /// loses up to this much of what was acknowledged, always the newest, never a part of a batch.
    Interval(Duration),
}

/// How a store on disk is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; it is created if it does not exist.
    pub dir: std::path::PathBuf,
    /// When a commit is acknowledged.
    pub durability: Durability,
    /// The most bytes of blocks that are kept in memory.
    pub cache_bytes: u64,
    /// Open a store that has lost acknowledged commits, accepting that they are gone.
    pub accept_loss: bool,
}

impl Options {
    /// Synced on every commit, with a block cache of 32 MiB.
    pub fn new(dir: impl Into<std::path::PathBuf>) -> Options {
        Options { dir: dir.into(), durability: Durability::Always, cache_bytes: 32 << 20, accept_loss: false }
    }
}

/// Whether the store can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It can.
    Healthy,
    /// It failed and is being opened again; all calls answer [`StoreError::Unavailable`].
    Recovering {
        /// What happened.
        reason: Arc<str>,
    },
}

/// What the callers and the commit thread share.
pub(crate) struct Shared {
    pub(crate) env: Env,
    state: Mutex<State>,
    /// Tells the commit thread that there is work, or that it is to end.
    work: Condvar,
    /// Tells the marker's thread that it is to end. Not the same as `work`: a notice meant for the
    /// commit thread must not wake the other one instead.
    stop: Condvar,
    pub(crate) waits: Arc<Waits>,
    /// The last commit that was synced, and that the marker may name.
    synced: AtomicU64,
    /// The product time of the last durable commit.
    committed_millis: AtomicU64,
    current: ArcSwapOption<DurableView>,
    folds: Mutex<Folds>,
    latches: Latches,
    folder: Option<Folder>,
}

struct State {
    sequencer: Sequencer,
    /// Whether the commit thread waits for work.
    thread_waits: bool,
    stopping: bool,
    /// Those whose batch found no room; dropping a sender tells its owner to offer it again.
    room: Vec<oneshot::Sender<Infallible>>,
    status: Status,
    /// Since when the present group is being written, on the monotonic clock.
    writing_since: Option<Duration>,
}

impl Shared {
    fn new(env: Env, stands: CommitRecord, view: Arc<dyn View>, folder: Option<Folder>) -> Shared {
        let state = State {
            sequencer: Sequencer::new(stands, view.clone()),
            thread_waits: false,
            stopping: false,
            room: Vec::new(),
            status: Status::Healthy,
            writing_since: None,
        };
        Shared {
            env,
            state: Mutex::new(state),
            work: Condvar::new(),
            stop: Condvar::new(),
            waits: Arc::new(Waits::starting_at(stands.sequence)),
            synced: AtomicU64::new(stands.sequence.0),
            committed_millis: AtomicU64::new(stands.time.as_millis()),
            current: ArcSwapOption::from_pointee(DurableView { view, sequence: stands.sequence }),
            folds: Mutex::default(),
            latches: Latches::default(),
            folder,
        }
    }

    /// Runs `read` on accepted state.
    pub(crate) fn with_accepted<T>(&self, read: impl FnOnce(&Sequencer) -> T) -> T {
        read(&self.state.lock().sequencer)
    }

    fn accept(&self, batch: Batch) -> Result<Result<Acceptance, (Batch, oneshot::Receiver<Infallible>)>, CommitError> {
        let mut state = self.state.lock();
        if state.stopping {
            return Err(StoreError::Unavailable { reason: "the store is closed".into() }.into());
        }
        let acceptance = match state.sequencer.accept(batch) {
            Ok(acceptance) => acceptance,
            Err(Refusal::Error(error)) => return Err(error),
            Err(Refusal::NoRoom(batch)) => {
                let (sender, room) = oneshot::channel();
                state.room.push(sender);
                return Ok(Err((batch, room)));
            }
        };
        if state.thread_waits && state.sequencer.has_work() {
            state.thread_waits = false;
            self.work.notify_one();
        }
        Ok(Ok(acceptance))
    }

    pub(crate) fn take_group(&self) -> Option<Group> {
        let mut state = self.state.lock();
        let group = state.sequencer.take_group()?;
        state.writing_since = Some(self.env.monotonic());
        Some(group)
    }

    pub(crate) fn set_synced(&self, sequence: Sequence) {
        self.synced.store(sequence.0, Ordering::Release);
    }

    /// Readers, then folds, then whoever waits.
    pub(crate) fn publish(&self, group: Group, commit: &CommitRecord, view: Arc<dyn View>) {
        let durable = group.last;
        self.committed_millis.store(commit.time.as_millis(), Ordering::Release);
        let room = {
            let mut state = self.state.lock();
            state.sequencer.publish(&group, view.clone());
            state.writing_since = None;
            std::mem::take(&mut state.room)
        };
        self.current.store(Some(Arc::new(DurableView { view, sequence: durable })));
        {
            let mut folds = self.folds.lock();
            group.batches.into_iter().for_each(|batch| folds.apply(batch));
        }
        self.waits.advance(durable);
        // Who has gone away needs no room.
        drop(room);
    }

    pub(crate) fn give_up(&self, reason: String) {
        let reason: Arc<str> = reason.into();
        let error = StoreError::Unavailable { reason: reason.clone() };
        let (above, to, room) = {
            let mut state = self.state.lock();
            state.status = Status::Recovering { reason };
            state.writing_since = None;
            let (above, to) = state.sequencer.fail(error.clone());
            (above, to, std::mem::take(&mut state.room))
        };
        self.current.store(None);
        self.waits.give_up(above, to, error);
        drop(room);
    }

    pub(crate) fn set_reason(&self, reason: String) {
        self.state.lock().status = Status::Recovering { reason: reason.into() };
    }

    /// Leaves a note for the next start that a sync may have failed, in case there is no recovery
    /// before it. A disk that does not even take the note is one that the next start fails on too.
    pub(crate) fn note_doubt(&self) {
        if let Some(folder) = &self.folder
            && let Err(error) = folder.set_in_doubt(true)
        {
            tracing::error!(%error, "the failure could not be noted in the data folder");
        }
    }

    /// Rebuilds memory from what the reopened engine holds and lets everybody in again.
    pub(crate) fn resume(&self, stands: CommitRecord, view: Arc<dyn View>) -> Result<(), StoreError> {
        let durable_view = DurableView { view: view.clone(), sequence: stands.sequence };
        self.folds.lock().rebuild(&durable_view)?;
        if let Some(folder) = &self.folder {
            folder.set_in_doubt(false).map_err(|error| StoreError::Engine(Arc::new(error)))?;
        }
        self.set_synced(stands.sequence);
        let durable = {
            let mut state = self.state.lock();
            state.sequencer.resume(stands, view.clone());
            state.status = Status::Healthy;
            state.sequencer.durable()
        };
        self.current.store(Some(Arc::new(DurableView { view, sequence: durable })));
        self.waits.advance(durable);
        Ok(())
    }

    /// Waits until there is work, for `limit` at most. Returns whether to go on.
    fn wait_for_work(&self, limit: Option<Duration>) -> bool {
        let mut state = self.state.lock();
        while !state.sequencer.has_work() && !state.stopping {
            state.thread_waits = true;
            match limit {
                None => self.work.wait(&mut state),
                Some(limit) => {
                    if self.work.wait_for(&mut state, limit).timed_out() {
                        break;
                    }
                }
            }
        }
        state.thread_waits = false;
        !state.stopping
    }

    /// Waits before the next attempt to recover. Returns whether to go on.
    fn wait_to_retry(&self, backoff: Duration) -> bool {
        let mut state = self.state.lock();
        if !state.stopping {
            self.work.wait_for(&mut state, backoff);
        }
        !state.stopping
    }

    fn stop(&self) {
        self.state.lock().stopping = true;
        self.work.notify_all();
        self.stop.notify_all();
    }
}

impl Activity for Shared {
    fn report(&self, _now: Timestamp, report: &mut Report) {
        let moving = self.with_accepted(|sequencer| sequencer.accepted().0 - sequencer.durable().0);
        report.busy("accepted batch", moving);
    }
}

/// The store of this process.
///
/// Dropping it closes it, as [`EmbeddedStore::close`] does.
pub struct EmbeddedStore {
    shared: Arc<Shared>,
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
        let marker = folder.marker()?;
        let (store, stepper) =
            EmbeddedStore::assemble(env, Box::new(disk), options.durability, Some(folder), |stands, folder| {
                check_marker(stands, &marker, folder, options.accept_loss)
            })?;
        store.start(stepper, Some(marker))?;
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
        let (store, stepper) = EmbeddedStore::assemble(env, disk, durability, None, |stands, _| Ok(stands))?;
        store.start(stepper, None)?;
        Ok(store)
    }

    /// A store on any disk whose commits are driven by hand: nothing is written, synced or
    /// acknowledged but by [`Stepper::step`], and dropping the stepper between two steps is a crash
    /// of the process.
    ///
    /// # Errors
    /// The disk cannot be opened.
    pub fn open_stepped(env: Env, disk: Box<dyn Disk>) -> Result<(Arc<EmbeddedStore>, Stepper), OpenError> {
        EmbeddedStore::assemble(env, disk, Durability::Always, None, |stands, _| Ok(stands))
    }

    fn assemble(
        env: Env,
        disk: Box<dyn Disk>,
        durability: Durability,
        folder: Option<Folder>,
        verify: impl FnOnce(CommitRecord, Option<&Folder>) -> Result<CommitRecord, OpenError>,
    ) -> Result<(Arc<EmbeddedStore>, Stepper), OpenError> {
        let in_doubt = folder.as_ref().is_some_and(Folder::is_in_doubt);
        let engine = disk.open(in_doubt)?;
        let found = read_commit_record(&*engine.snapshot()?)?;
        let stands = verify(found, folder.as_ref())?;
        if stands != found {
            engine.write(vec![stands.as_write()])?;
            engine.sync()?;
        }
        let view = engine.snapshot()?;
        if let Some(folder) = &folder {
            folder
                .set_in_doubt(false)
                .map_err(|source| OpenError::Io { what: "clearing the note of a failure", source })?;
        }
        let shared = Arc::new(Shared::new(env, stands, view, folder));
        let part: Arc<dyn Activity> = shared.clone();
        shared.env.activity().register(&part);
        let accepted = Arc::new(AcceptedView { shared: shared.clone() });
        let stepper = Stepper::new(shared.clone(), disk, engine, stands, durability);
        Ok((Arc::new(EmbeddedStore { shared, accepted, threads: Mutex::default() }), stepper))
    }

    fn start(&self, stepper: Stepper, marker: Option<Marker>) -> Result<(), OpenError> {
        let failed = |source| OpenError::Io { what: "starting the commit thread", source };
        let mut threads = self.threads.lock();
        threads.push(self.shared.env.spawn_thread("store-commit", move || run(stepper)).map_err(failed)?);
        if let Some(marker) = marker {
            let shared = self.shared.clone();
            let body = move || keep_marker(&shared, marker);
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
        if let Some(folder) = &self.shared.folder {
            folder.release();
        }
    }

    /// When the last durable commit was made, in product time. A server whose clock shows less when
    /// it starts must move it there: committed time never runs backwards.
    pub fn committed_time(&self) -> Timestamp {
        Timestamp::from_millis(self.shared.committed_millis.load(Ordering::Acquire))
    }

    /// The bytes that the data folder occupies; 0 for a store in memory.
    ///
    /// # Errors
    /// The file system's.
    pub fn disk_bytes(&self) -> std::io::Result<u64> {
        self.shared.folder.as_ref().map_or(Ok(0), |folder| folder::disk_bytes(folder.dir()))
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
        let state = self.shared.state.lock();
        if let (Status::Healthy, Some(since)) = (&state.status, state.writing_since) {
            let waiting = self.shared.env.monotonic().saturating_sub(since);
            if waiting >= STALL {
                let reason = format!("the disk has not answered for {} s", waiting.as_secs()).into();
                return Status::Recovering { reason };
            }
        }
        state.status.clone()
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.close();
    }
}

/// Compares what the engine holds with what was acknowledged.
fn check_marker(
    mut stands: CommitRecord,
    marker: &Marker,
    folder: Option<&Folder>,
    accept_loss: bool,
) -> Result<CommitRecord, OpenError> {
    let acknowledged = marker.sequence();
    if stands.sequence >= acknowledged {
        return Ok(stands);
    }
    let dir = folder.map(|folder| folder.dir().to_owned()).unwrap_or_default();
    if !accept_loss {
        return Err(OpenError::LostCommits { dir, found: stands.sequence, acknowledged });
    }
    tracing::warn!(found = stands.sequence.0, acknowledged = acknowledged.0, "opening a store that has lost commits");
    // The numbers of lost commits are not given out again.
    stands.sequence = acknowledged;
    Ok(stands)
}

/// The commit thread.
fn run(mut stepper: Stepper) {
    let shared = stepper.shared();
    let mut backoff = BACKOFF.0;
    loop {
        let go_on = match stepper.step() {
            Step::Idle => shared.wait_for_work(stepper.idle_limit()),
            Step::Failed => {
                let go_on = shared.wait_to_retry(backoff);
                backoff = (backoff * 2).min(BACKOFF.1);
                go_on
            }
            Step::Recovered => {
                backoff = BACKOFF.0;
                true
            }
            Step::Wrote | Step::Synced | Step::Published => true,
        };
        if !go_on {
            break;
        }
    }
    stepper.finish();
}

/// Notes once a second how far the store has been synced.
fn keep_marker(shared: &Shared, mut marker: Marker) {
    let disk_bytes = metrics::gauge!("tidegate_store_disk_bytes");
    let mut go_on = true;
    while go_on {
        {
            let mut state = shared.state.lock();
            if !state.stopping {
                shared.stop.wait_for(&mut state, MARKER_INTERVAL);
            }
            go_on = !state.stopping;
        }
        let synced = Sequence(shared.synced.load(Ordering::Acquire));
        if synced > marker.sequence()
            && let Err(error) = marker.write(synced)
        {
            // The store's own write or sync meets the same disk; the marker is only a lower bound.
            tracing::warn!(%error, "the marker of the last acknowledged commit could not be written");
        }
        if let Some(Ok(bytes)) = shared.folder.as_ref().map(|folder| folder::disk_bytes(folder.dir())) {
            disk_bytes.set(bytes as f64);
        }
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

    fn submit(&self, mut batch: Batch) -> BoxFuture<'_, Result<Ticket, CommitError>> {
        Box::pin(async move {
            loop {
                match self.shared.accept(batch)? {
                    Ok(Acceptance { sequence, positions }) => {
                        let durable = Box::pin(DurableWait::new(self.shared.waits.clone(), sequence));
                        return Ok(Ticket { sequence, positions, durable });
                    }
                    Err((refused, room)) => {
                        batch = refused;
                        let Err(_dropped) = room.await;
                    }
                }
            }
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
            self.shared.folds.lock().add(fold);
            Ok(())
        })
    }

    fn latches(&self) -> &Latches {
        &self.shared.latches
    }
}

/// Keeps the committer from taking groups while it lives.
struct Pause<'a>(&'a Shared);

impl<'a> Pause<'a> {
    fn new(shared: &'a Shared) -> Pause<'a> {
        shared.state.lock().sequencer.pause();
        Pause(shared)
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.sequencer.unpause();
        if state.sequencer.has_work() {
            state.thread_waits = false;
            self.0.work.notify_all();
        }
    }
}
