use std::sync::Arc;

use bytes::Bytes;
use tidegate_log::{LogError, LogId, LogRecord, drop_in_tx};
use tidegate_record::Stored;
use tidegate_store::{Entry, KeyRange, Order, Page, Space, Tx};
use tidegate_types::Timestamp;
use tidegate_workers::{Next, Worker};

use crate::error::Error;
use crate::ops::{delete_backup_in_tx, replace_shard};
use crate::service::DynamoDb;
use crate::store::{BackupRecord, ChangeRecord, Shard, StreamRecord, corrupt, decode, keys};

/// For how long streams keep their records.
const STREAM_MS: u64 = 24 * 3_600_000;
/// How old a shard that holds anything may become before another one follows it.
const SHARD_MS: u64 = 4 * 3_600_000;
/// Beyond a journal's window: a restore to the window's edge may begin while it is trimmed.
const SLACK_MS: u64 = 3_600_000;
/// How often streams are trimmed and tokens forgotten.
const PERIOD_MS: u64 = 10 * 60_000;
/// How many records one step deletes.
const STEP: usize = 500;

/// Trims streams after a day, closes their shards after some hours, removes what ended a day ago, and forgets transactions' tokens.
pub struct Housekeeping(Arc<DynamoDb>);

impl Housekeeping {
    /// The housekeeping of a service.
    pub fn new(dynamodb: Arc<DynamoDb>) -> Housekeeping {
        Housekeeping(dynamodb)
    }
}

impl Worker for Housekeeping {
    type Error = Error;

    fn name(&self) -> &'static str {
        "dynamodb housekeeping"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        let now = self.0.now();
        // All of it, whatever becomes of its parts: what cannot be read in one must not keep the others.
        let parts = [
            self.forget_tokens(now).await,
            self.trim_streams(now).await,
            self.trim_journals(now).await,
            self.forget_backups(now).await,
            self.0.logs.sweep().await.map_err(Error::from),
        ];
        let mut more = false;
        for part in parts {
            more |= part?;
        }
        Ok(if more { Next::Again } else { Next::At(now.plus_millis(PERIOD_MS)) })
    }
}

impl Housekeeping {
    async fn forget_tokens(&self, now: Timestamp) -> Result<bool, Error> {
        let view = self.0.store.snapshot()?;
        let range = KeyRange::prefix(&keys::token_ages());
        let ages = view.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
        let mut due = Vec::new();
        for entry in &ages {
            let (time, token) =
                keys::read_token_age(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
            if time > now {
                break;
            }
            due.push((entry.key.clone(), token));
        }
        if due.is_empty() {
            return Ok(false);
        }
        let due = &due;
        self.0
            .transact(&[], async |tx: &mut Tx| {
                for (age, token) in due {
                    // Checked: a claim that comes in between deletes this age and writes another.
                    if tx.get(Space::Map, age).await?.is_some() {
                        tx.delete(Space::Map, age.clone());
                        tx.delete(Space::Map, token.clone());
                    }
                }
                Ok(())
            })
            .await?;
        Ok(due.len() == STEP)
    }

    async fn trim_streams(&self, now: Timestamp) -> Result<bool, Error> {
        let oldest = now.minus_millis(STREAM_MS);
        let view = self.0.store.snapshot()?;
        let mut range = KeyRange::prefix(&keys::all_streams());
        let mut more = Ok(false);
        loop {
            let entries = view.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
            let Some(last) = entries.last().map(|entry| entry.key.clone()) else { return more };
            for entry in entries {
                // One that cannot be read fails the run, after all the others were looked after.
                more = match (more, self.trim_stream(&entry, oldest, now).await) {
                    (Ok(more), Ok(own)) => Ok(more | own),
                    (Err(error), _) | (_, Err(error)) => Err(error),
                };
            }
            range.start = crate::ops::behind(&last);
        }
    }

    async fn trim_stream(&self, entry: &Entry, oldest: Timestamp, now: Timestamp) -> Result<bool, Error> {
        let stream: StreamRecord = decode(&entry.key, &entry.record)?;
        if stream.shards.iter().any(|shard| is_past(shard, oldest)) {
            self.remove_shards(&entry.key, oldest).await?;
        }
        let mut more = false;
        for shard in stream.shards.iter().filter(|shard| !is_past(shard, oldest)) {
            more |= self.trim_shard(&entry.key, shard, now).await?;
        }
        Ok(more)
    }

    /// Trims the journals of tables to their windows, but for those that a restore is reading.
    async fn trim_journals(&self, now: Timestamp) -> Result<bool, Error> {
        let mut more = false;
        for known in self.0.directory.all()? {
            let idle = known.table.recovery.filter(|recovery| recovery.restores == 0);
            let Some(recovery) = idle else { continue };
            let earliest = recovery.earliest(now).minus_millis(SLACK_MS);
            let expired =
                |record: &LogRecord| ChangeRecord::decode(&record.value).is_ok_and(|change| change.at <= earliest);
            match self.0.logs.trim_while(LogId(recovery.journal), expired).await {
                Ok(trimmed) => more |= trimmed.more,
                // Recovery was switched off since.
                Err(LogError::NoSuchLog(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(more)
    }

    /// Deletes the backups of deleted tables whose time has come.
    async fn forget_backups(&self, now: Timestamp) -> Result<bool, Error> {
        let view = self.0.store.snapshot()?;
        let mut range = KeyRange::prefix(&keys::all_backups());
        loop {
            let entries = view.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
            let Some(last) = entries.last().map(|entry| entry.key.clone()) else { return Ok(false) };
            for entry in entries {
                let backup: BackupRecord = decode(&entry.key, &entry.record)?;
                if backup.restores > 0 || backup.expires_at.is_none_or(|at| at > now) {
                    continue;
                }
                let address =
                    &keys::read_backup(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
                let deleted = self.0.transact(&[], async |tx: &mut Tx| delete_backup_in_tx(tx, address).await).await;
                match deleted {
                    // A request was quicker, or restores it: another look comes.
                    Ok(_) | Err(Error::NoSuchBackup(_) | Error::BackupInUse(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            range.start = crate::ops::behind(&last);
        }
    }

    /// Deletes the records of a shard that are a day old, and lets a new shard follow an old one.
    async fn trim_shard(&self, stream: &Bytes, shard: &Shard, now: Timestamp) -> Result<bool, Error> {
        let (log, oldest) = (LogId(shard.name.log), now.minus_millis(STREAM_MS));
        let expired = |record: &LogRecord| {
            // One that cannot be read stays: its readers are told.
            ChangeRecord::decode(&record.value).is_ok_and(|change| change.at <= oldest)
        };
        let more = self.0.logs.trim_while(log, expired).await?.more;
        let is_old = shard.closed_at.is_none() && shard.name.opened_at.plus_millis(SHARD_MS) <= now;
        // One that holds nothing is as good as a new one: quiet tables are left alone.
        if is_old && self.0.logs.oldest(log).await?.is_some() {
            let (address, _) = keys::read_stream(stream).map_err(|error| corrupt(Space::Map, stream, &error))?;
            replace_shard(&self.0, &address, log.0, &[self.0.env.random_u64()]).await?;
        }
        Ok(more)
    }

    /// Removes the shards that were closed a day ago; of a stream that ended a day ago, everything.
    async fn remove_shards(&self, key: &Bytes, oldest: Timestamp) -> Result<(), Error> {
        self.0
            .transact(&[], async |tx: &mut Tx| {
                let Some(record) = tx.get(Space::Map, key).await? else { return Ok(()) };
                let mut stream: StreamRecord = decode(key, &record)?;
                for shard in stream.shards.extract_if(.., |shard| is_past(shard, oldest)) {
                    drop_in_tx(tx, LogId(shard.name.log)).await?;
                }
                // An open shard stays for as long as its stream is enabled.
                match stream.shards.is_empty() {
                    true => tx.delete(Space::Map, key.clone()),
                    false => tx.put(Space::Map, key.clone(), stream.encode()),
                }
                Ok(())
            })
            .await?;
        Ok(())
    }
}

/// Whether everything in a shard is older than what streams keep.
fn is_past(shard: &Shard, oldest: Timestamp) -> bool {
    shard.closed_at.is_some_and(|at| at <= oldest)
}
