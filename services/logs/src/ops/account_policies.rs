//! What an account wants of all its groups, or of some.

use tidegate_api_logs::{
    DeleteAccountPolicyRequest, DescribeAccountPoliciesRequest, DescribeAccountPoliciesResponse,
    PutAccountPolicyRequest, PutAccountPolicyResponse,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};

use super::subscription_filters::{check_vendor, target_of};
use crate::domain::{AccountPolicyKind, Meaning, prefixes};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{AccountPolicyRecord, corrupt, decode, keys};
use crate::wire::{self, Paging};

/// The most policies of one kind that are read at once, with room to spare.
const POLICIES: usize = 100;

/// Creates or replaces a policy.
pub(crate) async fn put_account_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutAccountPolicyRequest,
) -> Result<PutAccountPolicyResponse, Error> {
    let kind = wire::policy_kind(input.policy_type.as_deref().unwrap_or_default());
    let name = &input.policy_name.unwrap_or_default();
    if name.is_empty() || name.starts_with("aws/") {
        return Err(Error::invalid("Invalid policyName: it must not be empty nor start with aws/"));
    }
    let document = input.policy_document.unwrap_or_default();
    let meaning = kind.meaning(&document).map_err(Error::Invalid)?;
    let criteria = kind.criteria(input.selection_criteria.as_deref()).map_err(Error::Invalid)?;
    let target = match &meaning {
        Meaning::Subscription(filter) => {
            check_vendor(call, &filter.destination, filter.role.as_deref())?;
            Some(target_of(service, &filter.destination).await?.to_string())
        }
        _ => None,
    };
    let now = service.now();
    let record = AccountPolicyRecord {
        document,
        criteria: input.selection_criteria.filter(|_| criteria.is_some()),
        target,
        created_at: now,
        updated_at: now,
    };
    let (record, own) = (&record, &prefixes(criteria.as_ref()));
    let all = keys::account_policies(call.account, &call.region, kind);
    let key = &keys::account_policy(call.account, &call.region, kind, name);
    let range = &KeyRange::prefix(&all);
    let written = service
        // Two that count at the same time could together exceed the limit.
        .transact(std::slice::from_ref(&all), async |tx: &mut Tx| {
            let (mut others, mut before) = (Vec::new(), None);
            for entry in tx.scan(Space::Map, range, Order::Ascending, Page::of(POLICIES)).await? {
                let other: AccountPolicyRecord = decode(Space::Map, &entry.key, &entry.record)?;
                if entry.key == *key { before = Some(other) } else { others.push(other) }
            }
            check_others(kind, record.criteria.is_some(), own, &others)?;
            let created_at = before.map_or(now, |before| before.created_at);
            let record = AccountPolicyRecord { created_at, ..record.clone() };
            tx.put(Space::Map, key.clone(), record.encode());
            Ok(record)
        })
        .await?;
    Ok(PutAccountPolicyResponse {
        account_policy: Some(wire::account_policy(call.account, kind, name, &written.value)),
    })
}

/// How many there may be, and that no two of them are about the same groups.
fn check_others(
    kind: AccountPolicyKind,
    has_criteria: bool,
    own: &[String],
    others: &[AccountPolicyRecord],
) -> Result<(), Error> {
    let alike = others.iter().filter(|other| other.criteria.is_some() == has_criteria).count();
    let of_all = kind.most(true) == 1;
    if alike >= kind.most(has_criteria) || (of_all && !others.is_empty()) {
        return Err(Error::LimitExceeded);
    }
    for other in others {
        let criteria = kind.criteria(other.criteria.as_deref()).unwrap_or_default();
        let overlaps =
            |one: &String| own.iter().any(|own| own.starts_with(one.as_str()) || one.starts_with(own.as_str()));
        if prefixes(criteria.as_ref()).iter().any(overlaps) {
            return Err(Error::invalid("The selectionCriteria overlaps with that of another policy"));
        }
    }
    Ok(())
}

/// Deletes a policy.
pub(crate) async fn delete_account_policy(
    service: &CloudWatchLogs,
    call: &Call,
    input: DeleteAccountPolicyRequest,
) -> Result<(), Error> {
    let kind = wire::policy_kind(input.policy_type.as_deref().unwrap_or_default());
    let name = &input.policy_name.unwrap_or_default();
    let key = &keys::account_policy(call.account, &call.region, kind, name);
    let deleted = service.transact(&[], async |tx: &mut Tx| {
        tx.get(Space::Map, key).await?.ok_or_else(|| Error::NoSuchPolicy(name.clone()))?;
        tx.delete(Space::Map, key.clone());
        Ok(())
    });
    deleted.await.map(drop)
}

/// The caller's policies of one kind, by name.
pub(crate) async fn describe_account_policies(
    service: &CloudWatchLogs,
    call: &Call,
    input: DescribeAccountPoliciesRequest,
) -> Result<DescribeAccountPoliciesResponse, Error> {
    let kind = wire::policy_kind(input.policy_type.as_deref().unwrap_or_default());
    let paging = Paging::new(None, 50, input.next_token.as_deref())?;
    let after = paging.after()?;
    let own = call.account.to_string();
    let is_asked = input.account_identifiers.as_ref().is_none_or(|all| all.is_empty() || all.contains(&own));
    let prefix = keys::account_policies(call.account, &call.region, kind);
    let range = KeyRange::prefix(&prefix);
    let mut found = Vec::new();
    for entry in service.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, Page::of(POLICIES)).await? {
        let name = keys::read_name(&entry.key, &prefix).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
        let record: AccountPolicyRecord = decode(Space::Map, &entry.key, &entry.record)?;
        let is_so = input.policy_name.as_ref().is_none_or(|wanted| *wanted == name);
        if is_asked && is_so && after.is_none_or(|after| name.as_str() > after) {
            found.push((name, record));
        }
    }
    let next_token = paging.cut(&mut found, |(name, _)| name.clone());
    let shown = found.into_iter().map(|(name, record)| wire::account_policy(call.account, kind, &name, &record));
    Ok(DescribeAccountPoliciesResponse { account_policies: Some(shown.collect()), next_token })
}
