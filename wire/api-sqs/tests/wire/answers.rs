//! Answers and errors on both wires, byte by byte.

use std::collections::BTreeMap;

use tidegate_api_sqs::{
    MODEL, Message, ReceiveMessageResult, SendMessageBatchResult, SendMessageBatchResultEntry, errors,
};
use tidegate_protocol::{ErrorShape, Fault, ProtocolId, Reply, ServiceError, Shape, codec, errors as common};

const ID: &str = "00000000-0000-0000-0000-000000000001";

fn success(protocol: ProtocolId, operation: &str, output: &dyn Shape) -> Reply {
    let operation = MODEL.operation(operation).unwrap();
    codec(protocol).unwrap().success(&MODEL, operation, ID, output)
}

fn failure(protocol: ProtocolId, error: &ServiceError) -> Reply {
    codec(protocol).unwrap().failure(Some(&MODEL), ID, error)
}

fn check(reply: &Reply, status: u16, content_type: &str, body: &str) {
    assert_eq!(reply.status, status);
    assert_eq!(reply.headers["content-type"], content_type);
    assert_eq!(reply.headers["x-amzn-requestid"], ID);
    assert_eq!(std::str::from_utf8(&reply.body).unwrap(), body);
}

const JSON: &str = "application/x-amz-json-1.0";

fn received() -> ReceiveMessageResult {
    let text = |text: &str| Some(text.to_owned());
    let message = Message {
        message_id: text("m"),
        body: text("<a> & \"b\"\r\n\u{1}ä"),
        attributes: Some(BTreeMap::from([
            ("SentTimestamp".to_owned(), "1".to_owned()),
            ("SenderId".to_owned(), "A".to_owned()),
        ])),
        ..Message::default()
    };
    ReceiveMessageResult { messages: Some(vec![message, Message::default()]) }
}

#[test]
fn a_nested_answer() {
    let json = success(ProtocolId::AwsJson1_0, "ReceiveMessage", &received());
    check(
        &json,
        200,
        JSON,
        "{\"Messages\":[{\"MessageId\":\"m\",\"Body\":\"<a> & \\\"b\\\"\\r\\n\\u0001ä\",\"Attributes\":{\"SenderId\":\"A\",\"SentTimestamp\":\"1\"}},{}]}",
    );
    let xml = success(ProtocolId::AwsQuery, "ReceiveMessage", &received());
    check(
        &xml,
        200,
        "text/xml",
        "<?xml version=\"1.0\"?><ReceiveMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">\
         <ReceiveMessageResult><Message><MessageId>m</MessageId>\
         <Body>&lt;a&gt; &amp; &quot;b&quot;&#xD;\n&#x1;ä</Body>\
         <Attribute><Name>SenderId</Name><Value>A</Value></Attribute>\
         <Attribute><Name>SentTimestamp</Name><Value>1</Value></Attribute></Message><Message></Message>\
         </ReceiveMessageResult>\
         <ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000001</RequestId></ResponseMetadata>\
         </ReceiveMessageResponse>",
    );
}

#[test]
fn empty_answers() {
    check(&success(ProtocolId::AwsJson1_0, "ReceiveMessage", &ReceiveMessageResult::default()), 200, JSON, "{}");
    check(&success(ProtocolId::AwsJson1_0, "DeleteMessage", &()), 200, JSON, "");
    let metadata = format!("<ResponseMetadata><RequestId>{ID}</RequestId></ResponseMetadata>");
    let namespace = "xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"";
    let xml = success(ProtocolId::AwsQuery, "ReceiveMessage", &ReceiveMessageResult::default());
    let body = format!(
        "<?xml version=\"1.0\"?><ReceiveMessageResponse {namespace}><ReceiveMessageResult></ReceiveMessageResult>{metadata}</ReceiveMessageResponse>"
    );
    check(&xml, 200, "text/xml", &body);
    let xml = success(ProtocolId::AwsQuery, "DeleteMessage", &());
    check(
        &xml,
        200,
        "text/xml",
        &format!("<?xml version=\"1.0\"?><DeleteMessageResponse {namespace}>{metadata}</DeleteMessageResponse>"),
    );
}

#[test]
fn a_list_that_is_empty_is_written_where_the_protocol_can() {
    let entry = SendMessageBatchResultEntry { id: Some("1".to_owned()), ..SendMessageBatchResultEntry::default() };
    let output = SendMessageBatchResult { successful: Some(vec![entry]), failed: Some(Vec::new()) };
    check(
        &success(ProtocolId::AwsJson1_0, "SendMessageBatch", &output),
        200,
        JSON,
        r#"{"Successful":[{"Id":"1"}],"Failed":[]}"#,
    );
    let xml = success(ProtocolId::AwsQuery, "SendMessageBatch", &output);
    let text = String::from_utf8(xml.body.to_vec()).unwrap();
    assert!(text.contains("<SendMessageBatchResult><SendMessageBatchResultEntry><Id>1</Id></SendMessageBatchResultEntry></SendMessageBatchResult>"), "{text}");
}

fn check_error(error: &ServiceError, status: u16, json: &str, query_error: &str, code: &str, kind: &str) {
    let reply = failure(ProtocolId::AwsJson1_0, error);
    check(&reply, status, JSON, json);
    assert_eq!(reply.headers["x-amzn-query-error"], query_error);
    let body = format!(
        "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error><Type>{kind}</Type><Code>{code}</Code><Message>{}</Message><Detail/></Error><RequestId>{ID}</RequestId></ErrorResponse>",
        error.message
    );
    check(&failure(ProtocolId::AwsQuery, error), status, "text/xml", &body);
}

#[test]
fn errors_of_the_service_and_of_the_front_end() {
    for (shape, status, name, query_code) in [
        (
            errors::QUEUE_DOES_NOT_EXIST,
            400,
            "com.amazonaws.sqs#QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        (errors::QUEUE_NAME_EXISTS, 400, "com.amazonaws.sqs#QueueNameExists", "QueueAlreadyExists"),
        (errors::RECEIPT_HANDLE_IS_INVALID, 404, "com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
        (
            errors::PURGE_QUEUE_IN_PROGRESS,
            403,
            "com.amazonaws.sqs#PurgeQueueInProgress",
            "AWS.SimpleQueueService.PurgeQueueInProgress",
        ),
        (errors::OVER_LIMIT, 403, "com.amazonaws.sqs#OverLimit", "OverLimit"),
        (
            errors::EMPTY_BATCH_REQUEST,
            400,
            "com.amazonaws.sqs#EmptyBatchRequest",
            "AWS.SimpleQueueService.EmptyBatchRequest",
        ),
        (errors::INVALID_ATTRIBUTE_NAME, 400, "com.amazonaws.sqs#InvalidAttributeName", "InvalidAttributeName"),
        (errors::KMS_ACCESS_DENIED, 400, "com.amazonaws.sqs#KmsAccessDenied", "KMS.AccessDeniedException"),
        (
            common::INVALID_PARAMETER_VALUE,
            400,
            "com.amazon.coral.service#InvalidParameterValueException",
            "InvalidParameterValue",
        ),
        (
            common::MISSING_PARAMETER,
            400,
            "com.amazon.coral.service#MissingRequiredParameterException",
            "MissingParameter",
        ),
        (common::UNKNOWN_OPERATION, 400, "com.amazon.coral.service#UnknownOperationException", "InvalidAction"),
    ] {
        let json = format!("{{\"__type\":\"{name}\",\"message\":\"text\"}}");
        check_error(
            &ServiceError::new(shape, "text"),
            status,
            &json,
            &format!("{query_code};Sender"),
            query_code,
            "Sender",
        );
    }
    let denied = ServiceError::new(common::ACCESS_DENIED, "no");
    let json = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}"#;
    check_error(&denied, 403, json, "AccessDenied;Sender", "AccessDenied", "Sender");
    let json =
        r#"{"__type":"com.amazon.coral.service#NotImplemented","message":"Tidegate does not implement sqs X yet"}"#;
    check_error(
        &ServiceError::not_implemented("sqs", "X"),
        501,
        json,
        "NotImplemented;Receiver",
        "NotImplemented",
        "Receiver",
    );
}

#[test]
fn json_1_1_names_errors_without_their_namespace_and_an_empty_message_is_left_out() {
    let error = ServiceError::new(common::UNKNOWN_OPERATION, "");
    let reply = codec(ProtocolId::AwsJson1_1).unwrap().failure(None, ID, &error);
    check(&reply, 400, "application/x-amz-json-1.1", r#"{"__type":"UnknownOperationException"}"#);
    assert!(!reply.headers.contains_key("x-amzn-query-error"));
}

#[test]
fn an_error_s_further_members() {
    let error = ServiceError::new(ErrorShape::new("Conflict", 409, Fault::Sender), "a<b").with_field("Reason", "c&d");
    let json = failure(ProtocolId::AwsJson1_0, &error);
    check(&json, 409, JSON, r#"{"__type":"com.amazonaws.sqs#Conflict","message":"a<b","Reason":"c&d"}"#);
    let xml = String::from_utf8(failure(ProtocolId::AwsQuery, &error).body.to_vec()).unwrap();
    assert!(xml.contains("<Message>a&lt;b</Message><Reason>c&amp;d</Reason><Detail/>"), "{xml}");
}
