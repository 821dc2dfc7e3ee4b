//! Permissions that follow from what queries and documents say, and not from members with the names of groups.

use std::collections::BTreeSet;

use tidegate_insights::{Query, Source};
use tidegate_protocol::{Call, Members, Need};

use super::access::{own, stream_of};
use super::policy_kind;
use crate::domain::{AccountPolicyKind, Meaning};
use crate::ops::chosen_groups;
use crate::service::CloudWatchLogs;

/// What a query needs for each of these groups, and for each that it chooses by itself, in subqueries too. One that
/// names none, or that has a `SOURCE` which chooses none, is held against all of them. Whoever looks something up in a
/// table reads that: AWS documents the same permission for pipelines.
pub(super) fn of_query(logs: &CloudWatchLogs, call: &Call, named: Vec<String>, input: &Members) -> Vec<Need> {
    let text = input.text("queryString").unwrap_or_default();
    // A query that cannot be read is the operation's to tell of.
    let query = Query::parse(text).ok();
    let sources = query.iter().flat_map(Query::readings).filter_map(|reading| reading.source);
    let chosen: BTreeSet<String> = sources.flat_map(|source| chosen(logs, call, source)).collect();
    let mut resources = named;
    resources.extend(chosen);
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let need = |action: &'static str| resources.iter().map(move |resource| Need::new(action, resource.clone()));
    let mut needs: Vec<Need> = need("logs:StartQuery").collect();
    if text.to_ascii_lowercase().contains("unmask") {
        needs.extend(need("logs:Unmask"));
    }
    let tables: BTreeSet<&String> = query.iter().flat_map(Query::lookups).map(|lookup| &lookup.table).collect();
    let table = |name: &String| Need::new("logs:GetLookupTable", own(call, &format!("lookup-table:{name}")));
    needs.extend(tables.into_iter().map(table));
    needs
}

/// The groups that a `SOURCE` names, there or not, or those that it chooses.
fn chosen(logs: &CloudWatchLogs, call: &Call, source: &Source) -> Vec<String> {
    if !source.names.is_empty() {
        return source.names.iter().map(|name| stream_of(call, name, "")).collect();
    }
    let groups = chosen_groups(logs, call.account, &call.region, source).unwrap_or_default();
    if groups.is_empty() { vec!["*".to_owned()] } else { groups.iter().map(|g| g.address.stream_arn("")).collect() }
}

/// Beside its own permission, putting or deleting a policy of an account needs that for a group's policy of the same
/// kind, and a subscription's role is passed.
pub(super) fn of_account_policy(verb: &str, input: &Members) -> Vec<Need> {
    let kind = policy_kind(input.text("policyType").unwrap_or_default());
    let what = match kind {
        AccountPolicyKind::DataProtection => "DataProtectionPolicy",
        AccountPolicyKind::Subscription => "SubscriptionFilter",
        AccountPolicyKind::FieldIndex => "IndexPolicy",
        AccountPolicyKind::Transformer => "Transformer",
        AccountPolicyKind::MetricExtraction => "MetricExtractionPolicy",
    };
    let mut needs =
        vec![Need::anywhere(format!("logs:{verb}AccountPolicy")), Need::anywhere(format!("logs:{verb}{what}"))];
    // A document that cannot be read passes no role: the operation refuses it.
    let meaning = input.text("policyDocument").and_then(|document| kind.meaning(document).ok());
    if let Some(Meaning::Subscription(filter)) = meaning {
        needs.extend(filter.role.map(passed));
    }
    needs
}

/// The permission to have Logs use a role.
pub(super) fn passed(role: impl Into<String>) -> Need {
    Need::new("iam:PassRole", role).with("iam:PassedToService", "logs.amazonaws.com")
}
