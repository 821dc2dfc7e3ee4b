//! Resource policies: which other services may write. Kept and shown; evaluated once identities are.

use tidegate_api_logs::{
    DeleteResourcePolicyRequest, DescribeResourcePoliciesRequest, DescribeResourcePoliciesResponse,
    PutResourcePolicyRequest, PutResourcePolicyResponse,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};
use tidegate_types::Arn;
use uuid::Uuid;

use super::rules::{delete_rule, put_rule};
use crate::domain::GroupAddress;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{Group, PolicyRecord, RuleKind, RuleRecord, behind, corrupt, decode, keys};
use crate::wire::{self, Paging};

/// The most policies of an account in a region.
const MAX_POLICIES: usize = 10;
/// What revisions of groups' policies are made below.
const REVISIONS: Uuid = Uuid::from_u128(0x6c6f_6773_2d70_6f6c_6963_792d_7265_7673);

/// Creates or replaces a policy.
pub(crate) async fn put_resource_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutResourcePolicyRequest,
) -> Result<PutResourcePolicyResponse, Error> {
    let document = input.policy_document.unwrap_or_default();
    if !wire::is_json_object(&document) {
        return Err(Error::invalid("Invalid policy document"));
    }
    if input.resource_arn.is_some() {
        let group = group_of(service, call, input.resource_arn)?;
        let expected = input.expected_revision_id.as_deref();
        let check = |before: Option<&RuleRecord>| match before {
            Some(before) => check_revision(&group, before, expected),
            None if expected.is_some() => Err(Error::OtherRevision),
            None => Ok(()),
        };
        let rule = put_rule(service, &group.address, RuleKind::ResourcePolicy, document, check).await?;
        let revision_id = Some(revision(&group, &rule));
        let resource_policy = Some(wire::group_policy(&group, &rule, revision(&group, &rule)));
        return Ok(PutResourcePolicyResponse { resource_policy, revision_id });
    }
    let name = input.policy_name.ok_or_else(|| Error::invalid("Policy name is required"))?;
    let policy = &PolicyRecord { document, updated_at: service.now() };
    let key = &keys::policy(call.account, &call.region, &name);
    let range = &KeyRange::prefix(&keys::policies(call.account, &call.region));
    // Two that count at the same time could together exceed the limit.
    let latch = keys::policies(call.account, &call.region);
    service
        .transact(&[latch], async |tx: &mut Tx| {
            let is_new = tx.get(Space::Map, key).await?.is_none();
            let present = tx.scan(Space::Map, range, Order::Ascending, Page::of(MAX_POLICIES)).await?;
            if is_new && present.len() == MAX_POLICIES {
                return Err(Error::LimitExceeded);
            }
            tx.put(Space::Map, key.clone(), policy.encode());
            Ok(())
        })
        .await?;
    let resource_policy = Some(wire::policy(name, policy.clone()));
    Ok(PutResourcePolicyResponse { resource_policy, revision_id: None })
}

/// Deletes a policy.
pub(crate) async fn delete_resource_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: DeleteResourcePolicyRequest,
) -> Result<(), Error> {
    if input.resource_arn.is_some() {
        let group = group_of(service, call, input.resource_arn)?;
        let check = |rule: &RuleRecord| check_revision(&group, rule, input.expected_revision_id.as_deref());
        return match delete_rule(service, &group.address, RuleKind::ResourcePolicy, check).await? {
            true => Ok(()),
            false => Err(Error::NoSuchPolicy(group.address.arn().to_string())),
        };
    }
    let name = &input.policy_name.ok_or_else(|| Error::invalid("Policy name is required"))?;
    let key = &keys::policy(call.account, &call.region, name);
    service
        .transact(&[], async |tx: &mut Tx| {
            tx.get(Space::Map, key).await?.ok_or_else(|| Error::NoSuchPolicy(name.clone()))?;
            tx.delete(Space::Map, key.clone());
            Ok(())
        })
        .await?;
    Ok(())
}

/// The caller's policies, by name.
pub(crate) async fn describe_resource_policies(
    service: &CloudWatchLogs,
    call: &Call,
    input: DescribeResourcePoliciesRequest,
) -> Result<DescribeResourcePoliciesResponse, Error> {
    let paging = Paging::new(input.limit, 50, input.next_token.as_deref())?;
    if input.resource_arn.is_some() || input.policy_scope.as_deref() == Some("RESOURCE") {
        let groups = match input.resource_arn {
            Some(arn) => vec![group_of(service, call, Some(arn))?],
            None => service.directory.of_account(call.account, &call.region, paging.after()?)?,
        };
        let shown = |group: Group| {
            let rule = group.rule(RuleKind::ResourcePolicy)?;
            Some((group.address.name.clone(), wire::group_policy(&group, rule, revision(&group, rule))))
        };
        let mut found: Vec<_> = groups.into_iter().filter_map(shown).collect();
        let next_token = paging.cut(&mut found, |(name, _)| name.clone());
        let shown = found.into_iter().map(|(_, policy)| policy).collect();
        return Ok(DescribeResourcePoliciesResponse { resource_policies: Some(shown), next_token });
    }
    let prefix = keys::policies(call.account, &call.region);
    let mut range = KeyRange::prefix(&prefix);
    if let Some(after) = paging.after()? {
        range.start = behind(&keys::policy(call.account, &call.region, after));
    }
    let entries =
        service.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, Page::of(paging.max + 1)).await?;
    let mut found = Vec::with_capacity(entries.len());
    for entry in entries {
        let name = keys::read_name(&entry.key, &prefix).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
        let policy: PolicyRecord = decode(Space::Map, &entry.key, &entry.record)?;
        found.push((name, policy));
    }
    let next_token = paging.cut(&mut found, |(name, _)| name.clone());
    let shown = found.into_iter().map(|(name, policy)| wire::policy(name, policy)).collect();
    Ok(DescribeResourcePoliciesResponse { resource_policies: Some(shown), next_token })
}

/// The group of an ARN, which is the only kind of resource with a policy of its own.
fn group_of(service: &CloudWatchLogs, call: &Call, arn: Option<String>) -> Result<Group, Error> {
    let text = arn.unwrap_or_default();
    let arn: Arn = text.parse().map_err(|_| Error::NoSuchResource(text.clone()))?;
    let address = GroupAddress::of_arn(&arn).filter(|address| address.account == call.account);
    service.known(&address.ok_or(Error::NoSuchResource(text))?)
}

/// What tells one revision of a group's policy from another.
fn revision(group: &Group, rule: &RuleRecord) -> String {
    let of = format!("{:x}/{}/{}", group.id().0, rule.updated_at.as_millis(), rule.document);
    Uuid::new_v5(&REVISIONS, of.as_bytes()).to_string()
}

fn check_revision(group: &Group, rule: &RuleRecord, expected: Option<&str>) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != revision(group, rule) => Err(Error::OtherRevision),
        _ => Ok(()),
    }
}
