use tidegate_api_dynamodb::{UpdateItemInput, UpdateItemOutput};
use tidegate_protocol::Call;

use super::single::{Single, is_all_old};
use super::writing::{Change, Write, Written};
use crate::domain::Item;
use crate::domain::expression::{Projection, Update};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::wire::{self, inputs};

/// Changes an item, or makes a new one of its key.
pub(crate) async fn update_item(
    dynamodb: &DynamoDb,
    call: &Call,
    input: UpdateItemInput,
) -> Result<UpdateItemOutput, Error> {
    let placeholders = inputs::placeholders(
        &[
            ("UpdateExpression", input.update_expression.is_some()),
            ("ConditionExpression", input.condition_expression.is_some()),
        ],
        &[
            ("AttributeUpdates", input.attribute_updates.is_some()),
            ("Expected", input.expected.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
        ],
        input.expression_attribute_names,
        input.expression_attribute_values,
    )?;
    let key = wire::item(input.key.unwrap_or_default())?;
    let update = inputs::update(input.update_expression.as_deref(), input.attribute_updates, &placeholders)?;
    let operator = input.conditional_operator.as_deref();
    let condition =
        inputs::write_condition(input.condition_expression.as_deref(), input.expected, operator, &placeholders)?;
    placeholders.check_all_used()?;
    let show_on_failure = is_all_old(input.return_values_on_condition_check_failure.as_deref());
    let write = Write { change: Change::Update(key, update.clone()), condition, show_on_failure };
    let single = Single::new(dynamodb, call, input.table_name, write)?;
    let written = single.run().await?;
    let attributes = returned(input.return_values.as_deref(), &update, &written);
    Ok(UpdateItemOutput {
        attributes: attributes.map(wire::wire_item),
        consumed_capacity: single.capacity(input.return_consumed_capacity.as_deref(), &written),
        item_collection_metrics: single.metrics(input.return_item_collection_metrics.as_deref()).await?,
    })
}

/// What `ReturnValues` asks for; nothing where there is none.
fn returned(wish: Option<&str>, update: &Update, written: &Written) -> Option<Item> {
    let touched = |item: &Item| Projection::of_paths(update.actions.iter().map(|action| &action.path)).of(item);
    let item = match wish {
        Some("ALL_OLD") => written.old.clone(),
        Some("ALL_NEW") => written.new.as_deref().cloned(),
        Some("UPDATED_OLD") => written.old.as_ref().map(touched),
        Some("UPDATED_NEW") => written.new.as_deref().map(touched),
        _ => None,
    };
    item.filter(|item| !item.is_empty())
}
