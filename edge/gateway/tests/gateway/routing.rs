//! Which service, operation, account and region a request means, and what is said if none.

use crate::world::{Choices, Request, World};

const HOST: &str = "host";

#[tokio::test]
async fn services_are_found_however_they_are_named() {
    let world = World::new().await;
    let version = "Version=2026-01-01";
    for (what, request) in [
        ("target", Request::json("AmazonFake.Nothing")),
        ("scope", Request::form("/", "Action=Nothing").scope("AKID/20260101/us-east-1/fake")),
        ("AWS host", Request::form("/", "Action=Nothing").header(HOST, "fake.us-east-1.amazonaws.com")),
        ("LocalStack host", Request::form("/", "Action=Nothing").header(HOST, "fake.localhost.localstack.cloud:4566")),
        ("version alone", Request::form("/", &format!("Action=Nothing&{version}"))),
        ("action alone", Request::form("/", "Action=Nothing")),
        ("action behind other parameters", Request::form("/", &format!("A=b&{version}&Action=Noth%69ng"))),
        ("GET", Request::new("GET", "/?Action=Nothing&Version=2026-01-01")),
        ("queue path", Request::form("/000000000000/orders", "Action=Nothing")),
        ("no content type", Request::new("POST", "/").body("Action=Nothing")),
        (
            "presigned",
            Request::new("GET", "/?Action=Nothing&X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Ffake%2Faws4_request"),
        ),
    ] {
        let response = world.send(&request).await;
        assert_eq!(response.status, 200, "{what}: {response:?}");
        assert_eq!(world.fake.calls.lock().drain(..).next().unwrap().operation.name, "Nothing", "{what}");
        assert_eq!(response.header("x-amzn-requestid").map(str::len), Some(36), "{what}: {response:?}");
        assert!(response.header("date").is_some(), "{what}");
    }
}

#[tokio::test]
async fn account_and_region_come_from_the_credentials() {
    let world = World::new().await;
    for (scope, account, region) in [
        ("AKIAEXAMPLE/20260101/eu-central-1/fake", "000000000000", "eu-central-1"),
        ("123456789012/20260101/us-east-1/fake", "123456789012", "us-east-1"),
        ("1234567890123/20260101/us-east-1/fake", "000000000000", "us-east-1"),
    ] {
        world.send(&Request::json("AmazonFake.Nothing").scope(scope)).await;
        let call = world.fake.last_call();
        assert_eq!((call.account.to_string().as_str(), call.region.as_str()), (account, region), "{scope}");
        assert_eq!(call.caller.principal_arn, format!("arn:aws:iam::{account}:root"));
        assert!(!call.caller.authenticated);
    }
    world.send(&Request::json("AmazonFake.Nothing").header(HOST, "fake.ap-south-1.amazonaws.com")).await;
    assert_eq!(world.fake.last_call().region.as_str(), "ap-south-1");
    let response = world.send(&Request::json("AmazonFake.Nothing").scope("AKID/20260101/NOWHERE!/fake")).await;
    assert_eq!(response.status, 403, "{response:?}");
}

#[tokio::test]
async fn what_does_not_exist_is_refused_in_the_callers_protocol() {
    let world = World::new().await;
    for (what, request, status, expected) in [
        ("misspelt operation, JSON", Request::json("AmazonFake.Nothin"), 400, "UnknownOperationException"),
        ("unknown target", Request::json("Nobody.Nothing"), 400, "UnknownOperationException"),
        (
            "misspelt operation, query",
            Request::form("/", "Action=Nothin&Version=2026-01-01").scope("A/20260101/us-east-1/fake"),
            400,
            "<Code>InvalidAction</Code><Message>Could not find operation Nothin for version 2026-01-01</Message>",
        ),
        ("action of nobody", Request::form("/", "Action=Nothin"), 400, "<Code>InvalidAction</Code>"),
        ("no action", Request::form("/", "A=b").scope("A/20260101/us-east-1/fake"), 400, "<Code>MissingAction</Code>"),
        (
            "no protocol",
            Request::new("GET", "/000000000000/queue").scope("A/20260101/us-east-1/fake"),
            404,
            "<UnknownOperationException/>\n",
        ),
        (
            "no target",
            Request::new("POST", "/")
                .header("content-type", "application/x-amz-json-1.0")
                .scope("A/20260101/us-east-1/fake")
                .body("{}"),
            400,
            "UnknownOperationException",
        ),
        ("JSON operation not served", Request::json("DynamoDB_20120810.PutItem"), 501, "dynamodb PutItem"),
        (
            "query operation not served",
            Request::form("/", "Action=Publish&Version=2010-03-31").scope("A/20260101/us-east-1/sns"),
            501,
            "<Message>Tidegate does not implement sns Publish yet</Message>",
        ),
        (
            "S3 operation not served",
            Request::new("GET", "/bucket/key").scope("A/20260101/us-east-1/s3"),
            501,
            "<Error><Code>NotImplemented</Code><Message>Tidegate does not implement s3 GetObject yet</Message>",
        ),
        (
            "REST JSON operation not served",
            Request::new("GET", "/2015-03-31/functions/f").scope("A/20260101/us-east-1/lambda"),
            501,
            "lambda GetFunction",
        ),
        (
            "service that nobody knows",
            Request::new("GET", "/x").scope("A/20260101/us-east-1/groundstation"),
            501,
            "does not implement groundstation GET /x",
        ),
        ("nothing named", Request::new("POST", "/x"), 403, "names no AWS service"),
    ] {
        let response = world.send(&request).await;
        assert_eq!(response.status, status, "{what}: {response:?}");
        assert!(response.body.contains(expected), "{what}: {response:?}");
        let number = response.header("x-amzn-requestid").or(response.header("x-amz-request-id"));
        assert!(number.is_some(), "{what}: {response:?}");
    }
}

#[tokio::test]
async fn answers_match_the_callers_protocol() {
    let world = World::new().await;
    let json = world.call("Fail").await;
    assert_eq!((json.status, json.header("content-type")), (418, Some("application/x-amz-json-1.0")));
    assert_eq!(json.header("x-amzn-query-error"), Some("Broken;Sender"));
    assert_eq!(json.json()["message"], "as it was asked to");
    let query = world.send(&Request::form("/", "Action=Fail")).await;
    assert_eq!(query.status, 418);
    assert!(query.body.contains("<Code>Broken</Code>"), "{query:?}");
}

#[tokio::test]
async fn urls_begin_with_what_the_client_wrote() {
    let base_url = async |world: &World, request: Request<'_>| {
        world.send(&request).await;
        world.fake.last_call().base_url
    };
    let request = || Request::json("AmazonFake.Nothing").header("x-forwarded-proto", "https, http");
    let forwarded = || request().header("x-forwarded-host", "app.example.com");
    let world = World::new().await;
    assert_eq!(base_url(&world, request()).await, format!("http://{}", world.address));
    assert_eq!(base_url(&world, forwarded().header(HOST, "localhost:4566")).await, "http://localhost:4566");
    let trusting = World::with(Choices { trust_proxy: true, ..Choices::default() }).await;
    assert_eq!(base_url(&trusting, forwarded()).await, "https://app.example.com");
    let call = world.send(&request().header("x-amzn-trace-id", "Root=1-2-3").header("user-agent", "me/1")).await;
    assert_eq!(call.status, 200);
    let call = world.fake.last_call();
    assert_eq!((call.trace.as_deref(), call.user_agent.as_deref()), (Some("Root=1-2-3"), Some("me/1")));
}
