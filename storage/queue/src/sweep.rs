//! Reclaiming what is no longer needed, a bounded step at a time.
//!
//! Progress is remembered in memory, so that a step does not look at keys that the steps before it
//! deleted; after a restart the first step finds its place again.

use bytes::Bytes;
use tidegate_store::{Batch, KeyRange, Order, Page, Space, Tx, transact};
use tidegate_types::Timestamp;

use crate::once::forget_in_tx;
use crate::queues::flatten;
use crate::{QueueError, QueueId, Queues, keys};

/// The most records of a kind that one step deletes.
const BATCH: usize = 1000;

/// Where the next step goes on.
#[derive(Default)]
pub(crate) struct Progress {
    /// All deduplication records that expired before this are gone.
    dedups_to: Timestamp,
    garbage: Option<Garbage>,
}

/// A past generation of a queue, and how much of each kind is deleted.
struct Garbage {
    queue: QueueId,
    generation: u32,
    parts: Vec<Part>,
}

struct Part {
    space: Space,
    prefix: Bytes,
    from: Bytes,
}

impl Garbage {
    fn new(queue: QueueId, generation: u32) -> Garbage {
        let part = |space, prefix: Bytes| Part { space, from: prefix.clone(), prefix };
        let parts = vec![
            part(Space::Queue, keys::leases(queue, generation)),
            part(Space::Queue, keys::dues(queue, generation)),
            part(Space::Log, keys::bodies(queue, generation)),
        ];
        Garbage { queue, generation, parts }
    }
}

impl Queues {
    /// One bounded step of reclaiming purged, dropped and deduplication records that are no longer
    /// needed. Returns whether there is more to do.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn sweep(&self) -> Result<bool, QueueError> {
        let mut progress = self.sweeping.lock().await;
        let more_dedups = self.sweep_dedups(&mut progress).await?;
        let more_garbage = self.sweep_garbage(&mut progress).await?;
        Ok(more_dedups || more_garbage)
    }

    async fn sweep_dedups(&self, progress: &mut Progress) -> Result<bool, QueueError> {
        let end = keys::dedup_expiries_from(self.env.now().plus_millis(1));
        let range = KeyRange::between(keys::dedup_expiries_from(progress.dedups_to), end);
        let snapshot = self.store.snapshot()?;
        let entries = snapshot.scan(Space::Queue, &range, Order::Ascending, Page::of(BATCH)).await?;
        let mut expired = Vec::with_capacity(entries.len());
        for entry in &entries {
            let corrupt = |error| keys::corrupt(Space::Queue, &entry.key, &error);
            expired.push(keys::read_dedup_expiry(&entry.key).map_err(corrupt)?);
        }
        let Some((reached, _, _)) = expired.last() else { return Ok(false) };
        for some in expired.chunks(BATCH / 8) {
            let forgotten = transact(&*self.store, &[], async |tx: &mut Tx| {
                for (expires_at, queue, key) in some {
                    forget_in_tx(tx, *queue, key, *expires_at).await?;
                }
                Ok::<_, QueueError>(())
            });
            flatten(forgotten.await)?;
        }
        progress.dedups_to = *reached;
        Ok(entries.len() == BATCH)
    }

    async fn sweep_garbage(&self, progress: &mut Progress) -> Result<bool, QueueError> {
        let snapshot = self.store.snapshot()?;
        if progress.garbage.is_none() {
            let range = KeyRange::prefix(&keys::garbages());
            let first = snapshot.scan(Space::Queue, &range, Order::Ascending, Page::of(1)).await?;
            let Some(first) = first.first() else { return Ok(false) };
            let corrupt = |error| keys::corrupt(Space::Queue, &first.key, &error);
            let (queue, generation) = keys::read_garbage(&first.key).map_err(corrupt)?;
            progress.garbage = Some(Garbage::new(queue, generation));
        }
        let Some(garbage) = &mut progress.garbage else { return Ok(false) };
        let mut batch = Batch::new();
        let mut reached = Vec::new();
        for part in &garbage.parts {
            let range = KeyRange::prefix_from(&part.prefix, part.from.clone());
            let entries = snapshot.scan(part.space, &range, Order::Ascending, Page::of(BATCH)).await?;
            entries.iter().for_each(|entry| batch.delete(part.space, entry.key.clone()));
            reached.push(entries.last().map(|last| last.key.clone()));
        }
        let finished = reached.iter().all(Option::is_none);
        if finished {
            batch.delete(Space::Queue, keys::garbage(garbage.queue, garbage.generation));
        }
        self.store.submit(batch).await?.durable().await?;
        for (part, reached) in garbage.parts.iter_mut().zip(reached) {
            part.from = reached.unwrap_or(part.from.clone());
        }
        if finished {
            progress.garbage = None;
        }
        Ok(true)
    }
}
