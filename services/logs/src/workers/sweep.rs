use std::sync::Arc;

use tidegate_store::{Entry, KeyRange, Order, Page, Space, Tx};
use tidegate_workers::{Next, Worker};

use super::retention::forget;
use crate::error::Error;
use crate::ops::delete_stream_in_tx;
use crate::service::CloudWatchLogs;
use crate::store::{GarbageRecord, GroupId, StreamId, StreamRecord, corrupt, decode, keys};

/// How many records one step removes.
const STEP: usize = 500;

/// Removes what deleted groups and streams left: streams with their logs, and what points at events.
pub(crate) struct Sweep {
    service: Arc<CloudWatchLogs>,
}

impl Sweep {
    pub(crate) fn new(service: Arc<CloudWatchLogs>) -> Sweep {
        Sweep { service }
    }

    async fn first(&self, prefix: &[u8]) -> Result<Option<Entry>, Error> {
        let range = KeyRange::prefix(prefix);
        Ok(self.service.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, Page::of(1)).await?.pop())
    }

    /// One step for a deleted group. Returns whether there was anything to do.
    async fn sweep_group(&self) -> Result<bool, Error> {
        let Some(garbage) = self.first(&keys::group_garbages()).await? else { return Ok(false) };
        let group: GarbageRecord = decode(Space::Map, &garbage.key, &garbage.record)?;
        // In this order: without streams nothing can be written any more, and without chunks nothing is left.
        if !self.sweep_streams(group.group).await? && !self.sweep_chunks(group.group).await? {
            let done = self.service.transact(&[], async |tx: &mut Tx| {
                tx.delete(Space::Map, keys::group_size(group.group));
                tx.delete(Space::Map, garbage.key.clone());
                Ok(())
            });
            done.await?;
        }
        Ok(true)
    }

    async fn sweep_streams(&self, group: GroupId) -> Result<bool, Error> {
        let range = &KeyRange::prefix(&keys::streams(group));
        let latches = [keys::group_size(group)];
        let step = self.service.transact(&latches, async |tx: &mut Tx| {
            let entries = tx.scan(Space::Map, range, Order::Ascending, Page::of(STEP)).await?;
            for entry in &entries {
                let (_, name) =
                    keys::read_stream(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
                let stream: StreamRecord = decode(Space::Map, &entry.key, &entry.record)?;
                delete_stream_in_tx(tx, group, &name, &stream).await?;
            }
            Ok(!entries.is_empty())
        });
        Ok(step.await?.value)
    }

    async fn sweep_chunks(&self, group: GroupId) -> Result<bool, Error> {
        let range = KeyRange::prefix(&keys::group_index(group));
        let chunks = self.service.store.snapshot()?.scan(Space::Log, &range, Order::Ascending, Page::of(STEP)).await?;
        if chunks.is_empty() {
            return Ok(false);
        }
        forget(&self.service, group, &chunks).await?;
        Ok(true)
    }

    /// One step for a deleted stream of a group that is still there. Returns whether there was anything to do.
    async fn sweep_stream(&self) -> Result<bool, Error> {
        let Some(garbage) = self.first(&keys::stream_garbages()).await? else { return Ok(false) };
        let stream = keys::read_number(&garbage.key, &keys::stream_garbages())
            .map_err(|error| corrupt(Space::Map, &garbage.key, &error))?;
        let group = decode::<GarbageRecord>(Space::Map, &garbage.key, &garbage.record)?.group;
        let index = keys::stream_index(StreamId(stream));
        let range = KeyRange::prefix(&index);
        let chunks = self.service.store.snapshot()?.scan(Space::Log, &range, Order::Ascending, Page::of(STEP)).await?;
        if chunks.is_empty() {
            let done = self.service.transact(&[], async |tx: &mut Tx| {
                tx.delete(Space::Map, garbage.key.clone());
                Ok(())
            });
            done.await?;
            return Ok(true);
        }
        let mut of_group = Vec::with_capacity(chunks.len());
        for Entry { key, record } in chunks {
            let (last_ms, position) =
                keys::read_chunk(&key, &index).map_err(|error| corrupt(Space::Log, &key, &error))?;
            of_group.push(Entry { key: keys::chunk(keys::group_index(group), last_ms, position), record });
        }
        forget(&self.service, group, &of_group).await?;
        Ok(true)
    }
}

impl Worker for Sweep {
    type Error = Error;

    fn name(&self) -> &'static str {
        "logs sweep"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        let did = self.sweep_stream().await? | self.sweep_group().await? | self.service.logs.sweep().await?;
        Ok(if did { Next::Again } else { Next::OnHint })
    }
}
