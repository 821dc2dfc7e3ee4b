//! What a group's owner wants of it: data protection, field indexes, a transformer. Each is one document.

use tidegate_api_logs::{
    DeleteDataProtectionPolicyRequest, DeleteIndexPolicyRequest, DeleteIndexPolicyResponse, DeleteTransformerRequest,
    DescribeFieldIndexesRequest, DescribeFieldIndexesResponse, DescribeIndexPoliciesRequest,
    DescribeIndexPoliciesResponse, GetDataProtectionPolicyRequest, GetDataProtectionPolicyResponse,
    GetTransformerRequest, GetTransformerResponse, PutDataProtectionPolicyRequest, PutDataProtectionPolicyResponse,
    PutIndexPolicyRequest, PutIndexPolicyResponse, PutTransformerRequest, TestTransformerRequest,
    TestTransformerResponse,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use tidegate_transform::{Malformed, Source, Transformer};

use super::read_group;
use crate::domain::{AccountPolicyKind, GroupAddress, Masking, indexed_fields};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{Group, RuleKind, RuleRecord, decode, keys};
use crate::wire;

/// Writes a rule of a group; `check` sees the one before it.
pub(super) async fn put_rule(
    service: &CloudWatchLogs,
    address: &GroupAddress,
    kind: RuleKind,
    document: String,
    check: impl Fn(Option<&RuleRecord>) -> Result<(), Error>,
) -> Result<RuleRecord, Error> {
    let (now, document, check) = (service.now(), &document, &check);
    let written = service.transact(&[], async |tx: &mut Tx| {
        let group = read_group(tx, address).await?.ok_or(Error::NoSuchGroup)?;
        let key = keys::rule(group.id, kind);
        let before = tx.get(Space::Map, &key).await?;
        let before: Option<RuleRecord> = before.map(|record| decode(Space::Map, &key, &record)).transpose()?;
        check(before.as_ref())?;
        let created_at = before.map_or(now, |before| before.created_at);
        let rule = RuleRecord { document: document.clone(), created_at, updated_at: now };
        tx.put(Space::Map, key, rule.encode());
        Ok(rule)
    });
    Ok(written.await?.value)
}

/// Removes a rule of a group; `check` sees it. Says whether there was one.
pub(super) async fn delete_rule(
    service: &CloudWatchLogs,
    address: &GroupAddress,
    kind: RuleKind,
    check: impl Fn(&RuleRecord) -> Result<(), Error>,
) -> Result<bool, Error> {
    let check = &check;
    let deleted = service.transact(&[], async |tx: &mut Tx| {
        let group = read_group(tx, address).await?.ok_or(Error::NoSuchGroup)?;
        let key = keys::rule(group.id, kind);
        let Some(record) = tx.get(Space::Map, &key).await? else { return Ok(false) };
        check(&decode(Space::Map, &key, &record)?)?;
        tx.delete(Space::Map, key);
        Ok(true)
    });
    Ok(deleted.await?.value)
}

/// A group of the class that has rules.
fn standard(service: &CloudWatchLogs, call: &Call, identifier: Option<String>) -> Result<Group, Error> {
    let group = service.group(call, None, identifier)?;
    group.must_be_standard()?;
    Ok(group)
}

/// From now on what a policy names is masked.
pub(crate) async fn put_data_protection_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutDataProtectionPolicyRequest,
) -> Result<PutDataProtectionPolicyResponse, Error> {
    let group = standard(service, call, input.log_group_identifier.clone())?;
    let document = input.policy_document.unwrap_or_default();
    Masking::parse(&document).map_err(Error::Invalid)?;
    let rule = put_rule(service, &group.address, RuleKind::DataProtection, document, |_| Ok(())).await?;
    Ok(PutDataProtectionPolicyResponse {
        log_group_identifier: input.log_group_identifier,
        last_updated_time: i64::try_from(rule.updated_at.as_millis()).ok(),
        policy_document: Some(rule.document),
    })
}

/// What is masked in a group; nothing but the group's name if nothing is.
pub(crate) async fn get_data_protection_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: GetDataProtectionPolicyRequest,
) -> Result<GetDataProtectionPolicyResponse, Error> {
    let group = service.group(call, None, input.log_group_identifier.clone())?;
    let rule = group.rule(RuleKind::DataProtection);
    Ok(GetDataProtectionPolicyResponse {
        log_group_identifier: input.log_group_identifier,
        policy_document: rule.map(|rule| rule.document.clone()),
        last_updated_time: rule.and_then(|rule| i64::try_from(rule.updated_at.as_millis()).ok()),
    })
}

/// From now on nothing of a group is masked, but for its account's policy.
pub(crate) async fn delete_data_protection_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: DeleteDataProtectionPolicyRequest,
) -> Result<(), Error> {
    let address = service.address(call, None, input.log_group_identifier)?;
    delete_rule(service, &address, RuleKind::DataProtection, |_| Ok(())).await.map(drop)
}

/// Notes which fields of a group are indexed.
pub(crate) async fn put_index_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutIndexPolicyRequest,
) -> Result<PutIndexPolicyResponse, Error> {
    let group = standard(service, call, input.log_group_identifier)?;
    let document = input.policy_document.unwrap_or_default();
    indexed_fields(&document).map_err(Error::Invalid)?;
    let rule = put_rule(service, &group.address, RuleKind::FieldIndex, document, |_| Ok(())).await?;
    Ok(PutIndexPolicyResponse { index_policy: Some(wire::index_policy(&group, &rule)) })
}

/// The index policy of a group, its own or its account's.
pub(crate) async fn describe_index_policies(
    service: &CloudWatchLogs,
    call: &Call,
    input: DescribeIndexPoliciesRequest,
) -> Result<DescribeIndexPoliciesResponse, Error> {
    let mut found = Vec::new();
    for identifier in input.log_group_identifiers.unwrap_or_default() {
        let group = service.group(call, None, Some(identifier))?;
        match group.rule(RuleKind::FieldIndex) {
            Some(rule) => found.push(wire::index_policy(&group, rule)),
            None => {
                let of_account = group.policies(AccountPolicyKind::FieldIndex).into_iter().next();
                found.extend(of_account.map(|(name, policy)| wire::index_policy_of_account(&group, name, policy)));
            }
        }
    }
    Ok(DescribeIndexPoliciesResponse { index_policies: Some(found), next_token: None })
}

/// Forgets which fields of a group are indexed.
pub(crate) async fn delete_index_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: DeleteIndexPolicyRequest,
) -> Result<DeleteIndexPolicyResponse, Error> {
    let address = service.address(call, None, input.log_group_identifier)?;
    match delete_rule(service, &address, RuleKind::FieldIndex, |_| Ok(())).await? {
        true => Ok(DeleteIndexPolicyResponse {}),
        false => Err(Error::NoSuchFilter("index policy")),
    }
}

/// The indexed fields of groups.
pub(crate) async fn describe_field_indexes(
    service: &CloudWatchLogs,
    call: &Call,
    input: DescribeFieldIndexesRequest,
) -> Result<DescribeFieldIndexesResponse, Error> {
    let mut found = Vec::new();
    for identifier in input.log_group_identifiers.unwrap_or_default() {
        let group = service.group(call, None, Some(identifier))?;
        let fields = match group.indexed_fields() {
            [] => group.policies(AccountPolicyKind::FieldIndex).first().map_or(&[][..], |(_, policy)| policy.fields()),
            own => own,
        };
        found.extend(fields.iter().map(|field| wire::field_index(&group, field, service.now())));
    }
    Ok(DescribeFieldIndexesResponse { field_indexes: Some(found), next_token: None })
}

/// Reads a transformer as requests have it.
fn understood(document: &str) -> Result<Transformer, Error> {
    let value = serde_json::from_str(document).map_err(|_| Error::invalid("Invalid transformer config"))?;
    Transformer::parse(&value).map_err(|error| match error {
        Malformed::NotServed(name) => Error::NotImplemented(name),
        Malformed::Wrong(words) => Error::Invalid(words),
    })
}

/// From now on events are transformed as they are written.
pub(crate) async fn put_transformer(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutTransformerRequest,
) -> Result<(), Error> {
    let group = standard(service, call, input.log_group_identifier)?;
    let document = wire::processors_text(input.transformer_config.unwrap_or_default());
    understood(&document)?;
    put_rule(service, &group.address, RuleKind::Transformer, document, |_| Ok(())).await.map(drop)
}

/// A group's own transformer.
pub(crate) async fn get_transformer(
    service: &CloudWatchLogs,
    call: &Call,
    input: GetTransformerRequest,
) -> Result<GetTransformerResponse, Error> {
    let group = service.group(call, None, input.log_group_identifier)?;
    let rule = group.rule(RuleKind::Transformer).ok_or(Error::NoSuchFilter("transformer"))?;
    Ok(GetTransformerResponse {
        log_group_identifier: Some(group.address.arn().to_string()),
        creation_time: i64::try_from(rule.created_at.as_millis()).ok(),
        last_modified_time: i64::try_from(rule.updated_at.as_millis()).ok(),
        transformer_config: Some(wire::processors(&rule.document)?),
    })
}

/// From now on events stay as they come, but for the account's transformer.
pub(crate) async fn delete_transformer(
    service: &CloudWatchLogs,
    call: &Call,
    input: DeleteTransformerRequest,
) -> Result<(), Error> {
    let address = service.address(call, None, input.log_group_identifier)?;
    delete_rule(service, &address, RuleKind::Transformer, |_| Ok(())).await.map(drop)
}

/// Says what a transformer makes of some messages.
pub(crate) async fn test_transformer(
    _: &CloudWatchLogs,
    call: &Call,
    input: TestTransformerRequest,
) -> Result<TestTransformerResponse, Error> {
    let transformer = understood(&wire::processors_text(input.transformer_config.unwrap_or_default()))?;
    let account = call.account.to_string();
    let source = Source { group: "", stream: "", account: &account, region: call.region.as_str() };
    let messages = (1..).zip(input.log_event_messages.unwrap_or_default());
    let shown = messages.map(|(number, message)| {
        let transformed = transformer.apply(&message, source);
        wire::transformed(number, message, transformed)
    });
    Ok(TestTransformerResponse { transformed_logs: Some(shown.collect()) })
}
