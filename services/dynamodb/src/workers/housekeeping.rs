use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tidegate_log::{LogError, LogId, LogRecord, Position, drop_in_tx};
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
/// The shortest rest: what is due within it is done at once.
const PERIOD_MS: u64 = 10 * 60_000;
/// The longest rest while a table has a stream or recovery: nothing that is written meanwhile is due sooner.
const WATCH_MS: u64 = SHARD_MS;
/// How many records one step deletes.
const STEP: usize = 500;

/// Trims streams after a day, closes their shards after some hours, removes what ended a day ago, and forgets transactions' tokens.
///
/// It sleeps until something of that is due. What is written meanwhile is due later than the longest sleep; for what
/// is not (a token, a table that gets its first stream) there is a hint.
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
            self.0.logs.sweep().await.map(Left::unfinished).map_err(Error::from),
        ];
        let mut left = Left::default();
        for part in parts {
            left = left.and(part?);
        }
        self.0.next_housekeeping.store(left.due.map_or(u64::MAX, Timestamp::as_millis), Ordering::SeqCst);
        if left.due.is_none() {
            // A token that was claimed since they were looked at, and before the line above, gave no hint.
            left = left.and(self.forget_tokens(now).await?);
        }
        Ok(match left {
            Left { more: true, .. } => Next::Again,
            Left { due, .. } => Next::at(due.map(|due| due.max(now.plus_millis(PERIOD_MS)))),
        })
    }
}

/// What a part of the housekeeping has left to do.
#[derive(Debug, Clone, Copy, Default)]
struct Left {
    /// Something at once.
    more: bool,
    /// When it has something to do again, as far as it knows.
    due: Option<Timestamp>,
}

impl Left {
    fn unfinished(more: bool) -> Left {
        Left { more, due: None }
    }

    fn until(due: Timestamp) -> Left {
        Left { more: false, due: Some(due) }
    }

    fn and(self, other: Left) -> Left {
        Left { more: self.more | other.more, due: [self.due, other.due].into_iter().flatten().min() }
    }
}

impl Housekeeping {
    async fn forget_tokens(&self, now: Timestamp) -> Result<Left, Error> {
        let view = self.0.store.snapshot()?;
        let range = KeyRange::prefix(&keys::token_ages());
        let ages = view.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
        let (mut due, mut left) = (Vec::new(), Left::default());
        for entry in &ages {
            let (time, token) =
                keys::read_token_age(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
            if time > now {
                left = Left::until(time);
                break;
            }
            due.push((entry.key.clone(), token));
        }
        if due.is_empty() {
            return Ok(left);
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
        Ok(left.and(Left::unfinished(due.len() == STEP)))
    }

    async fn trim_streams(&self, now: Timestamp) -> Result<Left, Error> {
        let oldest = now.minus_millis(STREAM_MS);
        let view = self.0.store.snapshot()?;
        let mut range = KeyRange::prefix(&keys::all_streams());
        let mut left = Ok(Left::default());
        loop {
            let entries = view.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
            let Some(last) = entries.last().map(|entry| entry.key.clone()) else { return left };
            for entry in entries {
                // One that cannot be read fails the run, after all the others were looked after.
                left = match (left, self.trim_stream(&entry, oldest, now).await) {
                    (Ok(left), Ok(own)) => Ok(left.and(own)),
                    (Err(error), _) | (_, Err(error)) => Err(error),
                };
            }
            range.start = crate::ops::behind(&last);
        }
    }

    async fn trim_stream(&self, entry: &Entry, oldest: Timestamp, now: Timestamp) -> Result<Left, Error> {
        let stream: StreamRecord = decode(&entry.key, &entry.record)?;
        let mut left = Left::default();
        if stream.shards.iter().any(|shard| is_past(shard, oldest)) {
            self.remove_shards(&entry.key, oldest).await?;
            // Their records are to be swept.
            left = Left::unfinished(true);
        }
        for shard in stream.shards.iter().filter(|shard| !is_past(shard, oldest)) {
            left = left.and(self.trim_shard(&entry.key, shard, now).await?);
        }
        Ok(left)
    }

    /// Trims the journals of tables to their windows, but for those that a restore is reading.
    async fn trim_journals(&self, now: Timestamp) -> Result<Left, Error> {
        let mut left = Left::default();
        for known in self.0.directory.all()? {
            let Some(recovery) = known.table.recovery else { continue };
            left = left.and(Left::until(now.plus_millis(WATCH_MS)));
            if recovery.restores > 0 {
                continue;
            }
            let earliest = recovery.earliest(now).minus_millis(SLACK_MS);
            let expired =
                |record: &LogRecord| ChangeRecord::decode(&record.value).is_ok_and(|change| change.at <= earliest);
            match self.0.logs.trim_while(LogId(recovery.journal), expired).await {
                Ok(trimmed) => left = left.and(Left::unfinished(trimmed.more)),
                // Recovery was switched off since.
                Err(LogError::NoSuchLog(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(left)
    }

    /// Deletes the backups of deleted tables whose time has come.
    async fn forget_backups(&self, now: Timestamp) -> Result<Left, Error> {
        let view = self.0.store.snapshot()?;
        let (mut range, mut left) = (KeyRange::prefix(&keys::all_backups()), Left::default());
        loop {
            let entries = view.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
            let Some(last) = entries.last().map(|entry| entry.key.clone()) else { return Ok(left) };
            for entry in entries {
                let backup: BackupRecord = decode(&entry.key, &entry.record)?;
                let Some(expires_at) = backup.expires_at else { continue };
                if backup.restores > 0 || expires_at > now {
                    left = left.and(Left::until(expires_at));
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
    async fn trim_shard(&self, stream: &Bytes, shard: &Shard, now: Timestamp) -> Result<Left, Error> {
        let (log, oldest) = (LogId(shard.name.log), now.minus_millis(STREAM_MS));
        let expired = |record: &LogRecord| {
            // One that cannot be read stays: its readers are told.
            ChangeRecord::decode(&record.value).is_ok_and(|change| change.at <= oldest)
        };
        let mut left = Left::unfinished(self.0.logs.trim_while(log, expired).await?.more);
        left = left.and(Left::until(match shard.closed_at {
            Some(closed_at) => closed_at.plus_millis(STREAM_MS),
            None => now.plus_millis(WATCH_MS),
        }));
        // One that holds nothing is as good as a new one: quiet tables are left alone.
        let Some(first) = self.0.logs.read(log, Position(0), Page::of(1)).await?.records.into_iter().next() else {
            return Ok(left);
        };
        if let Ok(change) = ChangeRecord::decode(&first.value) {
            left = left.and(Left::until(change.at.plus_millis(STREAM_MS)));
        }
        if shard.closed_at.is_some() {
            return Ok(left);
        }
        let follows_at = shard.name.opened_at.plus_millis(SHARD_MS);
        if follows_at > now {
            return Ok(left.and(Left::until(follows_at)));
        }
        let (address, _) = keys::read_stream(stream).map_err(|error| corrupt(Space::Map, stream, &error))?;
        replace_shard(&self.0, &address, log.0, &[self.0.env.random_u64()]).await?;
        Ok(left)
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
