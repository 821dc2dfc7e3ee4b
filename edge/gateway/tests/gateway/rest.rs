//! A REST service: operations by method and path, members all over the message.

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use tidegate_api_lambda as api;
use tidegate_protocol::{
    Call, Coverage, EventStream, Operation, Reader, ResponseFuture, Router, Service, ServiceError, ServiceModel,
    StreamEvent, route,
};

use crate::world::{Request, World};

const COVERAGE: &[(&str, Coverage)] = &[
    ("CreateAlias", Coverage::Complete),
    ("DeleteAlias", Coverage::Complete),
    ("Invoke", Coverage::Complete),
    ("InvokeWithResponseStream", Coverage::Complete),
    ("ListFunctions", Coverage::Complete),
];

/// Some of Lambda's operations, which say what they were told.
pub struct Rest;

async fn create_alias(
    _: &Rest,
    _: &Call,
    input: api::CreateAliasRequest,
) -> Result<api::AliasConfiguration, ServiceError> {
    Ok(api::AliasConfiguration {
        alias_arn: input.function_name,
        name: input.name,
        function_version: input.function_version,
        ..api::AliasConfiguration::default()
    })
}

async fn delete_alias(_: &Rest, _: &Call, input: api::DeleteAliasRequest) -> Result<(), ServiceError> {
    let message = format!("Function not found: {}", input.function_name.unwrap_or_default());
    match input.name.as_deref() {
        Some("none") => Err(ServiceError::new(api::errors::RESOURCE_NOT_FOUND_EXCEPTION, message)),
        _ => Ok(()),
    }
}

async fn invoke(_: &Rest, _: &Call, input: api::InvocationRequest) -> Result<api::InvocationResponse, ServiceError> {
    if input.invocation_type.as_deref() == Some("Event") {
        return Ok(api::InvocationResponse { status_code: Some(202), ..api::InvocationResponse::default() });
    }
    Ok(api::InvocationResponse {
        status_code: Some(200),
        function_error: Some("Unhandled".to_owned()),
        executed_version: input.qualifier,
        payload: input.payload,
        ..api::InvocationResponse::default()
    })
}

async fn stream(_: &Rest, _: &Call, _: api::InvokeWithResponseStreamRequest) -> Result<EventStream, ServiceError> {
    let chunk = api::InvokeResponseStreamUpdate { payload: Some(Bytes::from_static(b"\x01raw")) };
    let end = api::InvokeWithResponseStreamCompleteEvent::default();
    let events = vec![
        Ok(StreamEvent { name: "PayloadChunk", shape: Box::new(chunk) }),
        Ok(StreamEvent { name: "InvokeComplete", shape: Box::new(end) }),
    ];
    let head = api::InvokeWithResponseStreamResponse {
        status_code: Some(200),
        executed_version: Some("7".to_owned()),
        ..api::InvokeWithResponseStreamResponse::default()
    };
    Ok(EventStream::new(stream::iter(events).boxed()).headed(head))
}

async fn list(
    _: &Rest,
    _: &Call,
    input: api::ListFunctionsRequest,
) -> Result<api::ListFunctionsResponse, ServiceError> {
    let message = format!("{:?} {:?}", input.max_items, input.marker);
    let error = ServiceError::new(api::errors::TOO_MANY_REQUESTS_EXCEPTION, message);
    Err(error.with_field("retryAfterSeconds", "3").with_field("Reason", "CallerRateLimitExceeded"))
}

impl Service for Rest {
    fn model(&self) -> &'static ServiceModel {
        &api::MODEL
    }

    fn coverage(&self) -> &'static [(&'static str, Coverage)] {
        COVERAGE
    }

    fn call<'a>(&'a self, call: &'a Call, input: &mut dyn Reader) -> Result<ResponseFuture<'a>, ServiceError> {
        let table = [
            ("CreateAlias", route(create_alias)),
            ("DeleteAlias", route(delete_alias)),
            ("Invoke", route(invoke)),
            ("InvokeWithResponseStream", route(stream)),
            ("ListFunctions", route(list)),
        ];
        Router::new(&api::MODEL, COVERAGE, table).dispatch(self, call, input)
    }

    fn body_limit(&self, operation: &Operation) -> Option<usize> {
        (operation.name == "Invoke").then_some(2000)
    }

    fn too_large(&self, operation: &Operation, limit: usize) -> ServiceError {
        let message =
            format!("Request must be smaller than {limit} bytes for the {}Function operation", operation.name);
        ServiceError::new(api::errors::REQUEST_TOO_LARGE_EXCEPTION, message)
    }
}

const SCOPE: &str = "A/20260101/us-east-1/lambda";
const INVOKE: &str = "/2015-03-31/functions/f/invocations?Qualifier=7";

#[tokio::test]
async fn operations_are_found_by_scope_host_or_path_alone() {
    let world = World::new().await;
    let request = || {
        Request::new(
            "POST",
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af/aliases/",
        )
        .body(r#"{"Name":"n"}"#)
    };
    for (what, request) in [
        ("scope", request().scope(SCOPE)),
        ("host", request().header("host", "lambda.eu-west-1.amazonaws.com")),
        ("path", request()),
        ("action in the body", request().scope(SCOPE).body("{\"Name\":\"n\",\"x\":\"&Action=Nothing&\"}")),
    ] {
        let request = request.header("content-type", "application/json");
        let response = world.send(&request).await;
        assert_eq!(response.status, 400, "{what}: {response:?}");
        let message = "1 validation error detected: Value null at 'functionVersion' failed to satisfy constraint: \
                       Member must not be null";
        assert_eq!(response.json(), serde_json::json!({ "message": message }), "{what}");
        assert_eq!(response.header("x-amzn-errortype"), Some("ValidationException"), "{what}");
    }
    let request = request().body(r#"{"Name":"n","FunctionVersion":"$LATEST","FunctionName":"ignored"}"#);
    let response = world.send(&request).await;
    assert_eq!(response.status, 201, "{response:?}");
    let expected = serde_json::json!({ "AliasArn": "arn:aws:lambda:eu-west-1:123456789012:function:f", "Name": "n", "FunctionVersion": "$LATEST" });
    assert_eq!(response.json(), expected);
    let response = world.send(&Request::new("PATCH", "/2015-03-31/functions/f").scope(SCOPE)).await;
    assert_eq!((response.status, response.header("x-amzn-errortype")), (403, Some("AccessDeniedException")));
    assert!(response.body.contains("Unable to determine service/operation name to be authorized"), "{response:?}");
}

#[tokio::test]
async fn bodies_statuses_and_headers_are_members() {
    let world = World::new().await;
    let response = world.send(&Request::new("POST", INVOKE).body("not JSON")).await;
    assert_eq!((response.status, response.body.as_str()), (200, "not JSON"), "{response:?}");
    assert_eq!(response.header("x-amz-function-error"), Some("Unhandled"));
    assert_eq!(response.header("x-amz-executed-version"), Some("7"));
    assert_eq!(response.header("content-type"), Some("application/json"));
    let event = Request::new("POST", INVOKE).header("x-amz-invocation-type", "Event");
    let response = world.send(&event).await;
    assert_eq!((response.status, response.body.as_str()), (202, ""), "{response:?}");
    let response = world.send(&Request::new("DELETE", "/2015-03-31/functions/f/aliases/some")).await;
    assert_eq!((response.status, response.body.as_str()), (204, ""), "{response:?}");
}

#[tokio::test]
async fn errors_say_their_type_in_a_header_and_whose_fault_they_are() {
    let world = World::new().await;
    let response = world.send(&Request::new("DELETE", "/2015-03-31/functions/f/aliases/none")).await;
    assert_eq!((response.status, response.header("x-amzn-errortype")), (404, Some("ResourceNotFoundException")));
    assert_eq!(response.body, r#"{"Type":"User","Message":"Function not found: f"}"#);
    let response = world.send(&Request::new("GET", "/2015-03-31/functions?MaxItems=5&Marker=a%2Bb+c")).await;
    assert_eq!((response.status, response.header("retry-after")), (429, Some("3")), "{response:?}");
    let expected = r#"{"Type":"User","message":"Some(5) Some(\"a+b c\")","Reason":"CallerRateLimitExceeded"}"#;
    assert_eq!(response.body, expected);
    let response = world.send(&Request::new("GET", "/2015-03-31/functions?MaxItems=five")).await;
    assert_eq!((response.status, response.header("x-amzn-errortype")), (400, Some("SerializationException")));
    let response = world.send(&Request::new("GET", "/2015-03-31/functions/f/policy")).await;
    assert_eq!((response.status, response.header("x-amzn-errortype")), (501, Some("NotImplemented")));
}

#[tokio::test]
async fn an_operation_may_have_a_limit_of_its_own() {
    let world = World::new().await;
    let response = world.send(&Request::new("POST", INVOKE).body(vec![b'x'; 2000])).await;
    assert_eq!((response.status, response.body.len()), (200, 2000));
    let response = world.send(&Request::new("POST", INVOKE).body(vec![b'x'; 2001])).await;
    assert_eq!((response.status, response.header("x-amzn-errortype")), (413, Some("RequestTooLargeException")));
    assert!(response.body.contains("smaller than 2000 bytes for the InvokeFunction operation"), "{response:?}");
    let other = Request::new("POST", "/2015-03-31/functions/f/aliases").body(vec![b' '; 1025]);
    assert_eq!(world.send(&other).await.status, 413, "the others have everybody's");
}

#[tokio::test]
async fn a_stream_has_its_head_in_headers_and_bytes_as_they_are() {
    let world = World::new().await;
    let path = "/2021-11-15/functions/f/response-streaming-invocations";
    let response = world.send(&Request::new("POST", path)).await;
    assert_eq!((response.status, response.header("x-amz-executed-version")), (200, Some("7")), "{response:?}");
    assert_eq!(response.header("content-type"), Some("application/vnd.amazon.eventstream"));
    assert!(response.body.contains("PayloadChunk") && response.body.contains("\u{1}raw"), "{response:?}");
    assert!(response.body.contains("InvokeComplete") && !response.body.contains("initial-response"), "{response:?}");
}
