use std::collections::{BTreeMap, HashSet};

use futures::future::join_all;
use tidegate_api_dynamodb::{BatchWriteItemInput, BatchWriteItemOutput, WriteRequest};
use tidegate_protocol::Call;

use super::single::Single;
use super::writing::{Change, Write};
use crate::domain::{Misuse, mismatched_key};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::wire::{self, Consumed, Kind, consumed_capacity};

/// The most writes of one request.
const MAX_WRITES: usize = 25;

/// Puts and deletes several items, each in a transaction of its own; they share syncs.
pub(crate) async fn batch_write_item(
    dynamodb: &DynamoDb,
    call: &Call,
    input: BatchWriteItemInput,
) -> Result<BatchWriteItemOutput, Error> {
    let requests = input.request_items.unwrap_or_default();
    let count: usize = requests.values().map(Vec::len).sum();
    if count > MAX_WRITES {
        return Err(Misuse::new("Too many items requested for the BatchWriteItem call").into());
    }
    let mut singles = Vec::with_capacity(count);
    let mut seen = HashSet::new();
    for (name, requests) in requests {
        let address = dynamodb.address(call, Some(&name))?;
        for request in requests {
            let handed_back = dynamodb.enforces_throughput().then(|| request.clone());
            let change = change(request)?;
            // Where PutItem says what is wrong with the key, a batch only says that something is.
            if let Change::Put(item) = &change
                && !dynamodb.known(&address)?.table.keys.is_in(item)
            {
                return Err(mismatched_key().into());
            }
            let write = Write { change, condition: None, show_on_failure: false };
            let single = Single::at(dynamodb, call, address.clone(), write)?;
            if !seen.insert(single.latch()) {
                return Err(Misuse::new("Provided list of item keys contains duplicates").into());
            }
            singles.push((name.clone(), single, handed_back));
        }
    }
    let written = join_all(singles.iter().map(|(_, single, _)| single.run())).await;
    let mut unprocessed: BTreeMap<String, Vec<WriteRequest>> = BTreeMap::new();
    let (mut processed, mut throttled) = (0, None);
    let mut consumed: BTreeMap<&str, Consumed> = BTreeMap::new();
    let mut metrics: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for ((name, single, request), written) in singles.iter().zip(written) {
        let written = match written {
            Ok(written) => written,
            Err(Error::Throttled(why)) => {
                unprocessed.entry(name.clone()).or_default().extend(request.clone());
                throttled.get_or_insert(why);
                continue;
            }
            Err(error) => return Err(error),
        };
        processed += 1;
        consumed.entry(name).or_default().add(&written.consumed);
        if let Some(metric) = single.metrics(input.return_item_collection_metrics.as_deref()).await? {
            let listed: &mut Vec<_> = metrics.entry(name.clone()).or_default();
            if !listed.contains(&metric) {
                listed.push(metric);
            }
        }
    }
    // What could not be written is handed back; only where nothing could, the request fails.
    if let Some(throttled) = throttled.filter(|_| processed == 0) {
        return Err(Error::Throttled(throttled));
    }
    let wish = input.return_consumed_capacity.as_deref();
    let capacities: Vec<_> =
        consumed.iter().filter_map(|(name, consumed)| consumed_capacity(wish, name, consumed, Kind::Plain)).collect();
    Ok(BatchWriteItemOutput {
        unprocessed_items: Some(unprocessed),
        item_collection_metrics: (!metrics.is_empty()).then_some(metrics),
        consumed_capacity: (!capacities.is_empty()).then_some(capacities),
    })
}

fn change(request: WriteRequest) -> Result<Change, Misuse> {
    match (request.put_request, request.delete_request) {
        (Some(put), None) => Ok(Change::Put(wire::item(put.item.unwrap_or_default())?.into())),
        (None, Some(delete)) => Ok(Change::Delete(wire::item(delete.key.unwrap_or_default())?)),
        (None, None) => Err(Misuse::new(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        )),
        (Some(_), Some(_)) => Err(Misuse::new(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        )),
    }
}
