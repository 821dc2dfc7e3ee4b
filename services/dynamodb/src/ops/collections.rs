//! Item collections: the items of one partition key, with their entries in local indexes.

use tidegate_api_dynamodb::ItemCollectionMetrics;
use tidegate_store::{KeyRange, Order, Page, Space};

use super::reading::behind;
use crate::domain::{Key, Table, item_size};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::keys::Place;
use crate::store::{ItemRecord, decode};
use crate::wire;

/// How many entries are looked at at once.
const STEP: usize = 1000;
const GIB: u64 = 1 << 30;

/// The collection of a key, if that was asked for and the table has local indexes: only there AWS
/// bounds collections, and measures them. It is measured when asked, which costs reading all of it,
/// because a running sum for each partition key would make every write of a table pay.
pub(crate) async fn metrics(
    dynamodb: &DynamoDb,
    table: &Table,
    key: &Key,
    wish: Option<&str>,
) -> Result<Option<ItemCollectionMetrics>, Error> {
    if wish != Some("SIZE") || table.indexes.iter().all(|index| index.global) {
        return Ok(None);
    }
    let lower = (bytes(dynamodb, table, key).await? / GIB) as f64;
    let partition = (table.keys.partition.name.clone(), key.partition.clone());
    Ok(Some(ItemCollectionMetrics {
        item_collection_key: Some(wire::wire_item([partition].into())),
        size_estimate_range_gb: Some(vec![lower, lower + 1.0]),
    }))
}

async fn bytes(dynamodb: &DynamoDb, table: &Table, key: &Key) -> Result<u64, Error> {
    let view = dynamodb.store.snapshot()?;
    let local = table.indexes.iter().filter(|index| !index.global);
    let places = std::iter::once(Place::Items(table.id)).chain(local.map(|index| Place::Entries(table.id, index.id)));
    let mut bytes = 0;
    for place in places {
        let mut range = KeyRange::prefix(place.partition(&key.partition).as_ref());
        loop {
            let entries = view.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
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
