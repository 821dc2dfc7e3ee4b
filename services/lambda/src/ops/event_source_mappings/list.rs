use tidegate_api_lambda::{ListEventSourceMappingsRequest, ListEventSourceMappingsResponse};
use tidegate_protocol::Call;

use super::shown;
use crate::error::Error;
use crate::ops::page;
use crate::service::Lambda;

/// Lists the mappings of an account, of a source or of a function.
pub(crate) async fn list_event_source_mappings(
    lambda: &Lambda,
    call: &Call,
    input: ListEventSourceMappingsRequest,
) -> Result<ListEventSourceMappingsResponse, Error> {
    let function = match input.function_name {
        Some(name) => Some(lambda.named(call, Some(name), None)?.qualified_arn()),
        None => None,
    };
    let all = lambda.following.mappings.all().into_iter().filter(|(_, record)| {
        record.account == call.account
            && record.region == call.region
            && function.as_ref().is_none_or(|function| record.function.to_string() == *function)
            && input.event_source_arn.as_ref().is_none_or(|source| record.source.to_string() == *source)
    });
    let (mappings, next_marker) =
        page(all.collect(), input.marker.as_deref(), input.max_items, |(id, _)| id.to_string());
    let shown = mappings.iter().map(|(id, record)| shown(lambda, *id, record)).collect();
    Ok(ListEventSourceMappingsResponse { event_source_mappings: Some(shown), next_marker })
}
