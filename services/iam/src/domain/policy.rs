//! What policy documents may say where they are stored.
//!
//! The evaluator reads a document or does not; IAM demands more of one that it is to keep, and is more
//! exact about what is wrong.

use std::collections::HashSet;

use serde_json::{Map, Value};
use tidegate_policy::Document;

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum PolicyFault {
    #[error("it is not JSON")]
    Json,
    #[error("it has syntax errors")]
    Syntax,
    #[error("it is older than 2012-10-17")]
    OldVersion,
    #[error("its version is none")]
    UnknownVersion,
    #[error("it names a principal")]
    Principal,
    #[error("a statement has no actions")]
    NoActions,
    #[error("a statement has no resources")]
    NoResources,
    #[error("{0} names no service")]
    NoVendor(String),
    #[error("{0} has more than one colon")]
    Colons(String),
    #[error("{0} is no service")]
    Vendor(String),
    #[error("{0} is not an ARN")]
    Resource(String),
    #[error("{resource} is in an unknown partition")]
    Partition { partition: String, resource: String },
    #[error("two statements have the same id")]
    DuplicateSid,
    #[error("a statement's id is not alphanumeric")]
    SidCharacters,
    #[error("a trust policy has {0}")]
    Prohibited(&'static str),
    #[error("a trust policy lacks {0}")]
    Missing(&'static str),
    #[error("a trust policy is about {0}")]
    NotAssumeRole(String),
    #[error("{value} is no principal")]
    InvalidPrincipal { kind: String, value: String },
}

/// The characters that count towards IAM's size limits: white space does not.
pub fn squeezed_len(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

fn statements(document: &Value) -> Result<Vec<&Map<String, Value>>, PolicyFault> {
    let list = match document.get("Statement") {
        Some(Value::Array(list)) if !list.is_empty() => list.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => return Err(PolicyFault::Syntax),
    };
    list.into_iter().map(|statement| statement.as_object().ok_or(PolicyFault::Syntax)).collect()
}

fn texts<'a>(statement: &'a Map<String, Value>, names: [&str; 2]) -> Option<Vec<&'a str>> {
    let value = names.iter().find_map(|name| statement.get(*name))?;
    match value {
        Value::Array(list) => Some(list.iter().filter_map(Value::as_str).collect()),
        Value::String(one) => Some(vec![one]),
        _ => Some(Vec::new()),
    }
}

/// Checks the document of a managed or inline policy.
///
/// # Errors
/// [`PolicyFault`].
pub fn check_identity(text: &str) -> Result<(), PolicyFault> {
    let document: Value = serde_json::from_str(text).map_err(|_| PolicyFault::Syntax)?;
    if !document.is_object() {
        return Err(PolicyFault::Syntax);
    }
    let statements = statements(&document)?;
    match document.get("Version").map(Value::as_str) {
        Some(Some("2012-10-17")) => {}
        None | Some(Some("2008-10-17")) => return Err(PolicyFault::OldVersion),
        Some(_) => return Err(PolicyFault::UnknownVersion),
    }
    for statement in &statements {
        if statement.contains_key("Principal") || statement.contains_key("NotPrincipal") {
            return Err(PolicyFault::Principal);
        }
        let actions = texts(statement, ["Action", "NotAction"]).filter(|actions| !actions.is_empty());
        actions.ok_or(PolicyFault::NoActions)?.into_iter().try_for_each(check_action)?;
        let resources = texts(statement, ["Resource", "NotResource"]).filter(|resources| !resources.is_empty());
        resources.ok_or(PolicyFault::NoResources)?.into_iter().try_for_each(check_resource)?;
    }
    check_sids(&statements)?;
    Document::parse(text).map(drop).map_err(|_| PolicyFault::Syntax)
}

fn check_action(action: &str) -> Result<(), PolicyFault> {
    if action == "*" {
        return Ok(());
    }
    let Some((vendor, rest)) = action.split_once(':') else { return Err(PolicyFault::NoVendor(action.to_owned())) };
    if rest.contains(':') {
        return Err(PolicyFault::Colons(action.to_owned()));
    }
    let valid = !vendor.is_empty() && vendor.chars().all(|c| c.is_ascii_alphanumeric() || "-*?".contains(c));
    if valid { Ok(()) } else { Err(PolicyFault::Vendor(vendor.to_owned())) }
}

fn check_resource(resource: &str) -> Result<(), PolicyFault> {
    // A pattern of nothing but stars is every resource.
    if !resource.is_empty() && resource.chars().all(|c| c == '*') {
        return Ok(());
    }
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    if parts[0] != "arn" || (parts.len() < 6 && !resource.contains('*')) {
        return Err(PolicyFault::Resource(resource.to_owned()));
    }
    let partition = parts.get(1).copied().unwrap_or_default();
    let known = ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b"].contains(&partition);
    if known || partition.contains(['*', '?', '$']) {
        return Ok(());
    }
    Err(PolicyFault::Partition { partition: partition.to_owned(), resource: resource.to_owned() })
}

fn check_sids(statements: &[&Map<String, Value>]) -> Result<(), PolicyFault> {
    let mut seen = HashSet::new();
    for sid in statements.iter().filter_map(|statement| statement.get("Sid")?.as_str()).filter(|sid| !sid.is_empty()) {
        if !sid.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(PolicyFault::SidCharacters);
        }
        if !seen.insert(sid) {
            return Err(PolicyFault::DuplicateSid);
        }
    }
    Ok(())
}

/// Checks a trust policy. `exists` says whether there is a user or role with an ARN of the own account.
///
/// # Errors
/// [`PolicyFault`].
pub fn check_trust(text: &str, exists: impl Fn(&str) -> bool) -> Result<(), PolicyFault> {
    let document: Value = serde_json::from_str(text).map_err(|_| PolicyFault::Json)?;
    let statements = statements(&document).map_err(|_| PolicyFault::Json)?;
    for statement in &statements {
        for name in ["Resource", "NotResource"] {
            if statement.contains_key(name) {
                return Err(PolicyFault::Prohibited(name));
            }
        }
        if !statement.contains_key("Principal") && !statement.contains_key("NotPrincipal") {
            return Err(PolicyFault::Missing("Principal"));
        }
        let actions = texts(statement, ["Action", "NotAction"]).filter(|actions| !actions.is_empty());
        for action in actions.ok_or(PolicyFault::Missing("Action"))? {
            // `*` itself is let through by nobody: IAM wants STS's actions.
            if !action.to_ascii_lowercase().starts_with("sts:") {
                return Err(PolicyFault::NotAssumeRole(action.to_owned()));
            }
        }
        if let Some(Value::Object(kinds)) = statement.get("Principal") {
            check_principals(kinds, &exists)?;
        }
    }
    Document::parse(text).map(drop).map_err(|_| PolicyFault::Syntax)
}

fn check_principals(kinds: &Map<String, Value>, exists: &impl Fn(&str) -> bool) -> Result<(), PolicyFault> {
    for (kind, value) in kinds {
        let values: Vec<&str> = match value {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        for value in values {
            let valid = match kind.as_str() {
                "AWS" => is_aws_principal(value, exists),
                "Service" => value.contains(".amazonaws.com") || value.contains(".aws.internal"),
                "Federated" | "CanonicalUser" => !value.is_empty(),
                _ => false,
            };
            if !valid {
                return Err(PolicyFault::InvalidPrincipal { kind: kind.clone(), value: value.to_owned() });
            }
        }
    }
    Ok(())
}

fn is_aws_principal(value: &str, exists: &impl Fn(&str) -> bool) -> bool {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    // What was deleted is shown by its unique id.
    if value == "*" || is_account(value) || value.starts_with("AIDA") || value.starts_with("AROA") {
        return true;
    }
    match value.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", "aws" | "aws-cn" | "aws-us-gov", "iam", "", account, what] if is_account(account) => {
            what == "root" || exists(value)
        }
        ["arn", _, "sts", "", account, what] if is_account(account) => {
            what.starts_with("assumed-role/") || what.starts_with("federated-user/")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(statement: &str) -> Result<(), PolicyFault> {
        check_identity(&format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#))
    }

    #[test]
    fn identity_policies() {
        let cases = [
            (r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}"#, Ok(())),
            (r#"{"Effect":"Allow","Action":"*","Resource":["arn:aws:s3:::b/*"]}"#, Ok(())),
            ("[]", Err(PolicyFault::Syntax)),
            (r#"{"Effect":"Maybe","Action":"*","Resource":"*"}"#, Err(PolicyFault::Syntax)),
            (r#"{"Effect":"Allow","Resource":"*"}"#, Err(PolicyFault::NoActions)),
            (r#"{"Effect":"Allow","Action":"s3:Get"}"#, Err(PolicyFault::NoResources)),
            (r#"{"Effect":"Allow","Action":"Get","Resource":"*"}"#, Err(PolicyFault::NoVendor("Get".to_owned()))),
            (r#"{"Effect":"Allow","Action":"a b:G","Resource":"*"}"#, Err(PolicyFault::Vendor("a b".to_owned()))),
            (r#"{"Effect":"Allow","Action":"a:b:c","Resource":"*"}"#, Err(PolicyFault::Colons("a:b:c".to_owned()))),
            (r#"{"Effect":"Allow","Action":"*","Resource":"b"}"#, Err(PolicyFault::Resource("b".to_owned()))),
            (r#"{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}"#, Err(PolicyFault::Principal)),
            (r#"{"Sid":"a b","Effect":"Allow","Action":"*","Resource":"*"}"#, Err(PolicyFault::SidCharacters)),
        ];
        for (statement, expected) in cases {
            assert_eq!(identity(statement), expected, "{statement}");
        }
        assert_eq!(check_identity("nothing"), Err(PolicyFault::Syntax));
        assert_eq!(check_identity(r#"{"Statement":[{}]}"#), Err(PolicyFault::OldVersion));
        assert_eq!(check_identity(r#"{"Version":"2013-10-17","Statement":[{}]}"#), Err(PolicyFault::UnknownVersion));
    }

    #[test]
    fn trust_policies() {
        let trust = |principal: &str, action: &str| {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"{action}"}}}}"#
            );
            check_trust(&text, |arn| arn.ends_with("/there"))
        };
        let account = "arn:aws:iam::123456789012";
        for good in [
            r#"{"Service":"lambda.amazonaws.com"}"#.to_owned(),
            r#"{"AWS":"123456789012"}"#.to_owned(),
            format!(r#"{{"AWS":["{account}:root","{account}:user/there"]}}"#),
            r#""*""#.to_owned(),
        ] {
            assert_eq!(trust(&good, "sts:AssumeRole"), Ok(()), "{good}");
        }
        let invalid = |kind: &str, value: String| Err(PolicyFault::InvalidPrincipal { kind: kind.to_owned(), value });
        let gone = format!("{account}:user/gone");
        assert_eq!(trust(&format!(r#"{{"AWS":"{gone}"}}"#), "sts:AssumeRole"), invalid("AWS", gone));
        assert_eq!(trust(r#"{"Service":"lambda"}"#, "sts:AssumeRole"), invalid("Service", "lambda".to_owned()));
        assert_eq!(trust(r#""*""#, "s3:Get"), Err(PolicyFault::NotAssumeRole("s3:Get".to_owned())));
        assert_eq!(check_trust("{", |_| true), Err(PolicyFault::Json));
    }
}
