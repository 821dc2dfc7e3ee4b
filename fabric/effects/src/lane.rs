use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tidegate_queue::{QueueError, QueueId, Reservation, Reserve, Waiter, take_in_tx};
use tidegate_record::Stored;
use tidegate_store::transact;
use tidegate_types::Timestamp;
use tokio::sync::watch;

use crate::effects::{EffectError, Shared, put};
use crate::kind::{Attempt, Effect, Kind};
use crate::records::EffectRecord;

/// How many effects of a target are taken from its queue at once; they wait for their permits in memory.
const TAKEN_AT_ONCE: usize = 10;

/// The bodies of as many are in memory at once, at most.
const TAKEN_BYTES: usize = 8 << 20;

/// How long to wait before a failed store is asked again: real time.
const PAUSE: Duration = Duration::from_millis(500);

/// Takes the effects of one target from its queue and performs each in a task.
pub(crate) struct Lane<K> {
    pub shared: Arc<Shared<K>>,
    pub target: String,
    pub queue: QueueId,
    /// How many are being performed, from before they leave the queue's ready messages.
    pub performing: Arc<AtomicU64>,
}

impl<K: Kind> Lane<K> {
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        let lane = Arc::new(self);
        let mut attempts = FuturesUnordered::new();
        let mut waiter = lane.shared.queues.wait(lane.queue);
        loop {
            let taken = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => break,
                Some(_) = attempts.next(), if !attempts.is_empty() => continue,
                taken = lane.take(&mut waiter) => taken,
            };
            let Some(taken) = taken else { return };
            for (reservation, performed) in taken {
                let permit = tokio::select! {
                    biased;
                    _ = stopping.wait_for(|stopping| *stopping) => break,
                    permit = lane.shared.kind.admit(&lane.target) => permit,
                };
                let attempt = lane.clone().attempt(reservation, permit, performed);
                attempts.push(lane.shared.env.spawn(K::NAME, attempt));
            }
        }
        while attempts.next().await.is_some() {}
    }

    /// The next effects that are due. `None`: the queue is gone.
    async fn take(&self, waiter: &mut Waiter) -> Option<Vec<(Reservation, Performing)>> {
        loop {
            let what = Reserve {
                max: TAKEN_AT_ONCE,
                now: self.shared.env.now(),
                max_in_flight: usize::MAX,
                sent_after: Timestamp::from_millis(0),
                max_bytes: TAKEN_BYTES,
            };
            // Counted before they are reserved: in between, they would be neither ready nor performed.
            let performing = Performing::one(&self.performing);
            match self.shared.queues.reserve(self.queue, what).await {
                Ok(taken) if taken.is_empty() => {
                    drop(performing);
                    waiter.woken().await;
                }
                Ok(taken) => {
                    return Some(taken.into_iter().map(|one| (one, Performing::one(&self.performing))).collect());
                }
                Err(QueueError::NoSuchQueue(_)) => return None,
                Err(error) => {
                    tracing::warn!(kind = K::NAME, target = self.target, %error, "effects cannot be read; trying again");
                    self.shared.env.sleep_real(PAUSE).await;
                }
            }
        }
    }

    async fn attempt(self: Arc<Self>, reservation: Reservation, permit: K::Permit, _performing: Performing) {
        let record = match EffectRecord::decode(&reservation.body) {
            Ok(record) => record,
            Err(error) => {
                // Nobody can perform it, and it must not stand in the way of those behind it. Its
                // reservation is kept for as long as the server runs: it is tried again after a restart.
                tracing::error!(kind = K::NAME, target = self.target, %error, "an effect cannot be read");
                metrics::counter!("tidegate_effects_unreadable_total", "kind" => K::NAME).increment(1);
                std::mem::forget(reservation);
                return;
            }
        };
        let effect = Effect {
            target: self.target.clone(),
            body: record.body.clone(),
            raised_at: record.raised_at,
            failures: record.failures,
        };
        let attempt = self.shared.kind.attempt(permit, &effect).await;
        let outcome = match &attempt {
            Attempt::Over(_) => "over",
            Attempt::Again { .. } => "again",
        };
        metrics::counter!("tidegate_effects_attempts_total", "kind" => K::NAME, "outcome" => outcome).increment(1);
        // What has happened has happened: it is the record of it that is tried until the store takes it.
        while let Err(error) = self.note(&reservation, &record, &effect, &attempt).await {
            tracing::warn!(kind = K::NAME, target = self.target, %error, "an outcome cannot be written; trying again");
            self.shared.env.sleep_real(PAUSE).await;
        }
    }

    /// Ends the effect, or puts it back with its next time: one transaction.
    async fn note(
        &self,
        reservation: &Reservation,
        record: &EffectRecord,
        effect: &Effect,
        attempt: &Attempt<K::Outcome>,
    ) -> Result<(), EffectError> {
        let Shared { store, kind, env, .. } = &*self.shared;
        match attempt {
            Attempt::Over(outcome) => {
                let latches = kind.latches(effect, outcome);
                transact(&**store, &latches, async |tx| {
                    if take_in_tx(tx, reservation).await? {
                        kind.conclude(tx, effect, outcome).await?;
                    }
                    Ok::<_, EffectError>(())
                })
                .await?;
            }
            Attempt::Again { at, counts } => {
                let failures = record.failures + u32::from(*counts);
                let next = EffectRecord { failures, ..record.clone() };
                let now = env.now();
                transact(&**store, &[], async |tx| {
                    if take_in_tx(tx, reservation).await? {
                        put(tx, self.queue, next.clone(), now, *at).await?;
                    }
                    Ok::<_, EffectError>(())
                })
                .await?;
            }
        }
        Ok(())
    }
}

/// One of those that are being performed.
pub(crate) struct Performing(Arc<AtomicU64>);

impl Performing {
    fn one(count: &Arc<AtomicU64>) -> Performing {
        count.fetch_add(1, Ordering::SeqCst);
        Performing(count.clone())
    }
}

impl Drop for Performing {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
