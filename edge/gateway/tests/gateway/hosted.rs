//! Hosts that belong to a service: whatever comes for them is handed over whole.

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use futures::stream::{self, StreamExt};
use http::HeaderMap;
use tidegate_gateway::Mode;
use tidegate_ports::{Broken, HostedAnswer, HostedBody, HostedHttp, HostedRequest};
use tidegate_protocol::{Operation, ServiceModel};

use crate::fake::{Fake, MODEL};
use crate::world::{Choices, Request, World};

impl HostedHttp for Fake {
    fn label(&self) -> &'static str {
        "lambda-url"
    }

    fn model(&self) -> &'static ServiceModel {
        &MODEL
    }

    fn operation(&self) -> &'static Operation {
        &MODEL.operations[0]
    }

    fn body_limit(&self) -> usize {
        10
    }

    fn answer(&self, request: HostedRequest) -> BoxFuture<'_, HostedAnswer> {
        let headers: HeaderMap = [
            ("x-mine".parse().unwrap(), "yes".parse().unwrap()),
            ("content-length".parse().unwrap(), "9".parse().unwrap()),
        ]
        .into_iter()
        .collect();
        let body = match request.path.as_str() {
            "/pieces" => HostedBody::Stream(stream::iter(["a", "b"]).map(|piece| Ok(Bytes::from(piece))).boxed()),
            "/broken" => {
                let pieces = [Ok(Bytes::from("a")), Err(Broken)];
                HostedBody::Stream(stream::iter(pieces).boxed())
            }
            "/panic" => panic!("as it was asked to"),
            _ => {
                let caller = request.call.as_ref().map(|call| call.caller.principal_arn.clone());
                let said = format!(
                    "{} {} {} {} {:?} {} {}",
                    request.id,
                    request.region,
                    request.method,
                    request.path,
                    request.query,
                    String::from_utf8_lossy(&request.body),
                    caller.unwrap_or_else(|error| error.shape.code.to_owned()),
                );
                HostedBody::Whole(said.into())
            }
        };
        let status = if request.headers.contains_key("x-teapot") { 418 } else { 200 };
        ready(HostedAnswer { status, headers, body }).boxed()
    }
}

const LOCAL: &str = "abc.lambda-url.eu-west-1.localhost.localstack.cloud:4566";
const AWS: &str = "abc.lambda-url.eu-west-1.on.aws";

#[tokio::test]
async fn requests_are_handed_over_whole() {
    let world = World::new().await;
    for (host, request, expected) in [
        (LOCAL, Request::new("GET", "/"), "abc eu-west-1 GET / None  arn:aws:iam::000000000000:root"),
        (
            AWS,
            Request::new("PUT", "/a%2Fb?c=d&Action=Nothing").body("{}"),
            "PUT /a%2Fb Some(\"c=d&Action=Nothing\") {}",
        ),
        (AWS, Request::json("AmazonFake.Nothing"), "POST / None {}"),
        (AWS, Request::new("GET", "/_tidegate/health"), "GET /_tidegate/health"),
        (LOCAL, Request::new("GET", "/").header("user-agent", "Mozilla/5.0"), "GET /"),
        (LOCAL, Request::new("OPTIONS", "/").header("origin", "http://localhost:3000"), "OPTIONS /"),
    ] {
        let response = world.send(&request.header("host", host)).await;
        assert_eq!(response.status, 200, "{expected}: {response:?}");
        assert!(response.body.contains(expected), "{expected}: {response:?}");
        assert_eq!(response.header("x-mine"), Some("yes"));
        assert!(response.header("access-control-allow-origin").is_none(), "that is the host's: {response:?}");
    }
    let teapot = Request::new("GET", "/").header("host", AWS).header("x-teapot", "1");
    assert_eq!(world.send(&teapot).await.status, 418);
    let foreign = Request::new("GET", "/").header("host", AWS).header("origin", "https://evil.example");
    assert_eq!(world.send(&foreign).await.status, 403, "a page from elsewhere drives nothing here");
}

#[tokio::test]
async fn answers_go_on_break_off_and_fail_alone() {
    let world = World::new().await;
    let ask = async |path| world.send(&Request::new("GET", path).header("host", AWS)).await;
    let pieces = ask("/pieces").await;
    assert_eq!(pieces.body, "1\r\na\r\n1\r\nb\r\n0\r\n\r\n", "{pieces:?}");
    let broken = ask("/broken").await;
    assert!(!broken.body.contains("0\r\n\r\n"), "an end would be a lie: {broken:?}");
    let failed = ask("/panic").await;
    assert_eq!((failed.status, failed.json()["Message"].as_str()), (500, Some("Internal Server Error")));
    let large = world.send(&Request::new("POST", "/").header("host", AWS).body("eleven byte")).await;
    assert_eq!(large.status, 413, "{large:?}");
    assert_eq!(ask("/").await.status, 200);
}

#[tokio::test]
async fn who_asks_is_said_and_not_judged() {
    let world = World::with(Choices { mode: Mode::Enforce, ..Choices::default() }).await;
    let ask = async |request: Request<'_>| world.send(&request.header("host", AWS)).await.body;
    assert!(ask(Request::new("GET", "/")).await.ends_with("anonymous"));
    let wrong = Request::new("GET", "/").scope("AKIAUNKNOWN/20260101/eu-west-1/fake");
    let said = ask(wrong).await;
    assert!(said.contains("Exception"), "the failure is handed over: {said}");
}
