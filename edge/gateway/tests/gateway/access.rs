//! What a web page may do to a server that checks no signatures: nothing, unless it is allowed to.

use crate::world::{Choices, Request, World};

#[tokio::test]
async fn other_hosts_and_pages_are_refused() {
    let world = World::new().await;
    for (what, request, status) in [
        ("rebound name", Request::json("AmazonFake.Nothing").header("host", "evil.example.com"), 403),
        ("page from elsewhere", Request::json("AmazonFake.Nothing").header("origin", "https://evil.example.com"), 403),
        ("image", Request::new("GET", "/?Action=Nothing").header("sec-fetch-site", "cross-site"), 403),
        ("admin page", Request::new("POST", "/_tidegate/settle").header("host", "evil.example.com"), 403),
        ("health page", Request::new("GET", "/_tidegate/health").header("origin", "https://evil.example.com"), 403),
        ("local page", Request::json("AmazonFake.Nothing").header("origin", "http://localhost:3000"), 200),
        ("program", Request::json("AmazonFake.Nothing"), 200),
    ] {
        let response = world.send(&request).await;
        assert_eq!(response.status, status, "{what}: {response:?}");
        let told = response.header("access-control-allow-origin").is_some();
        assert_eq!(told, what == "local page", "{what}: {response:?}");
    }
    assert_eq!(world.fake.calls.lock().len(), 2);
    let refusal = world.send(&Request::json("AmazonFake.Nothing").header("host", "evil.example.com")).await;
    assert!(refusal.body.contains("--allow-host evil.example.com"), "{refusal:?}");
}

#[tokio::test]
async fn an_allowed_page_is_answered_as_browsers_expect() {
    let origin = "https://app.example.com";
    let world = World::with(Choices { allowed_origins: vec![origin.to_owned()], ..Choices::default() }).await;
    let preflight = Request::new("OPTIONS", "/")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,x-amz-target");
    let response = world.send(&preflight).await;
    assert_eq!(response.status, 204, "{response:?}");
    assert_eq!(response.header("access-control-allow-origin"), Some(origin));
    assert_eq!(response.header("access-control-allow-headers"), Some("authorization,x-amz-target"));
    let response = world.send(&Request::json("AmazonFake.Fail").header("origin", origin)).await;
    assert_eq!(response.header("access-control-allow-origin"), Some(origin));
    assert!(response.header("access-control-expose-headers").unwrap().contains("x-amzn-RequestId"), "{response:?}");
}
