use std::collections::BTreeMap;

use tidegate_api_dynamodb::{BatchGetItemInput, ConsumedCapacity, KeysAndAttributes};
use tidegate_protocol::Call;

use super::get_item::find;
use crate::domain::expression::Projection;
use crate::domain::{Key, MAX_PAGE, Misuse, read_units};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::{Known, StoredItem, keys};
use crate::wire::{self, Answered, BatchAnswer, Consumed, Kind, WireItem, consumed_capacity, inputs};
use std::sync::Arc;

/// The most keys of one request.
const MAX_KEYS: usize = 100;
/// The most bytes of one answer; keys beyond are handed back unprocessed.
const MAX_ANSWER: usize = 16 * MAX_PAGE;

/// What is wanted of one table.
struct Wanted {
    known: Arc<Known>,
    keys: Vec<(Key, WireItem)>,
    projection: Option<Projection>,
    consistent: bool,
    /// To hand back what there was no room for.
    rest: KeysAndAttributes,
}

/// Gets items of several tables, all as they were at one moment.
pub(crate) async fn batch_get_item(
    dynamodb: &DynamoDb,
    call: &Call,
    input: BatchGetItemInput,
) -> Result<BatchAnswer, Error> {
    let requests = input.request_items.unwrap_or_default();
    let count: usize = requests.values().map(|request| request.keys.as_ref().map_or(0, Vec::len)).sum();
    if count > MAX_KEYS {
        return Err(Misuse::new("Too many items requested for the BatchGetItem call").into());
    }
    let wanted = requests
        .into_iter()
        .map(|(name, request)| Ok((name.clone(), wanted(dynamodb, call, &name, request)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    let view = dynamodb.store.snapshot()?;
    let (mut responses, mut unprocessed, mut capacities) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let (mut bytes, mut processed, mut throttled) = (0, 0, None);
    for (name, table) in wanted {
        let (mut items, mut left, mut consumed) = (Vec::new(), Vec::new(), Consumed::default());
        for (key, wire_key) in table.keys {
            let admitted = match dynamodb.admit_read(&table.known, None) {
                Err(Error::Throttled(why)) => {
                    throttled.get_or_insert(why);
                    false
                }
                Err(error) => return Err(error),
                Ok(()) => bytes < MAX_ANSWER,
            };
            if !admitted {
                left.push(wire_key);
                continue;
            }
            processed += 1;
            let item = find(&*view, &table.known.table, &key).await?;
            let size = item.as_ref().map_or(0, StoredItem::size);
            bytes += size;
            let halves = read_units(size, table.consistent);
            dynamodb.charge_read(&table.known, &Consumed::of_table(halves))?;
            consumed.table += halves;
            items.extend(item.map(|item| Answered::of(item, table.projection.as_ref())));
        }
        if !left.is_empty() {
            unprocessed.insert(name.clone(), KeysAndAttributes { keys: Some(left), ..table.rest });
        }
        let wish = input.return_consumed_capacity.as_deref();
        let capacity: Option<ConsumedCapacity> =
            consumed_capacity(wish, &table.known.address.name, &consumed, Kind::Plain);
        capacities.extend(capacity);
        responses.insert(name, items);
    }
    // What could not be read is handed back; only where nothing could, the request fails.
    if let Some(throttled) = throttled.filter(|_| processed == 0) {
        return Err(Error::Throttled(throttled));
    }
    Ok(BatchAnswer {
        responses,
        unprocessed_keys: unprocessed,
        consumed_capacity: (!capacities.is_empty()).then_some(capacities),
    })
}

fn wanted(dynamodb: &DynamoDb, call: &Call, name: &str, mut request: KeysAndAttributes) -> Result<Wanted, Error> {
    let rest = KeysAndAttributes { keys: None, ..request.clone() };
    let placeholders = inputs::placeholders(
        &[("ProjectionExpression", request.projection_expression.is_some())],
        &[("AttributesToGet", request.attributes_to_get.is_some())],
        request.expression_attribute_names.take(),
        None,
    )?;
    let projection =
        inputs::projection(request.projection_expression.as_deref(), request.attributes_to_get, &placeholders)?;
    placeholders.check_all_used()?;
    let wire_keys = request.keys.unwrap_or_default();
    let spelt = wire_keys.iter().map(|key| wire::item(key.clone())).collect::<Result<Vec<_>, Misuse>>()?;
    let known = dynamodb.table(call, Some(name))?;
    let mut found: Vec<(Key, WireItem)> = Vec::with_capacity(spelt.len());
    let mut seen = std::collections::HashSet::new();
    for (key, wire_key) in spelt.iter().zip(wire_keys) {
        let key = known.table.keys.of_request(key)?;
        if !seen.insert(keys::item(known.table.id, &key)) {
            return Err(Misuse::new("Provided list of item keys contains duplicates").into());
        }
        found.push((key, wire_key));
    }
    let consistent = request.consistent_read == Some(true);
    Ok(Wanted { known, keys: found, projection, consistent, rest })
}
