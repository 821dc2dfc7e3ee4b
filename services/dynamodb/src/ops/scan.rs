use tidegate_api_dynamodb::{SCAN_OUTPUT, ScanInput};
use tidegate_protocol::Call;
use tidegate_store::{KeyRange, Order};

use super::reading::{Shown, Target, Walk, shown};
use crate::domain::Misuse;
use crate::error::Error;
use crate::service::DynamoDb;
use crate::wire::{self, ItemsAnswer, Kind, consumed_capacity, inputs};

/// Reads a table or an index from end to end, or one of several segments of it.
pub(crate) async fn scan(dynamodb: &DynamoDb, call: &Call, input: ScanInput) -> Result<ItemsAnswer, Error> {
    let placeholders = inputs::placeholders(
        &[
            ("ProjectionExpression", input.projection_expression.is_some()),
            ("FilterExpression", input.filter_expression.is_some()),
        ],
        &[
            ("AttributesToGet", input.attributes_to_get.is_some()),
            ("ScanFilter", input.scan_filter.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
        ],
        input.expression_attribute_names,
        input.expression_attribute_values,
    )?;
    let segments = segments(input.segment, input.total_segments)?;
    let filter = inputs::filter(
        input.filter_expression.as_deref(),
        input.scan_filter,
        input.conditional_operator.as_deref(),
        &placeholders,
    )?;
    let parameter = if input.attributes_to_get.is_some() { "AttributesToGet" } else { "ProjectionExpression" };
    let projection =
        inputs::projection(input.projection_expression.as_deref(), input.attributes_to_get, &placeholders)?;
    placeholders.check_all_used()?;
    let start = input.exclusive_start_key.map(inputs::start_key).transpose()?;
    let known = dynamodb.table(call, input.table_name.as_deref())?;
    let consistent = input.consistent_read == Some(true);
    let target = Target::new(&known, input.index_name.as_deref(), consistent)?;
    projection.iter().try_for_each(|projection| projection.check_scalars(&known.table))?;
    filter.iter().try_for_each(|filter| filter.check_scalars(&known.table))?;
    let shown = shown(&target, input.select.as_deref(), projection, parameter)?;
    let range = match segments {
        Some((segment, total)) => target.place().segment(segment, total),
        None => KeyRange::prefix(&target.place().all()),
    };
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok());
    let counts = matches!(shown, Shown::Count);
    let mut walk = Walk { target, range, order: Order::Ascending, limit, filter, shown, consistent };
    if let Some(start) = start {
        let (segment, total) = segments.unwrap_or((0, 1));
        let wrong_segment = |_| {
            Misuse::new(format!(
                "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: {total} Segment: {segment}"
            ))
        };
        walk.target.start(&start)?;
        walk.start_behind(&start).map_err(wrong_segment)?;
    }
    let found = walk.run(dynamodb).await?;
    let wish = input.return_consumed_capacity.as_deref();
    Ok(ItemsAnswer {
        schema: &SCAN_OUTPUT,
        items: (!counts).then_some(found.items),
        count: wire::count(found.count),
        scanned_count: wire::count(found.scanned),
        last_evaluated_key: found.last.map(wire::wire_item),
        consumed_capacity: consumed_capacity(wish, &known.address.name, &found.consumed, Kind::Plain),
    })
}

fn segments(segment: Option<i32>, total: Option<i32>) -> Result<Option<(u32, u32)>, Misuse> {
    let (segment, total) = match (segment, total) {
        (None, None) => return Ok(None),
        (Some(_), None) => {
            return Err(Misuse::new(
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
            ));
        }
        (None, Some(_)) => {
            return Err(Misuse::new(
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
            ));
        }
        (Some(segment), Some(total)) => (segment, total),
    };
    if segment >= total {
        return Err(Misuse::new(format!(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {segment} is not less than TotalSegments: {total}"
        )));
    }
    Ok(u32::try_from(segment).ok().zip(u32::try_from(total).ok()))
}
