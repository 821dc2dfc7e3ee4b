use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use tidegate_api_dynamodb::{TransactWriteItem, TransactWriteItemsInput, TransactWriteItemsOutput};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use tidegate_types::Timestamp;
use xxhash_rust::xxh3::xxh3_64;

use super::single::is_all_old;
use super::writing::{Change, EMPTY, Write, Written, write_in_tx};
use crate::domain::{Misuse, TableAddress};
use crate::error::{Error, Reason};
use crate::service::DynamoDb;
use crate::store::{TokenRecord, decode, keys};
use crate::wire::{self, Consumed, Kind, WireItem, consumed_capacity, inputs};

/// The most bytes of all items together.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// For how long a token keeps its request from being carried out again.
const TOKEN_MS: u64 = 10 * 60_000;

/// An action with the table it is about.
struct Action {
    address: TableAddress,
    write: Write,
}

/// Writes several items, all or none.
pub(crate) async fn transact_write_items(
    dynamodb: &DynamoDb,
    call: &Call,
    mut input: TransactWriteItemsInput,
) -> Result<TransactWriteItemsOutput, Error> {
    let token = input.client_request_token.take().map(|token| {
        // Two requests are the same if they print the same; the table's prints are stable, and a
        // token lives for ten minutes only.
        let digest = xxh3_64(format!("{:?}", input.transact_items).as_bytes());
        (keys::token(call.account, &call.region, &token), digest)
    });
    let wish = input.return_consumed_capacity.take();
    let actions: Vec<Action> = input
        .transact_items
        .unwrap_or_default()
        .into_iter()
        .map(|item| action(dynamodb, call, item))
        .collect::<Result<_, Error>>()?;
    let latches = latches(dynamodb, &actions)?;
    let engaged = Engaged::enter(dynamodb, &latches)?;
    let (now, token, actions) = (dynamodb.now(), token.as_ref(), &actions[..]);
    let all: Vec<Bytes> = latches.iter().cloned().chain(token.map(|(key, _)| key.clone())).collect();
    let transacted = dynamodb
        .transact(&all, async |tx: &mut Tx| {
            if let Some((key, digest)) = token
                && !claim_in_tx(tx, key, *digest, now).await?
            {
                return Ok(None);
            }
            write_all_in_tx(tx, dynamodb, actions, now).await.map(Some)
        })
        .await?;
    drop(engaged);
    for (action, written) in actions.iter().zip(transacted.value.iter().flatten()) {
        let known = dynamodb.directory.get(&action.address)?;
        if let Some(second) = known.zip(written.new.as_ref()).and_then(|(known, item)| known.table.expiry(item)) {
            dynamodb.expires(second);
        }
    }
    let mut consumed: BTreeMap<&str, Consumed> = BTreeMap::new();
    for (action, written) in actions.iter().zip(transacted.value.iter().flatten()) {
        consumed.entry(&action.address.name).or_default().add(&written.consumed.doubled());
    }
    let capacities: Vec<_> = consumed
        .iter()
        .filter_map(|(name, consumed)| consumed_capacity(wish.as_deref(), name, consumed, Kind::Writes))
        .collect();
    Ok(TransactWriteItemsOutput {
        consumed_capacity: (!capacities.is_empty()).then_some(capacities),
        item_collection_metrics: None,
    })
}

/// Carries out every action, or says of each why not.
async fn write_all_in_tx(
    tx: &mut Tx,
    dynamodb: &DynamoDb,
    actions: &[Action],
    now: Timestamp,
) -> Result<Vec<Written>, Error> {
    let (mut written, mut reasons, mut failed) = (Vec::new(), Vec::new(), false);
    for Action { address, write } in actions {
        let known = dynamodb.known(address)?;
        let reason = match write_in_tx(tx, &known, write, now).await {
            Ok(done) => {
                written.push(done);
                Reason::None
            }
            Err(Error::ConditionFailed { item }) => Reason::Condition { item },
            Err(Error::Misuse(misuse)) => Reason::Invalid(misuse.to_string()),
            Err(other) => return Err(other),
        };
        failed |= reason != Reason::None;
        reasons.push(reason);
    }
    if failed { Err(Error::Cancelled(reasons)) } else { Ok(written) }
}

/// Claims a token; `false` if this very request has been carried out with it.
async fn claim_in_tx(tx: &mut Tx, key: &Bytes, digest: u64, now: Timestamp) -> Result<bool, Error> {
    if let Some(record) = tx.get(Space::Map, key).await? {
        let known: TokenRecord = decode(key, &record)?;
        if now < known.at.plus_millis(TOKEN_MS) {
            return if known.digest == digest { Ok(false) } else { Err(Error::TokenReused) };
        }
        tx.delete(Space::Map, keys::token_age(known.at.plus_millis(TOKEN_MS), key));
    }
    tx.put(Space::Map, key.clone(), TokenRecord { digest, at: now }.encode());
    tx.put(Space::Map, keys::token_age(now.plus_millis(TOKEN_MS), key), EMPTY);
    Ok(true)
}

fn latches(dynamodb: &DynamoDb, actions: &[Action]) -> Result<Vec<Bytes>, Error> {
    let mut latches = Vec::with_capacity(actions.len());
    let mut seen = HashSet::new();
    let mut bytes = 0;
    for Action { address, write } in actions {
        let known = dynamodb.known(address)?;
        let key = write.check(&known.table)?;
        let latch = keys::item(known.table.id, &key);
        if !seen.insert(latch.clone()) {
            return Err(Misuse::new("Transaction request cannot include multiple operations on one item").into());
        }
        if let Change::Put(item) = &write.change {
            bytes += crate::domain::item_size(item);
        }
        latches.push(latch);
    }
    if bytes > MAX_BYTES {
        return Err(Misuse::new("Transaction request size exceeds the maximum allowed size of 4 MB").into());
    }
    Ok(latches)
}

/// The items of a transaction, while it runs: another one that wants one of them is told so rather
/// than made to wait.
struct Engaged<'a> {
    dynamodb: &'a DynamoDb,
    keys: Vec<Bytes>,
}

impl<'a> Engaged<'a> {
    fn enter(dynamodb: &'a DynamoDb, keys: &[Bytes]) -> Result<Engaged<'a>, Error> {
        let mut engaged = dynamodb.engaged.lock();
        if keys.iter().any(|key| engaged.contains(key)) {
            let reason = |key| if engaged.contains(key) { Reason::Conflict } else { Reason::None };
            return Err(Error::Cancelled(keys.iter().map(reason).collect()));
        }
        engaged.extend(keys.iter().cloned());
        Ok(Engaged { dynamodb, keys: keys.to_vec() })
    }
}

impl Drop for Engaged<'_> {
    fn drop(&mut self) {
        let mut engaged = self.dynamodb.engaged.lock();
        for key in &self.keys {
            engaged.remove(key);
        }
    }
}

/// The parameters that all kinds of actions have.
struct Parts {
    table: Option<String>,
    update: Option<String>,
    condition: Option<String>,
    names: Option<BTreeMap<String, String>>,
    values: Option<WireItem>,
    on_failure: Option<String>,
}

fn action(dynamodb: &DynamoDb, call: &Call, item: TransactWriteItem) -> Result<Action, Error> {
    let TransactWriteItem { condition_check, put, delete, update } = item;
    let count = [condition_check.is_some(), put.is_some(), delete.is_some(), update.is_some()];
    if count.into_iter().filter(|present| *present).count() != 1 {
        return Err(Misuse::new("TransactItems can only contain one of Check, Put, Update or Delete").into());
    }
    if let Some(put) = put {
        let parts = Parts {
            table: put.table_name,
            update: None,
            condition: put.condition_expression,
            names: put.expression_attribute_names,
            values: put.expression_attribute_values,
            on_failure: put.return_values_on_condition_check_failure,
        };
        let item = wire::item(put.item.unwrap_or_default())?;
        return finish(dynamodb, call, parts, |_| Ok(Change::Put(item)));
    }
    if let Some(delete) = delete {
        let parts = Parts {
            table: delete.table_name,
            update: None,
            condition: delete.condition_expression,
            names: delete.expression_attribute_names,
            values: delete.expression_attribute_values,
            on_failure: delete.return_values_on_condition_check_failure,
        };
        let key = wire::item(delete.key.unwrap_or_default())?;
        return finish(dynamodb, call, parts, |_| Ok(Change::Delete(key)));
    }
    if let Some(check) = condition_check {
        let parts = Parts {
            table: check.table_name,
            update: None,
            condition: check.condition_expression,
            names: check.expression_attribute_names,
            values: check.expression_attribute_values,
            on_failure: check.return_values_on_condition_check_failure,
        };
        let key = wire::item(check.key.unwrap_or_default())?;
        return finish(dynamodb, call, parts, |_| Ok(Change::Check(key)));
    }
    let update = update.unwrap_or_default();
    let parts = Parts {
        table: update.table_name,
        update: update.update_expression.clone(),
        condition: update.condition_expression,
        names: update.expression_attribute_names,
        values: update.expression_attribute_values,
        on_failure: update.return_values_on_condition_check_failure,
    };
    let key = wire::item(update.key.unwrap_or_default())?;
    let text = update.update_expression;
    finish(dynamodb, call, parts, |placeholders| {
        Ok(Change::Update(key, inputs::update(text.as_deref(), None, placeholders)?))
    })
}

fn finish(
    dynamodb: &DynamoDb,
    call: &Call,
    parts: Parts,
    change: impl FnOnce(&crate::domain::expression::Placeholders) -> Result<Change, Misuse>,
) -> Result<Action, Error> {
    let placeholders = inputs::placeholders(
        &[("UpdateExpression", parts.update.is_some()), ("ConditionExpression", parts.condition.is_some())],
        &[],
        parts.names,
        parts.values,
    )?;
    let change = change(&placeholders)?;
    let condition = inputs::write_condition(parts.condition.as_deref(), None, None, &placeholders)?;
    placeholders.check_all_used()?;
    let show_on_failure = is_all_old(parts.on_failure.as_deref());
    let address = dynamodb.address(call, parts.table.as_deref())?;
    Ok(Action { address, write: Write { change, condition, show_on_failure } })
}
