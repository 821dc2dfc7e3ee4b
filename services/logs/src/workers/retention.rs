use std::collections::BTreeSet;
use std::sync::Arc;

use tidegate_log::{LogError, LogId, LogRecord};
use tidegate_record::Stored;
use tidegate_store::{Entry, KeyRange, Order, Page, Space, Tx};
use tidegate_types::Timestamp;
use tidegate_workers::{Next, Worker};

use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{ChunkRecord, Group, GroupId, GroupSizeRecord, IndexRecord, StreamId, corrupt, decode, keys};

/// How many chunks one step removes.
const STEP: usize = 500;
/// How often it looks. Readers leave out what has outlived its retention at once; this gives its space back.
const PERIOD_MS: u64 = 3_600_000;

/// Removes events that have outlived their group's retention.
pub(crate) struct Retention {
    service: Arc<CloudWatchLogs>,
}

impl Retention {
    pub(crate) fn new(service: Arc<CloudWatchLogs>) -> Retention {
        Retention { service }
    }

    /// One step for a group. Returns whether there is more.
    async fn trim(&self, group: &Group, now: Timestamp) -> Result<bool, Error> {
        let cutoff_ms = group.record.cutoff_ms(now);
        let (service, index) = (&*self.service, keys::group_index(group.id()));
        let range = KeyRange::between(index.clone(), keys::at_time(index.clone(), cutoff_ms));
        let over = service.store.snapshot()?.scan(Space::Log, &range, Order::Ascending, Page::of(STEP)).await?;
        if over.is_empty() {
            return Ok(false);
        }
        // The records first: should the server end in between, the index still says what there was.
        let mut streams = BTreeSet::new();
        for entry in &over {
            streams.insert(decode::<IndexRecord>(Space::Log, &entry.key, &entry.record)?.stream);
        }
        for stream in streams {
            self.trim_stream(stream, cutoff_ms).await?;
        }
        let bytes = forget(service, group.id(), &over).await?;
        service.meters.expired_bytes.increment(bytes);
        Ok(over.len() == STEP)
    }

    async fn trim_stream(&self, stream: StreamId, cutoff_ms: u64) -> Result<(), Error> {
        let expired = |record: &LogRecord| {
            // One that cannot be read stays: its readers are told.
            ChunkRecord::decode(&record.value).is_ok_and(|ChunkRecord(chunk)| chunk.last_ms() < cutoff_ms)
        };
        loop {
            match self.service.logs.trim_while(LogId(stream.0), expired).await {
                Ok(trimmed) if trimmed.more => {}
                Ok(_) | Err(LogError::NoSuchLog(_)) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Removes chunks from both indexes, and their bytes from the group's count. Returns how many bytes.
pub(crate) async fn forget(service: &CloudWatchLogs, group: GroupId, chunks: &[Entry]) -> Result<u64, Error> {
    let index = &keys::group_index(group);
    let latches = [keys::group_size(group)];
    let forgotten = service.transact(&latches, async |tx: &mut Tx| {
        let mut bytes = 0;
        for chunk in chunks {
            // It may have been removed with its stream.
            let Some(record) = tx.get(Space::Log, &chunk.key).await? else { continue };
            let place: IndexRecord = decode(Space::Log, &chunk.key, &record)?;
            let (last_ms, position) =
                keys::read_chunk(&chunk.key, index).map_err(|error| corrupt(Space::Log, &chunk.key, &error))?;
            tx.delete(Space::Log, chunk.key.clone());
            tx.delete(Space::Log, keys::chunk(keys::stream_index(place.stream), last_ms, position));
            bytes += place.bytes;
        }
        let key = keys::group_size(group);
        if let Some(record) = tx.get(Space::Map, &key).await? {
            let size: GroupSizeRecord = decode(Space::Map, &key, &record)?;
            tx.put(Space::Map, key, GroupSizeRecord { bytes: size.bytes.saturating_sub(bytes) }.encode());
        }
        Ok(bytes)
    });
    Ok(forgotten.await?.value)
}

impl Worker for Retention {
    type Error = Error;

    fn name(&self) -> &'static str {
        "logs retention"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        let now = self.service.now();
        let groups = self.service.directory.all()?;
        let (mut keeps, mut more) = (false, false);
        for group in groups.iter().filter(|group| group.record.retention_days.is_some()) {
            keeps = true;
            more |= self.trim(group, now).await?;
        }
        if more {
            return Ok(Next::Again);
        }
        // A group that is told to keep its events for a time is a hint.
        Ok(if keeps { Next::At(now.plus_millis(PERIOD_MS)) } else { Next::OnHint })
    }
}
