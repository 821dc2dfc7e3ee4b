//! What queries and scans share: one pass over a range of items or index entries, a page at a time.

use bytes::Bytes;
use tidegate_store::{KeyRange, Order, Page, Snapshot, Space};

use super::get_item::read;
use crate::domain::expression::{Condition, Projection, holds};
use crate::domain::{Index, IndexState, Item, KeyParts, MAX_PAGE, Misuse, Projected, Table, item_size, read_units};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::keys::Place;
use crate::store::{Known, StoredItem, keys, stored_item};
use crate::wire::{Answered, Consumed};

/// How many entries are taken from the store at once. Their bytes are bounded too.
const STEP: usize = 256;

/// A table, or an index of it, to read from.
pub(crate) struct Target<'a> {
    pub known: &'a Known,
    pub index: Option<&'a Index>,
}

impl<'a> Target<'a> {
    /// The table, or its index of this name.
    pub(crate) fn new(known: &'a Known, index: Option<&str>, consistent: bool) -> Result<Target<'a>, Misuse> {
        let Some(name) = index else { return Ok(Target { known, index: None }) };
        let missing = || Misuse::new(format!("The table does not have the specified index: {name}"));
        let index = known.table.index(name).ok_or_else(missing)?;
        if index.global && consistent {
            return Err(Misuse::new("Consistent reads are not supported on global secondary indexes"));
        }
        if index.state == IndexState::Backfilling {
            return Err(Misuse::new(format!("Cannot read from backfilling global secondary index: {name}")));
        }
        Ok(Target { known, index: Some(index) })
    }

    pub(crate) fn table(&self) -> &'a Table {
        &self.known.table
    }

    /// The key that it is sorted by.
    pub(crate) fn keys(&self) -> KeyParts<'a> {
        self.index.map_or(self.known.table.keys.as_parts(), |index| index.keys.as_parts())
    }

    /// Where it lies.
    pub(crate) fn place(&self) -> Place {
        match self.index {
            Some(index) => Place::Entries(self.table().id, index.id),
            None => Place::Items(self.table().id),
        }
    }

    /// The store's key that an exclusive start key names.
    pub(crate) fn start(&self, key: &Item) -> Result<Bytes, Misuse> {
        let invalid = |words: &str| Misuse::new(format!("The provided starting key is invalid{words}"));
        let mismatch = || invalid(": The provided key element does not match the schema");
        let only = |schema: KeyParts<'_>| -> Item {
            key.iter().filter(|(name, _)| schema.has(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        let table = &self.table().keys;
        let item = table.of_request(&only(table.as_parts())).map_err(|_| mismatch())?;
        match self.index {
            None if key.len() == table.parts().count() => Ok(keys::item(self.table().id, &item)),
            None => Err(mismatch()),
            Some(index) => {
                let entry = index.keys.of_request(&only(index.keys.as_parts())).ok_or_else(|| invalid(""))?;
                if !key.keys().all(|name| table.has(name) || index.keys.has(name)) {
                    return Err(invalid(""));
                }
                Ok(keys::entry(self.table().id, index.id, &entry, &item))
            }
        }
    }

    /// The start key that goes on behind an item.
    fn after(&self, item: &Item) -> Item {
        let is_key = |name: &str| self.table().keys.has(name) || self.keys().has(name);
        item.iter().filter(|(name, _)| is_key(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// What is shown of the items that are found.
pub(crate) enum Shown {
    /// How many there are.
    Count,
    /// What stands where the pass goes.
    Stored,
    /// A part of it.
    Part(Projection),
    /// The item itself, or a part of it, where an index does not hold all that is wanted.
    Fetched(Option<Projection>),
}

/// Decides what is shown, from `Select` and the projection.
pub(crate) fn shown(
    target: &Target<'_>,
    select: Option<&str>,
    projection: Option<Projection>,
    parameter: &str,
) -> Result<Shown, Misuse> {
    if let (Some(select @ ("COUNT" | "ALL_ATTRIBUTES" | "ALL_PROJECTED_ATTRIBUTES")), Some(_)) = (select, &projection) {
        let what = if select == "COUNT" { "only the Count" } else { select };
        return Err(Misuse::new(format!("Cannot specify the {parameter} when choosing to get {what}")));
    }
    match (select, target.index) {
        (Some("COUNT"), _) => Ok(Shown::Count),
        (Some("SPECIFIC_ATTRIBUTES"), _) if projection.is_none() => Err(Misuse::new(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        )),
        (Some("ALL_PROJECTED_ATTRIBUTES"), None) => {
            Err(Misuse::new("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"))
        }
        (Some("ALL_ATTRIBUTES"), Some(index)) if index.projected != Projected::All => match index.global {
            true => Err(Misuse::parameter(format!(
                "Select type ALL_ATTRIBUTES is not supported for global secondary index {} because its projection type is not ALL",
                index.name
            ))),
            false => Ok(Shown::Fetched(None)),
        },
        (_, Some(index)) => match projection {
            None => Ok(Shown::Stored),
            Some(projection) => part_of_index(target, index, projection),
        },
        (_, None) => Ok(projection.map_or(Shown::Stored, Shown::Part)),
    }
}

fn part_of_index(target: &Target<'_>, index: &Index, projection: Projection) -> Result<Shown, Misuse> {
    let keys = &target.table().keys;
    let lacking: Vec<&str> = projection.attributes().filter(|name| !index.holds(keys, name)).collect();
    match (lacking.is_empty(), index.global) {
        (true, _) => Ok(Shown::Part(projection)),
        (false, false) => Ok(Shown::Fetched(Some(projection))),
        (false, true) => Err(Misuse::parameter(format!(
            "Global secondary index {} does not project [{}]",
            index.name,
            lacking.join(", ")
        ))),
    }
}

/// One pass.
pub(crate) struct Walk<'a> {
    pub target: Target<'a>,
    pub range: KeyRange,
    pub order: Order,
    /// The most entries that are looked at.
    pub limit: Option<usize>,
    pub filter: Option<Condition>,
    pub shown: Shown,
    pub consistent: bool,
}

/// What a pass found.
#[derive(Default)]
pub(crate) struct Found {
    pub items: Vec<Answered>,
    pub count: usize,
    pub scanned: usize,
    /// From where the next page goes on; absent at the end.
    pub last: Option<Item>,
    pub consumed: Consumed,
}

impl Walk<'_> {
    /// Goes on behind a start key.
    pub(crate) fn start_behind(&mut self, key: &Item) -> Result<(), Misuse> {
        let start = self.target.start(key)?;
        if !self.range.contains(&start) {
            return Err(Misuse::new(
                "The provided starting key is outside query boundaries based on provided conditions",
            ));
        }
        match self.order {
            Order::Ascending => self.range.start = behind(&start),
            Order::Descending => self.range.end = Some(start),
        }
        Ok(())
    }

    /// Makes the pass over what is durable.
    pub(crate) async fn run(mut self, dynamodb: &DynamoDb) -> Result<Found, Error> {
        dynamodb.admit_read(self.target.known, self.target.index)?;
        let view = dynamodb.store.snapshot()?;
        let (mut found, mut bytes, mut fetched) = (Found::default(), 0, 0);
        'pages: while !self.range.is_empty() {
            let left = self.limit.map_or(STEP, |limit| STEP.min(limit - found.scanned));
            let page = Page { entries: left, bytes: MAX_PAGE };
            let (items, last) = self.page(&*view, page).await?;
            for item in items {
                bytes += item.size();
                found.scanned += 1;
                let full = bytes >= MAX_PAGE || self.limit == Some(found.scanned);
                if full {
                    found.last = Some(self.target.after(&item.item()));
                }
                fetched += self.take(&*view, item, &mut found).await?;
                if full {
                    break 'pages;
                }
            }
            // A page that is not full was the last. Most queries are spared another look at the store by this, which
            // would cost as much as the first.
            let Some(last) = last else { break };
            match self.order {
                Order::Ascending => self.range.start = behind(&last),
                Order::Descending => self.range.end = Some(last),
            }
        }
        self.account(&mut found, bytes, fetched);
        dynamodb.charge_read(self.target.known, &found.consumed)?;
        Ok(found)
    }

    /// The next items, and the last one's key if there may be more.
    async fn page(&self, view: &dyn Snapshot, page: Page) -> Result<(Vec<StoredItem>, Option<Bytes>), Error> {
        let mut items = Vec::new();
        let mut corrupt = None;
        let each = &mut |key: &[u8], record| match stored_item(key, record) {
            Ok(item) => items.push(item),
            Err(error) => corrupt = Some(error),
        };
        let last = view.browse(Space::Map, &self.range, self.order, page, each).await?;
        match corrupt {
            None => Ok((items, last)),
            Some(error) => Err(error.into()),
        }
    }

    /// Takes an entry into the answer if it passes the filter; what was fetched for it, in half units.
    async fn take(&self, view: &dyn Snapshot, entry: StoredItem, found: &mut Found) -> Result<u64, Error> {
        if let (Shown::Stored, None) = (&self.shown, &self.filter) {
            found.count += 1;
            found.items.push(Answered::Stored(entry));
            return Ok(0);
        }
        let mut fetched = 0;
        let mut item = entry.item();
        if let Shown::Fetched(_) = self.shown {
            let key = self.target.table().keys.of_item(&item)?;
            item = read(view, self.target.table(), &key).await?.unwrap_or(item);
            fetched = read_units(item_size(&item), self.consistent);
        }
        if self.filter.as_ref().is_some_and(|filter| !holds(filter, &item)) {
            return Ok(fetched);
        }
        found.count += 1;
        match &self.shown {
            Shown::Count => {}
            Shown::Stored | Shown::Fetched(None) => found.items.push(Answered::Item(item)),
            Shown::Part(projection) | Shown::Fetched(Some(projection)) => {
                found.items.push(Answered::Item(projection.of(&item)));
            }
        }
        Ok(fetched)
    }

    fn account(&self, found: &mut Found, bytes: usize, fetched: u64) {
        let halves = read_units(bytes, self.consistent);
        match self.target.index {
            None => found.consumed.table = halves,
            Some(index) => {
                found.consumed.table = fetched;
                found.consumed.add_index(&index.name, index.global, halves);
            }
        }
    }
}

/// The first key behind a key.
pub(crate) fn behind(key: &[u8]) -> Bytes {
    [key, &[0]].concat().into()
}
