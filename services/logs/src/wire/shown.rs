//! What is kept, as AWS shows it.

use std::collections::BTreeMap;

use tidegate_api_logs::{
    Destination, ExportTask, ExportTaskExecutionInfo, ExportTaskStatus, LogGroup, LogGroupSummary, LogStream,
    MetricFilter, MetricFilterMatchRecord, MetricTransformation, ResourcePolicy, SubscriptionFilter,
};
use tidegate_types::{AccountId, Arn, Region, Timestamp};

use super::events::sequence_token;
use crate::domain::{self, AccountPolicyKind, ExportState};
use crate::store::{
    DestinationRecord, ExportRecord, Group, GroupClass, MetricFilterRecord, PolicyRecord, RuleKind, StreamRecord,
    SubscriptionRecord,
};

fn millis(time: Timestamp) -> Option<i64> {
    i64::try_from(time.as_millis()).ok()
}

/// An export.
pub(crate) fn export_task(id: String, export: ExportRecord) -> ExportTask {
    let (code, message) = match export.state {
        ExportState::Unfinished => ("RUNNING", "Started successfully".to_owned()),
        ExportState::Completed => ("COMPLETED", "Completed successfully".to_owned()),
        ExportState::Cancelled => ("CANCELLED", "Cancelled successfully".to_owned()),
        ExportState::Failed(why) => ("FAILED", why),
    };
    ExportTask {
        task_id: Some(id),
        task_name: export.name,
        log_group_name: Some(export.group),
        from: i64::try_from(export.from_ms).ok(),
        to: i64::try_from(export.to_ms).ok(),
        destination: Some(export.bucket),
        destination_prefix: Some(export.prefix),
        status: Some(ExportTaskStatus { code: Some(code.to_owned()), message: Some(message) }),
        execution_info: Some(ExportTaskExecutionInfo {
            creation_time: millis(export.created_at),
            completion_time: export.ended_at.and_then(millis),
        }),
    }
}

/// The class of a name that the model allows.
pub(crate) fn class(name: &str) -> GroupClass {
    match name {
        "INFREQUENT_ACCESS" => GroupClass::InfrequentAccess,
        "DELIVERY" => GroupClass::Delivery,
        _ => GroupClass::Standard,
    }
}

fn class_name(class: GroupClass) -> String {
    let name = match class {
        GroupClass::Standard => "STANDARD",
        GroupClass::InfrequentAccess => "INFREQUENT_ACCESS",
        GroupClass::Delivery => "DELIVERY",
    };
    name.to_owned()
}

/// A group.
pub(crate) fn group(group: &Group, stored_bytes: u64) -> LogGroup {
    let record = &group.record;
    let arn = group.address.arn().to_string();
    LogGroup {
        log_group_name: Some(group.address.name.clone()),
        creation_time: millis(record.created_at),
        retention_in_days: record.retention_days.and_then(|days| i32::try_from(days).ok()),
        metric_filter_count: i32::try_from(group.metric_filters().len()).ok(),
        arn: Some(format!("{arn}:*")),
        stored_bytes: i64::try_from(stored_bytes).ok(),
        kms_key_id: record.kms_key.clone(),
        log_group_class: Some(class_name(record.class)),
        log_group_arn: Some(arn),
        deletion_protection_enabled: Some(record.is_protected),
        data_protection_status: group.rule(RuleKind::DataProtection).map(|_| "ACTIVATED".to_owned()),
        inherited_properties: Some(group.policies(AccountPolicyKind::DataProtection))
            .filter(|policies| !policies.is_empty())
            .map(|_| vec!["ACCOUNT_DATA_PROTECTION".to_owned()]),
        ..LogGroup::default()
    }
}

/// A group in short.
pub(crate) fn group_summary(group: &Group) -> LogGroupSummary {
    LogGroupSummary {
        log_group_name: Some(group.address.name.clone()),
        log_group_arn: Some(group.address.arn().to_string()),
        log_group_class: Some(class_name(group.record.class)),
    }
}

/// A stream. Its stored bytes are 0, as AWS has answered since 2019.
pub(crate) fn stream(group: &Group, name: String, stream: &StreamRecord, first_ms: Option<u64>) -> LogStream {
    let written = stream.written;
    LogStream {
        arn: Some(group.address.stream_arn(&name)),
        log_stream_name: Some(name),
        creation_time: millis(stream.created_at),
        first_event_timestamp: first_ms.and_then(|first| i64::try_from(first).ok()),
        last_event_timestamp: written.and_then(|written| i64::try_from(written.last_ms).ok()),
        last_ingestion_time: written.and_then(|written| millis(written.ingested_at)),
        upload_sequence_token: written.map(|written| sequence_token(written.ingested_at, stream.id.0)),
        stored_bytes: Some(0),
    }
}

/// What a request says that a metric filter makes of events.
pub(crate) fn metric(metric: MetricTransformation) -> domain::MetricTransformation {
    domain::MetricTransformation {
        name: metric.metric_name.unwrap_or_default(),
        namespace: metric.metric_namespace.unwrap_or_default(),
        value: metric.metric_value.unwrap_or_default(),
        default: metric.default_value,
        dimensions: metric.dimensions.unwrap_or_default(),
        unit: metric.unit,
    }
}

/// A metric filter.
pub(crate) fn metric_filter(group: &Group, name: &str, filter: &MetricFilterRecord) -> MetricFilter {
    let metric = &filter.metric;
    let transformation = MetricTransformation {
        metric_name: Some(metric.name.clone()),
        metric_namespace: Some(metric.namespace.clone()),
        metric_value: Some(metric.value.clone()),
        default_value: metric.default,
        dimensions: (!metric.dimensions.is_empty()).then(|| metric.dimensions.clone()),
        unit: metric.unit.clone(),
    };
    MetricFilter {
        filter_name: Some(name.to_owned()),
        filter_pattern: Some(filter.pattern.clone()),
        metric_transformations: Some(vec![transformation]),
        creation_time: millis(filter.created_at),
        log_group_name: Some(group.address.name.clone()),
        apply_on_transformed_logs: Some(filter.options.on_transformed),
        field_selection_criteria: filter.options.criteria.clone(),
        emit_system_field_dimensions: some(&filter.options.system_fields),
    }
}

fn some(list: &[String]) -> Option<Vec<String>> {
    Some(list.to_vec()).filter(|list| !list.is_empty())
}

/// A message that a pattern matches.
pub(crate) fn metric_match(number: i64, message: String, values: BTreeMap<String, String>) -> MetricFilterMatchRecord {
    MetricFilterMatchRecord { event_number: Some(number), event_message: Some(message), extracted_values: Some(values) }
}

/// A subscription filter.
pub(crate) fn subscription(group: &Group, name: &str, filter: &SubscriptionRecord) -> SubscriptionFilter {
    SubscriptionFilter {
        filter_name: Some(name.to_owned()),
        log_group_name: Some(group.address.name.clone()),
        filter_pattern: Some(filter.pattern.clone()),
        destination_arn: Some(filter.destination.to_string()),
        role_arn: filter.role.clone(),
        distribution: Some(if filter.is_random { "Random" } else { "ByLogStream" }.to_owned()),
        apply_on_transformed_logs: Some(filter.options.on_transformed),
        creation_time: millis(filter.created_at),
        field_selection_criteria: filter.options.criteria.clone(),
        emit_system_fields: some(&filter.options.system_fields),
    }
}

/// A resource policy.
pub(crate) fn policy(name: String, policy: PolicyRecord) -> ResourcePolicy {
    ResourcePolicy {
        policy_name: Some(name),
        policy_document: Some(policy.document),
        last_updated_time: millis(policy.updated_at),
        policy_scope: Some("ACCOUNT".to_owned()),
        ..ResourcePolicy::default()
    }
}

/// A destination.
pub(crate) fn destination(account: AccountId, region: &Region, name: String, found: DestinationRecord) -> Destination {
    Destination {
        arn: Some(Arn::new("logs", region, account, format!("destination:{name}")).to_string()),
        destination_name: Some(name),
        target_arn: Some(found.target),
        role_arn: Some(found.role),
        access_policy: found.policy,
        creation_time: millis(found.created_at),
    }
}
