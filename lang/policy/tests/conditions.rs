//! Every condition operator: what holds, what does not, and what a missing key means.

#[path = "agreement/operators.rs"]
mod operators;

use operators::SINGLE;
use tidegate_policy::{Document, Policies, Principal, PrincipalKind, Request, evaluate};

fn holds(condition: &str, keys: &[(&str, &[&str])]) -> bool {
    let account = "111111111111".parse().expect("twelve digits");
    let principal = Principal {
        kind: PrincipalKind::User,
        arn: "arn:aws:iam::111111111111:user/ann".to_owned(),
        role_arn: None,
        account: Some(account),
    };
    let mut request = Request::new(principal, "sqs:SendMessage", "*", Some(account));
    for (key, values) in keys {
        request.set_all(key, values.iter().map(|value| (*value).to_owned()).collect());
    }
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}}}"#
    );
    let document = Document::parse(&text).expect("a valid policy");
    evaluate(&request, &Policies { identity: vec![&document], ..Policies::default() }).is_allowed()
}

#[test]
fn every_operator_compares_as_documented() {
    for (operator, wanted, value, expected) in SINGLE {
        let condition = format!(r#"{{"{operator}":{{"aws:k":"{wanted}"}}}}"#);
        assert_eq!(holds(&condition, &[("aws:K", &[value])]), *expected, "{operator} {wanted} {value}");
    }
}

#[test]
fn a_missing_key_fails_unless_the_operator_is_negated_or_says_if_exists() {
    for (operator, wanted, _, _) in SINGLE {
        let negated = operator.to_ascii_lowercase().contains("not");
        let condition = format!(r#"{{"{operator}":{{"aws:k":"{wanted}"}}}}"#);
        assert_eq!(holds(&condition, &[]), negated, "{operator}");
        let condition = format!(r#"{{"{operator}IfExists":{{"aws:k":"{wanted}"}}}}"#);
        assert!(holds(&condition, &[]), "{operator}IfExists");
    }
}

#[test]
fn presence() {
    for (wanted, present, expected) in
        [("true", false, true), ("true", true, false), ("false", true, true), ("false", false, false)]
    {
        let condition = format!(r#"{{"Null":{{"aws:k":"{wanted}"}}}}"#);
        let keys: &[(&str, &[&str])] = if present { &[("aws:k", &["x"])] } else { &[] };
        assert_eq!(holds(&condition, keys), expected, "Null {wanted}, present {present}");
    }
}

#[test]
fn several_values() {
    for (condition, values, expected) in [
        (r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}"#, Some(&["a"][..]), true),
        (r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}"#, Some(&["a", "c"]), false),
        (r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}"#, None, true),
        (r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}}"#, Some(&["c", "b"]), true),
        (r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}}"#, Some(&["c"]), false),
        (r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}}"#, None, false),
        (r#"{"ForAllValues:StringNotEquals":{"aws:TagKeys":["a"]}}"#, Some(&["b", "c"]), true),
        (r#"{"ForAllValues:StringNotEquals":{"aws:TagKeys":["a"]}}"#, Some(&["b", "a"]), false),
        (r#"{"ForAnyValue:StringNotEquals":{"aws:TagKeys":["a"]}}"#, Some(&["b", "a"]), true),
        (r#"{"ForAnyValue:StringLike":{"aws:TagKeys":["a*"]}}"#, Some(&["b", "ab"]), true),
        (r#"{"StringEquals":{"aws:TagKeys":["a","b"]}}"#, Some(&["b"]), true),
    ] {
        let keys: Vec<(&str, &[&str])> = values.map(|values| ("aws:TagKeys", values)).into_iter().collect();
        assert_eq!(holds(condition, &keys), expected, "{condition} {values:?}");
    }
}

#[test]
fn all_lines_must_hold() {
    let condition = r#"{"StringEquals":{"aws:a":"1","aws:b":"2"},"Bool":{"aws:SecureTransport":"true"}}"#;
    let all: &[(&str, &[&str])] = &[("aws:a", &["1"]), ("aws:b", &["2"]), ("aws:SecureTransport", &["true"])];
    assert!(holds(condition, all));
    for left_out in 0..all.len() {
        let some: Vec<_> = all.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, key)| *key).collect();
        assert!(!holds(condition, &some), "without {:?}", all[left_out]);
    }
}

#[test]
fn what_is_not_a_policy_is_refused() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"Version":"2020-01-01","Statement":[]}"#,
        r#"{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}"#,
        r#"{"Statement":{"Effect":"Allow","Resource":"*"}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Resource2":"*"}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEqual":{"a":"b"}}}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NullIfExists":{"a":"true"}}}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":{"Aws":"*"}}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":7.5,"Resource":{}}}"#,
    ] {
        assert!(Document::parse(text).is_err(), "{text} must be refused");
    }
}
