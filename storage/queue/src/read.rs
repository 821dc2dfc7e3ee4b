//! Reading from disk into an index; see `index/reading.rs` for the rules.

use std::sync::Arc;

use bytes::Bytes;
use tidegate_store::{Entry, KeyRange, Order, Page, Snapshot, Space, Store, StoreError};

use crate::index::{DueKey, DueRead, LaneRead, LanesRead, Waiting};
use crate::keys::FoldedKey;
use crate::records::{Body, Due, decode};
use crate::state::QueueState;
use crate::{Lease, QueueError, keys};

/// A snapshot that contains everything that a queue's index knows at the time of the call.
pub(crate) async fn snapshot_of(store: &dyn Store, state: &QueueState) -> Result<Arc<dyn Snapshot>, QueueError> {
    let applied = state.with(|index| index.applied());
    let snapshot = store.snapshot()?;
    if snapshot.sequence() >= applied {
        return Ok(snapshot);
    }
    store.durable(applied).await?;
    Ok(store.snapshot()?)
}

/// Ends a read that was not finished: its future was dropped, or it failed.
struct Unfinished<'a>(&'a QueueState);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.with(|index| index.abandon_read());
    }
}

/// Reads on in a lane until its window has as many messages as are `wanted`, a page at most.
pub(crate) async fn lane(store: &dyn Store, state: &QueueState, lane: &Bytes, wanted: usize) -> Result<(), QueueError> {
    let _turn = state.reading.lock().await;
    let begun = state.with(|index| Some((index.generation(), index.begin_lane_read(lane, wanted)?)));
    let Some((generation, LaneRead { lane, from, page })) = begun else { return Ok(()) };
    let _unfinished = Unfinished(state);
    let snapshot = snapshot_of(store, state).await?;
    let start = keys::lane_from(state.id, generation, &lane, from);
    let range = KeyRange::prefix_from(&keys::lane(state.id, generation, &lane), start.into());
    let entries =
        snapshot.scan(Space::Queue, &range, Order::Ascending, Page { entries: page, bytes: usize::MAX }).await?;
    let found = entries.iter().map(read_lease).collect::<Result<Vec<_>, _>>()?;
    store.durable(snapshot.sequence()).await?;
    // Short of entries with no limit on bytes, so there are no more.
    let exhausted = found.len() < page;
    state.with(|index| index.finish_lane_read(found, exhausted));
    Ok(())
}

/// Bodies are read for the lanes that they name, so a page may be large.
const LANES_PAGE_BYTES: usize = 4 << 20;

/// Looks for lanes that are not in memory, from their lowest message on, a page at most.
pub(crate) async fn lanes(store: &dyn Store, state: &QueueState, horizon: u64) -> Result<(), QueueError> {
    let _turn = state.reading.lock().await;
    let begun = state.with(|index| Some((index.generation(), index.begin_lanes_read(horizon)?)));
    let Some((generation, LanesRead { from, page })) = begun else { return Ok(()) };
    let _unfinished = Unfinished(state);
    let snapshot = snapshot_of(store, state).await?;
    let range =
        KeyRange::prefix_from(&keys::bodies(state.id, generation), keys::body(state.id, generation, from).into());
    let page = Page { entries: page, bytes: LANES_PAGE_BYTES };
    let entries = snapshot.scan(Space::Log, &range, Order::Ascending, page).await?;
    let found = entries.iter().map(read_body_lane).collect::<Result<Vec<_>, _>>()?;
    store.durable(snapshot.sequence()).await?;
    state.with(|index| index.finish_lanes_read(&found));
    Ok(())
}

fn read_body_lane(entry: &Entry) -> Result<(u64, Bytes), StoreError> {
    let position = *entry.key.last_chunk().expect("the key of a body ends with its position");
    let Body { lane, .. } = decode(Space::Log, &entry.key, &entry.record)?;
    Ok((u64::from_be_bytes(position), lane))
}

/// Reads delayed messages that are due, a page at most.
pub(crate) async fn dues(store: &dyn Store, state: &QueueState) -> Result<(), QueueError> {
    let _turn = state.reading.lock().await;
    let begun = state.with(|index| Some((index.generation(), index.begin_due_read()?)));
    let Some((generation, DueRead { from: (due, position), page })) = begun else { return Ok(()) };
    let _unfinished = Unfinished(state);
    let snapshot = snapshot_of(store, state).await?;
    let start = keys::due(state.id, generation, due, position);
    let range = KeyRange::prefix_from(&keys::dues(state.id, generation), start);
    let entries =
        snapshot.scan(Space::Queue, &range, Order::Ascending, Page { entries: page, bytes: usize::MAX }).await?;
    let found = entries.iter().map(read_due).collect::<Result<Vec<_>, _>>()?;
    store.durable(snapshot.sequence()).await?;
    let exhausted = found.len() < page;
    state.with(|index| index.finish_due_read(found, exhausted));
    Ok(())
}

fn read_lease(entry: &Entry) -> Result<(u64, Lease), StoreError> {
    let corrupt = |error| keys::corrupt(Space::Queue, &entry.key, &error);
    match keys::read_folded(&entry.key).map_err(corrupt)? {
        FoldedKey::Lease(key) => Ok((key.position.0, decode(Space::Queue, &entry.key, &entry.record)?)),
        _ => unreachable!("the range holds leases only"),
    }
}

fn read_due(entry: &Entry) -> Result<(DueKey, Waiting), StoreError> {
    let corrupt = |error| keys::corrupt(Space::Queue, &entry.key, &error);
    match keys::read_folded(&entry.key).map_err(corrupt)? {
        FoldedKey::Due { due, position, .. } => {
            let Due { lane, sent_at } = decode(Space::Queue, &entry.key, &entry.record)?;
            Ok(((due, position), Waiting { lane, sent_at }))
        }
        _ => unreachable!("the range holds due entries only"),
    }
}
