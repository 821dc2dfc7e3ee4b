//! Permissions that follow from what queries and documents say, and not from members with the names of groups.

use tidegate_insights::Query;
use tidegate_protocol::{Call, Members, Need};

use super::policy_kind;
use crate::domain::{AccountPolicyKind, Meaning};
use crate::ops::chosen_groups;
use crate::service::CloudWatchLogs;

/// What a query needs for each of these groups, and for each that it chooses by itself, in subqueries too. A query that
/// names none and cannot be read, or chooses none, is held against all of them.
pub(super) fn of_query(logs: &CloudWatchLogs, call: &Call, named: Vec<String>, input: &Members) -> Vec<Need> {
    let text = input.text("queryString").unwrap_or_default();
    let mut resources = named;
    resources.extend(chosen(logs, call, text));
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let need = |action: &'static str| resources.iter().map(move |resource| Need::new(action, resource.clone()));
    let mut needs: Vec<Need> = need("logs:StartQuery").collect();
    if text.to_ascii_lowercase().contains("unmask") {
        needs.extend(need("logs:Unmask"));
    }
    needs
}

fn chosen(logs: &CloudWatchLogs, call: &Call, text: &str) -> Vec<String> {
    // Groups that cannot be read, or are not there, are the operation's to tell of.
    let Ok(query) = Query::parse(text) else { return Vec::new() };
    let sources = query.readings().into_iter().filter_map(|reading| reading.source);
    let groups = sources.flat_map(|source| chosen_groups(logs, call.account, &call.region, source).unwrap_or_default());
    let mut chosen: Vec<String> = groups.map(|group| group.address.stream_arn("")).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
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
