//! Policies of accounts and rules of groups, as AWS shows them.

use tidegate_api_logs::{
    AccountPolicy, FieldIndex, GetTransformerResponse, IndexPolicy, Processor, PutTransformerRequest, ResourcePolicy,
    TransformedLogRecord,
};
use tidegate_protocol::Shape;
use tidegate_protocol::aws_json::{JsonReader, JsonWriter};
use tidegate_types::{AccountId, Timestamp};

use crate::domain::{AccountPolicyKind, IndexedField};
use crate::error::Error;
use crate::store::{self, AccountPolicyRecord, Group, RuleRecord};

fn millis(time: Timestamp) -> Option<i64> {
    i64::try_from(time.as_millis()).ok()
}

const KINDS: [(AccountPolicyKind, &str); 5] = [
    (AccountPolicyKind::DataProtection, "DATA_PROTECTION_POLICY"),
    (AccountPolicyKind::Subscription, "SUBSCRIPTION_FILTER_POLICY"),
    (AccountPolicyKind::FieldIndex, "FIELD_INDEX_POLICY"),
    (AccountPolicyKind::Transformer, "TRANSFORMER_POLICY"),
    (AccountPolicyKind::MetricExtraction, "METRIC_EXTRACTION_POLICY"),
];

/// The kind of a name that the model allows.
pub(crate) fn policy_kind(name: &str) -> AccountPolicyKind {
    KINDS.iter().find(|(_, own)| *own == name).map_or(AccountPolicyKind::MetricExtraction, |(kind, _)| *kind)
}

/// A policy of an account.
pub(crate) fn account_policy(
    account: AccountId,
    kind: AccountPolicyKind,
    name: &str,
    record: &AccountPolicyRecord,
) -> AccountPolicy {
    AccountPolicy {
        policy_name: Some(name.to_owned()),
        policy_document: Some(record.document.clone()),
        last_updated_time: millis(record.updated_at),
        policy_type: KINDS.iter().find(|(own, _)| *own == kind).map(|(_, name)| (*name).to_owned()),
        scope: Some("ALL".to_owned()),
        selection_criteria: record.criteria.clone(),
        account_id: Some(account.to_string()),
    }
}

/// A group's own index policy.
pub(crate) fn index_policy(group: &Group, rule: &RuleRecord) -> IndexPolicy {
    IndexPolicy {
        log_group_identifier: Some(group.address.arn().to_string()),
        last_update_time: millis(rule.updated_at),
        policy_document: Some(rule.document.clone()),
        policy_name: None,
        source: Some("LOG_GROUP".to_owned()),
    }
}

/// The index policy that a group has from its account.
pub(crate) fn index_policy_of_account(group: &Group, name: &str, policy: &store::AccountPolicy) -> IndexPolicy {
    IndexPolicy {
        log_group_identifier: Some(group.address.arn().to_string()),
        last_update_time: millis(policy.record.updated_at),
        policy_document: Some(policy.record.document.clone()),
        policy_name: Some(name.to_owned()),
        source: Some("ACCOUNT".to_owned()),
    }
}

/// A field that a policy indexes.
pub(crate) fn field_index(group: &Group, field: &IndexedField, now: Timestamp) -> FieldIndex {
    FieldIndex {
        log_group_identifier: Some(group.address.arn().to_string()),
        field_index_name: Some(field.name.clone()),
        last_scan_time: millis(now),
        first_event_time: None,
        last_event_time: None,
        r#type: Some(if field.is_facet { "FACET" } else { "FIELD_INDEX" }.to_owned()),
    }
}

/// A transformer's processors as JSON: the form in which account policies have them.
pub(crate) fn processors_text(processors: Vec<Processor>) -> String {
    let request = PutTransformerRequest { log_group_identifier: None, transformer_config: Some(processors) };
    let mut writer = JsonWriter::default();
    request.write(&mut writer);
    let text = String::from_utf8(writer.finish()).expect("JSON is text");
    let value: serde_json::Value = serde_json::from_str(&text).expect("what was written is JSON");
    value["transformerConfig"].to_string()
}

/// The processors that a stored transformer has.
pub(crate) fn processors(document: &str) -> Result<Vec<Processor>, Error> {
    let body = format!(r#"{{"transformerConfig":{document}}}"#);
    let unreadable = || Error::NoSuchFilter("transformer");
    let mut reader = JsonReader::new(body.as_bytes()).map_err(|_| unreadable())?;
    let response = GetTransformerResponse::read(&mut reader).map_err(|_| unreadable())?;
    Ok(response.transformer_config.unwrap_or_default())
}

/// What a transformer made of a message, which stays as it is if a parser cannot read it.
pub(crate) fn transformed(number: i64, message: String, transformed: Option<String>) -> TransformedLogRecord {
    let shown = transformed.unwrap_or_else(|| message.clone());
    TransformedLogRecord {
        event_number: Some(number),
        event_message: Some(message),
        transformed_event_message: Some(shown),
    }
}

/// A resource policy of one group.
pub(crate) fn group_policy(group: &Group, rule: &RuleRecord, revision: String) -> ResourcePolicy {
    ResourcePolicy {
        policy_name: None,
        policy_document: Some(rule.document.clone()),
        last_updated_time: millis(rule.updated_at),
        policy_scope: Some("RESOURCE".to_owned()),
        resource_arn: Some(group.address.arn().to_string()),
        revision_id: Some(revision),
    }
}
