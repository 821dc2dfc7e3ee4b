//! Policies of buckets: what may stand in them, and when they let everybody in. "The meaning of 'public'" of the
//! user guide.

use serde_json::Value;
use tidegate_policy::{
    Action, Comparison, Condition, Document, Effect, InvalidDocument, Operator, PrincipalMatch, Principals, Resources,
    Statement,
};

/// A policy for this bucket.
///
/// # Errors
/// S3's words for what is wrong with it.
pub fn read(text: &str, bucket: &str) -> Result<Document, String> {
    if !text.trim_start().starts_with('{') {
        return Err("Policies must be valid JSON and the first byte must be '{'".to_owned());
    }
    let document = Document::parse(text).map_err(|error| match error {
        InvalidDocument::Json => "This policy contains invalid Json".to_owned(),
        InvalidDocument::Syntax(what) => missing_field(text).unwrap_or(what),
    })?;
    if document.statements.is_empty() {
        return Err("Could not parse the policy: Statement is empty!".to_owned());
    }
    document.statements.iter().try_for_each(|statement| check(statement, bucket))?;
    Ok(document)
}

/// S3's words for a statement that lacks what each must have.
fn missing_field(text: &str) -> Option<String> {
    let policy: Value = serde_json::from_str(text).ok()?;
    let statements = match policy.get("Statement")? {
        Value::Array(statements) => statements.as_slice(),
        statement => std::slice::from_ref(statement),
    };
    let lacks = |field: &&str| {
        let not = format!("Not{field}");
        statements.iter().any(|statement| statement.get(field).or_else(|| statement.get(&not)).is_none())
    };
    let field = ["Effect", "Principal", "Action", "Resource"].iter().find(|field| lacks(field))?;
    Some(format!("Missing required field {field}"))
}

fn check(statement: &Statement, bucket: &str) -> Result<(), String> {
    if statement.principals.is_none() {
        return Err("Missing required field Principal".to_owned());
    }
    let Some(Resources::In(resources) | Resources::NotIn(resources)) = &statement.resources else {
        return Err("Missing required field Resource".to_owned());
    };
    let (Action::In(actions) | Action::NotIn(actions)) = &statement.actions;
    if actions.iter().any(|action| *action != "*" && !is_of_s3(action)) {
        return Err("Policy has invalid action".to_owned());
    }
    let is_own = |resource: &String| {
        let Some(path) = resource.strip_prefix("arn:aws:s3:::") else { return resource == "*" };
        let name = path.split('/').next().unwrap_or_default();
        name.contains(['*', '?', '$']) || name == bucket
    };
    if !resources.iter().all(is_own) {
        return Err("Policy has invalid resource".to_owned());
    }
    check_pairs(&statement.actions, resources)
}

fn is_of_s3(action: &str) -> bool {
    action.split_once(':').is_some_and(|(service, name)| service.eq_ignore_ascii_case("s3") && !name.is_empty())
}

/// An action on objects must have objects to be about, one on buckets buckets.
fn check_pairs(actions: &Action, resources: &[String]) -> Result<(), String> {
    let Action::In(actions) = actions else { return Ok(()) };
    let is_open = |resource: &String| resource == "*" || resource.ends_with('*') && !resource.contains('/');
    if resources.iter().any(is_open) {
        return Ok(());
    }
    let has_objects = resources.iter().any(|resource| resource.contains('/'));
    let has_buckets = resources.iter().any(|resource| !resource.contains('/'));
    let fits =
        |action: &String| action.contains(['*', '?']) || if is_of_objects(action) { has_objects } else { has_buckets };
    match actions.iter().any(fits) || actions.is_empty() {
        true if actions.iter().all(fits) => Ok(()),
        _ => Err("Action does not apply to any resource(s) in statement".to_owned()),
    }
}

/// Whether an action is about objects; the rest are about buckets.
fn is_of_objects(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name).to_ascii_lowercase();
    matches!(
        name.as_str(),
        "abortmultipartupload" | "listmultipartuploadparts" | "bypassgovernanceretention" | "initiatereplication"
    ) || ["getobject", "putobject", "deleteobject", "restoreobject", "replicate", "objectowner", "updateobject"]
        .iter()
        .any(|start| name.starts_with(start))
        && name != "getobjectlockconfiguration"
        && name != "putobjectlockconfiguration"
}

/// Whether a policy lets in whom its owner cannot name.
pub fn is_public(document: &Document) -> bool {
    document.statements.iter().any(is_public_statement)
}

/// Whether a statement lets in whom the bucket's owner cannot name.
pub fn is_public_statement(statement: &Statement) -> bool {
    let is_everybodys = match &statement.principals {
        Some(Principals::In(list)) => list.contains(&PrincipalMatch::Everybody),
        Some(Principals::NotIn(_)) => true,
        None => false,
    };
    statement.effect == Effect::Allow && is_everybodys && !statement.conditions.iter().any(narrows)
}

/// Whether a condition lets through fixed values only of a key that says who asks.
fn narrows(condition: &Condition) -> bool {
    let Operator::Compare { comparison, negated: false } = condition.operator else { return false };
    let key = condition.key.to_ascii_lowercase();
    let names_callers = matches!(
        key.as_str(),
        "aws:principalarn"
            | "aws:principalaccount"
            | "aws:principalorgid"
            | "aws:principalorgpaths"
            | "aws:sourcearn"
            | "aws:sourceaccount"
            | "aws:sourceowner"
            | "aws:sourceorgid"
            | "aws:sourceorgpaths"
            | "aws:sourcevpc"
            | "aws:sourcevpce"
            | "aws:userid"
            | "aws:username"
            | "s3:dataaccesspointaccount"
            | "s3:dataaccesspointarn"
            | "s3:x-amz-server-side-encryption-aws-kms-key-id"
    );
    match comparison {
        // An address of fewer fixed bits than these stands for the world.
        Comparison::IpAddress => key == "aws:sourceip" && !condition.values.iter().any(|range| is_wide(range)),
        _ => names_callers && !condition.if_exists && condition.values.iter().all(|value| is_fixed(&key, value)),
    }
}

fn is_fixed(key: &str, value: &str) -> bool {
    // ARNs may leave everything behind the account open.
    let fixed = if key.ends_with("arn") { value.split(':').nth(4).unwrap_or(value) } else { value };
    !fixed.is_empty() && !fixed.contains(['*', '?', '$'])
}

fn is_wide(range: &str) -> bool {
    let Some((address, bits)) = range.split_once('/') else { return false };
    let least = if address.contains(':') { 32 } else { 8 };
    bits.parse::<u8>().map_or(true, |bits| bits < least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(effect: &str, principal: &str, action: &str, resource: &str, condition: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Principal":{principal},
            "Action":"{action}","Resource":"{resource}"{condition}}}]}}"#
        )
    }

    #[test]
    fn what_fits_no_resource_is_refused() {
        let cases = [
            ("s3:GetObject", "arn:aws:s3:::b/*", None),
            ("s3:GetObject", "arn:aws:s3:::b", Some("Action does not apply to any resource(s) in statement")),
            ("s3:ListBucket", "arn:aws:s3:::b/*", Some("Action does not apply to any resource(s) in statement")),
            ("s3:ListBucket", "arn:aws:s3:::b", None),
            ("s3:*", "arn:aws:s3:::b", None),
            ("s3:GetObject", "arn:aws:s3:::c/*", Some("Policy has invalid resource")),
            ("s3:GetObject", "arn:aws:sqs:us-east-1:1:b", Some("Policy has invalid resource")),
            ("sqs:SendMessage", "arn:aws:s3:::b/*", Some("Policy has invalid action")),
            ("s3:GetObjectLockConfiguration", "arn:aws:s3:::b", None),
        ];
        for (action, resource, expected) in cases {
            let read = read(&policy("Allow", "\"*\"", action, resource, ""), "b");
            assert_eq!(read.err().as_deref(), expected, "{action} on {resource}");
        }
        let words = "Policies must be valid JSON and the first byte must be '{'";
        assert_eq!(read("no", "b").err().as_deref(), Some(words));
        let nobody = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
        assert_eq!(read(nobody, "b").err().as_deref(), Some("Missing required field Principal"));
    }

    #[test]
    fn public_is_what_everybody_may() {
        let cases = [
            ("Allow", r#""*""#, "", true),
            ("Allow", r#"{"AWS":"*"}"#, "", true),
            ("Deny", r#""*""#, "", false),
            ("Allow", r#"{"AWS":"123456789012"}"#, "", false),
            ("Allow", r#""*""#, r#","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#, false),
            ("Allow", r#""*""#, r#","Condition":{"StringLike":{"aws:SourceVpc":"vpc-*"}}"#, true),
            ("Allow", r#""*""#, r#","Condition":{"IpAddress":{"aws:SourceIp":"10.1.0.0/16"}}"#, false),
            ("Allow", r#""*""#, r#","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#, true),
            ("Allow", r#""*""#, r#","Condition":{"StringEquals":{"aws:Referer":"x"}}"#, true),
        ];
        for (effect, principal, condition, expected) in cases {
            let text = policy(effect, principal, "s3:GetObject", "arn:aws:s3:::b/*", condition);
            assert_eq!(is_public(&read(&text, "b").unwrap()), expected, "{text}");
        }
    }
}
