use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tidegate_env::{Activity, Env, Report, TaskHandle};
use tidegate_queue::{
    Discipline, Lane as QueueLane, NewMessage, QueueError, QueueId, Queues, create_in_tx, drop_in_tx,
};
use tidegate_record::Stored;
use tidegate_store::{CommitError, Space, Store, StoreError, TransactError, Tx};
use tidegate_types::Timestamp;
use tidegate_workers::{Hint, Next, Supervisor, Worker};
use tokio::sync::watch;

use crate::keys;
use crate::kind::Kind;
use crate::lane::Lane;
use crate::records::{EffectRecord, TargetRecord};
use crate::targets::Targets;

/// Why effects could not be enqueued, forgotten or ended.
#[derive(Debug, thiserror::Error)]
pub enum EffectError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A commit failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl From<TransactError<EffectError>> for EffectError {
    fn from(error: TransactError<EffectError>) -> EffectError {
        match error {
            TransactError::Refused(error) => error,
            TransactError::Commit(error) => error.into(),
        }
    }
}

/// Enqueues an effect of kind `K` in the transaction that causes it. It is performed once that is durable,
/// and not before `due`.
///
/// # Errors
/// The store's.
pub async fn enqueue_in_tx<K: Kind>(
    tx: &mut Tx,
    env: &Env,
    target: &str,
    body: Bytes,
    raised_at: Timestamp,
    due: Timestamp,
) -> Result<(), EffectError> {
    let queue = match queue_of::<K>(tx, target).await? {
        Some(queue) => queue,
        None => {
            let queue = QueueId(env.random_u64());
            create_in_tx(tx, queue, Discipline::Standard);
            tx.put(Space::Map, keys::target(K::TAG, target), TargetRecord { queue }.encode());
            queue
        }
    };
    put(tx, queue, EffectRecord { raised_at, failures: 0, body }, raised_at, due).await
}

pub(crate) async fn put(
    tx: &mut Tx,
    queue: QueueId,
    effect: EffectRecord,
    now: Timestamp,
    due: Timestamp,
) -> Result<(), EffectError> {
    let message = NewMessage { lane: QueueLane::default(), body: effect.encode(), sent_at: now, visible_at: due };
    tidegate_queue::enqueue_in_tx(tx, queue, message).await?;
    Ok(())
}

/// Forgets a target and whatever was to be done to it. What is being performed ends without consequence.
///
/// # Errors
/// The store's.
pub async fn forget_in_tx<K: Kind>(tx: &mut Tx, target: &str) -> Result<(), EffectError> {
    if let Some(queue) = queue_of::<K>(tx, target).await? {
        drop_in_tx(tx, queue).await?;
        tx.delete(Space::Map, keys::target(K::TAG, target));
    }
    Ok(())
}

async fn queue_of<K: Kind>(tx: &mut Tx, target: &str) -> Result<Option<QueueId>, StoreError> {
    let key = keys::target(K::TAG, target);
    let Some(found) = tx.get(Space::Map, &key).await? else { return Ok(None) };
    match TargetRecord::decode(&found.value) {
        Ok(record) => Ok(Some(record.queue)),
        Err(error) => Err(StoreError::Corrupt { space: Space::Map, key, what: error.to_string().into() }),
    }
}

/// What the tasks of one kind share.
pub(crate) struct Shared<K> {
    pub store: Arc<dyn Store>,
    pub queues: Arc<Queues>,
    pub env: Env,
    pub kind: K,
}

/// Performs the effects of one kind.
pub struct Effects<K: Kind> {
    shared: Arc<Shared<K>>,
    targets: Arc<Targets>,
    /// Given when a target came or went.
    changed: Hint,
    lanes: Mutex<HashMap<(String, QueueId), Running>>,
    stopping: watch::Sender<bool>,
}

/// The task of one target.
struct Running {
    performing: Arc<AtomicU64>,
    task: TaskHandle<()>,
}

impl<K: Kind> Effects<K> {
    /// Knows every target that has effects. Nothing is performed before [`Effects::start`].
    ///
    /// # Errors
    /// What reading the store answers.
    pub async fn open(
        store: Arc<dyn Store>,
        queues: Arc<Queues>,
        env: Env,
        kind: K,
    ) -> Result<Arc<Effects<K>>, StoreError> {
        metrics::describe_counter!("tidegate_effects_attempts_total", "Attempts at what is done outside the store.");
        let changed = Hint::new();
        let targets = Arc::new(Targets::new(K::TAG, changed.clone()));
        store.attach(targets.clone()).await?;
        let shared = Arc::new(Shared { store, queues, env, kind });
        let (lanes, stopping) = (Mutex::default(), watch::Sender::new(false));
        Ok(Arc::new(Effects { shared, targets, changed, lanes, stopping }))
    }

    /// Begins to perform. The caller keeps `self` for as long as the idle barrier shall know of it.
    pub fn start(self: &Arc<Self>, supervisor: &Supervisor) {
        let part: Arc<dyn Activity> = self.clone();
        self.shared.env.activity().register(&part);
        supervisor.start(Reconcile(self.clone()), &self.changed);
    }

    /// Begins no more attempts, and waits for those that go on, at most `patience` of real time. What had
    /// not ended then is performed again after the next start.
    pub async fn stop(&self, patience: Duration) {
        self.stopping.send_replace(true);
        let mut lanes = std::mem::take(&mut *self.lanes.lock());
        let all = futures::future::join_all(lanes.values_mut().map(|running| &mut running.task));
        if self.shared.env.timeout_real(patience, all).await.is_err() {
            tracing::info!(kind = K::NAME, "attempts were cut off; they are made again after the next start");
        }
    }

    /// One task for each target, none for those that are gone.
    fn reconcile(&self) {
        let mut lanes = self.lanes.lock();
        if *self.stopping.borrow() {
            return;
        }
        lanes.retain(|(target, queue), running| self.targets.is(target, *queue) && !running.task.is_finished());
        for (target, queue) in self.targets.all() {
            lanes.entry((target.clone(), queue)).or_insert_with(|| {
                let performing = Arc::<AtomicU64>::default();
                let lane = Lane { shared: self.shared.clone(), target, queue, performing: performing.clone() };
                Running { performing, task: self.shared.env.spawn(K::NAME, lane.run(self.stopping.subscribe())) }
            });
        }
    }
}

impl<K: Kind> Activity for Effects<K> {
    fn report(&self, now: Timestamp, report: &mut Report) {
        for (target, queue) in self.targets.all() {
            // In this order: what leaves the queue has been counted as performed before.
            let ready = self.shared.queues.counts(queue, now).ready;
            let lanes = self.lanes.lock();
            let running = lanes.get(&(target.clone(), queue)).map(|lane| lane.performing.load(Ordering::SeqCst));
            report.busy(format!("{}: {target}", K::NAME), ready.max(running.unwrap_or(0)));
        }
    }
}

struct Reconcile<K: Kind>(Arc<Effects<K>>);

impl<K: Kind> Worker for Reconcile<K> {
    type Error = std::convert::Infallible;

    fn name(&self) -> &'static str {
        K::NAME
    }

    async fn run_once(&self) -> Result<Next, Self::Error> {
        self.0.reconcile();
        Ok(Next::OnHint)
    }
}
