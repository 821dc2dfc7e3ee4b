//! Three evaluators and one table: the product's, a naive one written from AWS's flow chart, and, where it
//! covers the case, the independent crate `iam-rs`. Each decides every case; the table says what is right.
//!
//! `iam-rs` evaluates one set of policies for one principal: it knows neither boundaries, nor session
//! policies, nor accounts, and compares typed values. What it decides otherwise is listed with the reason.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it cannot go on")]

mod cases;
mod naive;
mod operators;
mod other;

use cases::{Caller, Case};
use serde_json::Value;
use tidegate_policy::{Document, Outcome, Policies, Principal, PrincipalKind, Request, evaluate};

/// The issue asks for this many.
const LEAST_CASES: usize = 150;

fn ours(case: &Case) -> &'static str {
    let account = |text: &str| text.parse().unwrap();
    let principal = match case.caller {
        Caller::User(owner) => Principal::user(account(owner), case.caller.arn()),
        Caller::Session(owner) => {
            Principal::role_session(account(owner), case.caller.arn(), case.caller.role().unwrap())
        }
        Caller::Root(owner) => Principal::root(account(owner)),
        Caller::Service(name) => Principal::service(name),
        Caller::Anybody => Principal::anonymous(),
    };
    assert_eq!(principal.kind == PrincipalKind::Root, matches!(case.caller, Caller::Root(_)));
    let mut request = Request::new(principal, &*case.action, &*case.on, Some(account("111111111111")));
    for (key, values) in &case.keys {
        request.set_all(key, values.clone());
    }
    let parse = |document: &Option<Value>| {
        document
            .as_ref()
            .map(|text| Document::parse(&text.to_string()).unwrap_or_else(|error| panic!("{text}: {error}")))
    };
    let (identity, resource) = (parse(&case.identity), parse(&case.resource));
    let (boundary, session) = (parse(&case.boundary), parse(&case.session));
    let policies = Policies {
        identity: identity.iter().collect(),
        resource: resource.as_ref(),
        boundary: boundary.as_ref(),
        session: session.as_ref().map(|document| vec![document]),
        resource_must_allow: false,
    };
    match evaluate(&request, &policies).outcome {
        Outcome::Allow => "Allow",
        Outcome::ExplicitDeny => "ExplicitDeny",
        Outcome::ImplicitDeny => "ImplicitDeny",
    }
}

#[test]
fn the_table_is_decided_as_aws_does() {
    let cases = cases::all();
    assert!(cases.len() >= LEAST_CASES, "only {} cases", cases.len());
    for case in &cases {
        assert_eq!(ours(case), case.expected, "{}", case.what);
    }
    println!("{} cases", cases.len());
}

#[test]
fn a_naive_evaluator_agrees() {
    for case in &cases::all() {
        assert_eq!(naive::decide(case), case.expected, "{}", case.what);
    }
}

#[test]
fn an_independent_crate_agrees_where_it_covers_the_case() {
    let (mut agreed, mut excused) = (0, 0);
    let mut disagreements = Vec::new();
    for case in &cases::all() {
        let Some(decision) = other::decide(case) else { continue };
        match (decision == case.expected, other::differs(case)) {
            (true, _) => agreed += 1,
            (false, Some(_reason)) => excused += 1,
            (false, None) => disagreements.push(format!("{decision}, not {}: {}", case.expected, case.what)),
        }
    }
    assert!(disagreements.is_empty(), "{disagreements:#?}");
    println!("{agreed} agree, {excused} are excused");
    assert!(agreed >= LEAST_CASES, "{agreed} agree, {excused} are excused");
}
