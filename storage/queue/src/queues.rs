//! All queues of a store.

use std::sync::Arc;

use tidegate_env::{Activity, Env};
use tidegate_store::{Store, StoreError, TransactError, Tx, transact};
use tidegate_types::Timestamp;

use crate::index::{IndexLimits, Picked};
use crate::message::{rewrite, versioned_lease};
use crate::registry::Registry;
use crate::state::QueueState;
use crate::{Counts, Lane, MessageKey, QueueError, QueueId, Waiter, read};

/// All queues of a store, and their index in memory.
pub struct Queues {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) env: Env,
    pub(crate) registry: Arc<Registry>,
    pub(crate) sweeping: tokio::sync::Mutex<crate::sweep::Progress>,
    /// The activity board does not keep its parts alive.
    _activity: Arc<dyn Activity>,
}

impl Queues {
    /// Builds the index from the store and keeps it up to date.
    ///
    /// # Errors
    /// What reading the store answers.
    pub async fn open(store: Arc<dyn Store>, env: Env) -> Result<Arc<Queues>, StoreError> {
        Queues::open_with_limits(store, env, IndexLimits::DEFAULT).await
    }

    pub(crate) async fn open_with_limits(
        store: Arc<dyn Store>,
        env: Env,
        limits: IndexLimits,
    ) -> Result<Arc<Queues>, StoreError> {
        let registry = Arc::new(Registry::new(env.clone(), limits));
        store.attach(registry.clone()).await?;
        let activity: Arc<dyn Activity> = registry.clone();
        env.activity().register(&activity);
        let sweeping = tokio::sync::Mutex::default();
        Ok(Arc::new(Queues { store, env, registry, sweeping, _activity: activity }))
    }

    /// The queue's state in memory: of what is durable.
    pub(crate) fn state(&self, queue: QueueId) -> Result<Arc<QueueState>, QueueError> {
        self.registry.find(queue).ok_or(QueueError::NoSuchQueue(queue))
    }

    /// Exact counts of what is durable. Delayed messages count as delayed until they have been read
    /// from disk when they are due: at once if few wait, or by [`Queues::run_timers`] or a receive.
    pub fn counts(&self, queue: QueueId, now: Timestamp) -> Counts {
        let counts = |state: Arc<QueueState>| {
            state.with(|index| {
                index.advance(now);
                index.counts()
            })
        };
        self.registry.find(queue).map(counts).unwrap_or_default()
    }

    /// When the oldest message of the queue was sent, if there is one: what an expiry worker sleeps
    /// on. Never later than the truth, except that delayed messages which are far from due may be
    /// left out; may be early by about a second.
    pub fn oldest_sent_at(&self, queue: QueueId) -> Option<Timestamp> {
        self.registry.find(queue)?.with(|index| index.oldest_sent_at())
    }

    /// Whether a message could be had now, by what is durable and by the time that the index was told last.
    pub fn has_ready(&self, queue: QueueId) -> bool {
        self.registry.find(queue).is_some_and(|state| state.with(|index| index.has_ready()))
    }

    /// Gets in line for the queue's next ready message. Get in line first, then reserve, then wait:
    /// a message that becomes ready in between is not missed.
    pub fn wait(&self, queue: QueueId) -> Waiter {
        Waiter::new(self.registry.find(queue))
    }

    /// Runs until dropped: makes delayed and expired-lease messages ready when their time comes and
    /// wakes waiters. Correctness does not depend on it (reserving looks at the time itself), only
    /// promptness does.
    pub async fn run_timers(self: Arc<Self>) {
        let timers = self.registry.timers.clone();
        // One that ran before may have been dropped between taking a queue and looking at it.
        self.registry.all().iter().for_each(|state| state.arm_anew());
        loop {
            let earlier = timers.earlier.notified();
            match timers.next() {
                None => earlier.await,
                Some(due) => {
                    tokio::select! {
                        biased;
                        () = earlier => {}
                        () = self.env.sleep_until(due) => {}
                    }
                }
            }
            for queue in timers.take_due(self.env.now()) {
                self.look(queue).await;
            }
        }
    }

    /// Lets one queue know the time; whatever is due next arms the timer again.
    async fn look(&self, queue: QueueId) {
        let Some(state) = self.registry.find(queue) else { return };
        match self.catch_up(&state, self.env.now()).await {
            Ok(()) => state.arm_anew(),
            Err(error) => {
                tracing::warn!(queue = queue.0, %error, "due messages cannot be read; trying again in a second");
                state.retry_at(self.env.now().plus_millis(1000));
            }
        }
    }

    /// Brings a queue's index up to `now`: ends leases and delays, reads due messages from disk, and
    /// finds out what became of reservations whose transaction was abandoned.
    pub(crate) async fn catch_up(&self, state: &QueueState, now: Timestamp) -> Result<(), QueueError> {
        loop {
            let (doubtful, must_read) = state.with(|index| {
                index.advance(now);
                (index.take_doubtful(), index.must_read_dues())
            });
            if !doubtful.is_empty() {
                self.fence(Doubts { state, doubtful }).await?;
            }
            if !must_read {
                return Ok(());
            }
            read::dues(&*self.store, state).await?;
        }
    }

    /// Rewrites leases as they are. A transaction that was accepted before has settled them by the
    /// time the rewrite is folded; one that was not will find another version and come to nothing.
    async fn fence(&self, mut doubts: Doubts<'_>) -> Result<(), QueueError> {
        let (queue, generation) = (doubts.state.id, doubts.state.with(|index| index.generation()));
        let keys: Vec<_> = doubts.doubtful.iter().map(|picked| picked.key(queue, generation)).collect();
        let fenced = transact(&*self.store, &[], async |tx: &mut Tx| {
            for key in &keys {
                if let Some((_, lease)) = versioned_lease(tx, key).await? {
                    rewrite(tx, key, &lease, lease);
                }
            }
            Ok::<_, QueueError>(())
        });
        flatten(fenced.await)?;
        doubts.doubtful.clear();
        Ok(())
    }
}

/// Reservations in doubt that are being resolved; those that are not go back.
struct Doubts<'a> {
    state: &'a QueueState,
    doubtful: Vec<Picked>,
}

impl Drop for Doubts<'_> {
    fn drop(&mut self) {
        if !self.doubtful.is_empty() {
            self.state.with(|index| index.doubt_again(&self.doubtful));
        }
    }
}

impl Picked {
    pub(crate) fn key(&self, queue: QueueId, generation: u32) -> MessageKey {
        let position = tidegate_store::Position(self.position);
        MessageKey { queue, generation, lane: Lane(self.lane.clone()), position }
    }
}

/// The value of a transaction of the queue's own.
pub(crate) fn flatten<T>(
    result: Result<tidegate_store::Transacted<T>, TransactError<QueueError>>,
) -> Result<T, QueueError> {
    match result {
        Ok(transacted) => Ok(transacted.value),
        Err(TransactError::Refused(error)) => Err(error),
        Err(TransactError::Commit(error)) => Err(error.into()),
    }
}
