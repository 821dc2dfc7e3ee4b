//! What operations on items need: the table or index, the partitions, the attributes.

use tidegate_api_dynamodb as api;
use tidegate_protocol::{Call, Need, needs};

use super::super::WireItem;
use super::attributes::{Attributes, key_text};
use super::{Entry, on_index, on_table, with_leading_keys};
use crate::domain::MAX_PARTS;
use crate::domain::expression::attribute_names;
use crate::error::Error;
use crate::service::DynamoDb;

/// The operations on one item, and those that read many.
pub(super) fn entries() -> [Entry; 6] {
    [
        ("GetItem", needs(get_item)),
        ("PutItem", needs(put_item)),
        ("UpdateItem", needs(update_item)),
        ("DeleteItem", needs(delete_item)),
        ("Query", needs(query)),
        ("Scan", needs(scan)),
    ]
}

/// The operations on many items of several tables: each is held against what a single one would be.
pub(super) fn batches() -> [Entry; 4] {
    [
        ("BatchGetItem", needs(batch_get_item)),
        ("BatchWriteItem", needs(batch_write_item)),
        ("TransactGetItems", needs(transact_get_items)),
        ("TransactWriteItems", needs(transact_write_items)),
    ]
}

/// The partitions that these items or keys lie in. A table that is not there has none.
fn leading_keys<'a>(
    dynamodb: &DynamoDb,
    call: &Call,
    table: &Option<String>,
    items: impl IntoIterator<Item = &'a WireItem>,
) -> Result<Vec<String>, Error> {
    let address = dynamodb.address(call, table.as_deref())?;
    let Some(known) = dynamodb.directory.get(&address)? else { return Ok(Vec::new()) };
    let partition = &known.table.keys.partition.name;
    Ok(items.into_iter().filter_map(|item| key_text(item.get(partition)?)).collect())
}

/// A need on a table for these items.
fn on_items<'a>(
    dynamodb: &DynamoDb,
    call: &Call,
    action: &'static str,
    table: &Option<String>,
    items: impl IntoIterator<Item = &'a WireItem>,
) -> Result<Need, Error> {
    let keys = leading_keys(dynamodb, call, table, items)?;
    Ok(with_leading_keys(on_table(dynamodb, call, action, table)?, keys))
}

/// The values of further attributes that choose an index's partition.
const FURTHER_KEYS: [&str; MAX_PARTS - 1] =
    ["dynamodb:SecondPartitionKeyValues", "dynamodb:ThirdPartitionKeyValues", "dynamodb:FourthPartitionKeyValues"];

const ATTRIBUTES: &str = "dynamodb:Attributes";

/// What a read that names attributes selects, and one that names none.
fn select(named: bool) -> &'static str {
    if named { "SPECIFIC_ATTRIBUTES" } else { "ALL_ATTRIBUTES" }
}

fn get_item(dynamodb: &DynamoDb, call: &Call, input: &api::GetItemInput) -> Result<Need, Error> {
    let attributes = Attributes::of_expressions([&input.projection_expression], &input.expression_attribute_names)
        .and(input.attributes_to_get.iter().flatten())
        .and_of(&input.key);
    let named = input.projection_expression.is_some() || input.attributes_to_get.is_some();
    Ok(on_items(dynamodb, call, "dynamodb:GetItem", &input.table_name, &input.key)?
        .with_all(ATTRIBUTES, attributes.values())
        .with("dynamodb:Select", select(named))
        .with_some("dynamodb:ReturnConsumedCapacity", input.return_consumed_capacity.as_deref()))
}

fn put_item(dynamodb: &DynamoDb, call: &Call, input: &api::PutItemInput) -> Result<Need, Error> {
    let attributes = Attributes::of_expressions([&input.condition_expression], &input.expression_attribute_names)
        .and(input.expected.iter().flatten().map(|(name, _)| name))
        .and_of(&input.item);
    Ok(on_items(dynamodb, call, "dynamodb:PutItem", &input.table_name, &input.item)?
        .with_all(ATTRIBUTES, attributes.values())
        .with("dynamodb:ReturnValues", input.return_values.as_deref().unwrap_or("NONE"))
        .with_some("dynamodb:ReturnConsumedCapacity", input.return_consumed_capacity.as_deref()))
}

fn update_item(dynamodb: &DynamoDb, call: &Call, input: &api::UpdateItemInput) -> Result<Need, Error> {
    let expressions = [&input.update_expression, &input.condition_expression];
    let attributes = Attributes::of_expressions(expressions, &input.expression_attribute_names)
        .and(input.expected.iter().flatten().map(|(name, _)| name))
        .and(input.attribute_updates.iter().flatten().map(|(name, _)| name))
        .and_of(&input.key);
    Ok(on_items(dynamodb, call, "dynamodb:UpdateItem", &input.table_name, &input.key)?
        .with_all(ATTRIBUTES, attributes.values())
        .with("dynamodb:ReturnValues", input.return_values.as_deref().unwrap_or("NONE"))
        .with_some("dynamodb:ReturnConsumedCapacity", input.return_consumed_capacity.as_deref()))
}

fn delete_item(dynamodb: &DynamoDb, call: &Call, input: &api::DeleteItemInput) -> Result<Need, Error> {
    let attributes = Attributes::of_expressions([&input.condition_expression], &input.expression_attribute_names)
        .and(input.expected.iter().flatten().map(|(name, _)| name))
        .and_of(&input.key);
    Ok(on_items(dynamodb, call, "dynamodb:DeleteItem", &input.table_name, &input.key)?
        .with_all(ATTRIBUTES, attributes.values())
        .with("dynamodb:ReturnValues", input.return_values.as_deref().unwrap_or("NONE"))
        .with_some("dynamodb:ReturnConsumedCapacity", input.return_consumed_capacity.as_deref()))
}

fn query(dynamodb: &DynamoDb, call: &Call, input: &api::QueryInput) -> Result<Need, Error> {
    let expressions = [&input.key_condition_expression, &input.filter_expression, &input.projection_expression];
    let attributes = Attributes::of_expressions(expressions, &input.expression_attribute_names)
        .and(input.key_conditions.iter().flatten().map(|(name, _)| name))
        .and(input.query_filter.iter().flatten().map(|(name, _)| name))
        .and(input.attributes_to_get.iter().flatten());
    let named = input.projection_expression.is_some() || input.attributes_to_get.is_some();
    let mut need = on_index(dynamodb, call, "dynamodb:Query", &input.table_name, &input.index_name)?;
    let mut partition = queried_partition(dynamodb, call, input)?.into_iter();
    need = with_leading_keys(need, partition.next().unwrap_or_default());
    for (name, values) in FURTHER_KEYS.into_iter().zip(partition) {
        need = need.with_all(name, values);
    }
    Ok(need
        .with_all(ATTRIBUTES, attributes.values())
        .with("dynamodb:Select", input.select.as_deref().unwrap_or(select(named)))
        .with_some("dynamodb:ReturnConsumedCapacity", input.return_consumed_capacity.as_deref()))
}

/// The partition that a query asks for: what its key condition compares each attribute with that chooses one.
fn queried_partition(dynamodb: &DynamoDb, call: &Call, input: &api::QueryInput) -> Result<Vec<Vec<String>>, Error> {
    let address = dynamodb.address(call, input.table_name.as_deref())?;
    let Some(known) = dynamodb.directory.get(&address)? else { return Ok(Vec::new()) };
    let index = input.index_name.as_deref().map(|name| known.table.index(name));
    let keys = match index {
        Some(Some(index)) => index.keys.as_parts(),
        Some(None) => return Ok(Vec::new()),
        None => known.table.keys.as_parts(),
    };
    Ok(keys.partition.iter().map(|part| Vec::from_iter(queried_value(input, &part.name))).collect())
}

/// What a query's key condition compares an attribute with.
fn queried_value(input: &api::QueryInput, attribute: &str) -> Option<String> {
    let legacy = input.key_conditions.as_ref().and_then(|conditions| conditions.get(attribute));
    if let Some(value) = legacy.and_then(|condition| condition.attribute_value_list.as_ref()?.first()) {
        return key_text(value);
    }
    let (text, values) = (input.key_condition_expression.as_ref()?, input.expression_attribute_values.as_ref()?);
    let names = input.expression_attribute_names.as_ref();
    let placeholder = crate::domain::expression::equals_to(text, names, attribute)?;
    key_text(values.get(placeholder)?)
}

fn scan(dynamodb: &DynamoDb, call: &Call, input: &api::ScanInput) -> Result<Need, Error> {
    let expressions = [&input.filter_expression, &input.projection_expression];
    let attributes = Attributes::of_expressions(expressions, &input.expression_attribute_names)
        .and(input.scan_filter.iter().flatten().map(|(name, _)| name))
        .and(input.attributes_to_get.iter().flatten());
    let named = input.projection_expression.is_some() || input.attributes_to_get.is_some();
    Ok(on_index(dynamodb, call, "dynamodb:Scan", &input.table_name, &input.index_name)?
        .with_all(ATTRIBUTES, attributes.values())
        .with("dynamodb:Select", input.select.as_deref().unwrap_or(select(named)))
        .with_some("dynamodb:ReturnConsumedCapacity", input.return_consumed_capacity.as_deref()))
}

fn batch_get_item(dynamodb: &DynamoDb, call: &Call, input: &api::BatchGetItemInput) -> Result<Vec<Need>, Error> {
    let tables = input.request_items.iter().flatten();
    let need = |(table, wanted): (&String, &api::KeysAndAttributes)| -> Result<Need, Error> {
        let keys = || wanted.keys.iter().flatten();
        let attributes =
            Attributes::of_expressions([&wanted.projection_expression], &wanted.expression_attribute_names)
                .and(wanted.attributes_to_get.iter().flatten())
                .and(keys().flatten().map(|(name, _)| name));
        let named = wanted.projection_expression.is_some() || wanted.attributes_to_get.is_some();
        Ok(on_items(dynamodb, call, "dynamodb:BatchGetItem", &Some(table.clone()), keys())?
            .with_all(ATTRIBUTES, attributes.values())
            .with("dynamodb:Select", select(named)))
    };
    tables.map(need).collect()
}

fn batch_write_item(dynamodb: &DynamoDb, call: &Call, input: &api::BatchWriteItemInput) -> Result<Vec<Need>, Error> {
    let need = |(table, writes): (&String, &Vec<api::WriteRequest>)| -> Result<Need, Error> {
        let items = || {
            let puts = writes.iter().filter_map(|write| write.put_request.as_ref()?.item.as_ref());
            puts.chain(writes.iter().filter_map(|write| write.delete_request.as_ref()?.key.as_ref()))
        };
        let attributes = Attributes::default().and(items().flatten().map(|(name, _)| name));
        Ok(on_items(dynamodb, call, "dynamodb:BatchWriteItem", &Some(table.clone()), items())?
            .with_all(ATTRIBUTES, attributes.values()))
    };
    input.request_items.iter().flatten().map(need).collect()
}

fn transact_get_items(
    dynamodb: &DynamoDb,
    call: &Call,
    input: &api::TransactGetItemsInput,
) -> Result<Vec<Need>, Error> {
    let gets = input.transact_items.iter().flatten().filter_map(|item| item.get.as_ref());
    let need = |get: &api::Get| {
        let attributes =
            Attributes::of_expressions([&get.projection_expression], &get.expression_attribute_names).and_of(&get.key);
        Ok(on_items(dynamodb, call, "dynamodb:GetItem", &get.table_name, &get.key)?
            .with_all(ATTRIBUTES, attributes.values())
            .with("dynamodb:Select", select(get.projection_expression.is_some()))
            .with("dynamodb:EnclosingOperation", "TransactGetItems"))
    };
    gets.map(need).collect()
}

fn transact_write_items(
    dynamodb: &DynamoDb,
    call: &Call,
    input: &api::TransactWriteItemsInput,
) -> Result<Vec<Need>, Error> {
    let mut all = Vec::new();
    for item in input.transact_items.iter().flatten() {
        let mut add = |action, table: &Option<String>, item: &Option<WireItem>, names: Vec<&str>| {
            let attributes = names.into_iter().map(str::to_owned);
            let attributes = attributes.chain(item.iter().flatten().map(|(name, _)| name.clone()));
            let attributes: std::collections::BTreeSet<String> = attributes.collect();
            let need = on_items(dynamodb, call, action, table, item)?
                .with_all(ATTRIBUTES, attributes.into_iter().collect())
                .with("dynamodb:EnclosingOperation", "TransactWriteItems");
            all.push(need);
            Ok::<_, Error>(())
        };
        if let Some(put) = &item.put {
            let names = named(&[&put.condition_expression], &put.expression_attribute_names);
            add("dynamodb:PutItem", &put.table_name, &put.item, names)?;
        }
        if let Some(update) = &item.update {
            let expressions = [&update.update_expression, &update.condition_expression];
            let names = named(&expressions, &update.expression_attribute_names);
            add("dynamodb:UpdateItem", &update.table_name, &update.key, names)?;
        }
        if let Some(delete) = &item.delete {
            let names = named(&[&delete.condition_expression], &delete.expression_attribute_names);
            add("dynamodb:DeleteItem", &delete.table_name, &delete.key, names)?;
        }
        if let Some(check) = &item.condition_check {
            let names = named(&[&check.condition_expression], &check.expression_attribute_names);
            add("dynamodb:ConditionCheckItem", &check.table_name, &check.key, names)?;
        }
    }
    Ok(all)
}

fn named<'a>(
    expressions: &[&'a Option<String>],
    names: &'a Option<std::collections::BTreeMap<String, String>>,
) -> Vec<&'a str> {
    expressions.iter().copied().flatten().flat_map(|text| attribute_names(text, names.as_ref())).collect()
}
