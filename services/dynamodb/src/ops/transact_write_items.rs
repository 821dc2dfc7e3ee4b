use std::collections::BTreeMap;

use tidegate_api_dynamodb::{TransactWriteItem, TransactWriteItemsInput, TransactWriteItemsOutput};
use tidegate_protocol::Call;

use super::single::is_all_old;
use super::transaction::{Action, Token, Transaction};
use super::writing::{Change, Write, carried_trace};
use crate::domain::Misuse;
use crate::error::Error;
use crate::service::DynamoDb;
use crate::wire::{self, WireItem, inputs};

/// Writes several items, all or none.
pub(crate) async fn transact_write_items(
    dynamodb: &DynamoDb,
    call: &Call,
    mut input: TransactWriteItemsInput,
) -> Result<TransactWriteItemsOutput, Error> {
    let token = input.client_request_token.take();
    let token = token.map(|token| Token::new(call, &token, &input.transact_items));
    let actions: Vec<Action> = input
        .transact_items
        .unwrap_or_default()
        .into_iter()
        .map(|item| action(dynamodb, call, item))
        .collect::<Result<_, Error>>()?;
    let transaction = Transaction { dynamodb, trace: carried_trace(call), actions };
    let done = transaction.run(token).await?;
    Ok(TransactWriteItemsOutput {
        consumed_capacity: done.capacities(input.return_consumed_capacity.as_deref()),
        item_collection_metrics: transaction.metrics(input.return_item_collection_metrics.as_deref()).await?,
    })
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
        return finish(dynamodb, call, parts, |_| Ok(Change::Put(item.into())));
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
    let write = Write { change, condition, show_on_failure };
    Ok(Action { address, write, inserts: false, values: placeholders.bytes() })
}
