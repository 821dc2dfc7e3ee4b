use std::sync::Arc;

use bytes::Bytes;
use tidegate_record::Stored;
use tidegate_store::{Entry, KeyRange, Order, Page, Position, Snapshot, Space, Store, StoreError};

use crate::error::{corrupt, decode};
use crate::follow::Tails;
use crate::records::{Meta, Place};
use crate::{Follower, LogError, LogId, keys};

/// All logs of a store.
pub struct Logs {
    pub(crate) store: Arc<dyn Store>,
    tails: Arc<Tails>,
}

/// A record with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// Its place.
    pub position: Position,
    /// What was appended.
    pub value: Bytes,
}

/// What one read found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// The records, in order. Empty: the reader has reached the end.
    pub records: Vec<LogRecord>,
    /// From where to read on.
    pub next: Position,
    /// Whether records may have been trimmed between where the reader asked from and the first that
    /// it could get.
    pub trimmed: bool,
}

impl Logs {
    /// Opens the logs of a store.
    ///
    /// # Errors
    /// What attaching to the store answers.
    pub async fn open(store: Arc<dyn Store>) -> Result<Logs, StoreError> {
        let tails = Arc::new(Tails::default());
        store.attach(tails.clone()).await?;
        Ok(Logs { store, tails })
    }

    /// Reads durable records from `from` on (`Position(0)`: from the oldest), up to `page`.
    ///
    /// # Errors
    /// [`LogError::NoSuchLog`], or what the store answers.
    pub async fn read(&self, log: LogId, from: Position, page: Page) -> Result<LogPage, LogError> {
        let view = self.store.snapshot()?;
        let (generation, watermark) = place(&*view, log).await?;
        let range = keys::records_from(log, generation, from.max(watermark));
        let entries = view.scan(Space::Log, &range, Order::Ascending, page).await?;
        let records = entries.into_iter().map(record).collect::<Result<Vec<_>, _>>()?;
        let next = records.last().map_or(from.max(watermark), |last| Position(last.position.0 + 1));
        Ok(LogPage { records, next, trimmed: from < watermark && from > Position(0) })
    }

    /// The position of the newest durable record, if there is one. A reader that wants only what is
    /// yet to come starts one behind it.
    ///
    /// # Errors
    /// [`LogError::NoSuchLog`], or what the store answers.
    pub async fn newest(&self, log: LogId) -> Result<Option<Position>, LogError> {
        newest(&*self.store.snapshot()?, log).await
    }

    /// The position of the oldest durable record, if there is one.
    ///
    /// # Errors
    /// [`LogError::NoSuchLog`], or what the store answers.
    pub async fn oldest(&self, log: LogId) -> Result<Option<Position>, LogError> {
        let page = self.read(log, Position(0), Page::of(1)).await?;
        Ok(page.records.first().map(|record| record.position))
    }

    /// Where a durable cursor is.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn cursor(&self, log: LogId, name: &str) -> Result<Option<Position>, LogError> {
        let key = keys::cursor(log, name);
        match self.store.snapshot()?.get(Space::Map, &key).await? {
            Some(record) => Ok(Some(decode::<Place>(&key, &record.value)?.from)),
            None => Ok(None),
        }
    }

    /// The durable cursors of a log by name, from behind `after`, at most `max`: for a trimmer that
    /// keeps what somebody has yet to read.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn cursors(
        &self,
        log: LogId,
        after: Option<&str>,
        max: usize,
    ) -> Result<Vec<(String, Position)>, LogError> {
        let prefix = keys::cursors(log);
        let range = match after {
            // A zero byte behind a whole key is the first key behind it.
            Some(name) => KeyRange::prefix_from(&prefix, [&keys::cursor(log, name)[..], &[0]].concat().into()),
            None => KeyRange::prefix(&prefix),
        };
        let entries = self.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, Page::of(max)).await?;
        let cursor = |Entry { key, record }: Entry| {
            let name = keys::read_cursor(&key, log).map_err(|error| corrupt(Space::Map, &key, &error))?;
            Ok((name, decode::<Place>(&key, &record.value)?.from))
        };
        entries.into_iter().map(cursor).collect()
    }

    /// Follows the log's growth, to wait for more.
    ///
    /// # Errors
    /// [`LogError::NoSuchLog`], or what the store answers.
    pub async fn follow(&self, log: LogId) -> Result<Follower, LogError> {
        // In this order: what becomes durable in between is seen by the fold, the look, or both.
        let follower = Tails::follow(&self.tails, log);
        if let Some(newest) = self.newest(log).await? {
            self.tails.grown(log, newest);
        }
        Ok(follower)
    }
}

/// The log's generation and watermark in a view.
pub(crate) async fn place(view: &dyn Snapshot, log: LogId) -> Result<(u32, Position), LogError> {
    let key = keys::meta(log);
    let meta = view.get(Space::Map, &key).await?.ok_or(LogError::NoSuchLog(log))?;
    let generation = decode::<Meta>(&key, &meta.value)?.generation;
    let key = keys::watermark(log);
    let watermark = match view.get(Space::Map, &key).await? {
        Some(record) => decode::<Place>(&key, &record.value)?.from,
        None => Position(0),
    };
    Ok((generation, watermark))
}

/// The newest record in a view. The scan ends at the watermark: behind it lie only deleted records.
pub(crate) async fn newest(view: &dyn Snapshot, log: LogId) -> Result<Option<Position>, LogError> {
    let (generation, watermark) = place(view, log).await?;
    let range = keys::records_from(log, generation, watermark);
    let entries = view.scan(Space::Log, &range, Order::Descending, Page::of(1)).await?;
    let last = entries.into_iter().next().map(record).transpose()?;
    Ok(last.map(|record| record.position))
}

pub(crate) fn record(entry: Entry) -> Result<LogRecord, StoreError> {
    let (_, _, position) = keys::read_record(&entry.key).map_err(|error| corrupt(Space::Log, &entry.key, &error))?;
    Ok(LogRecord { position, value: entry.record.value })
}

/// The encoding of a place, for whoever moves one.
pub(crate) fn place_at(from: Position) -> Bytes {
    Place { from }.encode()
}
