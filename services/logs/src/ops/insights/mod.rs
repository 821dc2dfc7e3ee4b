//! Insights' operations. A query is only noted here; `workers/queries.rs` runs it.

mod definitions;
mod describe_queries;
mod get_log_fields;
mod get_log_group_fields;
mod get_log_record;
mod get_query_results;
mod list_log_groups_for_query;
mod start_query;
mod stop_query;

pub(crate) use definitions::{delete_query_definition, describe_query_definitions, put_query_definition};
pub(crate) use describe_queries::describe_queries;
pub(crate) use get_log_fields::{get_log_fields, groups_of_source, list_aggregate_log_group_summaries};
pub(crate) use get_log_group_fields::get_log_group_fields;
pub(crate) use get_log_record::{get_log_object, get_log_record};
pub(crate) use get_query_results::get_query_results;
pub(crate) use list_log_groups_for_query::list_log_groups_for_query;
pub(crate) use start_query::{chosen_groups, start_query};
pub(crate) use stop_query::stop_query;

use std::sync::Arc;

use tidegate_insights::Event;
use tidegate_protocol::Call;

use crate::domain::{Found, GroupAddress, Pointer};
use crate::store::QueryKey;

/// The caller's query of that id.
fn query_key(call: &Call, id: Option<String>) -> QueryKey {
    QueryKey { account: call.account, region: call.region.clone(), id: id.unwrap_or_default() }
}

/// An event as queries see it.
pub(crate) fn event(group: &GroupAddress, found: Found) -> Event {
    let pointer = Pointer {
        group: group.name.clone(),
        stream: found.stream.to_string(),
        position: found.id.position,
        index: found.id.index,
    };
    let signed = |millis: u64| i64::try_from(millis).unwrap_or(i64::MAX);
    Event {
        timestamp_ms: signed(found.id.timestamp),
        ingestion_ms: signed(found.ingested_at.as_millis()),
        message: found.message,
        unmasked: found.unmasked,
        transformed: found.transformed,
        log: Arc::from(format!("{}:{}", group.account, group.name)),
        log_stream: found.stream,
        ptr: pointer.text(),
    }
}
