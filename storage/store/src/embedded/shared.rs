//! What the callers and the commit thread share: the sequencer under its mutex, and those who wait.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use parking_lot::{Condvar, Mutex};
use tidegate_env::{Activity, Env, Report};
use tidegate_types::Timestamp;
use tokio::sync::oneshot;

use super::Status;
use crate::driver::Turn;
use crate::engine::View;
use crate::folder::Folder;
use crate::folds::Folds;
use crate::marker::Marker;
use crate::sequencer::{Acceptance, Group, Refusal, Sequencer};
use crate::stored::CommitRecord;
use crate::views::DurableView;
use crate::waits::Waits;
use crate::{Batch, CommitError, Latches, OpenError, Sequence, StoreError, loss};

/// A group that takes longer than this is reported: the disk, or the engine on it, hangs.
const STALL: Duration = Duration::from_secs(5);

/// What the callers and the commit thread share.
pub(crate) struct Shared {
    pub(crate) env: Env,
    state: Mutex<State>,
    /// Tells the commit thread that there is work, or that it is to end.
    work: Condvar,
    /// Tells the marker's thread that it is to end. Not the same as `work`: a notice meant for the
    /// commit thread must not wake the other one instead.
    stopped: Condvar,
    pub(crate) waits: Arc<Waits>,
    /// The last commit that was synced, and that the marker may name.
    synced: AtomicU64,
    /// The product time of the last durable commit.
    committed_millis: AtomicU64,
    pub(super) current: ArcSwapOption<DurableView>,
    pub(super) folds: Mutex<Folds>,
    pub(super) latches: Latches,
    pub(super) home: Option<Home>,
}

/// Where a store on disk lives.
pub(super) struct Home {
    pub(super) folder: Folder,
    pub(super) marker: Marker,
}

struct State {
    sequencer: Sequencer,
    /// Who takes what is accepted to the disk.
    turn: Turn,
    stopping: bool,
    /// Those whose batch found no room; dropping a sender tells its owner to offer it again.
    room: Vec<oneshot::Sender<Infallible>>,
    status: Status,
    /// Since when the present group is being written, on the monotonic clock.
    writing_since: Option<Duration>,
}

/// What came of offering a batch.
pub(super) enum Offer {
    Accepted {
        acceptance: Acceptance,
        /// Whether the submitter has the turn.
        leads: bool,
    },
    /// To be offered again once the receiver ends.
    NoRoom(Batch, oneshot::Receiver<Infallible>),
}

impl Shared {
    pub(super) fn new(env: Env, stands: CommitRecord, view: Arc<dyn View>, home: Option<Home>) -> Shared {
        let state = State {
            sequencer: Sequencer::new(stands, view.clone()),
            turn: Turn::Thread,
            stopping: false,
            room: Vec::new(),
            status: Status::Healthy,
            writing_since: None,
        };
        Shared {
            env,
            state: Mutex::new(state),
            work: Condvar::new(),
            stopped: Condvar::new(),
            waits: Arc::new(Waits::starting_at(stands.sequence)),
            synced: AtomicU64::new(stands.sequence.0),
            committed_millis: AtomicU64::new(stands.time.as_millis()),
            current: ArcSwapOption::from_pointee(DurableView { view, sequence: stands.sequence }),
            folds: Mutex::default(),
            latches: Latches::default(),
            home,
        }
    }

    /// Runs `read` on accepted state.
    pub(crate) fn with_accepted<T>(&self, read: impl FnOnce(&Sequencer) -> T) -> T {
        read(&self.state.lock().sequencer)
    }

    /// Accepts a batch, if there is room. Who `may_lead` and is given the turn must call
    /// [`crate::driver::Driver::lead`].
    pub(super) fn accept(&self, batch: Batch, may_lead: impl FnOnce() -> bool) -> Result<Offer, CommitError> {
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
                return Ok(Offer::NoRoom(batch, room));
            }
        };
        let mut leads = false;
        if state.turn == Turn::Free && state.sequencer.has_work() {
            if may_lead() {
                state.turn = Turn::Submitter;
                leads = true;
            } else {
                self.wake_thread(&mut state);
            }
        }
        Ok(Offer::Accepted { acceptance, leads })
    }

    fn wake_thread(&self, state: &mut State) {
        state.turn = Turn::Thread;
        self.work.notify_all();
    }

    /// Takes the turn from a submitter: the thread goes on, if there is anything to do for it.
    pub(crate) fn end_lead(&self) {
        let mut state = self.state.lock();
        state.turn = Turn::Free;
        if state.sequencer.has_work() || state.status != Status::Healthy || state.stopping {
            self.wake_thread(&mut state);
        }
    }

    pub(crate) fn take_group(&self) -> Option<Group> {
        let mut state = self.state.lock();
        let group = state.sequencer.take_group()?;
        state.writing_since = Some(self.env.monotonic());
        Some(group)
    }

    /// The last commit that was synced.
    pub(crate) fn synced(&self) -> Sequence {
        Sequence(self.synced.load(Ordering::Acquire))
    }

    pub(crate) fn set_synced(&self, sequence: Sequence) {
        self.synced.store(sequence.0, Ordering::Release);
        if let Some(home) = &self.home
            && let Err(error) = home.marker.note(sequence)
        {
            // The store's own write or sync meets the same disk; the marker is only a lower bound.
            tracing::warn!(%error, "the last acknowledged commit could not be noted");
        }
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
        if let Some(home) = &self.home
            && let Err(error) = home.folder.set_in_doubt(true)
        {
            tracing::error!(%error, "the failure could not be noted in the data folder");
        }
    }

    /// Looks at the engine's files before they are opened again: its disk has just failed.
    pub(crate) fn check_files(&self, committed: Sequence) -> Result<(), StoreError> {
        let Some(home) = &self.home else { return Ok(()) };
        let unavailable = |error: OpenError| StoreError::Unavailable { reason: error.to_string().into() };
        loss::check_files(&home.folder, committed).map_err(unavailable)
    }

    /// Rebuilds memory from what the reopened engine holds and lets everybody in again.
    pub(crate) fn resume(&self, stands: CommitRecord, view: Arc<dyn View>) -> Result<(), StoreError> {
        let durable_view = DurableView { view: view.clone(), sequence: stands.sequence };
        self.folds.lock().rebuild(&durable_view)?;
        if let Some(home) = &self.home {
            home.folder.set_in_doubt(false).map_err(|error| StoreError::Engine(Arc::new(error)))?;
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

    /// Waits until there is work for the commit thread, for `limit` at most. Returns whether to go on.
    pub(crate) fn wait_for_work(&self, limit: Option<Duration>) -> bool {
        let mut state = self.state.lock();
        if !state.sequencer.has_work() {
            state.turn = Turn::Free;
        }
        while state.turn == Turn::Submitter || (state.turn == Turn::Free && !state.stopping) {
            match limit {
                None => self.work.wait(&mut state),
                Some(limit) => {
                    if self.work.wait_for(&mut state, limit).timed_out() && state.turn == Turn::Free {
                        break;
                    }
                }
            }
        }
        state.turn = Turn::Thread;
        !state.stopping
    }

    /// Waits before the next attempt to recover. Returns whether to go on.
    pub(crate) fn wait_to_retry(&self, backoff: Duration) -> bool {
        let mut state = self.state.lock();
        if !state.stopping {
            self.work.wait_for(&mut state, backoff);
        }
        !state.stopping
    }

    /// Waits for `limit`, or until the store is closed. Returns whether to go on.
    pub(super) fn wait_to_save(&self, limit: Duration) -> bool {
        let mut state = self.state.lock();
        if !state.stopping {
            self.stopped.wait_for(&mut state, limit);
        }
        !state.stopping
    }

    /// Whether the store can be used.
    pub(super) fn status(&self) -> Status {
        let state = self.state.lock();
        if let (Status::Healthy, Some(since)) = (&state.status, state.writing_since) {
            let waiting = self.env.monotonic().saturating_sub(since);
            if waiting >= STALL {
                let reason = format!("the disk has not answered for {} s", waiting.as_secs()).into();
                return Status::Recovering { reason };
            }
        }
        state.status.clone()
    }

    /// When the last durable commit was made, in product time.
    pub(super) fn committed_time(&self) -> Timestamp {
        Timestamp::from_millis(self.committed_millis.load(Ordering::Acquire))
    }

    pub(super) fn stop(&self) {
        self.state.lock().stopping = true;
        self.work.notify_all();
        self.stopped.notify_all();
    }
}

/// Keeps the committer from taking groups while it lives.
pub(super) struct Pause<'a>(&'a Shared);

impl<'a> Pause<'a> {
    pub(super) fn new(shared: &'a Shared) -> Pause<'a> {
        shared.state.lock().sequencer.pause();
        Pause(shared)
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.sequencer.unpause();
        if state.turn == Turn::Free && state.sequencer.has_work() {
            self.0.wake_thread(&mut state);
        }
    }
}

impl Activity for Shared {
    fn report(&self, _now: Timestamp, report: &mut Report) {
        let moving = self.with_accepted(|sequencer| sequencer.accepted().0 - sequencer.durable().0);
        report.busy("accepted batch", moving);
    }
}
