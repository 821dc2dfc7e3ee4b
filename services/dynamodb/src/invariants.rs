//! What always holds of the records of tables, for tests, the simulator and `tidegate check`.
//!
//! - DDB-1: an active index holds, for each item that has its key, exactly what it projects of it, and
//!   nothing else.
//! - DDB-2: a table with an active time to live knows of each item when it expires, and of nothing
//!   else.
//! - DDB-3: every record of a table or an item can be read, and an item lies under its own key.
//! - DDB-4: the open shards of a table's stream are those that writers know of, and together take every
//!   hash once.
//! - DDB-5: backups, and copies under way, know of each other, and a backup has what it says.

mod backups;

use std::collections::BTreeSet;

use tidegate_record::Stored;
use tidegate_store::{Entry, KeyRange, Order, Page, Snapshot, Space, StoreError};

use crate::domain::{IndexState, Item, Key, Table};
use crate::ops::behind;
use crate::store::keys::Place;
use crate::store::{ItemRecord, StreamRecord, corrupt, keys};

const PAGE: Page = Page::of(500);

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant does not hold, such as `DDB-1`.
    pub invariant: &'static str,
    /// What was found.
    pub what: String,
}

fn violation(invariant: &'static str, what: String) -> Violation {
    Violation { invariant, what }
}

/// Checks all records of tables. Its memory does not depend on how much there is.
///
/// # Errors
/// What reading the store answers.
pub async fn check_store(view: &dyn Snapshot) -> Result<Vec<Violation>, StoreError> {
    let mut found = Vec::new();
    let copies = backups::Copies::read(view, &mut found).await?;
    let mut tables = Pages::new(KeyRange::prefix(&keys::tables()));
    while let Some(entry) = tables.next(view).await? {
        if let Some(table) = readable::<Table>(&entry, &mut found) {
            check_table(view, &table, &mut found).await?;
            copies.check_table(&table, &mut found);
            check_shards(view, &entry, &table, &mut found).await?;
        }
    }
    copies.check_backups(view, &mut found).await?;
    Ok(found)
}

fn readable<T: Stored>(entry: &Entry, found: &mut Vec<Violation>) -> Option<T> {
    let read = T::decode(&entry.record.value);
    if let Err(error) = &read {
        found.push(violation("DDB-3", format!("{} {:02x?} cannot be read: {error}", T::NAME, entry.key)));
    }
    read.ok()
}

async fn check_shards(
    view: &dyn Snapshot,
    entry: &Entry,
    table: &Table,
    found: &mut Vec<Violation>,
) -> Result<(), StoreError> {
    let Some(stream) = &table.stream else { return Ok(()) };
    let address = keys::address_of(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
    let key = keys::stream(&address, &stream.label);
    let Some(record) = view.get(Space::Map, &key).await? else {
        found.push(violation("DDB-4", format!("table {address} has no stream {}", stream.label)));
        return Ok(());
    };
    let Some(record) = readable::<StreamRecord>(&Entry { key, record }, found) else { return Ok(()) };
    let open = record.shards.iter().filter(|shard| shard.closed_at.is_none()).map(|shard| shard.name.log);
    let (open, known): (BTreeSet<_>, BTreeSet<_>) =
        (open.collect(), stream.shards.iter().map(|open| open.log).collect());
    let is_sorted = stream.shards.is_sorted_by(|before, after| before.from < after.from);
    if open != known || !is_sorted || stream.shards[0].from != 0 {
        found.push(violation("DDB-4", format!("of {address} {open:?} are open, while {:?} is known", stream.shards)));
    }
    Ok(())
}

async fn check_table(view: &dyn Snapshot, table: &Table, found: &mut Vec<Violation>) -> Result<(), StoreError> {
    let mut expected: Vec<(u32, usize)> = table.indexes.iter().map(|index| (index.id, 0)).collect();
    let mut expiries = 0;
    let mut items = Pages::new(KeyRange::prefix(&Place::Items(table.id).all()));
    while let Some(entry) = items.next(view).await? {
        let Some(ItemRecord(item)) = readable(&entry, &mut *found) else { continue };
        let Ok(key) = table.keys.of_item(&item) else {
            found.push(violation("DDB-3", format!("an item of table {} has no key: {item:?}", table.id)));
            continue;
        };
        if keys::item(table.id, &key) != entry.key {
            found.push(violation(
                "DDB-3",
                format!("an item of table {} lies under another one's key: {item:?}", table.id),
            ));
        }
        for (index, (_, count)) in table.indexes.iter().zip(&mut expected) {
            let Some((index_key, projected)) = index.entry(&table.keys, &item) else { continue };
            *count += 1;
            let place = keys::entry(table.id, index.id, &index_key, &key);
            let stored = view.get(Space::Map, &place).await?;
            let right = ItemRecord::from(&projected).encode();
            if index.state == IndexState::Active && stored.map(|record| record.value) != Some(right) {
                found.push(violation("DDB-1", format!("index {} lacks or misrepresents {item:?}", index.name)));
            }
        }
        expiries += check_expiry(view, table, &key, &item, found).await?;
    }
    for (index, (_, count)) in table.indexes.iter().zip(&expected) {
        let present = count_of(view, &Place::Entries(table.id, index.id).all()).await?;
        if present > *count || (index.state == IndexState::Active && present != *count) {
            found.push(violation("DDB-1", format!("index {} holds {present} entries of {count}", index.name)));
        }
    }
    if let Some(ttl) = &table.ttl {
        let present = count_of(view, &keys::expiries(table.id, ttl.id)).await?;
        if present > expiries || (ttl.state == IndexState::Active && present != expiries) {
            found.push(violation("DDB-2", format!("table {} knows {present} expiries of {expiries}", table.id)));
        }
    }
    Ok(())
}

/// Whether an item expires: one if it does.
async fn check_expiry(
    view: &dyn Snapshot,
    table: &Table,
    key: &Key,
    item: &Item,
    found: &mut Vec<Violation>,
) -> Result<usize, StoreError> {
    let (Some(ttl), Some(second)) = (&table.ttl, table.expiry(item)) else { return Ok(0) };
    let place = keys::expiry(table.id, ttl.id, second, key);
    if ttl.state == IndexState::Active && view.get(Space::Map, &place).await?.is_none() {
        found.push(violation("DDB-2", format!("table {} does not know when {item:?} expires", table.id)));
    }
    // Keys must be readable too: the expiry worker finds its items by them.
    keys::read_expiry(&place, &keys::expiries(table.id, ttl.id), &table.keys)
        .map_err(|error| corrupt(Space::Map, &place, &error))?;
    Ok(1)
}

async fn count_of(view: &dyn Snapshot, prefix: &[u8]) -> Result<usize, StoreError> {
    let (mut pages, mut count) = (Pages::new(KeyRange::prefix(prefix)), 0);
    while pages.next(view).await?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// A range, entry by entry.
struct Pages {
    range: KeyRange,
    page: std::vec::IntoIter<Entry>,
}

impl Pages {
    fn new(range: KeyRange) -> Pages {
        Pages { range, page: Vec::new().into_iter() }
    }

    async fn next(&mut self, view: &dyn Snapshot) -> Result<Option<Entry>, StoreError> {
        if let Some(entry) = self.page.next() {
            return Ok(Some(entry));
        }
        let entries = view.scan(Space::Map, &self.range, Order::Ascending, PAGE).await?;
        let Some(last) = entries.last() else { return Ok(None) };
        self.range.start = behind(&last.key);
        self.page = entries.into_iter();
        Ok(self.page.next())
    }
}
