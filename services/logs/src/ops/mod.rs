//! CloudWatch Logs' operations: validate, decide, one transaction, answer. Operations about one small thing
//! share a file; what several need is in `appending` and `reading`.

mod account_policies;
mod anomaly_detectors;
mod appending;
mod create_log_group;
mod create_log_stream;
mod delete_log_group;
mod delete_log_stream;
mod deliveries;
mod describe_log_groups;
mod describe_log_streams;
mod destinations;
mod exports;
mod filter_log_events;
mod get_log_events;
mod insights;
mod integrations;
mod kept;
mod list_log_groups;
mod lookup_tables;
mod metric_filters;
mod put_log_events;
mod reading;
mod resource_policies;
mod rules;
mod settings;
mod start_live_tail;
mod subscription_filters;
mod tags;

pub(crate) use account_policies::{delete_account_policy, describe_account_policies, put_account_policy};
pub(crate) use anomaly_detectors::{
    create_log_anomaly_detector, delete_log_anomaly_detector, get_log_anomaly_detector, list_anomalies,
    list_log_anomaly_detectors, update_anomaly, update_log_anomaly_detector,
};
pub(crate) use appending::{Appending, Origin};
pub(crate) use create_log_group::{create_group_if_absent, create_log_group};
pub(crate) use create_log_stream::create_log_stream;
pub(crate) use delete_log_group::{delete_everything, delete_log_group};
pub(crate) use delete_log_stream::{delete_log_stream, delete_stream_in_tx};
pub(crate) use deliveries::{
    create_delivery, delete_delivery, delete_delivery_destination, delete_delivery_destination_policy,
    delete_delivery_source, describe_deliveries, describe_delivery_destinations, describe_delivery_sources,
    get_delivery, get_delivery_destination, get_delivery_destination_policy, get_delivery_source,
    put_delivery_destination, put_delivery_destination_policy, put_delivery_source, update_delivery_configuration,
};
pub(crate) use describe_log_groups::describe_log_groups;
pub(crate) use describe_log_streams::describe_log_streams;
pub(crate) use destinations::{delete_destination, describe_destinations, put_destination, put_destination_policy};
pub(crate) use exports::{cancel_export_task, create_export_task, describe_export_tasks};
pub(crate) use filter_log_events::filter_log_events;
pub(crate) use get_log_events::get_log_events;
pub(crate) use insights::{
    chosen_groups, delete_query_definition, describe_queries, describe_query_definitions, event as insights_event,
    get_log_fields, get_log_group_fields, get_log_object, get_log_record, get_query_results, groups_of_source,
    list_aggregate_log_group_summaries, list_log_groups_for_query, put_query_definition, start_query, stop_query,
};
pub(crate) use integrations::{
    associate_source_to_s3_table_integration, cancel_import_task, create_import_task, delete_integration,
    describe_configuration_templates, describe_import_task_batches, describe_import_tasks,
    disassociate_source_from_s3_table_integration, get_integration, list_integrations,
    list_sources_for_s3_table_integration, put_integration,
};
pub(crate) use list_log_groups::list_log_groups;
pub(crate) use lookup_tables::{
    create_lookup_table, delete_lookup_table, describe_lookup_tables, get_lookup_table, lookup_table,
    update_lookup_table,
};
pub(crate) use metric_filters::{delete_metric_filter, describe_metric_filters, put_metric_filter, test_metric_filter};
pub(crate) use put_log_events::put_log_events;
pub(crate) use reading::{EventReader, Query, Source, Step, found};
pub(crate) use resource_policies::{delete_resource_policy, describe_resource_policies, put_resource_policy};
pub(crate) use rules::{
    delete_data_protection_policy, delete_index_policy, delete_transformer, describe_field_indexes,
    describe_index_policies, get_data_protection_policy, get_transformer, put_data_protection_policy, put_index_policy,
    put_transformer, test_transformer,
};
pub(crate) use settings::{
    associate_kms_key, delete_retention_policy, disassociate_kms_key, put_log_group_deletion_protection,
    put_retention_policy,
};
pub(crate) use start_live_tail::start_live_tail;
pub(crate) use subscription_filters::{
    delete_subscription_filter, describe_subscription_filters, put_subscription_filter,
};
pub(crate) use tags::{
    list_tags_for_resource, list_tags_log_group, tag_log_group, tag_resource, untag_log_group, untag_resource,
};

use bytes::Bytes;
use tidegate_store::{Space, Tx};

use crate::domain::{Criteria, GroupAddress};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{FilterOptions, Group, GroupId, GroupRecord, SYSTEM_FIELDS, StreamRecord, decode, keys};

/// A group's record in accepted state: what every change of a group begins with.
pub(crate) async fn read_group(tx: &mut Tx, address: &GroupAddress) -> Result<Option<GroupRecord>, Error> {
    let key = keys::group(address);
    match tx.get(Space::Map, &key).await? {
        Some(record) => Ok(Some(decode(Space::Map, &key, &record)?)),
        None => Ok(None),
    }
}

/// A durable stream of a group.
pub(crate) async fn read_stream(service: &CloudWatchLogs, group: &Group, name: &str) -> Result<StreamRecord, Error> {
    let key = keys::stream(group.id(), name);
    let record = service.store.snapshot()?.get(Space::Map, &key).await?.ok_or(Error::NoSuchStream)?;
    Ok(decode(Space::Map, &key, &record)?)
}

/// Deletes a filter of a group, by its key.
async fn delete_filter(
    service: &CloudWatchLogs,
    address: &GroupAddress,
    key: impl Fn(GroupId) -> Bytes,
    what: &'static str,
) -> Result<(), Error> {
    let key = &key;
    let deleted = service.transact(&[], async |tx: &mut Tx| {
        let group = read_group(tx, address).await?.ok_or(Error::NoSuchGroup)?;
        let key = key(group.id);
        tx.get(Space::Map, &key).await?.ok_or(Error::NoSuchFilter(what))?;
        tx.delete(Space::Map, key);
        Ok(())
    });
    deleted.await.map(drop)
}

/// How a filter looks at events, as a request says.
fn filter_options(
    on_transformed: Option<bool>,
    criteria: Option<String>,
    system_fields: Option<Vec<String>>,
) -> Result<FilterOptions, Error> {
    let criteria = criteria.filter(|text| !text.trim().is_empty());
    if criteria.as_deref().is_some_and(|text| Criteria::parse(text, &SYSTEM_FIELDS).is_err()) {
        return Err(Error::invalid("Invalid fieldSelectionCriteria"));
    }
    let system_fields = system_fields.unwrap_or_default();
    if let Some(field) = system_fields.iter().find(|field| !SYSTEM_FIELDS.contains(&field.as_str())) {
        return Err(Error::invalid(format!("Invalid system field: {field}")));
    }
    Ok(FilterOptions { on_transformed: on_transformed.unwrap_or(false), criteria, system_fields })
}
