use std::sync::Arc;

use tidegate_log::{LogError, LogId, LogRecord, drop_in_tx};
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};
use tidegate_types::Timestamp;
use tidegate_workers::{Next, Worker};

use crate::error::Error;
use crate::ops::delete_backup_in_tx;
use crate::service::DynamoDb;
use crate::store::{BackupRecord, ChangeRecord, StreamRecord, corrupt, decode, keys};

/// For how long streams keep their records.
const STREAM_MS: u64 = 24 * 3_600_000;
/// Beyond a journal's window: a restore to the window's edge may begin while it is trimmed.
const SLACK_MS: u64 = 3_600_000;
/// How often streams are trimmed and tokens forgotten.
const PERIOD_MS: u64 = 10 * 60_000;
/// How many records one step deletes.
const STEP: usize = 500;

/// Trims streams after a day, removes those that ended a day ago, and forgets transactions' tokens.
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
        let more = self.forget_tokens(now).await?
            | self.trim_streams(now).await?
            | self.trim_journals(now).await?
            | self.forget_backups(now).await?
            | self.0.logs.sweep().await?;
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
        let mut more = false;
        loop {
            let entries = view.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
            let Some(last) = entries.last().map(|entry| entry.key.clone()) else { return Ok(more) };
            for entry in entries {
                let stream: StreamRecord = decode(&entry.key, &entry.record)?;
                if stream.disabled_at.is_some_and(|at| at <= oldest) {
                    self.remove(&entry.key, &stream).await?;
                } else {
                    let expired = |record: &LogRecord| {
                        // One that cannot be read stays: its readers are told.
                        ChangeRecord::decode(&record.value).is_ok_and(|change| change.at <= oldest)
                    };
                    more |= self.0.logs.trim_while(LogId(stream.log), expired).await?.more;
                }
            }
            range.start = crate::ops::behind(&last);
        }
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

    async fn remove(&self, key: &bytes::Bytes, stream: &StreamRecord) -> Result<(), Error> {
        let log = LogId(stream.log);
        self.0
            .transact(&[], async |tx: &mut Tx| {
                if tx.get(Space::Map, key).await?.is_some() {
                    drop_in_tx(tx, log).await?;
                    tx.delete(Space::Map, key.clone());
                }
                Ok(())
            })
            .await?;
        Ok(())
    }
}
