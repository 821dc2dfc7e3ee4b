use tidegate_api_dynamodb::GetItemInput;
use tidegate_protocol::Call;
use tidegate_store::{Snapshot, Space};

use crate::domain::{Item, Key, Table, read_units};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::{ItemRecord, StoredItem, decode, keys, stored_item};
use crate::wire::{self, Answered, Consumed, ItemAnswer, Kind, consumed_capacity, inputs};

/// Gets an item as it is durable.
pub(crate) async fn get_item(dynamodb: &DynamoDb, call: &Call, input: GetItemInput) -> Result<ItemAnswer, Error> {
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
    projection.iter().try_for_each(|projection| projection.check_scalars(&known.table))?;
    let key = known.table.keys.of_request(&key)?;
    dynamodb.admit_read(&known, None)?;
    let view = dynamodb.store.snapshot()?;
    let item = find(&*view, &known.table, &key).await?;
    let halves = read_units(item.as_ref().map_or(0, StoredItem::size), input.consistent_read == Some(true));
    let item = item.map(|item| Answered::of(item, projection.as_ref()));
    let consumed = Consumed::of_table(halves);
    dynamodb.charge_read(&known, &consumed)?;
    let wish = input.return_consumed_capacity.as_deref();
    Ok(ItemAnswer { item, consumed_capacity: consumed_capacity(wish, &known.address.name, &consumed, Kind::Plain) })
}

/// The item of a key in a view.
pub(crate) async fn read(view: &dyn Snapshot, table: &Table, key: &Key) -> Result<Option<Item>, Error> {
    let key = keys::item(table.id, key);
    match view.get(Space::Map, &key).await? {
        Some(record) => Ok(Some(decode::<ItemRecord>(&key, &record)?.0.into_owned())),
        None => Ok(None),
    }
}

/// The same, as it is stored.
pub(crate) async fn find(view: &dyn Snapshot, table: &Table, key: &Key) -> Result<Option<StoredItem>, Error> {
    let key = keys::item(table.id, key);
    match view.get(Space::Map, &key).await? {
        Some(record) => Ok(Some(stored_item(&key, record)?)),
        None => Ok(None),
    }
}
