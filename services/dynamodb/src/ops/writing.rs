//! The one way in which an item is written: with its index entries, its expiry and its stream record.

use std::sync::Arc;

use tidegate_log::{LogId, append_in_tx};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use tidegate_types::Timestamp;

use super::collections;
use super::metering::Paid;
use crate::domain::expression::{Condition, Update, apply, holds};
use crate::domain::{
    Index, IndexKey, Item, Key, KeySchema, MAX_ITEM, Misuse, StreamView, Table, Value, item_size, write_units,
};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::{ChangeKind, ChangeRecord, ItemRecord, Known, decode, keys};
use crate::wire::Consumed;

/// What is to become of an item.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// It becomes this one.
    Put(Arc<Item>),
    /// The one of this key is changed.
    Update(Item, Update),
    /// The one of this key is deleted.
    Delete(Item),
    /// Nothing, but its condition must hold.
    Check(Item),
}

/// A write of an item.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub change: Change,
    /// What must hold of the item.
    pub condition: Option<Condition>,
    /// Whether the item is shown if it does not.
    pub show_on_failure: bool,
}

/// What a write did.
#[derive(Debug)]
pub(crate) struct Written {
    pub old: Option<Item>,
    pub new: Option<Arc<Item>>,
    pub consumed: Consumed,
    /// What it has paid, where throughput is enforced. It is kept once the transaction has committed.
    pub paid: Option<Paid>,
}

impl Write {
    /// The key of the item.
    pub(crate) fn key(&self, schema: &KeySchema) -> Result<Key, Misuse> {
        match &self.change {
            Change::Put(item) => schema.of_item(item),
            Change::Update(key, _) | Change::Delete(key) | Change::Check(key) => schema.of_request(key),
        }
    }

    /// Refuses a key that is not of the table's form, and attributes that are not of its indexes'.
    pub(crate) fn check_form(&self, table: &Table) -> Result<(), Misuse> {
        match &self.change {
            Change::Put(item) => table.keys.values_of_item(item),
            Change::Update(key, _) | Change::Delete(key) | Change::Check(key) => table.keys.values_of_request(key),
        }?;
        match &self.change {
            Change::Put(item) => table.check_index_types(|name| item.get(name).map(Value::kind)),
            Change::Update(_, update) => table.check_index_types(|name| update.known_type(name)),
            Change::Delete(_) | Change::Check(_) => Ok(()),
        }
    }

    /// Refuses what no state of the item can make right.
    pub(crate) fn check(&self, table: &Table) -> Result<Key, Misuse> {
        let key = self.key(&table.keys)?;
        match &self.change {
            Change::Put(item) => {
                check_names(item.keys())?;
                if item_size(item) > MAX_ITEM {
                    return Err(Misuse::new("Item size has exceeded the maximum allowed size"));
                }
                table.check_indexed(item)?;
            }
            Change::Update(_, update) => {
                check_names(update.actions.iter().map(|action| &action.path.head))?;
                let touched = update.actions.iter().find(|action| table.keys.has(&action.path.head));
                if let Some(action) = touched {
                    return Err(Misuse::parameter(format!(
                        "Cannot update attribute {}. This attribute is part of the key",
                        action.path.head
                    )));
                }
                table.check_index_types(|name| update.known_type(name))?;
                update.check_scalars(table)?;
                table.check_update_of_indexed(update)?;
            }
            Change::Delete(_) | Change::Check(_) => {}
        }
        Ok(key)
    }
}

fn check_names<'a>(mut names: impl Iterator<Item = &'a String>) -> Result<(), Misuse> {
    if names.any(String::is_empty) { Err(Misuse::parameter("Empty attribute name")) } else { Ok(()) }
}

/// When and why an item changes, as its table's stream keeps it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cause<'a> {
    pub at: Timestamp,
    /// The trace of the request; none if the item has outlived itself.
    pub trace: Option<&'a str>,
    pub expired: bool,
}

/// The part of a request's trace header that a stream carries on. AWS's streams carry none. Without the lineage,
/// because AWS lets chains of functions that go through a table take as many turns as they like.
pub(crate) fn carried_trace(call: &Call) -> Option<String> {
    let fields = call.trace.as_deref()?.split(';').filter(|field| !field.trim_start().starts_with("Lineage="));
    let header = fields.collect::<Vec<_>>().join(";");
    (!header.is_empty() && header.len() <= MAX_TRACE_BYTES).then_some(header)
}

/// A header that is longer than any trace is not kept with each change.
const MAX_TRACE_BYTES: usize = 256;

/// Carries out a write of an item of `known`, whose record the transaction then depends on. It pays
/// `times` what it consumes.
pub(crate) async fn write_in_tx(
    tx: &mut Tx,
    dynamodb: &DynamoDb,
    known: &Known,
    write: &Write,
    cause: Cause<'_>,
    times: u64,
) -> Result<Written, Error> {
    known.check_in_tx(tx);
    let table = &known.table;
    let key = write.check(table)?;
    let old = read_in_tx(tx, table, &key).await?;
    if let Some(condition) = &write.condition
        && !holds(condition, old.as_ref().unwrap_or(&Item::new()))
    {
        // AWS lets a refused write pay for the item that it looked at.
        dynamodb.charge_refused_write(known, times * write_units(old.as_ref().map_or(0, item_size)))?;
        return Err(Error::ConditionFailed { item: old.filter(|_| write.show_on_failure) });
    }
    let new = match &write.change {
        Change::Put(item) => Some(item.clone()),
        Change::Delete(_) => None,
        Change::Check(_) => old.clone().map(Arc::new),
        // What takes away from an item that is not there makes none.
        Change::Update(_, update) if old.is_none() && update.only_removes() => None,
        Change::Update(_, update) => Some(Arc::new(updated(table, &key, old.as_ref(), update)?)),
    };
    let consumed = replace_in_tx(tx, known, &key, old.as_ref(), new.as_deref(), cause).await?;
    let paid = dynamodb.pay_write(known, &consumed, times)?;
    Ok(Written { old, new, consumed, paid })
}

/// The item of a key in accepted state.
pub(crate) async fn read_in_tx(tx: &mut Tx, table: &Table, key: &Key) -> Result<Option<Item>, Error> {
    let key = keys::item(table.id, key);
    match tx.get(Space::Map, &key).await? {
        Some(record) => Ok(Some(decode::<ItemRecord>(&key, &record)?.0.into_owned())),
        None => Ok(None),
    }
}

fn updated(table: &Table, key: &Key, old: Option<&Item>, update: &Update) -> Result<Item, Misuse> {
    let fresh;
    let before = match old {
        Some(item) => item,
        None => {
            fresh = table.keys.attributes(key);
            &fresh
        }
    };
    let item = apply(update, before)?;
    if item_size(&item) > MAX_ITEM {
        return Err(Misuse::new("Item size to update has exceeded the maximum allowed size"));
    }
    if item.values().any(|value| value.is_deeper_than(crate::domain::MAX_NESTING - 1)) {
        return Err(Misuse::new(
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
        ));
    }
    table.check_updated(&item)?;
    Ok(item)
}

/// Replaces an item by another, either of which may be absent, with everything that follows from it.
pub(crate) async fn replace_in_tx(
    tx: &mut Tx,
    known: &Known,
    key: &Key,
    old: Option<&Item>,
    new: Option<&Item>,
    cause: Cause<'_>,
) -> Result<Consumed, Error> {
    let table = &known.table;
    let weight = |item: Option<&Item>| item.map_or(0, item_size);
    let mut consumed = Consumed::of_table(write_units(weight(old).max(weight(new))));
    // A write that changes nothing leaves no trace, in a stream neither.
    if old == new {
        return Ok(consumed);
    }
    if table.bounds_collections() {
        collections::resize_in_tx(tx, known, key, old, new).await?;
    }
    let item_key = keys::item(table.id, key);
    match new {
        Some(item) => tx.put(Space::Map, item_key, ItemRecord::from(item).encode()),
        None => tx.delete(Space::Map, item_key),
    }
    for index in &table.indexes {
        let halves = replace_entry(tx, table, index, key, old, new);
        consumed.add_index(&index.name, index.global, halves);
    }
    replace_expiry(tx, table, key, old, new);
    // A journal is read backwards only: what the item became is not worth its bytes.
    let journals = table.journals().map(|log| (log, StreamView::OldImage, None));
    let streams = table.stream.iter().map(|stream| {
        let place = stream.place_of(keys::partition_hash(&key.partition));
        known.traffic.count(place, cause.at);
        (stream.shards[place].log, stream.view, cause.trace)
    });
    for (log, view, trace) in streams.chain(journals) {
        let (old_image, new_image) = view.images(old, new);
        let record = ChangeRecord {
            at: cause.at,
            kind: match (old, new) {
                (None, _) => ChangeKind::Insert,
                (Some(_), Some(_)) => ChangeKind::Modify,
                (Some(_), None) => ChangeKind::Remove,
            },
            expired: cause.expired,
            keys: table.keys.attributes(key),
            old: old_image,
            new: new_image,
            trace: trace.map(str::to_owned),
        };
        append_in_tx(tx, LogId(log), record.encode()).await?;
    }
    Ok(consumed)
}

/// Brings an item's entry in an index up to date; what that costs, in half units.
fn replace_entry(tx: &mut Tx, table: &Table, index: &Index, key: &Key, old: Option<&Item>, new: Option<&Item>) -> u64 {
    let entry = |item: Option<&Item>| index.entry(&table.keys, item?);
    let (before, after) = (entry(old), entry(new));
    if before == after {
        return 0;
    }
    let place = |index_key: &IndexKey| keys::entry(table.id, index.id, index_key, key);
    let mut halves = 0;
    if let Some((index_key, item)) = &before
        && after.as_ref().is_none_or(|(other, _)| other != index_key)
    {
        tx.delete(Space::Map, place(index_key));
        halves += write_units(item_size(item));
    }
    if let Some((index_key, item)) = after {
        halves += write_units(item_size(&item));
        tx.put(Space::Map, place(&index_key), ItemRecord::from(&item).encode());
    }
    halves
}

fn replace_expiry(tx: &mut Tx, table: &Table, key: &Key, old: Option<&Item>, new: Option<&Item>) {
    let Some(ttl) = &table.ttl else { return };
    let expiry = |item: Option<&Item>| table.expiry(item?);
    let (before, after) = (expiry(old), expiry(new));
    if before == after {
        return;
    }
    if let Some(second) = before {
        tx.delete(Space::Map, keys::expiry(table.id, ttl.id, second, key));
    }
    if let Some(second) = after {
        tx.put(Space::Map, keys::expiry(table.id, ttl.id, second, key), EMPTY);
    }
}

/// The value of records that say all with their key. Not of no bytes, so that it can carry more one day.
pub(crate) const EMPTY: &[u8] = &[1];

/// Makes an item of a copy another one, either of which may be absent, with its index entries. What a
/// table does on writes of its own, such as its stream, does not happen.
pub(crate) fn place_in_tx(tx: &mut Tx, table: &Table, key: &Key, old: Option<&Item>, new: Option<&Item>) {
    let item_key = keys::item(table.id, key);
    match new {
        Some(item) => tx.put(Space::Map, item_key, ItemRecord::from(item).encode()),
        None => tx.delete(Space::Map, item_key),
    }
    for index in &table.indexes {
        replace_entry(tx, table, index, key, old, new);
    }
}

/// Enters an item that was there before an index into it.
pub(crate) fn enter_in_tx(tx: &mut Tx, table: &Table, index: &Index, key: &Key, item: &Item) {
    replace_entry(tx, table, index, key, None, Some(item));
}

/// Enters when an item expires that was there before the table had a time to live.
pub(crate) fn enter_expiry_in_tx(tx: &mut Tx, table: &Table, key: &Key, item: &Item) {
    replace_expiry(tx, table, key, None, Some(item));
}
