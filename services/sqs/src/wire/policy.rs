//! Queue policies: JSON documents that are kept and shown, and edited by AddPermission and
//! RemovePermission. Under `--auth enforce` every request is held against them, see `access.rs`.

use serde_json::{Map, Value, json};
use tidegate_policy::Document;
use tidegate_types::AccountId;

use crate::domain::{Attribute, PermissionError, QueueAddress, check_actions};
use crate::error::{AttributeTextError, Error};

/// The most statements of a policy.
const MAX_STATEMENTS: usize = 20;

/// A policy without idle white space, if it is one.
pub(crate) fn compact_policy(text: &str) -> Result<String, AttributeTextError> {
    let malformed = AttributeTextError::Malformed(Attribute::Policy);
    let Ok(Value::Object(policy)) = serde_json::from_str(text) else { return Err(malformed) };
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(statement @ Value::Object(_)) => std::slice::from_ref(statement),
        _ => return Err(malformed),
    };
    if statements.len() > MAX_STATEMENTS {
        return Err(AttributeTextError::TooManyStatements(statements.len()));
    }
    let known = |key: &String| matches!(key.as_str(), "Version" | "Id" | "Statement");
    let version = policy.get("Version").is_none_or(|v| *v == json!("2008-10-17") || *v == json!("2012-10-17"));
    if statements.is_empty() || !version || !policy.keys().all(known) || !statements.iter().all(is_statement) {
        return Err(malformed);
    }
    // What cannot be evaluated is refused rather than stored: a condition that is passed over would
    // allow what it was to prevent.
    Document::parse(text).map_err(|_| malformed)?;
    Ok(Value::Object(policy).to_string())
}

fn is_statement(statement: &Value) -> bool {
    let has = |one: &str, other: &str| statement.get(one).or_else(|| statement.get(other)).is_some();
    let effect = matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny"));
    effect && has("Action", "NotAction") && has("Principal", "NotPrincipal")
}

/// What AddPermission asks for.
pub(crate) struct Permission<'a> {
    /// What the permission is called.
    pub label: &'a str,
    /// Whom it is for.
    pub accounts: &'a [String],
    /// What they may do.
    pub actions: &'a [String],
}

impl Permission<'_> {
    fn check(&self) -> Result<(), PermissionError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=80).contains(&self.label.len()) || !self.label.bytes().all(allowed) {
            return Err(PermissionError::MalformedLabel(self.label.to_owned()));
        }
        check_actions(self.actions)?;
        if self.accounts.is_empty() {
            return Err(PermissionError::NoPrincipals);
        }
        match self.accounts.iter().find(|account| account.parse::<AccountId>().is_err()) {
            Some(account) => Err(PermissionError::UnknownPrincipal(account.clone())),
            None => Ok(()),
        }
    }

    fn statement(&self, queue: &QueueAddress) -> Value {
        let principals = self.accounts.iter().map(|account| json!(format!("arn:aws:iam::{account}:root"))).collect();
        let actions = self.actions.iter().map(|action| json!(format!("SQS:{action}"))).collect();
        json!({
            "Sid": self.label,
            "Effect": "Allow",
            "Principal": { "AWS": one_or_many(principals) },
            "Action": one_or_many(actions),
            "Resource": queue.arn().to_string(),
        })
    }
}

/// A policy with one permission more.
///
/// # Errors
/// [`PermissionError`] if it cannot be added.
pub(crate) fn with_permission(
    policy: Option<&str>,
    queue: &QueueAddress,
    permission: &Permission<'_>,
) -> Result<String, Error> {
    permission.check()?;
    let mut policy = match policy {
        Some(policy) => stored(policy)?,
        None => {
            let mut fresh = Map::new();
            fresh.insert("Version".to_owned(), json!("2008-10-17"));
            fresh.insert("Id".to_owned(), json!(format!("{}/SQSDefaultPolicy", queue.arn())));
            fresh
        }
    };
    let mut statements = take_statements(&mut policy);
    if statements.iter().any(|statement| is_labelled(statement, permission.label)) {
        return Err(PermissionError::LabelTaken(permission.label.to_owned()).into());
    }
    statements.push(permission.statement(queue));
    if statements.len() > MAX_STATEMENTS {
        return Err(PermissionError::TooManyStatements(statements.len()).into());
    }
    policy.insert("Statement".to_owned(), Value::Array(statements));
    Ok(Value::Object(policy).to_string())
}

/// A policy with one permission less; `None` if that was its last.
///
/// # Errors
/// [`PermissionError::NoSuchLabel`].
pub(crate) fn without_permission(policy: Option<&str>, label: &str) -> Result<Option<String>, Error> {
    let missing = || PermissionError::NoSuchLabel(label.to_owned());
    let mut policy = stored(policy.ok_or_else(missing)?)?;
    let mut statements = take_statements(&mut policy);
    let before = statements.len();
    statements.retain(|statement| !is_labelled(statement, label));
    if statements.len() == before {
        return Err(missing().into());
    }
    if statements.is_empty() {
        return Ok(None);
    }
    policy.insert("Statement".to_owned(), Value::Array(statements));
    Ok(Some(Value::Object(policy).to_string()))
}

/// A policy that was checked before it was stored.
fn stored(policy: &str) -> Result<Map<String, Value>, Error> {
    match serde_json::from_str(policy) {
        Ok(Value::Object(policy)) => Ok(policy),
        _ => Err(AttributeTextError::Malformed(Attribute::Policy).into()),
    }
}

fn take_statements(policy: &mut Map<String, Value>) -> Vec<Value> {
    match policy.get_mut("Statement").map(Value::take) {
        Some(Value::Array(statements)) => statements,
        Some(statement) => vec![statement],
        None => Vec::new(),
    }
}

fn is_labelled(statement: &Value, label: &str) -> bool {
    statement.get("Sid").and_then(Value::as_str) == Some(label)
}

fn one_or_many(mut values: Vec<Value>) -> Value {
    match values.len() {
        1 => values.remove(0),
        _ => Value::Array(values),
    }
}
