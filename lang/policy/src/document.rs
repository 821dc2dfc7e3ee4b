//! Policy documents: from JSON to types, with what IAM says of those it refuses.

use serde_json::{Map, Value};
use tidegate_types::AccountId;

use crate::condition::{Condition, Operator, Qualifier};
use crate::pattern;

/// The version of the policy language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`, the default: no policy variables.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The version of its language.
    pub version: Version,
    /// Its id, if it has one.
    pub id: Option<String>,
    /// Its statements, in order.
    pub statements: Vec<Statement>,
}

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Allows what it matches.
    Allow,
    /// Denies what it matches, whatever else allows it.
    Deny,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its id, if it has one.
    pub sid: Option<String>,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Whom it concerns; absent in policies of identities.
    pub principals: Option<Principals>,
    /// Which actions.
    pub actions: Action,
    /// Which resources; absent in trust policies.
    pub resources: Option<Resources>,
    /// Under which conditions: all must hold.
    pub conditions: Vec<Condition>,
}

/// `Action` or `NotAction`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// One of these patterns.
    In(Vec<String>),
    /// None of these patterns.
    NotIn(Vec<String>),
}

/// `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resources {
    /// One of these patterns.
    In(Vec<String>),
    /// None of these patterns.
    NotIn(Vec<String>),
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principals {
    /// One of these.
    In(Vec<PrincipalMatch>),
    /// None of these.
    NotIn(Vec<PrincipalMatch>),
}

/// One entry of a `Principal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalMatch {
    /// `*` or `{"AWS": "*"}`: everybody.
    Everybody,
    /// An account, as its number or its root's ARN: it may pass the permission on to its identities.
    Account(String),
    /// The ARN of a user, a role or a session.
    Arn(String),
    /// A service, such as `events.amazonaws.com`.
    Service(String),
    /// An identity provider.
    Federated(String),
    /// An S3 canonical user id.
    CanonicalUser(String),
}

/// Why a text is no policy document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDocument {
    /// It is not JSON.
    #[error("This policy contains invalid Json")]
    Json,
    /// It is JSON of another shape.
    #[error("Syntax errors in policy: {0}")]
    Syntax(String),
}

fn syntax<T>(what: impl Into<String>) -> Result<T, InvalidDocument> {
    Err(InvalidDocument::Syntax(what.into()))
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// [`InvalidDocument`]; an operator, element or value that the language does not have is one too, because a
    /// condition that is silently ignored would allow what it was to prevent. What is refused here, [`of_resource`]
    /// closes where it is stored already: whatever a release has read, the next ones read, and more is asked only
    /// where documents come in.
    ///
    /// [`of_resource`]: Document::of_resource
    pub fn parse(text: &str) -> Result<Document, InvalidDocument> {
        let value: Value = serde_json::from_str(text).map_err(|_| InvalidDocument::Json)?;
        let Value::Object(members) = &value else { return syntax("a policy is an object") };
        known_members(members, &["Version", "Id", "Statement"])?;
        let version = match members.get("Version").map(|version| version.as_str()) {
            None | Some(Some("2008-10-17")) => Version::V2008,
            Some(Some("2012-10-17")) => Version::V2012,
            Some(_) => return syntax("Version is 2012-10-17 or 2008-10-17"),
        };
        let statements = match members.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().map(statement).collect::<Result<Vec<_>, _>>()?,
            Some(one @ Value::Object(_)) => vec![statement(one)?],
            _ => return syntax("Statement is missing"),
        };
        Ok(Document { version, id: name(members, "Id"), statements })
    }

    /// Reads the stored policy of a resource. One that cannot be read, because it was stored before it was
    /// checked like this, keeps out everybody but the root of the account that owns the resource: what
    /// it was to deny is not known.
    pub fn of_resource(text: &str, owner: AccountId) -> Document {
        Document::parse(text).unwrap_or_else(|_| Document::closed(owner))
    }

    fn closed(owner: AccountId) -> Document {
        let anything = || vec!["*".to_owned()];
        let statement = Statement {
            sid: Some("UnreadablePolicy".to_owned()),
            effect: Effect::Deny,
            principals: Some(Principals::NotIn(vec![PrincipalMatch::Arn(format!("arn:aws:iam::{owner}:root"))])),
            actions: Action::In(anything()),
            resources: Some(Resources::In(anything())),
            conditions: Vec::new(),
        };
        Document { version: Version::V2012, id: None, statements: vec![statement] }
    }
}

fn statement(value: &Value) -> Result<Statement, InvalidDocument> {
    let Value::Object(members) = value else { return syntax("a statement is an object") };
    known_members(
        members,
        &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"],
    )?;
    let effect = match members.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return syntax("Effect is Allow or Deny"),
    };
    let principals = one_of(members, "Principal", "NotPrincipal", principals)?.map(|chosen| match chosen {
        Chosen::Plain(list) => Principals::In(list),
        Chosen::Negated(list) => Principals::NotIn(list),
    });
    // That they are completed is known of policies of identities. In one of a resource they are where it forbids more.
    let is_of_identity = principals.is_none();
    let complete = |list, forbids_more| if is_of_identity || forbids_more { completed(list) } else { list };
    Ok(Statement {
        sid: name(members, "Sid"),
        effect,
        principals,
        actions: match one_of(members, "Action", "NotAction", texts)? {
            Some(Chosen::Plain(list)) => Action::In(list),
            Some(Chosen::Negated(list)) => Action::NotIn(list),
            None => return syntax("a statement has Action or NotAction"),
        },
        resources: one_of(members, "Resource", "NotResource", texts)?.map(|chosen| match chosen {
            Chosen::Plain(list) => Resources::In(complete(list, effect == Effect::Deny)),
            Chosen::Negated(list) => Resources::NotIn(complete(list, effect == Effect::Allow)),
        }),
        conditions: conditions(members.get("Condition"))?,
    })
}

enum Chosen<T> {
    Plain(T),
    Negated(T),
}

/// Reads the one of two members that is there; both together are an error.
fn one_of<T>(
    members: &Map<String, Value>,
    plain: &str,
    negated: &str,
    read: impl Fn(&Value) -> Result<T, InvalidDocument>,
) -> Result<Option<Chosen<T>>, InvalidDocument> {
    match (members.get(plain), members.get(negated)) {
        (Some(_), Some(_)) => syntax(format!("a statement has {plain} or {negated}, not both")),
        (Some(value), None) => read(value).map(|value| Some(Chosen::Plain(value))),
        (None, Some(value)) => read(value).map(|value| Some(Chosen::Negated(value))),
        (None, None) => Ok(None),
    }
}

fn known_members(members: &Map<String, Value>, known: &[&str]) -> Result<(), InvalidDocument> {
    match members.keys().find(|key| !known.contains(&key.as_str())) {
        Some(unknown) => syntax(format!("{unknown} is not an element of the policy language")),
        None => Ok(()),
    }
}

/// A text, or a list of texts. Numbers and truth values are taken as their text, as AWS does.
fn texts(value: &Value) -> Result<Vec<String>, InvalidDocument> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => syntax("a text is expected"),
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => Ok(vec![text(one)?]),
    }
}

/// An id, which means nothing. What is no text is none.
fn name(members: &Map<String, Value>, element: &str) -> Option<String> {
    members.get(element).and_then(Value::as_str).map(str::to_owned)
}

/// Patterns of resources, and besides those that are too short for an ARN their long form: "When you specify an
/// incomplete ARN (one with fewer than the standard six fields) in an identity-based policy, AWS automatically
/// completes the ARN by adding wildcard characters (*) to all missing fields" (IAM User Guide, "IAM identifiers"). A
/// star at the end reaches over the colons of the long form; what names no service is no ARN.
fn completed(mut patterns: Vec<String>) -> Vec<String> {
    let long = |pattern: &String| {
        let parts = pattern::split_arn(pattern).len();
        let is_short = (3..6).contains(&parts) && !pattern.ends_with('*');
        is_short.then(|| format!("{pattern}{}", ":*".repeat(6 - parts)))
    };
    let completed: Vec<String> = patterns.iter().filter_map(long).collect();
    patterns.extend(completed);
    patterns
}

fn principals(value: &Value) -> Result<Vec<PrincipalMatch>, InvalidDocument> {
    let Value::Object(kinds) = value else {
        return if value.as_str() == Some("*") {
            Ok(vec![PrincipalMatch::Everybody])
        } else {
            syntax("a principal is \"*\" or an object")
        };
    };
    let mut list = Vec::new();
    for (kind, values) in kinds {
        for text in texts(values)? {
            list.push(match kind.as_str() {
                "AWS" => aws_principal(text),
                "Service" => PrincipalMatch::Service(text),
                "Federated" => PrincipalMatch::Federated(text),
                "CanonicalUser" => PrincipalMatch::CanonicalUser(text),
                other => return syntax(format!("{other} is not a kind of principal")),
            });
        }
    }
    Ok(list)
}

fn aws_principal(text: String) -> PrincipalMatch {
    if text == "*" {
        return PrincipalMatch::Everybody;
    }
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if is_account(&text) {
        return PrincipalMatch::Account(text);
    }
    match text.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", _, "iam", "", account, "root"] if is_account(account) => PrincipalMatch::Account(account.to_owned()),
        _ => PrincipalMatch::Arn(text),
    }
}

fn conditions(value: Option<&Value>) -> Result<Vec<Condition>, InvalidDocument> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let Value::Object(operators) = value else { return syntax("Condition is an object") };
    let mut conditions = Vec::new();
    for (name, keys) in operators {
        let Value::Object(keys) = keys else { return syntax(format!("{name} is an object of keys")) };
        if keys.is_empty() {
            // It asks for nothing, and AWS does not look at its name either.
            continue;
        }
        let (qualifier, operator, if_exists) = operator(name)?;
        for (key, values) in keys {
            let values = texts(values)?;
            conditions.push(Condition { qualifier, operator, if_exists, key: key.clone(), values });
        }
    }
    Ok(conditions)
}

fn operator(name: &str) -> Result<(Qualifier, Operator, bool), InvalidDocument> {
    let lower = name.to_ascii_lowercase();
    let (qualifier, rest) = if let Some(rest) = lower.strip_prefix("forallvalues:") {
        (Qualifier::ForAllValues, rest)
    } else if let Some(rest) = lower.strip_prefix("foranyvalue:") {
        (Qualifier::ForAnyValue, rest)
    } else {
        (Qualifier::Single, lower.as_str())
    };
    let (rest, if_exists) = match rest.strip_suffix("ifexists") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    match Operator::from_name(rest) {
        Some(Operator::Null) if if_exists => syntax("Null cannot have IfExists"),
        Some(operator) => Ok((qualifier, operator, if_exists)),
        None => syntax(format!("{name} is not a condition operator")),
    }
}
