//! Item collections: the items of one partition key, with their entries in local indexes.

use tidegate_api_dynamodb::ItemCollectionMetrics;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};

use super::reading::behind;
use crate::domain::{Index, Item, Key, Table, item_size};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::keys::Place;
use crate::store::{CollectionRecord, ItemRecord, Known, decode, keys};
use crate::wire;

/// How many entries are looked at at once.
const STEP: usize = 1000;
const GIB: u64 = 1 << 30;

/// The collection of a key, if that was asked for and the table has local indexes: only there AWS bounds
/// collections, and measures them.
pub(crate) async fn metrics(
    dynamodb: &DynamoDb,
    table: &Table,
    key: &Key,
    wish: Option<&str>,
) -> Result<Option<ItemCollectionMetrics>, Error> {
    if wish != Some("SIZE") || !table.bounds_collections() {
        return Ok(None);
    }
    let place = keys::collection(table.id, &key.partition);
    let record = dynamodb.store.snapshot()?.get(Space::Map, &place).await?;
    let bytes =
        record.map(|record| decode::<CollectionRecord>(&place, &record)).transpose()?.map_or(0, |size| size.bytes);
    let lower = (bytes / GIB) as f64;
    let partition = (table.keys.partition.name.clone(), key.partition.clone());
    Ok(Some(ItemCollectionMetrics {
        item_collection_key: Some(wire::wire_item([partition].into())),
        size_estimate_range_gb: Some(vec![lower, lower + 1.0]),
    }))
}

/// Changes the size of an item's collection by what a write of the item changes, and refuses to let it
/// grow beyond its bound.
///
/// The size is a record of the collection, so writes of its items take turns, which those of a table
/// without local indexes do not. A collection that has none was written by a release that kept none, or
/// by a restore: it is measured once.
pub(super) async fn resize_in_tx(
    tx: &mut Tx,
    known: &Known,
    key: &Key,
    old: Option<&Item>,
    new: Option<&Item>,
) -> Result<(), Error> {
    let table = &known.table;
    let place = keys::collection(table.id, &key.partition);
    let before = match tx.get(Space::Map, &place).await? {
        Some(record) => decode::<CollectionRecord>(&place, &record)?.bytes,
        None => measure_in_tx(tx, table, key).await?,
    };
    let (less, more) = (weight(table, old), weight(table, new));
    let bytes = (before + more).saturating_sub(less);
    if more > less && bytes > known.max_collection {
        return Err(Error::CollectionFull);
    }
    match bytes {
        0 => tx.delete(Space::Map, place),
        _ => tx.put(Space::Map, place, CollectionRecord { bytes }.encode()),
    }
    Ok(())
}

/// What an item weighs with its entries in local indexes.
fn weight(table: &Table, item: Option<&Item>) -> u64 {
    let Some(item) = item else { return 0 };
    let entry = |index: &Index| index.entry(&table.keys, item).map_or(0, |(_, entry)| item_size(&entry));
    let entries: usize = table.indexes.iter().filter(|index| !index.global).map(entry).sum();
    (item_size(item) + entries) as u64
}

async fn measure_in_tx(tx: &Tx, table: &Table, key: &Key) -> Result<u64, Error> {
    let local = table.indexes.iter().filter(|index| !index.global);
    let places = std::iter::once(Place::Items(table.id)).chain(local.map(|index| Place::Entries(table.id, index.id)));
    let mut bytes = 0;
    for place in places {
        let mut range = KeyRange::prefix(place.partition(std::slice::from_ref(&key.partition)).as_ref());
        loop {
            let entries = tx.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
            let Some(last) = entries.last() else { break };
            range.start = behind(&last.key);
            for entry in &entries {
                let item: ItemRecord = decode(&entry.key, &entry.record)?;
                bytes += item_size(&item.0) as u64;
            }
        }
    }
    Ok(bytes)
}
