use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tidegate_log::{LogId, LogRecord, drop_in_tx};
use tidegate_record::Stored;
use tidegate_store::{Entry, KeyRange, Order, Page, Position, Space, Tx};
use tidegate_types::Timestamp;
use tidegate_workers::{Next, Worker};

use super::backfill::not_an_item;
use super::damage;
use crate::domain::{BackupAddress, BackupState, Table, TableAddress, item_size};
use crate::error::Error;
use crate::ops::{behind, leave_contents_in_tx, leave_in_tx, place_in_tx, read_in_tx, read_table_in_tx};
use crate::service::DynamoDb;
use crate::store::keys::{Garbage, Place};
use crate::store::{BackupRecord, ChangeRecord, CopyRecord, Goal, ItemRecord, Undo, corrupt, decode, keys};

/// For how long a backup is shown that could not be made.
const FAILED_MS: u64 = 24 * 3_600_000;
/// The most that one step copies or undoes.
const STEP: Page = Page { entries: 200, bytes: 2 * 1024 * 1024 };

/// Makes backups, and tables of backups: copies of a table's items as of one moment.
///
/// A copy has two halves. First every item is copied as it happens to be, beside writes and without
/// holding them up. Then the journal is read from that moment on, and of each item that it mentions the
/// first mention is undone: the item becomes what it was before. Whatever the first half saw of an item
/// that changed since, the second sets right, and an item that did not change was copied as it was.
/// How far a copy is, is stored with each step.
///
/// Copies take turns, step by step: a large one does not hold up the small ones behind it, and one that
/// fails again and again holds up nobody. One whose source cannot be read is given up.
pub struct Copies {
    dynamodb: Arc<DynamoDb>,
    /// Where the copy goes whose turn is next, or any one behind it. Lost by a restart, which matters to nobody.
    turn: AtomicU64,
}

impl Copies {
    /// The copies of a service.
    pub fn new(dynamodb: Arc<DynamoDb>) -> Copies {
        Copies { dynamodb, turn: AtomicU64::new(0) }
    }
}

impl Worker for Copies {
    type Error = Error;

    fn name(&self) -> &'static str {
        "dynamodb copies"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        let Some((target, entry)) = self.next_copy().await? else { return Ok(Next::OnHint) };
        // The turn passes on first: whatever becomes of this step, the next one is another copy's.
        self.turn.store(target.wrapping_add(1), Ordering::Relaxed);
        let copy: CopyRecord = decode(&entry.key, &entry.record)?;
        match self.step(target, &copy).await {
            // A source that cannot be read today cannot be read tomorrow: the copy ends, and says so.
            Err(error) if error.is_damage() => {
                let gone = self.dynamodb.now().plus_millis(FAILED_MS);
                let end = async |tx: &mut Tx| give_up_in_tx(tx, target, &copy, gone).await;
                self.dynamodb.transact(&[], end).await?;
                let (goal, what) = match &copy.goal {
                    Goal::Backup(address) => ("backup", address.arn()),
                    Goal::Table(address, _) => ("table", address.to_string()),
                };
                damage::gave_up(goal, &what, &error);
            }
            other => other?,
        }
        Ok(Next::Again)
    }
}

/// What comes next in a copy, read from what is durable.
enum Step {
    /// These items are copied.
    Copy(Vec<Entry>),
    /// All are: what the journal holds by now is to be undone.
    Turn(u64),
    /// These changes are undone, and the next ones begin there.
    Undo(Vec<LogRecord>, u64),
    /// It is done.
    Finish,
}

impl Copies {
    async fn step(&self, target: u64, copy: &CopyRecord) -> Result<(), Error> {
        let step = &self.next_step(copy).await?;
        self.dynamodb.transact(&[], async |tx: &mut Tx| step_in_tx(tx, target, copy, step).await).await?;
        Ok(())
    }

    /// The copy whose turn it is, and where it goes.
    async fn next_copy(&self) -> Result<Option<(u64, Entry)>, Error> {
        let all = keys::copies();
        let behind = KeyRange::prefix_from(&all, keys::copy(self.turn.load(Ordering::Relaxed)));
        let view = self.dynamodb.store.snapshot()?;
        for range in [behind, KeyRange::prefix(&all)] {
            let found = view.scan(Space::Map, &range, Order::Ascending, Page::of(1)).await?;
            if let Some(entry) = found.into_iter().next() {
                let target = keys::read_copy(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
                return Ok(Some((target, entry)));
            }
        }
        Ok(None)
    }

    async fn next_step(&self, copy: &CopyRecord) -> Result<Step, Error> {
        let Some(undo) = &copy.undo else { return Ok(self.items(copy).await?.map_or(Step::Finish, Step::Copy)) };
        let journal = LogId(undo.journal);
        let Some(until) = undo.until else {
            if let Some(entries) = self.items(copy).await? {
                return Ok(Step::Copy(entries));
            }
            // Read after the last copied item was committed, so it is behind whatever that one showed.
            let newest = self.dynamodb.logs.newest(journal).await?;
            return Ok(newest.map_or(Step::Finish, |newest| Step::Turn(newest.0)));
        };
        if undo.next > until {
            return Ok(Step::Finish);
        }
        let page = self.dynamodb.logs.read(journal, Position(undo.next), STEP).await?;
        if page.records.is_empty() {
            return Ok(Step::Finish);
        }
        Ok(Step::Undo(page.records, page.next.0))
    }

    async fn items(&self, copy: &CopyRecord) -> Result<Option<Vec<Entry>>, Error> {
        let all = Place::Items(copy.source).all();
        let range = match &copy.last {
            Some(last) => KeyRange::prefix_from(&all, behind(last)),
            None => KeyRange::prefix(&all),
        };
        let entries = self.dynamodb.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, STEP).await?;
        Ok((!entries.is_empty()).then_some(entries))
    }
}

async fn step_in_tx(tx: &mut Tx, target: u64, stale: &CopyRecord, step: &Step) -> Result<(), Error> {
    let place = keys::copy(target);
    // It may have been given up meanwhile, with its table or by a reset.
    let Some(record) = tx.get(Space::Map, &place).await? else { return Ok(()) };
    let mut copy: CopyRecord = decode(&place, &record)?;
    if copy != *stale {
        return Ok(());
    }
    match step {
        Step::Copy(entries) => {
            let table = goal_in_tx(tx, target, &copy.goal).await?;
            for entry in entries {
                let ItemRecord(item) = decode(&entry.key, &entry.record)?;
                let key = table.keys.of_item(&item).map_err(|_| not_an_item(&entry.key))?;
                place_in_tx(tx, &table, &key, None, Some(&*item));
                copy.items += 1;
                copy.bytes += item_size(&item) as u64;
                copy.last = Some(entry.key.clone());
            }
        }
        Step::Turn(until) => copy.undo.iter_mut().for_each(|undo| undo.until = Some(*until)),
        Step::Undo(records, next) => undo_in_tx(tx, target, &mut copy, records, *next).await?,
        Step::Finish => return finish_in_tx(tx, target, copy).await,
    }
    tx.put(Space::Map, place, copy.encode());
    Ok(())
}

/// The table that the copied items are of, under the number of where they go.
async fn goal_in_tx(tx: &mut Tx, target: u64, goal: &Goal) -> Result<Table, Error> {
    match goal {
        Goal::Backup(address) => {
            let (_, backup) = backup_in_tx(tx, address).await?;
            Ok(Table { id: target, indexes: Vec::new(), ..backup.table })
        }
        Goal::Table(address, _) => table_in_tx(tx, address).await,
    }
}

/// A table that a copy under way holds on to.
async fn table_in_tx(tx: &mut Tx, address: &TableAddress) -> Result<Table, Error> {
    read_table_in_tx(tx, address).await?.ok_or_else(|| Error::NoTableNamed(address.name.clone()))
}

async fn backup_in_tx(tx: &mut Tx, address: &BackupAddress) -> Result<(Bytes, BackupRecord), Error> {
    let key = keys::backup(address);
    let record = tx.get(Space::Map, &key).await?.ok_or_else(|| Error::NoSuchBackup(address.arn()))?;
    let backup = decode(&key, &record)?;
    Ok((key, backup))
}

async fn undo_in_tx(
    tx: &mut Tx,
    target: u64,
    copy: &mut CopyRecord,
    records: &[LogRecord],
    next: u64,
) -> Result<(), Error> {
    let table = goal_in_tx(tx, target, &copy.goal).await?;
    let CopyRecord { undo: Some(undo), items, bytes, .. } = copy else { return Ok(()) };
    let mut seen = HashSet::new();
    for record in records {
        let change: ChangeRecord = decode_change(undo, record)?;
        // From the first later change on, in the order of commits: a transaction stays whole even if
        // the clock moved while its neighbours were under way.
        undo.met |= undo.after.is_none_or(|after| change.at > after);
        let key = table.keys.of_request(&change.keys)?;
        let mark = keys::undone(target, &key);
        if !undo.met || seen.contains(&mark) || tx.get(Space::Map, &mark).await?.is_some() {
            continue;
        }
        let copied = read_in_tx(tx, &table, &key).await?;
        place_in_tx(tx, &table, &key, copied.as_ref(), change.old.as_ref());
        *items = (*items + u64::from(change.old.is_some())).saturating_sub(u64::from(copied.is_some()));
        let weight = |item: &Option<_>| item.as_ref().map_or(0, |item| item_size(item) as u64);
        *bytes = (*bytes + weight(&change.old)).saturating_sub(weight(&copied));
        tx.put(Space::Map, mark.clone(), &[1][..]);
        seen.insert(mark);
    }
    undo.next = next;
    Ok(())
}

fn decode_change(undo: &Undo, record: &LogRecord) -> Result<ChangeRecord, Error> {
    let place = [undo.journal.to_be_bytes(), record.position.0.to_be_bytes()].concat();
    ChangeRecord::decode(&record.value).map_err(|error| corrupt(Space::Log, &place, &error).into())
}

async fn finish_in_tx(tx: &mut Tx, target: u64, copy: CopyRecord) -> Result<(), Error> {
    match &copy.goal {
        Goal::Backup(address) => {
            let (key, mut backup) = backup_in_tx(tx, address).await?;
            (backup.state, backup.items, backup.bytes) = (BackupState::Available, copy.items, copy.bytes);
            tx.put(Space::Map, key, backup.encode());
        }
        Goal::Table(address, _) => {
            let mut table = table_in_tx(tx, address).await?;
            table.restored.iter_mut().for_each(|restored| restored.in_progress = false);
            tx.put(Space::Map, keys::table(address), table.encode());
        }
    }
    release_in_tx(tx, target, &copy).await
}

/// Ends a copy that cannot be finished. A backup stays for a day, as one that is gone; a table that was
/// being restored goes with what it has.
async fn give_up_in_tx(tx: &mut Tx, target: u64, stale: &CopyRecord, gone: Timestamp) -> Result<(), Error> {
    let place = keys::copy(target);
    let Some(record) = tx.get(Space::Map, &place).await? else { return Ok(()) };
    if decode::<CopyRecord>(&place, &record)? != *stale {
        return Ok(());
    }
    match &stale.goal {
        Goal::Backup(address) => {
            let (key, mut backup) = backup_in_tx(tx, address).await?;
            (backup.state, backup.expires_at) = (BackupState::Failed, Some(gone));
            tx.put(Space::Map, key, backup.encode());
            leave_in_tx(tx, Garbage::Items(target));
        }
        // It has had no writes of its own, so no stream and no journal either.
        Goal::Table(address, _) => {
            let table = table_in_tx(tx, address).await?;
            leave_contents_in_tx(tx, &table, false);
            tx.delete(Space::Map, keys::table(address));
        }
    }
    release_in_tx(tx, target, stale).await
}

/// Lets go of what a copy has held on to.
async fn release_in_tx(tx: &mut Tx, target: u64, copy: &CopyRecord) -> Result<(), Error> {
    if let Goal::Table(_, Some(source)) = &copy.goal {
        let (key, mut backup) = backup_in_tx(tx, source).await?;
        backup.restores = backup.restores.saturating_sub(1);
        tx.put(Space::Map, key, backup.encode());
    }
    if let Some(undo) = &copy.undo {
        let mut table = table_in_tx(tx, &undo.table).await?;
        if table.copies.contains(&undo.journal) {
            table.copies.retain(|journal| *journal != undo.journal);
            drop_in_tx(tx, LogId(undo.journal)).await?;
        }
        if let Some(recovery) = table.recovery.as_mut().filter(|recovery| recovery.journal == undo.journal) {
            recovery.restores = recovery.restores.saturating_sub(1);
        }
        tx.put(Space::Map, keys::table(&undo.table), table.encode());
    }
    leave_in_tx(tx, Garbage::Undone(target));
    tx.delete(Space::Map, keys::copy(target));
    Ok(())
}
