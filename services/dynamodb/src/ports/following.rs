use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, Either, select};
use tidegate_log::{LogError, LogId, LogPage, LogRecord, Page, Position, position_of};
use tidegate_ports::{
    FollowError, ReadLimit, ShardDescription, StartingPosition, StreamDescription, StreamPage, StreamPosition,
    StreamRecord as Record, StreamSource,
};
use tidegate_record::Stored;
use tidegate_store::{Space, StoreError};
use tidegate_types::{Arn, Timestamp};

use crate::domain::TableAddress;
use crate::service::DynamoDb;
use crate::store::{ChangeRecord, Shard, StreamRecord, decode, keys};
use crate::wire::{events, streams as wire};

/// The most stored bytes that one read takes into memory, whatever it was asked for.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The streams of tables, for those who follow them without the wire.
pub(crate) struct TableStreams {
    dynamodb: Arc<DynamoDb>,
}

/// A shard and what its records' JSON needs to know of its stream.
struct Found {
    address: TableAddress,
    stream: StreamRecord,
    shard: Shard,
}

impl Found {
    fn log(&self) -> LogId {
        LogId(self.shard.name.log)
    }
}

impl TableStreams {
    pub(crate) fn new(dynamodb: Arc<DynamoDb>) -> TableStreams {
        TableStreams { dynamodb }
    }

    async fn stream(&self, arn: &Arn) -> Result<(TableAddress, StreamRecord), FollowError> {
        let missing = || FollowError::NoSuchStream(arn.clone());
        let (address, label) = wire::read_stream_arn(&arn.to_string()).ok_or_else(missing)?;
        let key = keys::stream(&address, &label);
        let record = self.dynamodb.store.snapshot()?.get(Space::Map, &key).await?.ok_or_else(missing)?;
        Ok((address, decode(&key, &record)?))
    }

    async fn shard(&self, arn: &Arn, id: &str) -> Result<Found, FollowError> {
        let (address, stream) = self.stream(arn).await?;
        let shard = stream.shards.iter().find(|shard| wire::shard_id(shard.name) == id).cloned();
        let shard = shard.ok_or_else(|| missing_shard(arn, id))?;
        Ok(Found { address, stream, shard })
    }

    /// A page of a log; a shorter one, if a record in it is damaged.
    async fn page(&self, log: LogId, from: Position, mut page: Page) -> Result<LogPage, LogError> {
        loop {
            match self.dynamodb.logs.read(log, from, page).await {
                Err(LogError::Store(StoreError::Corrupt { .. })) if page.entries > 1 => page.entries /= 2,
                read => return read,
            }
        }
    }

    /// The oldest record's position; behind what was trimmed, if there is none.
    async fn first_of(&self, log: LogId) -> Result<Position, LogError> {
        let page = self.dynamodb.logs.read(log, Position(0), Page::of(1)).await?;
        Ok(page.records.first().map_or(page.next, |record| record.position))
    }

    /// The first position whose record arrived at a time or later. Records lie in the order of their
    /// commits, in which their times rise but for the moments by which writers overtake each other.
    async fn first_since(&self, log: LogId, since: Timestamp) -> Result<Position, LogError> {
        let mut low = self.first_of(log).await?;
        let mut high = self.dynamodb.logs.newest(log).await?.map_or(low, behind);
        while low < high {
            let middle = Position(low.0 + (high.0 - low.0) / 2);
            let page = self.dynamodb.logs.read(log, middle, Page::of(1)).await?;
            match page.records.first() {
                Some(record) if arrival(record)? < since => low = behind(record.position),
                _ => high = middle,
            }
        }
        Ok(low)
    }

    async fn resolve_in(&self, found: &Found, start: StartingPosition) -> Result<Position, LogError> {
        let logs = &self.dynamodb.logs;
        let log = found.log();
        let from = match start {
            StartingPosition::TrimHorizon => self.first_of(log).await?,
            StartingPosition::Latest => match logs.newest(log).await? {
                Some(newest) => behind(newest),
                None => self.first_of(log).await?,
            },
            StartingPosition::AtTimestamp(since) => self.first_since(log, since).await?,
        };
        // No record lies at 0, which reads as "wherever the log begins": whoever follows from there
        // would not be told that records were trimmed before it came.
        Ok(from.max(Position(1)))
    }

    async fn read_in(
        &self,
        arn: &Arn,
        found: &Found,
        from: Position,
        limit: ReadLimit,
    ) -> Result<StreamPage, FollowError> {
        let entries = limit.records.clamp(1, ReadLimit::MAX_RECORDS);
        let bytes = limit.bytes.min(MAX_BYTES);
        let failed = |error| of_log(error, arn, &found.shard);
        let LogPage { records, next, trimmed } =
            self.page(found.log(), from, Page { entries, bytes }).await.map_err(failed)?;
        if trimmed {
            let oldest = records.first().map_or(next, |record| record.position);
            return Err(FollowError::Trimmed { oldest: StreamPosition(oldest.0) });
        }
        // Closed before the records were read, so they cannot be followed by others.
        let ended = found.shard.closed_at.is_some() && records.is_empty();
        let mut shown = Vec::with_capacity(records.len());
        let mut length = 0;
        let source = arn.to_string();
        for record in &records {
            let change = match ChangeRecord::decode(&record.value) {
                Ok(change) => change,
                Err(error) if shown.is_empty() => return Err(unreadable(record.position, error)),
                Err(_) => break,
            };
            let (arrived_at, trace) = (change.at, change.trace.clone());
            let stream = events::Source { arn: &source, region: &found.address.region, view: found.stream.view };
            let json = events::record(&stream, found.shard.name.log, record, &change);
            length += json.len();
            shown.push(Record {
                position: StreamPosition(record.position.0),
                sequence_number: wire::sequence_number(record.position),
                arrived_at,
                trace,
                json,
            });
            if length >= limit.bytes {
                break;
            }
        }
        Ok(StreamPage { records: shown, ended })
    }

    async fn wait_for(&self, arn: &Arn, id: &str, from: Position) -> Result<(), FollowError> {
        let mut changes = self.dynamodb.directory.changes();
        loop {
            changes.mark_unchanged();
            let found = self.shard(arn, id).await?;
            if found.shard.closed_at.is_some() {
                return Ok(());
            }
            let follower = self.dynamodb.logs.follow(found.log()).await;
            let mut follower = follower.map_err(|error| of_log(error, arn, &found.shard))?;
            let reached = pin!(follower.reached(from));
            let changed = pin!(changes.changed());
            // A shard is closed, and its stream ended, in a transaction that changes the table.
            match select(reached, changed).await {
                Either::Left(_) => return Ok(()),
                Either::Right(_) => {}
            }
        }
    }
}

fn behind(position: Position) -> Position {
    Position(position.0 + 1)
}

fn arrival(record: &LogRecord) -> Result<Timestamp, LogError> {
    let change = ChangeRecord::decode(&record.value);
    Ok(change.map_err(|error| crate::store::corrupt(Space::Log, &record.position.0.to_be_bytes(), &error))?.at)
}

fn missing_shard(arn: &Arn, id: &str) -> FollowError {
    FollowError::NoSuchShard { stream: arn.clone(), shard: id.to_owned() }
}

fn unreadable(at: Position, what: impl ToString) -> FollowError {
    FollowError::Unreadable { at: StreamPosition(at.0), what: what.to_string() }
}

fn of_log(error: LogError, arn: &Arn, shard: &Shard) -> FollowError {
    match error {
        // The shard was removed since it was looked up.
        LogError::NoSuchLog(_) => missing_shard(arn, &wire::shard_id(shard.name)),
        LogError::Store(StoreError::Corrupt { space, key, what }) => match position_of(&key) {
            Some(at) if space == Space::Log => unreadable(at, what),
            _ => StoreError::Corrupt { space, key, what }.into(),
        },
        LogError::Store(error) => error.into(),
        LogError::Commit(_) | LogError::NoSuchCursor { .. } | LogError::CursorMoved { .. } => {
            unreachable!("reading neither commits nor moves cursors: {error}")
        }
    }
}

impl StreamSource for TableStreams {
    fn service(&self) -> &'static str {
        "dynamodb"
    }

    fn describe<'a>(&'a self, stream: &'a Arn) -> BoxFuture<'a, Result<StreamDescription, FollowError>> {
        let describe = async move {
            let (_, record) = self.stream(stream).await?;
            let shards = record.shards.iter().map(|shard| ShardDescription {
                id: wire::shard_id(shard.name),
                parent: shard.parent.map(wire::shard_id),
                closed: shard.closed_at.is_some(),
            });
            Ok(StreamDescription {
                enabled: record.disabled_at.is_none(),
                view_type: record.view.name(),
                shards: shards.collect(),
            })
        };
        describe.boxed()
    }

    fn resolve<'a>(
        &'a self,
        stream: &'a Arn,
        shard: &'a str,
        start: StartingPosition,
    ) -> BoxFuture<'a, Result<StreamPosition, FollowError>> {
        let resolve = async move {
            let found = self.shard(stream, shard).await?;
            let from = self.resolve_in(&found, start).await.map_err(|error| of_log(error, stream, &found.shard))?;
            Ok(StreamPosition(from.0))
        };
        resolve.boxed()
    }

    fn read<'a>(
        &'a self,
        stream: &'a Arn,
        shard: &'a str,
        from: StreamPosition,
        limit: ReadLimit,
    ) -> BoxFuture<'a, Result<StreamPage, FollowError>> {
        let read = async move {
            let found = self.shard(stream, shard).await?;
            self.read_in(stream, &found, Position(from.0), limit).await
        };
        read.boxed()
    }

    fn wait<'a>(
        &'a self,
        stream: &'a Arn,
        shard: &'a str,
        from: StreamPosition,
    ) -> BoxFuture<'a, Result<(), FollowError>> {
        self.wait_for(stream, shard, Position(from.0)).boxed()
    }
}
