//! A table of requests and policies with the decision that AWS's evaluation logic makes.

use tidegate_policy::{Decision, Document, Outcome, Policies, Principal, PrincipalKind, Reason, Request, evaluate};

const OURS: &str = "111111111111";
const THEIRS: &str = "222222222222";
const QUEUE: &str = "arn:aws:sqs:us-east-1:111111111111:orders";

fn request(kind: PrincipalKind, account: &str) -> Request {
    let account = account.parse().expect("twelve digits");
    let (arn, role_arn) = match kind {
        PrincipalKind::User => (format!("arn:aws:iam::{account}:user/ann"), None),
        PrincipalKind::RoleSession => (
            format!("arn:aws:sts::{account}:assumed-role/worker/session"),
            Some(format!("arn:aws:iam::{account}:role/worker")),
        ),
        PrincipalKind::FederatedSession => (format!("arn:aws:sts::{account}:federated-user/ann"), None),
        PrincipalKind::Root => (format!("arn:aws:iam::{account}:root"), None),
        PrincipalKind::Service => ("events.amazonaws.com".to_owned(), None),
        PrincipalKind::Anonymous => ("*".to_owned(), None),
    };
    let belongs = !matches!(kind, PrincipalKind::Service | PrincipalKind::Anonymous);
    let principal = Principal { kind, arn, role_arn, account: belongs.then_some(account) };
    Request::new(principal, "sqs:SendMessage", QUEUE, Some(OURS.parse().expect("twelve digits")))
}

fn document(statement: &str) -> Document {
    Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#)).expect("a valid policy")
}

const ALLOW: &str = r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#;
const DENY: &str = r#"{"Effect":"Deny","Action":"sqs:SendMessage","Resource":"*"}"#;
const OTHER: &str = r#"{"Effect":"Allow","Action":"sns:*","Resource":"*"}"#;

fn resource_statement(effect: &str, principal: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Principal":{principal},"Action":"sqs:SendMessage","Resource":"*"}}"#)
}

/// Every combination of nothing, allow and deny in the four kinds of policy, for a user of the same
/// account: 81 cases against the rule written down once more, in one expression.
#[test]
fn every_combination_of_the_four_kinds_within_one_account() {
    let choices = [OTHER, ALLOW, DENY];
    for kind in [PrincipalKind::User, PrincipalKind::RoleSession] {
        for identity in choices {
            for boundary in choices {
                for session in choices {
                    for resource in choices {
                        let request = request(kind, OURS);
                        let grantee = format!(r#"{{"AWS":"{}"}}"#, request.principal.arn);
                        let resource_document = document(&match resource {
                            DENY => resource_statement("Deny", r#""*""#),
                            ALLOW => resource_statement("Allow", &grantee),
                            _ => resource_statement("Allow", r#"{"AWS":"333333333333"}"#),
                        });
                        let (identity_document, boundary_document, session_document) =
                            (document(identity), document(boundary), document(session));
                        let policies = Policies {
                            identity: vec![&identity_document],
                            boundary: Some(&boundary_document),
                            session: Some(vec![&session_document]),
                            resource: Some(&resource_document),
                            ..Policies::default()
                        };
                        let all = [identity, boundary, session, resource];
                        let expected = if all.contains(&DENY) {
                            Outcome::ExplicitDeny
                        } else if resource == ALLOW || [identity, boundary, session] == [ALLOW; 3] {
                            Outcome::Allow
                        } else {
                            Outcome::ImplicitDeny
                        };
                        assert_eq!(evaluate(&request, &policies).outcome, expected, "{kind:?} {all:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn across_accounts_both_sides_must_allow() {
    for (identity, resource, expected) in [
        (ALLOW, resource_statement("Allow", r#"{"AWS":"222222222222"}"#), Outcome::Allow),
        (ALLOW, resource_statement("Allow", r#"{"AWS":"arn:aws:iam::222222222222:user/ann"}"#), Outcome::Allow),
        (ALLOW, resource_statement("Allow", r#""*""#), Outcome::Allow),
        (OTHER, resource_statement("Allow", r#"{"AWS":"arn:aws:iam::222222222222:user/ann"}"#), Outcome::ImplicitDeny),
        (ALLOW, resource_statement("Allow", r#"{"AWS":"333333333333"}"#), Outcome::ImplicitDeny),
        (DENY, resource_statement("Allow", r#"{"AWS":"222222222222"}"#), Outcome::ExplicitDeny),
        (ALLOW, resource_statement("Deny", r#"{"AWS":"222222222222"}"#), Outcome::ExplicitDeny),
    ] {
        let (identity, resource_document) = (document(identity), document(&resource));
        let policies =
            Policies { identity: vec![&identity], resource: Some(&resource_document), ..Policies::default() };
        let decision = evaluate(&request(PrincipalKind::User, THEIRS), &policies);
        assert_eq!(decision.outcome, expected, "{resource}");
    }
}

#[test]
fn what_a_resource_grants_a_role_is_limited_for_its_sessions() {
    let role = resource_statement("Allow", r#"{"AWS":"arn:aws:iam::111111111111:role/worker"}"#);
    let session = resource_statement("Allow", r#"{"AWS":"arn:aws:sts::111111111111:assumed-role/worker/session"}"#);
    let account = resource_statement("Allow", r#"{"AWS":"111111111111"}"#);
    for (resource, boundary, session_policy, expected) in [
        (&role, None, None, Ok(())),
        (&role, Some(OTHER), None, Err(Reason::NoBoundaryAllow)),
        (&role, None, Some(OTHER), Err(Reason::NoSessionAllow)),
        (&role, Some(ALLOW), Some(ALLOW), Ok(())),
        (&session, Some(OTHER), Some(OTHER), Ok(())),
        (&account, None, None, Err(Reason::NoIdentityAllow)),
    ] {
        let resource_document = document(resource);
        let (boundary, session_policy) = (boundary.map(document), session_policy.map(document));
        let policies = Policies {
            resource: Some(&resource_document),
            boundary: boundary.as_ref(),
            session: session_policy.as_ref().map(|document| vec![document]),
            ..Policies::default()
        };
        let decision = evaluate(&request(PrincipalKind::RoleSession, OURS), &policies);
        match expected {
            Ok(()) => assert!(decision.is_allowed(), "{resource}: {decision:?}"),
            Err(reason) => assert_eq!(decision, Decision { outcome: Outcome::ImplicitDeny, reason }, "{resource}"),
        }
    }
}

#[test]
fn root_services_and_nobody() {
    let events = resource_statement("Allow", r#"{"Service":"events.amazonaws.com"}"#);
    let everybody = resource_statement("Allow", r#""*""#);
    let deny_root = resource_statement("Deny", r#"{"AWS":"111111111111"}"#);
    for (kind, account, resource, expected) in [
        (PrincipalKind::Root, OURS, None, Outcome::Allow),
        (PrincipalKind::Root, OURS, Some(&deny_root), Outcome::ExplicitDeny),
        (PrincipalKind::Root, THEIRS, None, Outcome::ImplicitDeny),
        (PrincipalKind::Root, THEIRS, Some(&everybody), Outcome::Allow),
        (PrincipalKind::Service, OURS, Some(&events), Outcome::Allow),
        (PrincipalKind::Service, OURS, None, Outcome::ImplicitDeny),
        (PrincipalKind::Anonymous, OURS, Some(&everybody), Outcome::Allow),
        (PrincipalKind::Anonymous, OURS, Some(&events), Outcome::ImplicitDeny),
    ] {
        let resource_document = resource.map(|statement| document(statement));
        let policies = Policies { resource: resource_document.as_ref(), ..Policies::default() };
        assert_eq!(evaluate(&request(kind, account), &policies).outcome, expected, "{kind:?} {account} {resource:?}");
    }
}

#[test]
fn elements_of_a_statement() {
    for (statement, allowed) in [
        (r#"{"Effect":"Allow","Action":"SQS:sendmessage","Resource":"*"}"#, true),
        (r#"{"Effect":"Allow","Action":["sqs:Re*","sqs:S?nd*"],"Resource":"*"}"#, true),
        (r#"{"Effect":"Allow","NotAction":"sqs:DeleteQueue","Resource":"*"}"#, true),
        (r#"{"Effect":"Allow","NotAction":"sqs:*","Resource":"*"}"#, false),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:*:*:orders"}"#, true),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:*:orders"}"#, true),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs"}"#, true),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:sns"}"#, false),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:*:111111111111"}"#, true),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:*:222222222222"}"#, false),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:*:sqs"}"#, true),
        (r#"{"Effect":"Allow","Action":"*","Resource":"*rn:aws:sqs"}"#, true),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:${aws:RequestedRegion}"}"#, true),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws"}"#, false),
        (r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:sqs"}"#, false),
        (r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"AnyName":{}}}"#, true),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:*:*:bills"}"#, false),
        (r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:sqs:*:*:bills"}"#, true),
        (r#"{"Effect":"Allow","Action":"*","NotResource":"*"}"#, false),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:*:*:${aws:username}"}"#, false),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:*:*:${aws:PrincipalTag/queue}"}"#, true),
    ] {
        let mut request = request(PrincipalKind::User, OURS);
        request.set("aws:username", "ann");
        request.set("aws:PrincipalTag/queue", "orders");
        request.set("aws:RequestedRegion", "us-east-1");
        let document = document(statement);
        let policies = Policies { identity: vec![&document], ..Policies::default() };
        assert_eq!(evaluate(&request, &policies).is_allowed(), allowed, "{statement}");
    }
}

#[test]
fn denials_of_incomplete_arns() {
    for (statement, denied) in [
        (r#"{"Effect":"Deny","Action":"*","Resource":"arn:aws:sqs:*:111111111111"}"#, true),
        (r#"{"Effect":"Deny","Action":"*","Resource":"arn:aws:sns"}"#, false),
        (r#"{"Effect":"Deny","Action":"*","NotResource":"arn:aws:sqs"}"#, false),
        (r#"{"Effect":"Deny","Action":"*","NotResource":"arn:aws:sns"}"#, true),
    ] {
        let document = document(statement);
        let policies = Policies { identity: vec![&document], ..Policies::default() };
        let outcome = evaluate(&request(PrincipalKind::User, OURS), &policies).outcome;
        assert_eq!(outcome == Outcome::ExplicitDeny, denied, "{statement}");
    }
}

/// In the policies of resources they are what AWS says only where that forbids more.
#[test]
fn incomplete_arns_in_policies_of_resources() {
    for (effect, resource, expected) in [
        ("Deny", r#""Resource":"arn:aws:sqs""#, Outcome::ExplicitDeny),
        ("Deny", r#""NotResource":"arn:aws:sqs""#, Outcome::ExplicitDeny),
        ("Allow", r#""Resource":"arn:aws:sqs""#, Outcome::ImplicitDeny),
        ("Allow", r#""Resource":"arn:aws:sqs*""#, Outcome::Allow),
        ("Allow", r#""NotResource":"arn:aws:sqs""#, Outcome::ImplicitDeny),
        ("Allow", r#""NotResource":"arn:aws:sns""#, Outcome::Allow),
    ] {
        let text = format!(r#"{{"Effect":"{effect}","Principal":"*","Action":"*",{resource}}}"#);
        let document = document(&text);
        let policies = Policies { resource: Some(&document), ..Policies::default() };
        assert_eq!(evaluate(&request(PrincipalKind::User, OURS), &policies).outcome, expected, "{text}");
    }
}

/// What a release before took in and kept is not closed by this one.
#[test]
fn stored_documents_stay_open() {
    for text in [
        r#"{"Id":null,"Statement":{"Sid":null,"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#,
        r#"{"Id":7,"Statement":{"Sid":["a"],"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#,
        r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{}}}}"#,
        r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":[7,true,"*"]}}"#,
    ] {
        let document = Document::of_resource(text, OURS.parse().unwrap());
        let policies = Policies { resource: Some(&document), ..Policies::default() };
        assert!(evaluate(&request(PrincipalKind::User, OURS), &policies).is_allowed(), "{text}");
    }
}

#[test]
fn the_old_version_has_no_variables() {
    let text = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:username":"${aws:username}"}}}}"#;
    let document = Document::parse(text).unwrap();
    let policies = Policies { identity: vec![&document], ..Policies::default() };
    let mut request = request(PrincipalKind::User, OURS);
    request.set("aws:username", "ann");
    assert!(!evaluate(&request, &policies).is_allowed());
    request.set("aws:username", "${aws:username}");
    assert!(evaluate(&request, &policies).is_allowed());
}
