//! The crate's invariants as predicates: for `tidegate check`, the tests and the simulation.

use std::collections::HashMap;

use tidegate_store::{KeyRange, Order, Page, Position, Snapshot, Space};

use crate::error::{corrupt, decode};
use crate::records::{Meta, Place};
use crate::{LogError, LogId, keys};

/// Reads every log record's key in a view and says what is wrong with it: LOG-1 and LOG-3.
///
/// # Errors
/// What the store answers; [`tidegate_store::StoreError::Corrupt`] for bytes that are no record.
pub async fn violations(view: &dyn Snapshot) -> Result<Vec<String>, LogError> {
    let known = known_generations(view).await?;
    let mut violations = Vec::new();
    let mut rest = KeyRange::prefix(&keys::all_records());
    loop {
        let entries = view.scan(Space::Log, &rest, Order::Ascending, Page::of(1000)).await?;
        let Some(last) = entries.last() else { return Ok(violations) };
        rest.start = [&last.key[..], &[0]].concat().into();
        for entry in &entries {
            let place = keys::read_record(&entry.key).map_err(|error| corrupt(Space::Log, &entry.key, &error))?;
            let (log, generation, position) = place;
            match known.get(&(log, generation)) {
                None => {
                    violations.push(format!("LOG-3: {log:?} has a record at {position:?} of generation {generation}"))
                }
                Some(front) if position < *front => {
                    violations.push(format!("LOG-1: {log:?} has a record at {position:?}, before {front:?}"));
                }
                Some(_) => {}
            }
        }
    }
}

/// The generations under which records may lie, and from where on.
async fn known_generations(view: &dyn Snapshot) -> Result<HashMap<(LogId, u32), Position>, LogError> {
    let mut known = HashMap::new();
    let mut rest = KeyRange::prefix(&keys::all_metas());
    while let Some((key, value)) = next(view, &mut rest).await? {
        let log = keys::read_meta(&key).map_err(|error| corrupt(Space::Map, &key, &error))?;
        decode::<Meta>(&key, &value)?;
        let (generation, watermark) = crate::logs::place(view, log).await?;
        known.insert((log, generation), watermark);
    }
    let mut rest = KeyRange::prefix(&keys::all_garbage());
    while let Some((key, value)) = next(view, &mut rest).await? {
        let place = keys::read_garbage(&key).map_err(|error| corrupt(Space::Map, &key, &error))?;
        known.insert(place, decode::<Place>(&key, &value)?.from);
    }
    Ok(known)
}

/// The first entry of a range, which then begins behind it.
async fn next(view: &dyn Snapshot, rest: &mut KeyRange) -> Result<Option<(bytes::Bytes, bytes::Bytes)>, LogError> {
    let entries = view.scan(Space::Map, rest, Order::Ascending, Page::of(1)).await?;
    let Some(entry) = entries.into_iter().next() else { return Ok(None) };
    rest.start = [&entry.key[..], &[0]].concat().into();
    Ok(Some((entry.key, entry.record.value)))
}
