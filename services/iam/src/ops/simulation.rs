//! The policy simulator: what the evaluator would decide of requests that nobody makes.

use std::collections::BTreeMap;

use tidegate_api_iam as api;
use tidegate_policy::{Outcome, Position, Principal, Request};
use tidegate_types::{AccountId, Arn};

use super::{policies, text};
use crate::domain::{Grants, Matched, Simulated, SimulatedKind, Simulation, Tags, Verdict};
use crate::error::{Error, ValueFault};
use crate::ports::of_kind;
use crate::service::Desk;
use crate::wire::Listing;

/// The most resources of one call. AWS names no limit; this one bounds what a call costs.
const MAX_RESOURCES: usize = 1000;
/// The most results of a page, as AWS has it.
const MAX_PAGE: i32 = 1000;

pub(crate) fn simulate_principal_policy(
    desk: &Desk<'_>,
    input: &api::SimulatePrincipalPolicyRequest,
) -> Result<api::SimulatePolicyResponse, Error> {
    let source = source(desk, text(&input.policy_source_arn))?;
    let caller = match &input.caller_arn {
        Some(arn) => Some(caller(arn)?),
        None => source.principal.clone(),
    };
    let mut simulation = source.simulation;
    simulation.identity.extend(given(&input.policy_input_list, "PolicyInputList", SimulatedKind::Identity)?);
    let keys = if input.caller_arn.is_none() { source.keys } else { Vec::new() };
    let asked = Asked {
        boundaries: &input.permissions_boundary_policy_input_list,
        actions: &input.action_names,
        resources: &input.resource_arns,
        resource_policy: &input.resource_policy,
        resource_owner: &input.resource_owner,
        entries: &input.context_entries,
        max_items: input.max_items,
        marker: &input.marker,
    };
    asked.run(desk, simulation, caller, keys)
}

pub(crate) fn simulate_custom_policy(
    desk: &Desk<'_>,
    input: &api::SimulateCustomPolicyRequest,
) -> Result<api::SimulatePolicyResponse, Error> {
    let identity = given(&input.policy_input_list, "PolicyInputList", SimulatedKind::Identity)?;
    let caller = input.caller_arn.as_deref().map(caller).transpose()?;
    let asked = Asked {
        boundaries: &input.permissions_boundary_policy_input_list,
        actions: &input.action_names,
        resources: &input.resource_arns,
        resource_policy: &input.resource_policy,
        resource_owner: &input.resource_owner,
        entries: &input.context_entries,
        max_items: input.max_items,
        marker: &input.marker,
    };
    asked.run(desk, Simulation { identity, ..Simulation::default() }, caller, Vec::new())
}

pub(crate) fn get_context_keys_for_principal_policy(
    desk: &Desk<'_>,
    input: &api::GetContextKeysForPrincipalPolicyRequest,
) -> Result<api::GetContextKeysForPolicyResponse, Error> {
    let mut simulation = source(desk, text(&input.policy_source_arn))?.simulation;
    simulation.boundary = None;
    simulation.identity.extend(given(&input.policy_input_list, "PolicyInputList", SimulatedKind::Identity)?);
    Ok(api::GetContextKeysForPolicyResponse { context_key_names: Some(simulation.context_keys()) })
}

pub(crate) fn get_context_keys_for_custom_policy(
    _: &Desk<'_>,
    input: &api::GetContextKeysForCustomPolicyRequest,
) -> Result<api::GetContextKeysForPolicyResponse, Error> {
    let identity = given(&input.policy_input_list, "PolicyInputList", SimulatedKind::Identity)?;
    let simulation = Simulation { identity, ..Simulation::default() };
    Ok(api::GetContextKeysForPolicyResponse { context_key_names: Some(simulation.context_keys()) })
}

/// The policies that a call brings along, by the names that AWS gives them.
fn given(texts: &Option<Vec<String>>, list: &str, kind: SimulatedKind) -> Result<Vec<Simulated>, Error> {
    let read = |(index, text): (usize, &String)| {
        let id = format!("{list}.{}", index + 1);
        Simulated::read(id.clone(), kind, text).ok_or(Error::Value(ValueFault::Simulated(id)))
    };
    texts.iter().flatten().enumerate().map(read).collect()
}

/// A user, group or role whose policies are simulated.
struct Source {
    simulation: Simulation,
    /// Groups make no requests.
    principal: Option<Principal>,
    /// What its requests bring along.
    keys: Vec<(String, String)>,
}

fn source(desk: &Desk<'_>, arn: &str) -> Result<Source, Error> {
    let unclear = || Error::Value(ValueFault::PolicySource(arn.to_owned()));
    let found = ["user", "group", "role"].into_iter().find_map(|kind| Some((kind, of_kind(arn, kind)?)));
    let (kind, (account, name)) = found.ok_or_else(unclear)?;
    if account != desk.account {
        return Err(Error::Value(ValueFault::ForeignSource { caller: desk.account, owner: account }));
    }
    let state = &desk.state;
    let mut simulation = Simulation::default();
    let (principal, keys) = match kind {
        "user" => {
            let user = state.users.get(name)?;
            collect(desk, &mut simulation, &format!("user_{}", user.header.name), &user.grants);
            for group in user.groups.iter().filter_map(|group| state.groups.find(group)) {
                let groups = Grants { boundary: None, ..group.grants.clone() };
                collect(desk, &mut simulation, &format!("group_{}", group.header.name), &groups);
            }
            let own = [("aws:username", user.header.name.clone()), ("aws:userid", user.header.id.clone())];
            (Some(Principal::user(account, arn)), keys(desk, arn, "User", &user.tags, own))
        }
        "group" => {
            let group = state.groups.get(name)?;
            collect(desk, &mut simulation, &format!("group_{}", group.header.name), &group.grants);
            (None, Vec::new())
        }
        _ => {
            let role = state.roles.get(name)?;
            collect(desk, &mut simulation, &format!("role_{}", role.header.name), &role.grants);
            // Sessions have names; this one is nobody's.
            let principal = Principal::role_session(account, arn, arn);
            (Some(principal), keys(desk, arn, "AssumedRole", &role.tags, []))
        }
    };
    Ok(Source { simulation, principal, keys })
}

/// What is known of whoever's policies are simulated.
fn keys<const N: usize>(
    desk: &Desk<'_>,
    arn: &str,
    kind: &str,
    tags: &Tags,
    own: [(&str, String); N],
) -> Vec<(String, String)> {
    let general = [
        ("aws:PrincipalArn", arn.to_owned()),
        ("aws:PrincipalAccount", desk.account.to_string()),
        ("aws:PrincipalType", kind.to_owned()),
    ];
    let named = general.into_iter().chain(own).map(|(key, value)| (key.to_owned(), value));
    named.chain(tags.iter().map(|(key, value)| (format!("aws:PrincipalTag/{key}"), value.clone()))).collect()
}

/// Adds what somebody has: inline policies under `user_NAME_POLICY`, managed ones under their own names.
/// Stored policies were read before they were kept.
fn collect(desk: &Desk<'_>, simulation: &mut Simulation, owner: &str, grants: &Grants) {
    let inline = grants.inline.iter().map(|(name, text)| (format!("{owner}_{name}"), text.as_str()));
    let managed = |arn: &String| Some((policies::place(arn).1.to_owned(), policies::document(desk, arn)?));
    let all = inline.chain(grants.attached.iter().filter_map(managed));
    simulation.identity.extend(all.filter_map(|(id, text)| Simulated::read(id, SimulatedKind::Identity, text)));
    if let Some((id, text)) = grants.boundary.as_ref().and_then(managed) {
        simulation.boundary = Simulated::read(id, SimulatedKind::Boundary, text);
    }
}

/// The user in whose name requests are simulated.
fn caller(arn: &str) -> Result<Principal, Error> {
    let (account, _) = of_kind(arn, "user").ok_or_else(|| Error::Value(ValueFault::Caller(arn.to_owned())))?;
    Ok(Principal::user(account, arn))
}

/// The account in an ARN, or the account itself.
fn owner(text: &str) -> Result<AccountId, Error> {
    let account = text.parse().ok().or_else(|| text.parse::<Arn>().ok()?.account);
    account.ok_or_else(|| Error::Value(ValueFault::ResourceOwner(text.to_owned())))
}

/// What both simulations are asked.
struct Asked<'a> {
    boundaries: &'a Option<Vec<String>>,
    actions: &'a Option<Vec<String>>,
    resources: &'a Option<Vec<String>>,
    resource_policy: &'a Option<String>,
    resource_owner: &'a Option<String>,
    entries: &'a Option<Vec<api::ContextEntry>>,
    max_items: Option<i32>,
    marker: &'a Option<String>,
}

impl Asked<'_> {
    fn run(
        &self,
        desk: &Desk<'_>,
        mut simulation: Simulation,
        caller: Option<Principal>,
        keys: Vec<(String, String)>,
    ) -> Result<api::SimulatePolicyResponse, Error> {
        let actions = self.actions.as_deref().unwrap_or_default();
        if let Some(action) = actions.iter().find(|action| !is_action(action)) {
            return Err(Error::Value(ValueFault::Action(action.clone())));
        }
        let resources = self.resources.as_deref().unwrap_or_default();
        if resources.len() > MAX_RESOURCES {
            return Err(Error::Value(ValueFault::TooManyResources(MAX_RESOURCES)));
        }
        // One that is given holds in place of the one that is attached.
        let mut boundaries = given(self.boundaries, "PermissionsBoundaryPolicyInputList", SimulatedKind::Boundary)?;
        if boundaries.len() > 1 {
            return Err(Error::Value(ValueFault::Boundaries));
        }
        simulation.boundary = boundaries.pop().or(simulation.boundary);
        simulation.resource = match self.resource_policy {
            Some(_) if caller.is_none() => return Err(Error::Value(ValueFault::NoCaller)),
            Some(text) => {
                let read = Simulated::read("ResourcePolicy", SimulatedKind::Resource, text);
                Some(read.ok_or_else(|| Error::Value(ValueFault::Simulated("ResourcePolicy".to_owned())))?)
            }
            None => None,
        };
        let own = caller.as_ref().and_then(|caller| caller.account).unwrap_or(desk.account);
        let principal = caller.unwrap_or_else(|| Principal::user(own, format!("arn:aws:iam::{own}:user/simulated")));
        let owner = self.resource_owner.as_deref().map(owner).transpose()?.unwrap_or(own);
        let request = |action: &str, resource: &str| {
            let account = resource.parse::<Arn>().ok().and_then(|arn| arn.account).unwrap_or(owner);
            let mut request = Request::new(principal.clone(), action, resource, Some(account));
            keys.iter().for_each(|(key, value)| request.set(key, value.clone()));
            for entry in self.entries.iter().flatten() {
                request.set_all(text(&entry.context_key_name), entry.context_key_values.clone().unwrap_or_default());
            }
            request
        };
        // A page is bounded by what it costs: each action is held against each resource.
        let per_page = self.max_items.unwrap_or(100).clamp(1, MAX_PAGE);
        let per_page = per_page / i32::try_from(resources.len().max(1)).unwrap_or(MAX_PAGE);
        let page = Listing::new(Some(per_page.max(1)), self.marker)?.page(
            actions.iter().enumerate(),
            |(index, _)| format!("{index:06}"),
            |(_, action)| result(action, resources, |resource| simulation.run(&request(action, resource))),
        );
        Ok(api::SimulatePolicyResponse {
            evaluation_results: Some(page.items),
            is_truncated: Some(page.marker.is_some()),
            marker: page.marker,
        })
    }
}

/// A service and an action, without wildcards.
fn is_action(action: &str) -> bool {
    let part = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    action.split_once(':').is_some_and(|(service, name)| part(service) && part(name))
}

/// The result for one action. Of several resources the whole is the strictest of its parts.
fn result(action: &str, resources: &[String], run: impl Fn(&str) -> Verdict) -> api::EvaluationResult {
    let everything = ["*".to_owned()];
    let each = if resources.is_empty() { &everything[..] } else { resources };
    let mut verdicts: Vec<(&String, Verdict)> = each.iter().map(|resource| (resource, run(resource))).collect();
    let mut whole = api::EvaluationResult { eval_action_name: Some(action.to_owned()), ..Default::default() };
    match &mut verdicts[..] {
        [(resource, verdict)] => {
            whole.eval_resource_name = Some((*resource).clone());
            whole.eval_decision = decision(verdict.outcome);
            whole.matched_statements = Some(statements(&verdict.matched));
            whole.permissions_boundary_decision_detail = boundary(verdict);
            whole.missing_context_values = Some(match resource.as_str() {
                "*" => std::mem::take(&mut verdict.missing),
                // These stand with their resource.
                _ => Vec::new(),
            });
        }
        _ => {
            let outcomes = || verdicts.iter().map(|(_, verdict)| verdict.outcome);
            let strictest = [Outcome::ExplicitDeny, Outcome::ImplicitDeny];
            let strictest = strictest.into_iter().find(|strict| outcomes().any(|outcome| outcome == *strict));
            whole.eval_resource_name = Some("*".to_owned());
            whole.eval_decision = decision(strictest.unwrap_or(Outcome::Allow));
            whole.matched_statements = Some(Vec::new());
            whole.missing_context_values = Some(Vec::new());
        }
    }
    if verdicts.iter().any(|(resource, _)| *resource != "*") {
        whole.eval_decision_details = Some(match &verdicts[..] {
            [(_, verdict)] => details(verdict),
            _ => BTreeMap::new(),
        });
        whole.resource_specific_results = Some(verdicts.into_iter().map(of_resource).collect());
    }
    whole
}

fn of_resource((resource, verdict): (&String, Verdict)) -> api::ResourceSpecificResult {
    api::ResourceSpecificResult {
        eval_resource_name: Some(resource.clone()),
        eval_resource_decision: decision(verdict.outcome),
        matched_statements: Some(statements(&verdict.matched)),
        eval_decision_details: Some(details(&verdict)),
        permissions_boundary_decision_detail: boundary(&verdict),
        missing_context_values: Some(verdict.missing),
    }
}

fn decision(outcome: Outcome) -> Option<String> {
    let word = match outcome {
        Outcome::Allow => "allowed",
        Outcome::ExplicitDeny => "explicitDeny",
        Outcome::ImplicitDeny => "implicitDeny",
    };
    Some(word.to_owned())
}

/// As the real simulator says it; its model has other words, which it does not answer.
fn kind(kind: SimulatedKind) -> String {
    let words = match kind {
        SimulatedKind::Identity => "IAM Policy",
        SimulatedKind::Resource => "Resource Policy",
        SimulatedKind::Boundary => "Permissions Boundary Policy",
    };
    words.to_owned()
}

fn statements(matched: &[Matched]) -> Vec<api::Statement> {
    let position = |position: Position| api::Position {
        line: i32::try_from(position.line).ok(),
        column: i32::try_from(position.column).ok(),
    };
    let statements = matched.iter().map(|matched| api::Statement {
        source_policy_id: Some(matched.policy.clone()),
        source_policy_type: Some(kind(matched.kind)),
        start_position: matched.span.map(|span| position(span.start)),
        end_position: matched.span.map(|span| position(span.end)),
    });
    statements.collect()
}

fn boundary(verdict: &Verdict) -> Option<api::PermissionsBoundaryDecisionDetail> {
    let allowed = verdict.within_boundary?;
    Some(api::PermissionsBoundaryDecisionDetail { allowed_by_permissions_boundary: Some(allowed) })
}

fn details(verdict: &Verdict) -> BTreeMap<String, String> {
    let details = verdict.details.iter().filter_map(|(of, outcome)| Some((kind(*of), decision(*outcome)?)));
    details.collect()
}
