//! Where AWS's shapes, names and texts live, and nowhere else: the routes, the error codes and words, and the
//! conversion between wire types and the domain's.

mod access;
mod coverage;
mod errors;
mod events;
mod further;
mod insights;
mod kept;
mod paging;
mod routes;
mod rules;
mod shown;

pub use coverage::COVERAGE;
pub(crate) use errors::{LONG_NAME, is_about_a_long_name, not_a_retention, session_failure, session_timeout};
pub(crate) use events::{
    count, event_token, events, filter_token, filtered_event, live_event, millis, open_event_token, open_filter_token,
    output_event, rejected, sequence_token,
};
pub(crate) use insights::{LANGUAGE, definition, parameters, query, row, statistics, status};
pub(crate) use kept::{
    delivery, delivery_destination, delivery_source, detector, detector_alone, lookup_table, millis as kept_millis,
};
pub(crate) use paging::Paging;
pub(crate) use routes::router;
pub(crate) use rules::{
    account_policy, field_index, group_policy, index_policy, index_policy_of_account, policy_kind, processors,
    processors_text, transformed,
};
pub(crate) use shown::{
    class, destination, export_task, group, group_summary, metric, metric_filter, metric_match, policy, stream,
    subscription,
};

/// Whether a text is a JSON object, as policies are.
pub(crate) fn is_json_object(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.is_object())
}
