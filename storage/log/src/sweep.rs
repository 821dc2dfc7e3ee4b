use tidegate_store::{Entry, KeyRange, Order, Page, Position, Space, StoreError, Tx, transact};

use crate::error::{corrupt, decode};
use crate::logs::{place_at, record};
use crate::records::Place;
use crate::trim::STEP;
use crate::{LogError, LogId, Logs, keys};

impl Logs {
    /// One bounded step of reclaiming what cleared and dropped logs held. Returns whether there is
    /// more to do. Run by one worker at a time.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn sweep(&self) -> Result<bool, LogError> {
        let step = async move |tx: &mut Tx| sweep_in_tx(tx).await;
        Ok(transact(&*self.store, &[keys::all_garbage()], step).await?.value)
    }
}

async fn sweep_in_tx(tx: &mut Tx) -> Result<bool, LogError> {
    let all = KeyRange::prefix(&keys::all_garbage());
    let first = tx.scan(Space::Map, &all, Order::Ascending, Page::of(1)).await?;
    let Some(Entry { key, record: garbage }) = first.into_iter().next() else { return Ok(false) };
    let (log, generation) = keys::read_garbage(&key).map_err(|error| corrupt(Space::Map, &key, &error))?;
    let from = decode::<Place>(&key, &garbage.value)?.from;
    match sweep_records(tx, log, generation, from).await? {
        Some(next) => tx.put(Space::Map, key, place_at(next)),
        None if sweep_traces(tx, log).await? => {}
        None => tx.delete(Space::Map, key),
    }
    Ok(true)
}

/// Deletes some records; where to go on, or `None` if there were none.
async fn sweep_records(
    tx: &mut Tx,
    log: LogId,
    generation: u32,
    from: Position,
) -> Result<Option<Position>, StoreError> {
    let range = keys::records_from(log, generation, from);
    let mut next = None;
    for entry in tx.scan(Space::Log, &range, Order::Ascending, STEP).await? {
        tx.delete(Space::Log, entry.key.clone());
        next = Some(Position(record(entry)?.position.0 + 1));
    }
    Ok(next)
}

/// Deletes the watermark and some cursors of a log, if it was dropped. Returns whether there were any.
async fn sweep_traces(tx: &mut Tx, log: LogId) -> Result<bool, StoreError> {
    if tx.get(Space::Map, &keys::meta(log)).await?.is_some() {
        return Ok(false);
    }
    tx.delete(Space::Map, keys::watermark(log));
    let cursors = KeyRange::prefix(&keys::cursors(log));
    let entries = tx.scan(Space::Map, &cursors, Order::Ascending, STEP).await?;
    for entry in &entries {
        tx.delete(Space::Map, entry.key.clone());
    }
    Ok(!entries.is_empty())
}
