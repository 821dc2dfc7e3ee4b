use std::sync::Arc;

use bytes::Bytes;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Page, Space, StoreError, Tx};
use tidegate_workers::{Next, Worker};

use super::damage;
use crate::domain::{IndexState, Table};
use crate::error::Error;
use crate::ops::{behind, enter_expiry_in_tx, enter_in_tx};
use crate::service::DynamoDb;
use crate::store::keys::Place;
use crate::store::{ItemRecord, Known, decode, keys};

/// The most that one step enters.
const STEP: Page = Page { entries: 200, bytes: 2 * 1024 * 1024 };

/// Enters the items that were there before an index, or a time to live, into it.
///
/// How far it is, is stored with each step, so it goes on where it was after a restart. Each item
/// that a step enters is one that its commit depends on: a write that comes in between makes the step
/// run again, and what it enters is never out of date.
pub struct Backfill(Arc<DynamoDb>);

impl Backfill {
    /// The backfill of a service.
    pub fn new(dynamodb: Arc<DynamoDb>) -> Backfill {
        Backfill(dynamodb)
    }
}

/// What is to be filled: an index, or the time to live.
#[derive(Debug, Clone, Copy)]
enum Lacking {
    Index(u32),
    Ttl(u32),
}

impl Lacking {
    fn first(table: &Table) -> Option<Lacking> {
        let index = table.indexes.iter().find(|index| index.state == IndexState::Backfilling);
        let ttl = table.ttl.as_ref().filter(|ttl| ttl.state == IndexState::Backfilling);
        index.map(|index| Lacking::Index(index.id)).or(ttl.map(|ttl| Lacking::Ttl(ttl.id)))
    }

    fn id(self) -> u32 {
        match self {
            Lacking::Index(id) | Lacking::Ttl(id) => id,
        }
    }

    /// The table with this one filled.
    fn filled(self, table: &Table) -> Table {
        let mut table = table.clone();
        match self {
            Lacking::Index(id) => {
                let index = table.indexes.iter_mut().find(|index| index.id == id);
                index.into_iter().for_each(|index| index.state = IndexState::Active);
            }
            Lacking::Ttl(_) => table.ttl.iter_mut().for_each(|ttl| ttl.state = IndexState::Active),
        }
        table
    }
}

impl Worker for Backfill {
    type Error = Error;

    fn name(&self) -> &'static str {
        "dynamodb backfill"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        for known in self.0.directory.all()? {
            if let Some(lacking) = Lacking::first(&known.table) {
                self.step(&known, lacking).await?;
                return Ok(Next::Again);
            }
        }
        Ok(Next::OnHint)
    }
}

impl Backfill {
    async fn step(&self, known: &Arc<Known>, lacking: Lacking) -> Result<(), Error> {
        let step = self.0.transact(&[], async |tx: &mut Tx| step_in_tx(tx, &self.0, known, lacking).await).await?;
        damage::passed_over(self.name(), &step.value);
        Ok(())
    }
}

/// Enters a page of items; the keys of those that cannot be read, which the index will lack.
async fn step_in_tx(tx: &mut Tx, dynamodb: &DynamoDb, stale: &Known, lacking: Lacking) -> Result<Vec<Bytes>, Error> {
    // The table may have changed since; another look comes with the hint of that change.
    let Some(known) = dynamodb.directory.get(&stale.address)? else { return Ok(Vec::new()) };
    if known.version != stale.version {
        return Ok(Vec::new());
    }
    known.check_in_tx(tx);
    let table = &known.table;
    let progress = keys::backfill(table.id, lacking.id());
    let all = Place::Items(table.id).all();
    let range = match tx.get(Space::Map, &progress).await? {
        Some(record) => KeyRange::prefix_from(&all, behind(&record.value)),
        None => KeyRange::prefix(&all),
    };
    let (entries, damaged) = damage::scan_in_tx(tx, &range, STEP).await?;
    let Some(last) = damage::last_of(&entries, damaged.as_ref()) else {
        tx.delete(Space::Map, progress);
        tx.put(Space::Map, keys::table(&known.address), lacking.filled(table).encode());
        return Ok(Vec::new());
    };
    let mut passed_over: Vec<Bytes> = damaged.into_iter().collect();
    for entry in entries {
        match enter(tx, table, lacking, &entry.key).await {
            Ok(()) => {}
            Err(error) if error.is_damage() => passed_over.push(entry.key),
            Err(error) => return Err(error),
        }
    }
    tx.put(Space::Map, progress, last);
    Ok(passed_over)
}

/// An item without its own key was damaged in a way that its form does not show.
pub(super) fn not_an_item(key: &Bytes) -> StoreError {
    StoreError::Corrupt { space: Space::Map, key: key.clone(), what: "an item without its key".into() }
}

async fn enter(tx: &mut Tx, table: &Table, lacking: Lacking, key: &Bytes) -> Result<(), Error> {
    let Some(record) = tx.get(Space::Map, key).await? else { return Ok(()) };
    let item = decode::<ItemRecord>(key, &record)?.0.into_owned();
    let item_key = table.keys.of_item(&item).map_err(|_| not_an_item(key))?;
    match lacking {
        Lacking::Index(id) => {
            if let Some(index) = table.indexes.iter().find(|index| index.id == id) {
                enter_in_tx(tx, table, index, &item_key, &item);
            }
        }
        Lacking::Ttl(_) => enter_expiry_in_tx(tx, table, &item_key, &item),
    }
    Ok(())
}
