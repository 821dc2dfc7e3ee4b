//! Who may do what, under `--auth enforce` and `--auth observe`.

use std::sync::Arc;

use serde_json::json;
use tidegate_gateway::Mode;
use tidegate_policy::Document;
use tidegate_ports::{IdentityPolicies, Session};
use tidegate_types::AccountId;

use crate::fake::THING;
use crate::people::{SECRET, TOKEN, policy};
use crate::signer::sign;
use crate::world::{ADMIN_KEY, Choices, Request, Response, World};

const OWNER: AccountId = AccountId::DEFAULT;

async fn world(mode: Mode) -> World {
    World::with(Choices { mode, ..Choices::default() }).await
}

/// Asks for `Nothing` with a key of everybody's secret.
async fn ask(world: &World, key: &str) -> Response {
    let token = key.starts_with("ASIA").then_some(TOKEN);
    ask_with(world, key, token).await
}

async fn ask_with(world: &World, key: &str, token: Option<&str>) -> Response {
    let request = Request::json("AmazonFake.Nothing").header("user-agent", "tests");
    let request = match token {
        Some(token) => request.header("x-amz-security-token", token),
        None => request,
    };
    world.send(&sign(request, &world.address.to_string(), key, SECRET, world.env.real_now())).await
}

fn allow(action: &str) -> serde_json::Value {
    json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": action, "Resource": "*" } })
}

fn deny(action: &str) -> serde_json::Value {
    json!({ "Statement": { "Sid": "No", "Effect": "Deny", "Action": action, "Resource": "*" } })
}

fn holds(policies: &[serde_json::Value]) -> IdentityPolicies {
    let policies = policies.iter().map(|document| policy("inline", document)).collect();
    IdentityPolicies { policies, ..IdentityPolicies::default() }
}

#[track_caller]
fn assert_denied(response: &Response, why: &str) {
    assert_eq!(response.status, 403, "{response:?}");
    assert_eq!(response.json()["__type"], "com.amazon.coral.service#AccessDeniedException");
    let message = response.json()["Message"].as_str().unwrap().to_owned();
    assert!(message.ends_with(why), "{message}\ndoes not end with\n{why}");
}

#[tokio::test]
async fn a_user_may_do_what_its_policies_allow() {
    let world = world(Mode::Enforce).await;
    let ann = world.people.user(OWNER, "ann");
    let because = "because no identity-based policy allows the fake:Nothing action";
    assert_denied(
        &ask(&world, "AKIAann").await,
        &format!("User: {ann} is not authorized to perform: fake:Nothing on resource: {THING} {because}"),
    );
    world.people.set(&ann, holds(&[allow("fake:No*")]));
    assert_eq!(ask(&world, "AKIAann").await.status, 200);
    let call = world.fake.last_call();
    assert_eq!((&*call.caller.principal_arn, &*call.caller.user_id), (&*ann, "AIDAann"));
    world.people.set(&ann, holds(&[allow("*"), deny("fake:Nothing")]));
    assert_denied(&ask(&world, "AKIAann").await, "with an explicit deny in an identity-based policy");
    let boundary = Some(policy("boundary", &allow("sqs:*")));
    world.people.set(&ann, IdentityPolicies { boundary, ..holds(&[allow("*")]) });
    assert_denied(&ask(&world, "AKIAann").await, "because no permissions boundary allows the fake:Nothing action");
}

#[tokio::test]
async fn conditions_see_the_request() {
    let world = world(Mode::Enforce).await;
    let ann = world.people.user(OWNER, "ann");
    for (operator, key, value, allowed) in [
        ("IpAddress", "aws:SourceIp", "127.0.0.0/8", true),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8", false),
        ("Bool", "aws:SecureTransport", "false", true),
        ("StringEquals", "aws:username", "ann", true),
        ("StringEquals", "aws:userid", "AIDAann", true),
        ("StringEquals", "aws:PrincipalType", "User", true),
        ("StringEquals", "aws:PrincipalAccount", "000000000000", true),
        ("StringEquals", "aws:ResourceAccount", "000000000000", true),
        ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::000000000000:user/ann", true),
        ("StringEquals", "aws:PrincipalTag/team", "blue", true),
        ("StringEquals", "aws:RequestedRegion", "us-east-1", true),
        ("StringEquals", "aws:UserAgent", "tests", true),
        ("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", true),
        ("DateLessThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", false),
        ("NumericGreaterThan", "aws:EpochTime", "1600000000", true),
        ("Null", "aws:TokenIssueTime", "true", true),
    ] {
        let statement = json!({
            "Effect": "Allow", "Action": "fake:*", "Resource": THING,
            "Condition": { operator: { key: value } },
        });
        let tags = vec![("team".to_owned(), "blue".to_owned())];
        world.people.set(&ann, IdentityPolicies { tags, ..holds(&[json!({ "Statement": statement })]) });
        let status = ask(&world, "AKIAann").await.status;
        assert_eq!(status == 200, allowed, "{operator} {key} {value}");
    }
}

#[tokio::test]
async fn across_accounts_both_sides_must_allow() {
    let world = world(Mode::Enforce).await;
    let stranger: AccountId = "111111111111".parse().unwrap();
    let eve = world.people.user(stranger, "eve");
    world.people.set(&eve, holds(&[allow("*")]));
    let because = "because no resource-based policy allows the fake:Nothing action";
    assert_denied(&ask(&world, "AKIAeve").await, because);
    let grant = json!({ "Statement": {
        "Effect": "Allow", "Principal": { "AWS": stranger.to_string() }, "Action": "fake:*", "Resource": THING,
    } });
    *world.fake.policy.lock() = Some(Arc::new(Document::parse(&grant.to_string()).unwrap()));
    assert_eq!(ask(&world, "AKIAeve").await.status, 200);
    world.people.set(&eve, holds(&[]));
    assert_denied(&ask(&world, "AKIAeve").await, "because no identity-based policy allows the fake:Nothing action");
}

#[tokio::test]
async fn a_session_needs_its_token_has_its_limits_and_ends() {
    let world = world(Mode::Enforce).await;
    let now = world.env.real_now();
    let session = Session { policies: Some(vec![policy("given", &allow("sqs:*"))]), ..Session::default() };
    let limited = world.people.session(OWNER, "limited", now.plus_millis(60_000), session);
    let worker = world.people.session(OWNER, "worker", now.plus_millis(60_000), Session::default());
    let late = world.people.session(OWNER, "late", now, Session::default());
    for arn in [&limited, &worker, &late] {
        world.people.set(arn, holds(&[allow("*")]));
    }
    assert_eq!(ask(&world, "ASIAworker").await.status, 200);
    assert_eq!(world.fake.last_call().caller.principal_arn, "arn:aws:sts::000000000000:assumed-role/worker/s");
    assert_denied(&ask(&world, "ASIAlimited").await, "because no session policy allows the fake:Nothing action");
    for (key, token, code) in [
        ("ASIAworker", None, "UnrecognizedClient"),
        ("ASIAworker", Some("another"), "UnrecognizedClient"),
        ("ASIAlate", Some(TOKEN), "ExpiredToken"),
    ] {
        let response = ask_with(&world, key, token).await;
        assert_eq!(response.status, 403);
        assert!(response.body.contains(code), "{key} {token:?}: {response:?}");
    }
}

#[tokio::test]
async fn everybody_may_do_what_a_resource_lets_everybody_do() {
    let world = world(Mode::Enforce).await;
    let refused = world.call("Nothing").await;
    assert!(refused.status == 403 && refused.body.contains("MissingAuthenticationToken"), "{refused:?}");
    let grant =
        json!({ "Statement": { "Effect": "Allow", "Principal": "*", "Action": "fake:Nothing", "Resource": THING } });
    *world.fake.policy.lock() = Some(Arc::new(Document::parse(&grant.to_string()).unwrap()));
    assert_eq!(world.call("Nothing").await.status, 200);
    let refused = world.call("Fail").await;
    assert!(refused.status == 403 && refused.body.contains("MissingAuthenticationToken"), "{refused:?}");
}

#[tokio::test]
async fn observing_refuses_nothing_and_says_what_would_be() {
    let world = world(Mode::Observe).await;
    let ann = world.people.user(OWNER, "ann");
    for _ in 0..2 {
        assert_eq!(ask(&world, "AKIAann").await.status, 200);
    }
    assert_eq!(world.call("Nothing").await.status, 200, "unsigned");
    let scoped = Request::json("AmazonFake.Nothing").scope("test/20261121/us-east-1/fake");
    assert_eq!(world.send(&scoped).await.status, 200, "not verifiable");
    let page =
        world.send(&Request::new("GET", "/_tidegate/auth/denied").header("x-tidegate-admin-key", ADMIN_KEY)).await;
    let page = page.json();
    assert_eq!(page["mode"], "observe");
    let found = |who: &str, value: &str| {
        let all = page["denied"].as_array().unwrap();
        all.iter().find(|entry| entry[who] == value).unwrap_or_else(|| panic!("{value} is not in {page:#}")).clone()
    };
    let entry = found("principal", &ann);
    assert_eq!(entry["count"], 2);
    assert_eq!(entry["remedy"]["add"], json!({ "Effect": "Allow", "Action": "fake:Nothing", "Resource": THING }));
    assert_eq!(entry["remedy"]["to"], format!("a policy of {ann}"));
    assert!(found("accessKey", "test")["reason"].as_str().unwrap().starts_with("IncompleteSignatureException"));
    assert_eq!(found("principal", "*")["action"], "fake:Nothing");
    let metrics = world.send(&Request::new("GET", "/_tidegate/metrics")).await.body;
    assert!(metrics.contains("tidegate_auth_denied_total{service=\"fake\",mode=\"observe\"} 4"), "{metrics}");
}

#[tokio::test]
async fn local_servers_know_whose_key_it_is_and_ask_nothing() {
    let world = world(Mode::Local).await;
    let ann = world.people.user("123456789012".parse().unwrap(), "ann");
    let request = Request::json("AmazonFake.Nothing").scope("AKIAann/20261121/us-east-1/fake");
    assert_eq!(world.send(&request).await.status, 200);
    let call = world.fake.last_call();
    assert_eq!((call.caller.principal_arn, call.account.to_string()), (ann, "123456789012".to_owned()));
    assert!(!call.caller.authenticated && call.caller.permissions.guard().is_none());
}
