//! JSON requests, well formed and not.

use tidegate_api_sqs::{CreateQueueRequest, ReceiveMessageRequest, SendMessageBatchRequest, SendMessageRequest};
use tidegate_protocol::aws_json::MAX_DEPTH;
use tidegate_protocol::{DecodeError, Shape};

use crate::from_json;

fn body(text: &str) -> String {
    from_json::<SendMessageRequest>(text).unwrap().message_body.unwrap()
}

#[test]
fn texts() {
    for (json, text) in [
        (r#""""#, ""),
        (r#""plain""#, "plain"),
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\u0041\u00e4\u20AC""#, "Aä€"),
        (r#""\ud83d\ude00 😀""#, "😀 😀"),
        (r#""sixteen bytes ab\"then more than sixteen""#, "sixteen bytes ab\"then more than sixteen"),
    ] {
        assert_eq!(body(&format!(r#"{{"MessageBody":{json}}}"#)), text, "{json}");
    }
}

#[test]
fn white_space_unknown_members_and_nulls_do_not_matter() {
    let text = r#" {"Unknown" : [1, {"a": [null, true, -1.5e+3, "\u0000"]}, {}] ,
        "DelaySeconds":null, "MessageBody" : "x","MessageAttributes":{"gone":null,"a":{"DataType":"String","StringListValues":["b",null]}} } "#;
    let request: SendMessageRequest = from_json(text).unwrap();
    assert_eq!((request.message_body.as_deref(), request.delay_seconds), (Some("x"), None));
    let attributes = request.message_attributes.unwrap();
    assert_eq!(attributes.len(), 1);
    assert_eq!(attributes["a"].string_list_values.as_deref(), Some(&["b".to_owned()][..]));
}

#[test]
fn numbers() {
    for (json, number) in
        [("0", 0), ("-1", -1), ("1.0", 1), ("1e1", 10), ("1.9", 1), ("99999999999", i32::MAX), ("-1e300", i32::MIN)]
    {
        let request: ReceiveMessageRequest = from_json(&format!(r#"{{"MaxNumberOfMessages":{json}}}"#)).unwrap();
        assert_eq!(request.max_number_of_messages, Some(number), "{json}");
    }
}

#[test]
fn a_map_s_texts_may_be_numbers_and_booleans() {
    let request: CreateQueueRequest = from_json(r#"{"Attributes":{"DelaySeconds":5,"FifoQueue":true}}"#).unwrap();
    let attributes = request.attributes.unwrap();
    assert_eq!((attributes["DelaySeconds"].as_str(), attributes["FifoQueue"].as_str()), ("5", "true"));
}

fn refusal<T: Shape>(text: &str) -> String {
    match from_json::<T>(text) {
        Ok(shape) => panic!("{text} was read as {shape:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_no_json_is_refused_without_a_word() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "{}}",
        "{} {}",
        "null",
        "1",
        "\"x\"",
        "{\"a\":1,}",
        "{,}",
        "{\"a\" 1}",
        "{\"a\":}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":1e}",
        "{\"a\":-}",
        "{\"a\":tru}",
        "{\"a\":nul}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"",
        "{\"a\":[1 2]}",
        "{\"a\":[1,]}",
        "{\"a\":[}",
        "{\"MessageBody\":\"x\"} x",
        "\u{feff}{}",
        "{\"MessageBody\":\"\\ud800\"}",
    ] {
        assert_eq!(refusal::<SendMessageRequest>(text), "", "{text:?}");
    }
    let error = tidegate_protocol::aws_json::JsonReader::new(b"{\"MessageBody\":\"\xff\"}").err();
    assert_eq!(error, Some(DecodeError::Malformed(String::new())));
}

#[test]
fn what_is_of_another_type_is_refused_in_aws_words() {
    for (text, message) in [
        ("[]", "Start of list found where not expected"),
        (r#"{"MessageBody":1}"#, "NUMBER_VALUE can not be converted to a String"),
        (r#"{"MessageBody":1.5}"#, "NUMBER_VALUE can not be converted to a String"),
        (r#"{"MessageBody":true}"#, "TRUE_VALUE can not be converted to a String"),
        (r#"{"MessageBody":false}"#, "FALSE_VALUE can not be converted to a String"),
        (r#"{"MessageBody":[]}"#, "Start of list found where not expected"),
        (r#"{"MessageBody":{}}"#, "Start of structure or map found where not expected."),
        (r#"{"DelaySeconds":"1"}"#, "STRING_VALUE can not be converted to an Integer"),
        (r#"{"DelaySeconds":true}"#, "TRUE_VALUE can not be converted to an Integer"),
        (r#"{"DelaySeconds":[1]}"#, "Start of list found where not expected"),
        (r#"{"DelaySeconds":{}}"#, "Start of structure or map found where not expected."),
        (r#"{"MessageAttributes":[]}"#, "Start of list found where not expected"),
        (r#"{"MessageAttributes":"x"}"#, "Expected map or null"),
        (r#"{"MessageAttributes":{"a":"x"}}"#, "Expected null"),
        (r#"{"MessageAttributes":{"a":[]}}"#, "Start of list found where not expected"),
        (r#"{"MessageAttributes":{"a":{"BinaryValue":"?"}}}"#, "STRING_VALUE can not be converted to a Blob"),
        (r#"{"MessageAttributes":{"a":{"DataType":1}}}"#, "NUMBER_VALUE can not be converted to a String"),
    ] {
        assert_eq!(refusal::<SendMessageRequest>(text), message, "{text}");
    }
    for (text, message) in [
        (r#"{"Entries":"x"}"#, "Expected list or null"),
        (r#"{"Entries":1}"#, "Expected list or null"),
        (r#"{"Entries":{}}"#, "Start of structure or map found where not expected."),
        (r#"{"Entries":["x"]}"#, "Expected null"),
    ] {
        assert_eq!(refusal::<SendMessageBatchRequest>(text), message, "{text}");
    }
    let array = r#"{"Attributes":{"DelaySeconds":[]}}"#;
    assert_eq!(refusal::<CreateQueueRequest>(array), "Unrecognized collection type class java.lang.String");
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{{\"Unknown\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(from_json::<SendMessageRequest>(&nested(MAX_DEPTH)).is_ok());
    for depth in [MAX_DEPTH + 1, 1_000_000] {
        assert_eq!(refusal::<SendMessageRequest>(&nested(depth)), "Nesting is too deep");
    }
}
