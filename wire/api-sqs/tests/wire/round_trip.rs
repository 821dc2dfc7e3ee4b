//! Whatever is written is read back, in every protocol.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::{Strategy, any, prop};
use proptest::{option, prop_assert_eq, proptest};
use tidegate_api_sqs::{
    Message, MessageAttributeValue, ReceiveMessageResult, SendMessageBatchRequest, SendMessageBatchRequestEntry,
};

use crate::{from_form, from_json, to_json};

fn text() -> impl Strategy<Value = Option<String>> {
    option::of(prop::string::string_regex("(?s).{0,40}").expect("a valid expression"))
}

fn attribute() -> impl Strategy<Value = MessageAttributeValue> {
    let bytes = option::of(prop::collection::vec(any::<u8>(), 0..20).prop_map(Bytes::from));
    let list = option::of(prop::collection::vec(".{0,5}", 0..3));
    (text(), text(), bytes, list).prop_map(|(data_type, string_value, binary_value, string_list_values)| {
        MessageAttributeValue { data_type, string_value, binary_value, string_list_values, binary_list_values: None }
    })
}

fn attributes() -> impl Strategy<Value = Option<BTreeMap<String, MessageAttributeValue>>> {
    option::of(prop::collection::btree_map(".{0,8}", attribute(), 0..4))
}

fn batch() -> impl Strategy<Value = SendMessageBatchRequest> {
    let entry = (text(), text(), option::of(any::<i32>()), attributes());
    let entry = entry.prop_map(|(id, message_body, delay_seconds, message_attributes)| SendMessageBatchRequestEntry {
        id,
        message_body,
        delay_seconds,
        message_attributes,
        ..SendMessageBatchRequestEntry::default()
    });
    (text(), option::of(prop::collection::vec(entry, 0..12)))
        .prop_map(|(queue_url, entries)| SendMessageBatchRequest { queue_url, entries })
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A form as a client would write it. Forms know neither an empty list nor an empty structure; what is
/// written as nothing is returned as absent.
fn to_form(batch: &mut SendMessageBatchRequest) -> String {
    let mut pairs = vec!["Action=SendMessageBatch".to_owned()];
    let mut put =
        |key: String, value: &str| pairs.push(format!("{}={}", encoded(&key).replace("%2E", "."), encoded(value)));
    if let Some(url) = &batch.queue_url {
        put("QueueUrl".to_owned(), url);
    }
    let entries = batch.entries.iter_mut().flatten();
    for (number, entry) in (1..).zip(entries) {
        let prefix = format!("SendMessageBatchRequestEntry.{number}");
        // An entry must have something, or the form does not show that it is there.
        put(format!("{prefix}.Id"), entry.id.get_or_insert_default());
        if let Some(body) = &entry.message_body {
            put(format!("{prefix}.MessageBody"), body);
        }
        if let Some(delay) = entry.delay_seconds {
            put(format!("{prefix}.DelaySeconds"), &delay.to_string());
        }
        let attributes = entry.message_attributes.iter_mut().flatten();
        for (number, (name, value)) in (1..).zip(attributes) {
            let prefix = format!("{prefix}.MessageAttribute.{number}");
            put(format!("{prefix}.Name"), name);
            put(format!("{prefix}.Value.DataType"), value.data_type.get_or_insert_default());
            if let Some(text) = &value.string_value {
                put(format!("{prefix}.Value.StringValue"), text);
            }
            if let Some(bytes) = &value.binary_value {
                use base64::Engine;
                put(format!("{prefix}.Value.BinaryValue"), &base64::engine::general_purpose::STANDARD.encode(bytes));
            }
            for (number, text) in (1..).zip(value.string_list_values.iter().flatten()) {
                put(format!("{prefix}.Value.StringListValue.{number}"), text);
            }
            value.string_list_values.take_if(|list| list.is_empty());
        }
        entry.message_attributes.take_if(|attributes| attributes.is_empty());
    }
    batch.entries.take_if(|entries| entries.is_empty());
    pairs.join("&")
}

proptest! {
    #[test]
    fn json_reads_what_it_writes(batch in batch()) {
        let json = to_json(&batch);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&from_json::<SendMessageBatchRequest>(&json).unwrap(), &batch);
        // Another implementation's spelling of the same document.
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(from_json::<SendMessageBatchRequest>(&pretty).unwrap(), batch);
    }

    #[test]
    fn forms_are_read_as_they_were_meant(mut batch in batch()) {
        let form = to_form(&mut batch);
        prop_assert_eq!(from_form::<SendMessageBatchRequest>(&form).unwrap(), batch);
    }

    #[test]
    fn xml_holds_what_was_written(bodies in prop::collection::vec("[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\u{fffe}\u{ffff}]{0,40}", 0..5)) {
        let message = |body: &String| Message { body: Some(body.clone()), ..Message::default() };
        let output = ReceiveMessageResult { messages: Some(bodies.iter().map(message).collect()) };
        let operation = tidegate_api_sqs::MODEL.operation("ReceiveMessage").unwrap();
        let codec = tidegate_protocol::codec(tidegate_protocol::ProtocolId::AwsQuery).unwrap();
        let reply = codec.success(&tidegate_api_sqs::MODEL, operation, "1", &output);
        let text = std::str::from_utf8(&reply.body).unwrap();
        prop_assert_eq!(bodies_of(text), bodies);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        use tidegate_protocol::{Shape, aws_json::JsonReader, aws_query::Form};
        if let Ok(mut reader) = JsonReader::new(&bytes) {
            drop(SendMessageBatchRequest::read(&mut reader));
        }
        if let Ok(form) = Form::parse(&bytes) {
            drop(SendMessageBatchRequest::read(&mut form.reader()));
        }
    }
}

/// The text of every `Body`, by an XML parser that is not ours.
fn bodies_of(xml: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(xml).unwrap();
    let bodies =
        document.descendants().filter(|node| node.has_tag_name(("http://queue.amazonaws.com/doc/2012-11-05/", "Body")));
    bodies.map(|node| node.text().unwrap_or_default().to_owned()).collect()
}
