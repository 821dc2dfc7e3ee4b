//! `--auth enforce`: a signature or nothing.

use std::sync::Arc;

use tidegate_gateway::Mode;
use tidegate_policy::Document;

use crate::signer::sign;
use crate::world::{ADMIN_KEY, Choices, Request, World};

async fn world() -> World {
    World::with(Choices { mode: Mode::Enforce, movable: true, ..Choices::default() }).await
}

#[tokio::test]
async fn only_signed_requests_are_served() {
    let world = world().await;
    let key = world.keys.create("123456789012".parse().unwrap()).await.unwrap();
    let grant = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"*","Resource":"*"}}"#;
    *world.fake.policy.lock() = Some(Arc::new(Document::parse(grant).unwrap()));
    let now = world.env.real_now();
    let nothing = || Request::json("AmazonFake.Nothing");
    let host = world.address.to_string();
    let signed = |id: &str, secret: &str, at| sign(nothing(), &host, id, secret, at);
    for (what, request, status, code) in [
        ("right", signed(&key.id, &key.secret, now), 200, ""),
        ("right, for any host", sign(nothing(), "build.example.com", &key.id, &key.secret, now), 200, ""),
        ("none", nothing(), 403, "MissingAuthenticationToken"),
        ("wrong secret", signed(&key.id, "guess", now), 403, "InvalidSignature"),
        ("unknown key", signed("AKIAUNKNOWN", &key.secret, now), 403, "UnrecognizedClient"),
        ("old", signed(&key.id, &key.secret, now.minus_millis(16 * 60_000)), 403, "InvalidSignature"),
        ("other body", signed(&key.id, &key.secret, now).body("{ }"), 403, "InvalidSignature"),
    ] {
        let response = world.send(&request).await;
        assert_eq!(response.status, status, "{what}: {response:?}");
        assert!(response.body.contains(code), "{what}: {response:?}");
    }
    let call = world.fake.last_call();
    assert!(call.caller.authenticated);
    assert_eq!((call.account, call.caller.principal_arn.as_str()), (key.account, "arn:aws:iam::123456789012:root"));
    assert_eq!(world.fake.calls.lock().len(), 2);

    assert!(world.keys.delete(&key.id).await.unwrap());
    let response = world.send(&signed(&key.id, &key.secret, now)).await;
    assert_eq!(response.status, 403, "a deleted key is none: {response:?}");
}

#[tokio::test]
async fn a_moved_clock_does_not_invalidate_signatures() {
    let world = world().await;
    let key = world.keys.create("000000000000".parse().unwrap()).await.unwrap();
    let advance = Request::new("POST", "/_tidegate/clock").body("{\"advance\":\"PT24H\"}");
    let advance = advance.header("x-tidegate-admin-key", ADMIN_KEY);
    assert_eq!(world.send(&advance).await.status, 200);
    let now = world.env.real_now();
    let request = sign(Request::json("AmazonFake.Nothing"), "localhost", &key.id, &key.secret, now);
    assert_eq!(world.send(&request).await.status, 200);
}

#[tokio::test]
async fn admin_pages_need_their_key_and_health_does_not() {
    let world = world().await;
    for (method, path, open) in [
        ("GET", "/_tidegate/health", true),
        ("GET", "/_localstack/health", true),
        ("GET", "/", true),
        ("GET", "/_tidegate", false),
        ("GET", "/_tidegate/metrics", false),
        ("POST", "/_tidegate/settle", false),
        ("POST", "/_tidegate/reset", false),
        ("GET", "/_localstack/init", false),
        ("GET", "/_aws/sqs/messages", false),
    ] {
        let status = world.send(&Request::new(method, path)).await.status;
        assert_eq!(status, if open { 200 } else { 403 }, "{method} {path}");
        let with_key = Request::new(method, path).header("x-tidegate-admin-key", ADMIN_KEY);
        assert_ne!(world.send(&with_key).await.status, 403, "{method} {path}");
    }
}
