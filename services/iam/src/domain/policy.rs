//! What policy documents may say where they are stored.
//!
//! The evaluator reads a document or does not; IAM demands more of one that it is to keep, and is more
//! exact about what is wrong.

use std::collections::HashSet;

use serde_json::{Map, Value};
use tidegate_policy::{Document, policy_date};

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
    #[error("a resource names no service")]
    NoService,
    #[error("{0} is in a region")]
    IamRegion(String),
    #[error("{0} is in a region")]
    S3Region(String),
    #[error("a resource of IAM begins with none of {0}")]
    IamPath(&'static str),
    #[error("an effect, a date or a resource is written as it must not be")]
    Legacy,
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

/// Checks the document of a managed or inline policy, in the order in which AWS does: of several things that are wrong
/// with it, clients are told the same one.
///
/// # Errors
/// [`PolicyFault`].
pub fn check_identity(text: &str) -> Result<(), PolicyFault> {
    let document: Value = serde_json::from_str(text).map_err(|_| PolicyFault::Syntax)?;
    let statements = statements(&document)?;
    check_syntax(&document)?;
    match document.get("Version").and_then(Value::as_str) {
        Some("2012-10-17") => {}
        None | Some("2008-10-17") => return Err(PolicyFault::OldVersion),
        Some(_) => return Err(PolicyFault::UnknownVersion),
    }
    let lists = |names| statements.iter().map(move |statement| texts(statement, names).unwrap_or_default());
    let (actions, resources) = (lists(["Action", "NotAction"]), lists(["Resource", "NotResource"]));
    for statement in &statements {
        if statement.contains_key("Principal") || statement.contains_key("NotPrincipal") {
            return Err(PolicyFault::Principal);
        }
        check_legacy(statement)?;
    }
    let mut resource_fault = Ok(());
    for resource in resources.clone().flatten() {
        resource_fault = resource_fault.and_then(|()| check_resource(resource));
        if resource_fault.is_ok() && is_legacy_fault(resource) {
            return Err(PolicyFault::Legacy);
        }
    }
    check_sids(&statements)?;
    if actions.clone().any(|actions| actions.is_empty()) {
        return Err(PolicyFault::NoActions);
    }
    resource_fault?;
    actions.flatten().try_for_each(check_action)?;
    if resources.into_iter().any(|resources| resources.is_empty()) {
        return Err(PolicyFault::NoResources);
    }
    Ok(())
}

/// Whether every element is known and has its type. What may be missing or wrong and is told of later is put right in a
/// copy first.
fn check_syntax(document: &Value) -> Result<(), PolicyFault> {
    let mut document = document.clone();
    if document.get("Version").is_some_and(Value::is_string) {
        document["Version"] = "2012-10-17".into();
    }
    let statements = match &mut document["Statement"] {
        Value::Array(list) => list.iter_mut().collect(),
        one => vec![one],
    };
    for statement in statements.into_iter().filter_map(Value::as_object_mut) {
        if !statement.contains_key("NotAction") {
            statement.entry("Action").or_insert_with(|| "*".into());
        }
        let effect = statement.get("Effect").and_then(Value::as_str).unwrap_or_default();
        if let Some(effect) = ["Allow", "Deny"].into_iter().find(|known| known.eq_ignore_ascii_case(effect)) {
            statement.insert("Effect".to_owned(), effect.into());
        }
    }
    check_document(&document.to_string(), &document)
}

/// Whether it is a document, whose ids are texts: a stored one is read whatever they are.
fn check_document(text: &str, document: &Value) -> Result<(), PolicyFault> {
    let is_text = |members: &Map<String, Value>, element: &str| members.get(element).is_none_or(Value::is_string);
    let ids_are_texts = document.as_object().is_some_and(|members| is_text(members, "Id"))
        && statements(document)?.into_iter().all(|statement| is_text(statement, "Sid"));
    Document::parse(text).ok().filter(|_| ids_are_texts).map(drop).ok_or(PolicyFault::Syntax)
}

/// What AWS calls the legacy parsing of a statement, resources aside: the case of the effect, and dates.
fn check_legacy(statement: &Map<String, Value>) -> Result<(), PolicyFault> {
    let effect = statement.get("Effect").and_then(Value::as_str);
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    let of_dates = operators.filter(|(name, _)| name.rsplit(':').next().is_some_and(|name| name.starts_with("Date")));
    let mut keys = of_dates.filter_map(|(_, keys)| keys.as_object()).flat_map(|keys| keys.values());
    let is_date = |text: &str| policy_date(text).is_some();
    let are_dates = |values: &Value| match values {
        Value::Array(list) => list.iter().filter_map(Value::as_str).all(is_date),
        one => one.as_str().is_none_or(is_date),
    };
    if matches!(effect, Some("Allow" | "Deny")) && keys.all(are_dates) { Ok(()) } else { Err(PolicyFault::Legacy) }
}

fn check_action(action: &str) -> Result<(), PolicyFault> {
    if action == "*" {
        return Ok(());
    }
    let Some((vendor, rest)) = action.split_once(':') else { return Err(PolicyFault::NoVendor(action.to_owned())) };
    if rest.contains(':') {
        return Err(PolicyFault::Colons(action.to_owned()));
    }
    let valid = !vendor.is_empty() && vendor.chars().all(|c| c.is_ascii_alphanumeric() || "-.*?".contains(c));
    if valid { Ok(()) } else { Err(PolicyFault::Vendor(vendor.to_owned())) }
}

/// What the resource part of IAM's own ARNs may begin with.
const IAM_PATHS: &str = "user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, \
                         sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/";

fn check_resource(resource: &str) -> Result<(), PolicyFault> {
    // A pattern of nothing but stars is every resource.
    if !resource.is_empty() && resource.chars().all(|c| c == '*') {
        return Ok(());
    }
    // Anything may stand for `arn`, and what is missing at the end is anything.
    let mut parts = resource.splitn(6, ':').skip(1);
    let Some(partition) = parts.next() else { return Err(PolicyFault::Resource(resource.to_owned())) };
    let known = ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b"].contains(&partition);
    if !known && !partition.contains(['*', '?', '$']) {
        let rest: Vec<&str> = parts.chain(["*"; 4]).take(4).collect();
        let resource = format!("arn:{partition}:{}", rest.join(":"));
        return Err(PolicyFault::Partition { partition: partition.to_owned(), resource });
    }
    let Some(service) = parts.next() else { return Err(PolicyFault::NoService) };
    let region = parts.next().unwrap_or_default();
    let (account, path) = (parts.next().unwrap_or("*"), parts.next().unwrap_or("*"));
    match service {
        "iam" if !region.is_empty() => Err(PolicyFault::IamRegion(resource.to_owned())),
        "iam" if !path.starts_with('*') && !IAM_PATHS.split(", ").any(|kind| path.starts_with(kind)) => {
            Err(PolicyFault::IamPath(IAM_PATHS))
        }
        // What of S3 is in a region is in an account, too: access points and jobs.
        "s3" if !region.is_empty() && account.is_empty() => Err(PolicyFault::S3Region(resource.to_owned())),
        _ => Ok(()),
    }
}

/// Whether an ARN leaves a part out in the middle, or its service.
fn is_legacy_fault(resource: &str) -> bool {
    let cut_off = resource.matches(':').count() < 5 && resource.contains("::");
    cut_off || resource.split(':').nth(2) == Some("")
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
    check_document(text, &document)
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
        for statement in [
            r#"{"Effect":"denY","Action":"*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3::b"}"#,
            r#"{"Effect":"Allow","Action":"*","NotResource":["*","arn:aws::::b"]}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAnyValue:DateLessThanIfExists":{"a":["1","x"]}}}"#,
        ] {
            assert_eq!(identity(statement), Err(PolicyFault::Legacy), "{statement}");
        }
        for statement in [
            r#"{"Sid":null,"Effect":"Allow","Action":"*","Resource":"*"}"#,
            r#"{"Sid":[],"Effect":"Allow","Action":"*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":[],"NotAction":"*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Resource":{}}"#,
            r#"[{"Effect":"Allow"},{"Effect":"Allow","More":1}]"#,
        ] {
            assert_eq!(identity(statement), Err(PolicyFault::Syntax), "{statement}");
        }
    }

    #[test]
    fn resources() {
        let partition = |partition: &str, resource: &str| {
            Err(PolicyFault::Partition { partition: partition.to_owned(), resource: resource.to_owned() })
        };
        for (resource, expected) in [
            ("arn:aws:sqs", Ok(())),
            ("arn:aws:s3:us-east-1:123456789012:accesspoint/a", Ok(())),
            ("arn:aws:iam::123456789012:role/*", Ok(())),
            ("arn:aws:iam::123456789012:*", Ok(())),
            ("", Err(PolicyFault::Resource(String::new()))),
            ("a:b", partition("b", "arn:b:*:*:*:*")),
            ("aws:s3:::b", partition("s3", "arn:s3:::b:*")),
            ("arn:aws", Err(PolicyFault::NoService)),
            ("arn:aws:s3:us-east-1::b", Err(PolicyFault::S3Region("arn:aws:s3:us-east-1::b".to_owned()))),
            ("arn:aws:iam:us-east-1::user/a", Err(PolicyFault::IamRegion("arn:aws:iam:us-east-1::user/a".to_owned()))),
            ("arn:aws:iam::123456789012:someone", Err(PolicyFault::IamPath(IAM_PATHS))),
        ] {
            assert_eq!(check_resource(resource), expected, "{resource}");
        }
    }

    #[test]
    fn dates() {
        let identity = |date: &str| {
            let condition = format!(r#"{{"DateLessThan":{{"aws:CurrentTime":"{date}"}}}}"#);
            identity(&format!(r#"{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{condition}}}"#))
        };
        for good in [
            "0",
            "2013",
            "2013-06",
            "-292275054-12-31",
            "2013-06-30t2:00:00Z",
            "2013-06-30T00:00:00.5+01:30",
            "2026-01-01T00:00:00-05:00",
            "2026-01-01T15:00:00",
        ] {
            assert_eq!(identity(good), Ok(()), "{good}");
        }
        for bad in ["", "x", "-", "234-13", "2013-06-32", "2013-06-30-1", "2013-06-30T24:00", "2016-12-13t2:00:00+1"] {
            assert_eq!(identity(bad), Err(PolicyFault::Legacy), "{bad}");
        }
    }

    #[test]
    fn what_is_told_first() {
        assert_eq!(check_identity("nothing"), Err(PolicyFault::Syntax));
        let allow = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        let with_id = format!(r#"{{"Version":"2012-10-17","Id":null,"Statement":{allow}}}"#);
        assert_eq!(check_identity(&with_id), Err(PolicyFault::Syntax));
        assert_eq!(check_identity(r#"{"Statement":[{"Effect":"allow"}]}"#), Err(PolicyFault::OldVersion));
        assert_eq!(
            check_identity(r#"{"Version":"2013-10-17","Statement":[{"Effect":"Deny"}]}"#),
            Err(PolicyFault::UnknownVersion)
        );
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
        let named = r#"{"Sid":null,"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#;
        assert_eq!(check_trust(&format!(r#"{{"Statement":{named}}}"#), |_| true), Err(PolicyFault::Syntax));
    }
}
