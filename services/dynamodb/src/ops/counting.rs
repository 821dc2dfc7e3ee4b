//! How many items a table and its indexes hold, and their bytes.
//!
//! AWS counts every six hours. Here a description of up to [`FRESH`] entries is counted anew each time, so
//! that tests see what they wrote. Beyond that, each description counts on where the last one stopped, a
//! bounded number of entries, and shows the last count that came to its end: a running sum would make all
//! writers of a table meet at one record, and a count of ten million items at once would take seconds.

use std::collections::HashMap;

use bytes::Bytes;
use parking_lot::Mutex;
use tidegate_store::{KeyRange, Order, Page, Snapshot, Space};

use super::reading::behind;
use crate::domain::{Table, item_size};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::keys::Place;
use crate::store::{ItemRecord, decode};
use crate::wire::{Counted, Measure};

/// So many entries are counted anew for each description.
const FRESH: usize = 10_000;
/// So many more are counted for each description of a larger table.
const STRIDE: usize = 100_000;

/// The counts of large tables and indexes that are under way, by where the entries lie.
#[derive(Default)]
pub(crate) struct Counts(Mutex<HashMap<Bytes, Count>>);

/// A count that is under way.
#[derive(Default)]
struct Count {
    /// The last one that came to its end.
    done: Option<Measure>,
    so_far: Measure,
    /// Where it goes on; at the beginning if nothing is there.
    next: Option<Bytes>,
}

/// The counts of a table and its indexes.
pub(crate) async fn counted(dynamodb: &DynamoDb, table: &Table) -> Result<Counted, Error> {
    let view = dynamodb.store.snapshot()?;
    let mut counted = Counted::from(measure(dynamodb, &*view, Place::Items(table.id)).await?);
    for index in &table.indexes {
        let measure = measure(dynamodb, &*view, Place::Entries(table.id, index.id)).await?;
        counted.indexes.insert(index.id, measure);
    }
    Ok(counted)
}

async fn measure(dynamodb: &DynamoDb, view: &dyn Snapshot, place: Place) -> Result<Measure, Error> {
    let all = place.all();
    let counts = &dynamodb.counts.0;
    let mut range = KeyRange::prefix(&all);
    let mut first = Measure::default();
    if count(view, &mut range, FRESH, &mut first).await? {
        counts.lock().remove(&all);
        return Ok(first);
    }
    // Who describes the same table meanwhile begins anew; the last to come back is remembered.
    let mut state = counts.lock().remove(&all).unwrap_or_default();
    match state.next.take() {
        Some(next) => range.start = next,
        None => state.so_far = first,
    }
    if count(view, &mut range, STRIDE, &mut state.so_far).await? {
        state.done = Some(state.so_far);
    } else {
        state.next = Some(range.start);
    }
    let shown = state.done.unwrap_or(state.so_far);
    counts.lock().insert(all, state);
    Ok(shown)
}

/// Counts up to `limit` entries from the beginning of a range, which it moves; whether that was all.
async fn count(view: &dyn Snapshot, range: &mut KeyRange, limit: usize, sum: &mut Measure) -> Result<bool, Error> {
    let mut left = limit;
    while left > 0 {
        let page = left.min(FRESH);
        let entries = view.scan(Space::Map, range, Order::Ascending, Page::of(page)).await?;
        for entry in &entries {
            sum.items += 1;
            // One that cannot be read is one too; whoever asks for it is told.
            if let Ok(item) = decode::<ItemRecord>(&entry.key, &entry.record) {
                sum.bytes += i64::try_from(item_size(&item.0)).unwrap_or(i64::MAX);
            }
        }
        let Some(last) = entries.last() else { return Ok(true) };
        range.start = behind(&last.key);
        left = left.saturating_sub(entries.len());
    }
    let more = view.scan(Space::Map, range, Order::Ascending, Page::of(1)).await?;
    Ok(more.is_empty())
}
