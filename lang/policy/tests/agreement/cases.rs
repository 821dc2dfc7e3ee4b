//! The table: who asks for what under which policies, and what AWS decides.

use serde_json::{Value, json};

use crate::operators::SINGLE;

/// The account that owns the resource of every case.
const OURS: &str = "111111111111";
const THEIRS: &str = "222222222222";

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    User(&'static str),
    /// Of the role `worker`.
    Session(&'static str),
    Root(&'static str),
    Service(&'static str),
    Anybody,
}

impl Caller {
    pub fn account(self) -> Option<&'static str> {
        match self {
            Caller::User(account) | Caller::Session(account) | Caller::Root(account) => Some(account),
            Caller::Service(_) | Caller::Anybody => None,
        }
    }

    pub fn arn(self) -> String {
        match self {
            Caller::User(account) => format!("arn:aws:iam::{account}:user/ann"),
            Caller::Session(account) => format!("arn:aws:sts::{account}:assumed-role/worker/session"),
            Caller::Root(account) => format!("arn:aws:iam::{account}:root"),
            Caller::Service(name) => name.to_owned(),
            Caller::Anybody => "*".to_owned(),
        }
    }

    /// The ARN of the role whose session it is.
    pub fn role(self) -> Option<String> {
        matches!(self, Caller::Session(_)).then(|| format!("arn:aws:iam::{}:role/worker", self.account().unwrap()))
    }

    /// Whom AWS looks at, in this order: the account, the role, the caller.
    pub fn chain(self) -> Vec<String> {
        let account = self.account().map(|account| format!("arn:aws:iam::{account}:root"));
        account.into_iter().chain(self.role()).chain([self.arn()]).collect()
    }
}

#[derive(Debug, Clone)]
pub struct Case {
    pub what: String,
    pub caller: Caller,
    pub action: String,
    pub on: String,
    pub keys: Vec<(String, Vec<String>)>,
    pub identity: Option<Value>,
    pub resource: Option<Value>,
    pub boundary: Option<Value>,
    pub session: Option<Value>,
    pub expected: &'static str,
}

const ALLOW: &str = "Allow";
const DENY: &str = "ExplicitDeny";
const NOTHING: &str = "ImplicitDeny";

fn case(what: impl Into<String>, expected: &'static str) -> Case {
    Case {
        what: what.into(),
        caller: Caller::User(OURS),
        action: "sqs:SendMessage".to_owned(),
        on: format!("arn:aws:sqs:us-east-1:{OURS}:orders"),
        keys: Vec::new(),
        identity: None,
        resource: None,
        boundary: None,
        session: None,
        expected,
    }
}

fn policy(statement: Value) -> Option<Value> {
    Some(json!({ "Version": "2012-10-17", "Statement": statement }))
}

fn keys(pairs: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    pairs.iter().map(|(key, values)| ((*key).to_owned(), values.iter().map(|v| (*v).to_owned()).collect())).collect()
}

fn under(condition: Value, pairs: &[(&str, &[&str])], holds: bool) -> Case {
    let statement = json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition });
    let expected = if holds { ALLOW } else { NOTHING };
    Case { identity: policy(statement), keys: keys(pairs), ..case(condition.to_string(), expected) }
}

/// All cases.
pub fn all() -> Vec<Case> {
    [operators(), qualifiers(), kinds(), elements(), principals(), accounts()].concat()
}

/// Each operator with a value, without one, and without one but with `IfExists`.
fn operators() -> Vec<Case> {
    let mut cases = Vec::new();
    for (operator, wanted, value, holds) in
        SINGLE.iter().filter(|(operator, ..)| operator.starts_with(char::is_uppercase))
    {
        let negated = operator.contains("Not");
        let plain = json!({ *operator: { "aws:k": wanted } });
        let if_exists = json!({ format!("{operator}IfExists"): { "aws:k": wanted } });
        cases.push(under(plain.clone(), &[("aws:k", &[value])], *holds));
        cases.push(under(if_exists.clone(), &[("aws:k", &[value])], *holds));
        cases.push(under(plain, &[], negated));
        cases.push(under(if_exists, &[], true));
    }
    for (wanted, present, holds) in
        [("true", false, true), ("true", true, false), ("false", true, true), ("false", false, false)]
    {
        let given: &[(&str, &[&str])] = if present { &[("aws:k", &["x"])] } else { &[] };
        cases.push(under(json!({ "Null": { "aws:k": wanted } }), given, holds));
    }
    cases
}

/// Several values on either side, and variables.
fn qualifiers() -> Vec<Case> {
    let tags = |values: &'static [&'static str]| -> Vec<(&'static str, &'static [&'static str])> {
        if values.is_empty() { Vec::new() } else { vec![("aws:TagKeys", values)] }
    };
    let mut cases = Vec::new();
    for (operator, wanted, values, holds) in [
        ("ForAllValues:StringEquals", json!(["a", "b"]), &["a"][..], true),
        ("ForAllValues:StringEquals", json!(["a", "b"]), &["a", "c"], false),
        ("ForAllValues:StringEquals", json!(["a", "b"]), &[], true),
        ("ForAnyValue:StringEquals", json!(["a", "b"]), &["c", "b"], true),
        ("ForAnyValue:StringEquals", json!(["a", "b"]), &["c"], false),
        ("ForAnyValue:StringEquals", json!(["a", "b"]), &[], false),
        ("ForAllValues:StringLike", json!(["a*"]), &["ab", "ac"], true),
        ("ForAllValues:StringLike", json!(["a*"]), &["ab", "bc"], false),
        ("ForAllValues:StringNotEquals", json!(["a"]), &["b", "c"], true),
        ("ForAllValues:StringNotEquals", json!(["a"]), &["b", "a"], false),
        ("ForAnyValue:StringNotEquals", json!(["a"]), &["b", "a"], true),
        ("ForAnyValue:StringLike", json!(["a*"]), &["b", "ab"], true),
        ("StringEquals", json!(["a", "b"]), &["b"], true),
        ("StringNotEquals", json!(["a", "b"]), &["b"], false),
        ("StringNotEquals", json!(["a", "b"]), &["c"], true),
    ] {
        cases.push(under(json!({ operator: { "aws:TagKeys": wanted } }), &tags(values), holds));
    }
    let person: &[(&str, &[&str])] = &[("aws:username", &["ann"]), ("aws:PrincipalTag/team", &["blue"])];
    for (wanted, holds) in [
        ("${aws:username}", true),
        ("${aws:PrincipalTag/team}", false),
        ("${aws:nobody}", false),
        ("${aws:nobody, 'ann'}", true),
        ("${aws:nobody, 'bob'}", false),
    ] {
        cases.push(under(json!({ "StringEquals": { "aws:username": wanted } }), person, holds));
    }
    cases
}

/// Every combination of the four kinds of policy, each absent, allowing, denying or about something else.
fn kinds() -> Vec<Case> {
    const STATES: [&str; 4] = ["absent", "allows", "denies", "is about something else"];
    let document = |state: usize, principal: Option<Value>| {
        let (effect, action) = [("", ""), ("Allow", "sqs:*"), ("Deny", "sqs:*"), ("Allow", "s3:*")][state];
        let mut statement = json!({ "Effect": effect, "Action": action, "Resource": "*" });
        if let Some(principal) = principal {
            statement["Principal"] = principal;
        }
        policy(statement).filter(|_| state > 0)
    };
    let mut cases = Vec::new();
    for at in 0..4_usize.pow(4) {
        let [identity, resource, boundary, session] = [at % 4, at / 4 % 4, at / 16 % 4, at / 64 % 4];
        let expected = if [identity, resource, boundary, session].contains(&2) {
            DENY
        } else if resource == 1 || (identity == 1 && boundary != 3 && session != 3) {
            ALLOW
        } else {
            NOTHING
        };
        let what = format!(
            "identity {}, resource {}, boundary {}, session {}",
            STATES[identity], STATES[resource], STATES[boundary], STATES[session]
        );
        cases.push(Case {
            identity: document(identity, None),
            resource: document(resource, Some(json!({ "AWS": Caller::User(OURS).arn() }))),
            boundary: document(boundary, None),
            session: document(session, None),
            ..case(what, expected)
        });
    }
    cases
}

fn elements() -> Vec<Case> {
    let mut cases = Vec::new();
    for (statement, expected) in [
        (json!({ "Effect": "Allow", "Action": "SQS:sendmessage", "Resource": "*" }), ALLOW),
        (json!({ "Effect": "Allow", "Action": ["sqs:Re*", "sqs:S?nd*"], "Resource": "*" }), ALLOW),
        (json!({ "Effect": "Allow", "Action": "sqs:Send", "Resource": "*" }), NOTHING),
        (json!({ "Effect": "Allow", "NotAction": "sqs:DeleteQueue", "Resource": "*" }), ALLOW),
        (json!({ "Effect": "Allow", "NotAction": "sqs:*", "Resource": "*" }), NOTHING),
        (json!({ "Effect": "Deny", "NotAction": "sqs:Receive*", "Resource": "*" }), DENY),
        (json!({ "Effect": "Allow", "Action": "*", "Resource": "arn:aws:sqs:*:*:orders" }), ALLOW),
        (json!({ "Effect": "Allow", "Action": "*", "Resource": "arn:aws:sqs:*:*:bills" }), NOTHING),
        (json!({ "Effect": "Allow", "Action": "*", "Resource": ["arn:aws:s3:::*", "arn:aws:sqs:*:*:ord*"] }), ALLOW),
        (json!({ "Effect": "Allow", "Action": "*", "NotResource": "arn:aws:sqs:*:*:bills" }), ALLOW),
        (json!({ "Effect": "Allow", "Action": "*", "NotResource": "arn:aws:sqs:*:*:orders" }), NOTHING),
        (json!({ "Effect": "Deny", "Action": "*", "NotResource": "arn:aws:sqs:*:*:bills" }), DENY),
        (json!({ "Effect": "Allow", "Action": "*", "Resource": "arn:aws:sqs:*:*:${aws:username}" }), NOTHING),
        (json!({ "Effect": "Allow", "Action": "*", "Resource": "arn:aws:sqs:*:*:${aws:PrincipalTag/queue}" }), ALLOW),
        (json!({ "Effect": "Allow", "Action": "*", "Resource": "arn:aws:sqs:*:*:${aws:nobody, 'orders'}" }), ALLOW),
        (
            json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" },
                { "Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "*" }]),
            DENY,
        ),
        (
            json!([{ "Effect": "Deny", "Action": "sqs:DeleteQueue", "Resource": "*" },
                { "Effect": "Allow", "Action": "sqs:*", "Resource": "*" }]),
            ALLOW,
        ),
    ] {
        let keys = keys(&[("aws:username", &["ann"]), ("aws:PrincipalTag/queue", &["orders"])]);
        cases.push(Case { identity: policy(statement.clone()), keys, ..case(statement.to_string(), expected) });
    }
    cases
}

fn principals() -> Vec<Case> {
    let mut cases = Vec::new();
    let (ann, session) = (Caller::User(OURS).arn(), Caller::Session(OURS).arn());
    let worker = Caller::Session(OURS).role().unwrap();
    for (caller, element, principal, expected) in [
        (Caller::User(OURS), "Principal", json!("*"), ALLOW),
        (Caller::User(OURS), "Principal", json!({ "AWS": "*" }), ALLOW),
        (Caller::User(OURS), "Principal", json!({ "AWS": ann }), ALLOW),
        (Caller::User(OURS), "Principal", json!({ "AWS": OURS }), NOTHING),
        (Caller::User(OURS), "Principal", json!({ "AWS": [THEIRS, ann] }), ALLOW),
        (Caller::User(OURS), "Principal", json!({ "Service": "events.amazonaws.com" }), NOTHING),
        (Caller::User(OURS), "NotPrincipal", json!({ "AWS": ann }), NOTHING),
        (Caller::User(OURS), "NotPrincipal", json!({ "AWS": "arn:aws:iam::111111111111:user/bob" }), ALLOW),
        (Caller::Root(OURS), "Principal", json!({ "AWS": THEIRS }), ALLOW),
        (Caller::Root(THEIRS), "Principal", json!({ "AWS": THEIRS }), ALLOW),
        (Caller::Root(THEIRS), "Principal", json!({ "AWS": OURS }), NOTHING),
        (Caller::Service("events.amazonaws.com"), "Principal", json!({ "Service": "events.amazonaws.com" }), ALLOW),
        (Caller::Service("sns.amazonaws.com"), "Principal", json!({ "Service": "events.amazonaws.com" }), NOTHING),
        (Caller::Service("sns.amazonaws.com"), "Principal", json!({ "AWS": OURS }), NOTHING),
        (Caller::Anybody, "Principal", json!("*"), ALLOW),
        (Caller::Anybody, "Principal", json!({ "AWS": OURS }), NOTHING),
    ] {
        let statement = json!({ "Effect": "Allow", element: principal, "Action": "sqs:*", "Resource": "*" });
        let what = format!("{caller:?} under {statement}");
        cases.push(Case { caller, resource: policy(statement), ..case(what, expected) });
    }
    for (caller, element, principal, expected) in [
        (Caller::Root(OURS), "Principal", json!({ "AWS": OURS }), DENY),
        (Caller::User(OURS), "Principal", json!({ "AWS": OURS }), DENY),
        (Caller::User(OURS), "NotPrincipal", json!({ "AWS": [OURS, ann] }), NOTHING),
        (Caller::User(OURS), "NotPrincipal", json!({ "AWS": ann }), DENY),
        (Caller::User(OURS), "NotPrincipal", json!("*"), NOTHING),
        (Caller::User(OURS), "NotPrincipal", json!({ "AWS": "*" }), NOTHING),
        (Caller::Session(OURS), "NotPrincipal", json!({ "AWS": [OURS, worker, session] }), NOTHING),
        (Caller::Session(OURS), "NotPrincipal", json!({ "AWS": [OURS, worker] }), DENY),
        (Caller::Session(OURS), "NotPrincipal", json!({ "AWS": [OURS, session] }), DENY),
        (Caller::Session(OURS), "NotPrincipal", json!({ "AWS": [worker, session] }), DENY),
        (Caller::Service("sns.amazonaws.com"), "NotPrincipal", json!({ "Service": "sns.amazonaws.com" }), NOTHING),
        (Caller::Service("sns.amazonaws.com"), "NotPrincipal", json!({ "AWS": OURS }), DENY),
        (Caller::User(OURS), "NotPrincipal", json!({ "AWS": THEIRS }), DENY),
        (Caller::User(OURS), "NotPrincipal", json!({ "AWS": [OURS, "arn:aws:iam::111111111111:user/bob"] }), DENY),
        (Caller::Root(OURS), "NotPrincipal", json!({ "AWS": OURS }), ALLOW),
    ] {
        let statement = json!({ "Effect": "Deny", element: principal, "Action": "sqs:*", "Resource": "*" });
        let what = format!("{caller:?} under {statement}");
        cases.push(Case { caller, resource: policy(statement), ..case(what, expected) });
    }
    cases
}

/// The cross-account rule: both sides must allow.
fn accounts() -> Vec<Case> {
    let eve = Caller::User(THEIRS).arn();
    let allow = json!({ "Effect": "Allow", "Action": "sqs:*", "Resource": "*" });
    let mut cases = Vec::new();
    for (identity, principal, boundary, expected) in [
        (true, Some(json!({ "AWS": THEIRS })), false, ALLOW),
        (true, Some(json!({ "AWS": eve })), false, ALLOW),
        (true, Some(json!("*")), false, ALLOW),
        (true, Some(json!({ "AWS": OURS })), false, NOTHING),
        (true, None, false, NOTHING),
        (false, Some(json!({ "AWS": eve })), false, NOTHING),
        (false, Some(json!("*")), false, NOTHING),
        (true, Some(json!({ "AWS": eve })), true, NOTHING),
    ] {
        let resource = principal
            .map(|principal| json!({ "Effect": "Allow", "Principal": principal, "Action": "sqs:*", "Resource": "*" }));
        let what = format!("a stranger, allowed at home: {identity}, here by {resource:?}, limited: {boundary}");
        cases.push(Case {
            caller: Caller::User(THEIRS),
            identity: policy(allow.clone()).filter(|_| identity),
            resource: resource.and_then(policy),
            boundary: policy(json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" })).filter(|_| boundary),
            ..case(what, expected)
        });
    }
    cases
}
