//! The independent crate `iam-rs`, where it covers a case.

use iam_rs::{Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, PolicyEvaluator, Principal, PrincipalId};
use serde_json::Value;

use crate::cases::{Caller, Case};

/// What it decides; `None` if it has no notion of what the case is about.
pub fn decide(case: &Case) -> Option<&'static str> {
    let is_plain = case.resource.is_none() && case.boundary.is_none() && case.session.is_none();
    let text = case.identity.as_ref()?.to_string();
    if !is_plain || !matches!(case.caller, Caller::User("111111111111")) {
        return None;
    }
    // An operator or a form that it does not have is not covered.
    let policy: IAMPolicy = serde_json::from_str(&text).ok()?;
    let mut context = Context::new();
    for (key, values) in &case.keys {
        context.insert(key.clone(), typed(&text, values)?);
    }
    let principal = Principal::Aws(PrincipalId::String(case.caller.arn()));
    let request = IAMRequest::new_with_context(principal, case.action.clone(), Arn::parse(&case.on).ok()?, context);
    let result = PolicyEvaluator::with_policies(vec![policy]).evaluate(&request).ok()?;
    Some(match result.decision {
        Decision::Allow => "Allow",
        Decision::Deny => "ExplicitDeny",
        Decision::NotApplicable => "ImplicitDeny",
    })
}

/// It compares values of types that the caller must choose; here they follow from the operator.
fn typed(policy: &str, values: &[String]) -> Option<ContextValue> {
    if policy.contains("aws:TagKeys") {
        return Some(ContextValue::StringList(values.to_vec()));
    }
    let [value] = values else { return None };
    Some(if policy.contains("\"Numeric") {
        ContextValue::Number(value.parse().ok()?)
    } else if policy.contains("\"Date") {
        ContextValue::DateTime(serde_json::from_value(Value::String(value.clone())).ok()?)
    } else if policy.contains("\"Bool") {
        ContextValue::Boolean(value.to_lowercase() == "true")
    } else {
        ContextValue::String(value.clone())
    })
}

/// Why it decides a case otherwise, for those that we know of.
pub fn differs(case: &Case) -> Option<&'static str> {
    let condition = case.identity.as_ref()?["Statement"]["Condition"].to_string();
    if condition.contains("ArnEquals") || condition.contains("ArnNotEquals") {
        return Some("it compares ArnEquals as text; AWS: \"ArnEquals and ArnLike behave identically\"");
    }
    if condition.contains("${") {
        return Some("it does not fill in policy variables in conditions");
    }
    None
}
