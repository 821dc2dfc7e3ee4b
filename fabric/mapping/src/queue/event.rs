//! The event that a function gets for messages, exactly as AWS writes it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use tidegate_ports::{QueueAttributeValue, QueueMessage, QueueMessageAttribute};
use tidegate_types::Arn;

use crate::call;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    message_id: &'a str,
    receipt_handle: &'a str,
    body: Body<'a>,
    #[serde(serialize_with = "attributes")]
    attributes: &'a [(&'static str, String)],
    #[serde(serialize_with = "message_attributes")]
    message_attributes: &'a [QueueMessageAttribute],
    #[serde(rename = "md5OfBody")]
    md5_of_body: &'a str,
    event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
    aws_region: &'a str,
}

/// A body as it is, or what it contains.
#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Text(&'a str),
    Json(&'a RawValue),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attribute<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
    /// Lists are in the API since its beginning and were never filled.
    string_list_values: [&'static str; 0],
    binary_list_values: [&'static str; 0],
    data_type: &'a str,
}

fn attributes<S: Serializer>(attributes: &&[(&'static str, String)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(attributes.iter().map(|(name, value)| (name, value)))
}

fn message_attributes<S: Serializer>(attributes: &&[QueueMessageAttribute], to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(attributes.len()))?;
    for QueueMessageAttribute { name, data_type, value } in *attributes {
        let (string_value, binary_value) = match value {
            QueueAttributeValue::Text(text) => (Some(text.as_str()), None),
            QueueAttributeValue::Binary(bytes) => (None, Some(STANDARD.encode(bytes))),
        };
        let (string_list_values, binary_list_values) = ([], []);
        map.serialize_entry(
            name,
            &Attribute { string_value, binary_value, string_list_values, binary_list_values, data_type },
        )?;
    }
    map.end()
}

/// An element of `Records`.
pub(crate) fn record(source: &Arn, message: &QueueMessage) -> Bytes {
    write(source, message, Body::Text(&message.body))
}

/// The record as filters see it: a body that is JSON counts as what it contains.
pub(crate) fn for_filters(source: &Arn, message: &QueueMessage) -> Bytes {
    let contained = serde_json::from_str::<&RawValue>(&message.body).ok();
    write(source, message, contained.map_or(Body::Text(&message.body), Body::Json))
}

fn write(source: &Arn, message: &QueueMessage, body: Body<'_>) -> Bytes {
    let arn = source.to_string();
    let record = Record {
        message_id: &message.message_id,
        receipt_handle: &message.receipt_handle,
        body,
        attributes: &message.attributes,
        message_attributes: &message.message_attributes,
        md5_of_body: &message.md5_of_body,
        event_source: "aws:sqs",
        event_source_arn: &arn,
        aws_region: source.region.as_ref().map_or("", |region| region.as_str()),
    };
    serde_json::to_vec(&record).expect("texts and lists of texts are JSON").into()
}

/// The event of these records.
pub(crate) fn event<'a>(records: impl IntoIterator<Item = &'a Bytes>) -> Bytes {
    let mut event = call::records(records);
    event.push(b'}');
    event.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str, data_type: &str, value: QueueAttributeValue) -> QueueMessageAttribute {
        QueueMessageAttribute { name: name.to_owned(), data_type: data_type.to_owned(), value }
    }

    fn message(body: &str) -> QueueMessage {
        QueueMessage {
            message_id: "059f36b4".to_owned(),
            receipt_handle: "AQEB".to_owned(),
            body: body.to_owned(),
            md5_of_body: "e4e6".to_owned(),
            attributes: vec![("ApproximateReceiveCount", "1".to_owned()), ("SentTimestamp", "1545".to_owned())],
            message_attributes: vec![
                attribute("b", "Binary", QueueAttributeValue::Binary(Bytes::from_static(b"\x01\x02"))),
                attribute("s", "String", QueueAttributeValue::Text("v".to_owned())),
            ],
            group: None,
            trace: None,
            hops: 0,
        }
    }

    #[test]
    fn the_event_has_the_shape_that_functions_know() {
        let source = "arn:aws:sqs:us-east-2:123456789012:my-queue".parse().unwrap();
        let record = record(&source, &message("Test \"message\"."));
        let event = event([&record]);
        let expected = concat!(
            r#"{"Records":[{"messageId":"059f36b4","receiptHandle":"AQEB","body":"Test \"message\".","#,
            r#""attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1545"},"messageAttributes":{"#,
            r#""b":{"binaryValue":"AQI=","stringListValues":[],"binaryListValues":[],"dataType":"Binary"},"#,
            r#""s":{"stringValue":"v","stringListValues":[],"binaryListValues":[],"dataType":"String"}},"#,
            r#""md5OfBody":"e4e6","eventSource":"aws:sqs","#,
            r#""eventSourceARN":"arn:aws:sqs:us-east-2:123456789012:my-queue","awsRegion":"us-east-2"}]}"#,
        );
        assert_eq!(event, expected);
    }

    #[test]
    fn filters_see_what_is_in_a_body() {
        let source = "arn:aws:sqs:us-east-2:123456789012:my-queue".parse().unwrap();
        for (body, seen) in [
            (r#"{"a": [1]}"#, serde_json::json!({ "a": [1] })),
            ("plain", serde_json::json!("plain")),
            ("{broken", serde_json::json!("{broken")),
        ] {
            let record: serde_json::Value = serde_json::from_slice(&for_filters(&source, &message(body))).unwrap();
            assert_eq!(record["body"], seen);
        }
    }
}
