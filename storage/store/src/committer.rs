//! Drives the sequencer and the engine, one step at a time: the commit thread in a loop, the
//! simulator between its own events.

use std::sync::Arc;
use std::time::Duration;

use crate::StoreError;
use crate::embedded::{Durability, Shared};
use crate::engine::{Area, Disk, Engine, EngineError};
use crate::sequencer::Group;
use crate::stored::{self, COMMIT_KEY, CommitRecord};

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There was nothing to do.
    Idle,
    /// A group of batches was handed to the operating system.
    Wrote,
    /// It was synced.
    Synced,
    /// It was shown to readers and folds, and acknowledged.
    Published,
    /// The engine failed, or could not be opened again yet: everything not durable was given up.
    Failed,
    /// The engine was opened again and verified, and all memory state rebuilt.
    Recovered,
}

enum Phase {
    Idle,
    Written(Group, CommitRecord),
    Safe(Group, CommitRecord),
    Failed { in_doubt: bool },
}

/// The only one who writes to a store. Dropping it in the middle is how a test kills a server:
/// whatever waits is told that the store is not available.
pub struct Stepper {
    shared: Arc<Shared>,
    disk: Box<dyn Disk>,
    engine: Option<Arc<dyn Engine>>,
    /// Where the engine stands.
    stands: CommitRecord,
    phase: Phase,
    durability: Durability,
    /// With an interval: when the oldest write that is not synced was made.
    unsynced_since: Option<Duration>,
    metrics: Metrics,
}

impl Stepper {
    pub(crate) fn new(
        shared: Arc<Shared>,
        disk: Box<dyn Disk>,
        engine: Arc<dyn Engine>,
        stands: CommitRecord,
        durability: Durability,
    ) -> Stepper {
        let (engine, metrics) = (Some(engine), Metrics::default());
        Stepper { shared, disk, engine, stands, phase: Phase::Idle, durability, unsynced_since: None, metrics }
    }

    /// Writes, syncs and publishes what is accepted; gives up if the engine fails on the way.
    pub(crate) fn finish(mut self) {
        loop {
            match self.step() {
                Step::Wrote | Step::Synced | Step::Published => {}
                Step::Idle => break,
                Step::Failed | Step::Recovered => return,
            }
        }
        self.sync_interval();
    }

    /// Does the next thing: write a group, sync it, publish it, or try to recover.
    pub fn step(&mut self) -> Step {
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Idle if self.sync_is_due() => self.sync_interval(),
            Phase::Idle => self.write(),
            Phase::Written(group, commit) => self.sync(group, commit),
            Phase::Safe(group, commit) => self.publish(group, commit),
            Phase::Failed { in_doubt } => self.recover(in_doubt),
        }
    }

    /// How long the next step may wait if there is nothing to write before: until the next sync.
    pub(crate) fn idle_limit(&self) -> Option<Duration> {
        let Durability::Interval(interval) = self.durability else { return None };
        let since = self.unsynced_since?;
        Some((since + interval).saturating_sub(self.shared.env.monotonic()))
    }

    fn sync_is_due(&self) -> bool {
        self.idle_limit().is_some_and(|left| left.is_zero())
    }

    fn write(&mut self) -> Step {
        let Some(group) = self.shared.take_group() else { return Step::Idle };
        let (mut writes, commit) = group.encode(&self.stands, self.shared.env.now());
        if self.durability != Durability::Always {
            writes.push(stored::synced_write(self.shared.synced()));
        }
        match self.engine().and_then(|engine| engine.write(writes)) {
            Ok(()) => {
                self.phase = match self.durability {
                    Durability::Always => Phase::Written(group, commit),
                    Durability::Interval(_) => {
                        self.unsynced_since.get_or_insert(self.shared.env.monotonic());
                        Phase::Safe(group, commit)
                    }
                };
                Step::Wrote
            }
            Err(error) => self.fail(&error),
        }
    }

    fn sync(&mut self, group: Group, commit: CommitRecord) -> Step {
        match self.timed_sync() {
            Ok(()) => {
                self.phase = Phase::Safe(group, commit);
                Step::Synced
            }
            Err(error) => self.fail(&error),
        }
    }

    /// The sync of what has been acknowledged since the last one.
    pub(crate) fn sync_interval(&mut self) -> Step {
        if self.unsynced_since.take().is_none() {
            return Step::Idle;
        }
        match self.timed_sync() {
            Ok(()) => {
                self.shared.set_synced(self.stands.sequence);
                Step::Synced
            }
            Err(error) => self.fail(&error),
        }
    }

    fn timed_sync(&self) -> Result<(), EngineError> {
        let start = self.shared.env.monotonic();
        self.engine()?.sync()?;
        self.metrics.sync_seconds.record(self.shared.env.monotonic().saturating_sub(start).as_secs_f64());
        Ok(())
    }

    fn publish(&mut self, group: Group, commit: CommitRecord) -> Step {
        let view = match self.engine().and_then(|engine| engine.snapshot()) {
            Ok(view) => view,
            Err(error) => return self.fail(&error),
        };
        self.stands = commit;
        self.metrics.groups.increment(1);
        self.metrics.commits.increment(group.batches.len() as u64);
        self.metrics.bytes.increment(group.bytes as u64);
        self.metrics.group_size.record(group.batches.len() as f64);
        if self.durability == Durability::Always {
            self.shared.set_synced(commit.sequence);
        }
        self.shared.publish(group, &commit, view);
        if let (Durability::Always, Some(engine)) = (self.durability, &self.engine) {
            engine.prepare();
        }
        Step::Published
    }

    fn engine(&self) -> Result<&Arc<dyn Engine>, EngineError> {
        self.engine.as_ref().ok_or(EngineError::DiskFull("the engine is closed".into()))
    }

    /// Gives up what is not durable and closes the engine for good.
    fn fail(&mut self, error: &EngineError) -> Step {
        // A write that found no room leaves nothing in doubt, but in interval mode what was
        // acknowledged before may never have reached the disk.
        let in_doubt = !matches!(error, EngineError::DiskFull(_)) || self.unsynced_since.is_some();
        tracing::error!(%error, in_doubt, "the store failed; it is closed and will be opened again");
        metrics::counter!("tidegate_store_failures_total").increment(1);
        self.shared.give_up(error.to_string());
        if in_doubt {
            self.shared.note_doubt();
        }
        self.engine = None;
        self.unsynced_since = None;
        self.phase = Phase::Failed { in_doubt };
        Step::Failed
    }

    fn recover(&mut self, in_doubt: bool) -> Step {
        match self.try_to_recover(in_doubt) {
            Ok(()) => {
                tracing::info!(sequence = self.stands.sequence.0, "the store is open again");
                Step::Recovered
            }
            Err(error) => {
                tracing::warn!(%error, "the store could not be opened again yet");
                self.shared.set_reason(error.to_string());
                self.engine = None;
                self.phase = Phase::Failed { in_doubt };
                Step::Failed
            }
        }
    }

    fn try_to_recover(&mut self, in_doubt: bool) -> Result<(), StoreError> {
        self.shared.check_files(self.stands.sequence)?;
        let engine = self.disk.open(in_doubt)?;
        let view = engine.snapshot()?;
        let stands = read_commit_record(&*view)?;
        let acknowledged = self.shared.waits.durable();
        // Numbers of lost commits are skipped, so the engine may stand below what counts as durable
        // by exactly that: compare with the last one that it was seen to hold.
        if stands.sequence < self.stands.sequence {
            return Err(StoreError::Unavailable {
                reason: format!(
                    "the reopened store ends at commit {}, but {} was acknowledged (durable: {}); restore a backup",
                    stands.sequence.0, self.stands.sequence.0, acknowledged.0
                )
                .into(),
            });
        }
        self.shared.resume(stands, view)?;
        self.engine = Some(engine);
        self.stands = stands;
        Ok(())
    }
}

impl Drop for Stepper {
    fn drop(&mut self) {
        self.shared.give_up("the store is closed".to_owned());
    }
}

/// Where an engine's content stands.
pub(crate) fn read_commit_record(view: &dyn crate::engine::View) -> Result<CommitRecord, StoreError> {
    let corrupt = |what: String| StoreError::Corrupt {
        space: crate::Space::Map,
        key: bytes::Bytes::from_static(COMMIT_KEY),
        what: what.into(),
    };
    if let Some(bytes) = view.get(Area::Meta, COMMIT_KEY)? {
        return CommitRecord::decode(&bytes).map_err(corrupt);
    }
    for area in Area::ALL {
        let everything = crate::KeyRange { start: bytes::Bytes::new(), end: None };
        let mut empty = true;
        view.scan(area, &everything, crate::Order::Ascending, &mut |_, _| {
            empty = false;
            std::ops::ControlFlow::Break(())
        })?;
        if !empty {
            return Err(corrupt(format!("there are {} records but no commit record", area.name())));
        }
    }
    Ok(CommitRecord::EMPTY)
}

/// Handles, because looking a metric up by name for each group would cost more than the group.
struct Metrics {
    commits: metrics::Counter,
    groups: metrics::Counter,
    bytes: metrics::Counter,
    group_size: metrics::Histogram,
    sync_seconds: metrics::Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            commits: metrics::counter!("tidegate_store_commits_total"),
            groups: metrics::counter!("tidegate_store_groups_total"),
            bytes: metrics::counter!("tidegate_store_accepted_bytes_total"),
            group_size: metrics::histogram!("tidegate_store_group_commits"),
            sync_seconds: metrics::histogram!("tidegate_store_sync_seconds"),
        }
    }
}
