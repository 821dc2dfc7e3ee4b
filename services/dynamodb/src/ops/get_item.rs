use tidegate_api_dynamodb::{GetItemInput, GetItemOutput};
use tidegate_protocol::Call;
use tidegate_store::{Snapshot, Space};

use crate::domain::{Item, Key, Table, item_size, read_units};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::{ItemRecord, decode, keys};
use crate::wire::{self, Consumed, Kind, consumed_capacity, inputs};

/// Gets an item as it is durable.
pub(crate) async fn get_item(dynamodb: &DynamoDb, call: &Call, input: GetItemInput) -> Result<GetItemOutput, Error> {
    let placeholders = inputs::placeholders(
        &[("ProjectionExpression", input.projection_expression.is_some())],
        &[("AttributesToGet", input.attributes_to_get.is_some())],
        input.expression_attribute_names,
        None,
    )?;
    let key = wire::item(input.key.unwrap_or_default())?;
    let projection =
        inputs::projection(input.projection_expression.as_deref(), input.attributes_to_get, &placeholders)?;
    placeholders.check_all_used()?;
    let known = dynamodb.table(call, input.table_name.as_deref())?;
    let key = known.table.keys.of_request(&key)?;
    dynamodb.admit_read(&known, None)?;
    let view = dynamodb.store.snapshot()?;
    let item = read(&*view, &known.table, &key).await?;
    let halves = read_units(item.as_ref().map_or(0, item_size), input.consistent_read == Some(true));
    let item = item.map(|item| match &projection {
        Some(projection) => projection.of(&item),
        None => item,
    });
    let consumed = Consumed::of_table(halves);
    dynamodb.charge_read(&known, &consumed)?;
    let wish = input.return_consumed_capacity.as_deref();
    Ok(GetItemOutput {
        item: item.map(wire::wire_item),
        consumed_capacity: consumed_capacity(wish, &known.address.name, &consumed, Kind::Plain),
    })
}

/// The item of a key in a view.
pub(crate) async fn read(view: &dyn Snapshot, table: &Table, key: &Key) -> Result<Option<Item>, Error> {
    let key = keys::item(table.id, key);
    match view.get(Space::Map, &key).await? {
        Some(record) => Ok(Some(decode::<ItemRecord>(&key, &record)?.0)),
        None => Ok(None),
    }
}
