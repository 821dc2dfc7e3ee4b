//! Each kind of binding, in both directions, as AWS's clients write and read it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use tidegate_api_lambda as api;
use tidegate_protocol::rest::Head;
use tidegate_protocol::rest_json::RestJsonReader;
use tidegate_protocol::{DecodeError, ProtocolId, ServiceError, Shape, codec, errors};

/// Reads a request: its target, headers (`name: value`) and body.
fn read<T: Shape>(operation: &str, target: &str, headers: &[&str], body: &str) -> Result<T, DecodeError> {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let lines = headers.iter().map(|line| line.split_once(": ").unwrap());
    let headers: HeaderMap =
        lines.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect();
    let body = Bytes::copy_from_slice(body.as_bytes());
    let operation = api::MODEL.operation(operation).unwrap();
    T::read(&mut RestJsonReader::new(Head::of_request(operation, path, query, &headers)?, &body))
}

/// What matters of an answer, as a client sees it.
fn written(operation: &str, output: &dyn Shape) -> String {
    let operation = api::MODEL.operation(operation).unwrap();
    let reply = codec(ProtocolId::RestJson1).unwrap().success(&api::MODEL, operation, "1", output);
    shown(&reply)
}

fn refused(error: &ServiceError) -> String {
    shown(&codec(ProtocolId::RestJson1).unwrap().failure(Some(&api::MODEL), "1", error))
}

fn shown(reply: &tidegate_protocol::Reply) -> String {
    let mut lines = vec![reply.status.as_u16().to_string()];
    let shown = reply.headers.iter().filter(|(name, _)| *name != "x-amzn-requestid");
    lines.extend(shown.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())));
    lines.push(String::from_utf8_lossy(&reply.body).into_owned());
    lines.join("\n")
}

#[test]
fn labels_are_decoded_once() {
    for (path, name) in [
        ("/2015-03-31/functions/plain/policy", "plain"),
        ("/2015-03-31/functions/a%2Fb%252F/policy", "a/b%2F"),
        ("/2015-03-31/functions/arn%3Aaws%3Alambda%3Ax/policy/", "arn:aws:lambda:x"),
        ("/2015-03-31/functions/a+b/policy", "a+b"),
        ("/2015-03-31/functions/%C3%BC/policy", "ü"),
    ] {
        let input: api::GetPolicyRequest = read("GetPolicy", path, &[], "").unwrap();
        assert_eq!(input.function_name.as_deref(), Some(name), "{path}");
    }
    let broken = read::<api::GetPolicyRequest>("GetPolicy", "/2015-03-31/functions/%FF/policy", &[], "");
    assert!(matches!(broken, Err(DecodeError::Malformed(_))), "{broken:?}");
}

#[test]
fn query_strings_have_numbers_lists_booleans_and_times() {
    let target = "/2015-03-31/functions?Marker=a%2Bb+c&MaxItems=50&Unknown=1&FunctionVersion=ALL&MaxItems=51";
    let input: api::ListFunctionsRequest = read("ListFunctions", target, &[], "").unwrap();
    let expected = api::ListFunctionsRequest {
        marker: Some("a+b c".to_owned()),
        max_items: Some(50),
        function_version: Some("ALL".to_owned()),
        ..api::ListFunctionsRequest::default()
    };
    assert_eq!(input, expected);
    let input: api::UntagResourceRequest =
        read("UntagResource", "/2017-03-31/tags/arn?tagKeys=a&tagKeys=b%26c", &[], "").unwrap();
    assert_eq!(input.tag_keys, Some(vec!["a".to_owned(), "b&c".to_owned()]));
    let target = "/2025-12-01/functions/f/durable-executions?ReverseOrder=true&StartedAfter=2015-01-25T08%3A00%3A00Z";
    let name = "ListDurableExecutionsByFunction";
    let input: api::ListDurableExecutionsByFunctionRequest = read(name, target, &[], "").unwrap();
    assert_eq!(
        (input.reverse_order, input.started_after.map(|time| time.as_secs())),
        (Some(true), Some(1_422_172_800))
    );
    let input: api::ListFunctionsRequest = read("ListFunctions", "/2015-03-31/functions?MaxItems=", &[], "").unwrap();
    assert_eq!(input.max_items, None, "nothing was said");
    let wrong = read::<api::ListFunctionsRequest>("ListFunctions", "/2015-03-31/functions?MaxItems=x", &[], "");
    assert_eq!(wrong.unwrap_err().to_string(), "STRING_VALUE can not be converted to an Integer");
}

#[test]
fn headers_and_raw_payloads_are_members() {
    let target = "/2015-03-31/functions/f/invocations?Qualifier=live";
    let headers = ["X-Amz-Invocation-Type: Event", "x-amz-log-type: Tail", "x-amz-client-context: e30="];
    let input: api::InvocationRequest = read("Invoke", target, &headers, "{not json").unwrap();
    let expected = api::InvocationRequest {
        function_name: Some("f".to_owned()),
        qualifier: Some("live".to_owned()),
        invocation_type: Some("Event".to_owned()),
        log_type: Some("Tail".to_owned()),
        client_context: Some("e30=".to_owned()),
        payload: Some(Bytes::from_static(b"{not json")),
        ..api::InvocationRequest::default()
    };
    assert_eq!(input, expected);
    let input: api::InvocationRequest = read("Invoke", target, &[], "").unwrap();
    assert_eq!(input.payload, None);
    let output = api::InvocationResponse {
        status_code: Some(200),
        function_error: Some("Unhandled".to_owned()),
        log_result: Some("bG9n".to_owned()),
        payload: Some(Bytes::from_static(b"[1]")),
        executed_version: Some("$LATEST".to_owned()),
        ..api::InvocationResponse::default()
    };
    assert_eq!(
        written("Invoke", &output),
        "200\ncontent-type: application/json\nx-amz-function-error: Unhandled\nx-amz-log-result: bG9n\n\
         x-amz-executed-version: $LATEST\n[1]"
    );
    // A text that would end the head is left out.
    let broken = api::InvocationResponse { function_error: Some("a\r\nb: c".to_owned()), ..Default::default() };
    assert_eq!(written("Invoke", &broken), "200\ncontent-type: application/json\n");
}

#[test]
fn bodies_have_what_travels_nowhere_else() {
    let body =
        r#"{"FunctionVersion":"1","FunctionName":"wrong","RoutingConfig":{"AdditionalVersionWeights":{"2":0.5}}}"#;
    let input: api::UpdateAliasRequest =
        read("UpdateAlias", "/2015-03-31/functions/f/aliases/live", &[], body).unwrap();
    assert_eq!((input.function_name.as_deref(), input.name.as_deref()), (Some("f"), Some("live")));
    assert_eq!(input.routing_config.unwrap().additional_version_weights.unwrap()["2"], 0.5);
    let input: api::UpdateAliasRequest = read("UpdateAlias", "/2015-03-31/functions/f/aliases/live", &[], " ").unwrap();
    assert_eq!(input.function_version, None, "no body is an empty one");
    let input = read::<api::GetPolicyRequest>("GetPolicy", "/2015-03-31/functions/f/policy", &[], "whatever");
    assert!(input.is_ok(), "a body that nothing travels in is nobody's business");
    let broken = read::<api::UpdateAliasRequest>("UpdateAlias", "/2015-03-31/functions/f/aliases/live", &[], "[]");
    assert!(broken.is_err());
    let input: api::StopDurableExecutionRequest =
        read("StopDurableExecution", "/2025-12-01/durable-executions/a/stop", &[], r#"{"ErrorMessage":"m"}"#).unwrap();
    assert_eq!(input.error.unwrap().error_message.as_deref(), Some("m"), "the payload is the structure");
}

#[test]
fn statuses_are_the_models_unless_a_member_says_them() {
    assert_eq!(written("TagResource", &()), "204\ncontent-type: application/json\n");
    let alias = api::AliasConfiguration { name: Some("live".to_owned()), ..Default::default() };
    assert_eq!(written("CreateAlias", &alias), "201\ncontent-type: application/json\n{\"Name\":\"live\"}");
    let mapping = api::EventSourceMappingConfiguration {
        last_modified: Some(tidegate_types::Timestamp::from_millis(1_422_172_800_007)),
        ..Default::default()
    };
    let expected = "202\ncontent-type: application/json\n{\"LastModified\":1422172800.007}";
    assert_eq!(written("CreateEventSourceMapping", &mapping), expected);
    let empty = api::ListFunctionsResponse::default();
    assert_eq!(written("ListFunctions", &empty), "200\ncontent-type: application/json\n{}");
    let deleted = api::DeleteFunctionResponse { status_code: Some(204) };
    assert_eq!(written("DeleteFunction", &deleted), "204\ncontent-type: application/json\n");
}

#[test]
fn errors_have_their_type_in_a_header() {
    for (error, expected) in [
        (
            ServiceError::new(api::errors::RESOURCE_NOT_FOUND_EXCEPTION, "gone"),
            "404\ncontent-type: application/json\nx-amzn-errortype: ResourceNotFoundException\n\
             {\"Type\":\"User\",\"Message\":\"gone\"}",
        ),
        (
            ServiceError::new(api::errors::INVALID_PARAMETER_VALUE_EXCEPTION, "bad"),
            "400\ncontent-type: application/json\nx-amzn-errortype: InvalidParameterValueException\n\
             {\"Type\":\"User\",\"message\":\"bad\"}",
        ),
        (
            ServiceError::new(api::errors::SERVICE_EXCEPTION, "ours"),
            "500\ncontent-type: application/json\nx-amzn-errortype: ServiceException\n\
             {\"Type\":\"Service\",\"Message\":\"ours\"}",
        ),
        (
            ServiceError::new(api::errors::TOO_MANY_REQUESTS_EXCEPTION, "Rate Exceeded.")
                .with_field("retryAfterSeconds", "1")
                .with_field("Reason", "ReservedFunctionConcurrentInvocationLimitExceeded"),
            "429\ncontent-type: application/json\nretry-after: 1\nx-amzn-errortype: TooManyRequestsException\n\
             {\"Type\":\"User\",\"message\":\"Rate Exceeded.\",\
             \"Reason\":\"ReservedFunctionConcurrentInvocationLimitExceeded\"}",
        ),
        (
            ServiceError::new(errors::VALIDATION, "1 validation error"),
            "400\ncontent-type: application/json\nx-amzn-errortype: ValidationException\n\
             {\"message\":\"1 validation error\"}",
        ),
        (
            ServiceError::not_implemented("lambda", "Invoke"),
            "501\ncontent-type: application/json\nx-amzn-errortype: NotImplemented\n\
             {\"message\":\"Tidegate does not implement lambda Invoke yet\"}",
        ),
    ] {
        assert_eq!(refused(&error), expected);
    }
}
