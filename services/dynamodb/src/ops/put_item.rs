use tidegate_api_dynamodb::{PutItemInput, PutItemOutput};
use tidegate_protocol::Call;

use super::single::{Single, is_all_old};
use super::writing::{Change, Write};
use crate::domain::Misuse;
use crate::error::Error;
use crate::service::DynamoDb;
use crate::wire::{self, inputs};

/// Puts an item, in place of the one of the same key if there is one.
pub(crate) async fn put_item(dynamodb: &DynamoDb, call: &Call, input: PutItemInput) -> Result<PutItemOutput, Error> {
    let placeholders = inputs::placeholders(
        &[("ConditionExpression", input.condition_expression.is_some())],
        &[("Expected", input.expected.is_some()), ("ConditionalOperator", input.conditional_operator.is_some())],
        input.expression_attribute_names,
        input.expression_attribute_values,
    )?;
    let item = wire::item(input.item.unwrap_or_default())?;
    if !matches!(input.return_values.as_deref(), None | Some("NONE" | "ALL_OLD")) {
        return Err(Misuse::new("ReturnValues can only be ALL_OLD or NONE").into());
    }
    let operator = input.conditional_operator.as_deref();
    let condition =
        inputs::write_condition(input.condition_expression.as_deref(), input.expected, operator, &placeholders)?;
    placeholders.check_all_used()?;
    let show_on_failure = is_all_old(input.return_values_on_condition_check_failure.as_deref());
    let write = Write { change: Change::Put(item.into()), condition, show_on_failure };
    let single = Single::new(dynamodb, call, input.table_name, write)?;
    let mut written = single.run().await?;
    let attributes = written.old.take().filter(|_| is_all_old(input.return_values.as_deref()));
    Ok(PutItemOutput {
        attributes: attributes.map(wire::wire_item),
        consumed_capacity: single.capacity(input.return_consumed_capacity.as_deref(), &written),
        item_collection_metrics: single.metrics(input.return_item_collection_metrics.as_deref()).await?,
    })
}
