use std::collections::{BTreeMap, HashSet};

use tidegate_api_dynamodb::TransactGetItemsInput;
use tidegate_protocol::Call;

use super::get_item::find;
use crate::domain::{Misuse, read_units};
use crate::error::{Error, Reason};
use crate::service::DynamoDb;
use crate::store::{StoredItem, keys};
use crate::wire::{self, Answered, Consumed, Kind, TransactAnswer, consumed_capacity, inputs};

/// Gets several items as they were at one moment.
pub(crate) async fn transact_get_items(
    dynamodb: &DynamoDb,
    call: &Call,
    input: TransactGetItemsInput,
) -> Result<TransactAnswer, Error> {
    let mut wanted = Vec::new();
    let mut seen = HashSet::new();
    let (mut reasons, mut failed) = (Vec::new(), false);
    for item in input.transact_items.unwrap_or_default() {
        let get = item.get.unwrap_or_default();
        let placeholders = inputs::placeholders(
            &[("ProjectionExpression", get.projection_expression.is_some())],
            &[],
            get.expression_attribute_names,
            None,
        )?;
        let projection = inputs::projection(get.projection_expression.as_deref(), None, &placeholders)?;
        placeholders.check_all_used()?;
        let known = dynamodb.table(call, get.table_name.as_deref())?;
        // A key that does not fit is that action's fault, and cancels the transaction with its reasons.
        let key = match known.table.keys.of_request(&wire::item(get.key.unwrap_or_default())?) {
            Ok(key) => key,
            Err(misuse) => {
                failed = true;
                reasons.push(Reason::Invalid(misuse.to_string()));
                continue;
            }
        };
        reasons.push(Reason::None);
        if !seen.insert(keys::item(known.table.id, &key)) {
            return Err(Misuse::new("Transaction request cannot include multiple operations on one item").into());
        }
        wanted.push((known, key, projection));
    }
    if failed {
        return Err(Error::Cancelled(reasons));
    }
    let view = dynamodb.store.snapshot()?;
    let (mut responses, mut consumed) = (Vec::new(), BTreeMap::<String, Consumed>::new());
    for (place, (known, _, _)) in wanted.iter().enumerate() {
        match dynamodb.admit_read(known, None) {
            Ok(()) => {}
            Err(Error::Throttled(throttled)) => reasons[place] = Reason::Throttled(throttled),
            Err(error) => return Err(error),
        }
    }
    if reasons.iter().any(|reason| *reason != Reason::None) {
        return Err(Error::Cancelled(reasons));
    }
    for (known, key, projection) in wanted {
        let item = find(&*view, &known.table, &key).await?;
        let halves = 2 * read_units(item.as_ref().map_or(0, StoredItem::size), true);
        dynamodb.charge_read(&known, &Consumed::of_table(halves))?;
        consumed.entry(known.address.name.clone()).or_default().table += halves;
        responses.push(item.map(|item| Answered::of(item, projection.as_ref())));
    }
    let wish = input.return_consumed_capacity.as_deref();
    let capacities: Vec<_> =
        consumed.iter().filter_map(|(name, consumed)| consumed_capacity(wish, name, consumed, Kind::Reads)).collect();
    Ok(TransactAnswer { responses, consumed_capacity: (!capacities.is_empty()).then_some(capacities) })
}
