//! Building the indexes from what is stored: one scan over the folded keys, page by page.

use std::collections::HashMap;

use bytes::Bytes;
use tidegate_record::Stored;
use tidegate_store::{Entry, KeyRange, Order, Page, Snapshot, Space, StoreError};
use tidegate_types::Timestamp;

use crate::index::{Index, IndexLimits};
use crate::keys::FoldedKey;
use crate::records::{QueueRecord, decode};
use crate::{Lease, QueueId, keys};

const PAGE: Page = Page::of(8192);

/// The indexes of all queues as of `snapshot`.
pub(crate) async fn indexes(
    snapshot: &dyn Snapshot,
    limits: IndexLimits,
    now: Timestamp,
) -> Result<HashMap<QueueId, Index>, StoreError> {
    let prefix = keys::folded();
    let mut scan = Scan { done: HashMap::new(), queue: None, lane: None, limits, now };
    let mut range = KeyRange::prefix(&prefix);
    let mut skip_to = Bytes::new();
    loop {
        let entries = snapshot.scan(Space::Queue, &range, Order::Ascending, PAGE).await?;
        let Some(last) = entries.last() else { break };
        for entry in &entries {
            if entry.key < skip_to {
                continue;
            }
            if let Some(skip) = scan.take(entry)? {
                skip_to = skip;
            }
        }
        range = keys::range_behind(&prefix, &last.key);
        range.start = range.start.max(skip_to.clone());
    }
    let mut done = scan.finish();
    done.values_mut().for_each(|index| index.set_applied(snapshot.sequence()));
    Ok(done)
}

struct Scan {
    done: HashMap<QueueId, Index>,
    queue: Option<(QueueId, Index)>,
    /// The key of the last lease without its position, and its lane.
    lane: Option<(Bytes, Bytes)>,
    limits: IndexLimits,
    now: Timestamp,
}

impl Scan {
    /// Takes in an entry, or answers the key to go on from.
    fn take(&mut self, entry: &Entry) -> Result<Option<Bytes>, StoreError> {
        if self.take_lease_of_same_lane(entry)? {
            return Ok(None);
        }
        let key = keys::read_folded(&entry.key).map_err(|error| keys::corrupt(Space::Queue, &entry.key, &error))?;
        match key {
            FoldedKey::Queue(queue) => {
                let record: QueueRecord = decode(Space::Queue, &entry.key, &entry.record)?;
                self.close();
                let mut index = Index::new(record.discipline, record.generation, self.limits);
                index.advance(self.now);
                self.queue = Some((queue, index));
                Ok(Some(keys::leases(queue, record.generation)))
            }
            FoldedKey::Lease(key) => match &mut self.queue {
                Some((queue, index)) if *queue == key.queue && index.generation() == key.generation => {
                    let lease: Lease = decode(Space::Queue, &entry.key, &entry.record)?;
                    index.sent(key.position.0, &key.lane.0, &lease);
                    self.lane = Some((entry.key.slice(..entry.key.len() - 8), key.lane.0));
                    Ok(None)
                }
                _ => Ok(Some(keys::behind_queue(key.queue))),
            },
            FoldedKey::Due { queue, .. } => Ok(Some(keys::behind_queue(queue))),
        }
    }

    /// The short way for most entries: the same lane as the one before.
    fn take_lease_of_same_lane(&mut self, entry: &Entry) -> Result<bool, StoreError> {
        let (Some((before, lane)), Some((_, index))) = (&self.lane, &mut self.queue) else { return Ok(false) };
        let Some((head, position)) = entry.key.split_last_chunk::<8>() else { return Ok(false) };
        if head != before {
            return Ok(false);
        }
        let lease = Lease::decode(&entry.record.value);
        let lease = lease.map_err(|error| keys::corrupt(Space::Queue, &entry.key, &error))?;
        index.sent(u64::from_be_bytes(*position), lane, &lease);
        Ok(true)
    }

    fn close(&mut self) {
        self.lane = None;
        self.done.extend(self.queue.take());
    }

    fn finish(mut self) -> HashMap<QueueId, Index> {
        self.close();
        self.done
    }
}
