//! Resource policies: which other services may write. Kept and shown; evaluated once identities are.

use tidegate_api_logs::{
    DeleteResourcePolicyRequest, DescribeResourcePoliciesRequest, DescribeResourcePoliciesResponse,
    PutResourcePolicyRequest, PutResourcePolicyResponse,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};

use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{PolicyRecord, behind, corrupt, decode, keys};
use crate::wire::{self, Paging};

/// The most policies of an account in a region.
const MAX_POLICIES: usize = 10;

/// Creates or replaces a policy.
pub(crate) async fn put_resource_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutResourcePolicyRequest,
) -> Result<PutResourcePolicyResponse, Error> {
    if input.resource_arn.is_some() {
        return Err(Error::NotImplemented("PutResourcePolicy with resourceArn"));
    }
    let name = input.policy_name.ok_or_else(|| Error::invalid("Policy name is required"))?;
    let document = input.policy_document.unwrap_or_default();
    if !wire::is_json_object(&document) {
        return Err(Error::invalid("Invalid policy document"));
    }
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
        return Err(Error::NotImplemented("DeleteResourcePolicy with resourceArn"));
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
