//! Messages between AWS's shapes and the domain's.

use std::collections::BTreeMap;

use tidegate_api_sqs::{
    Message as WireMessage, MessageAttributeValue, MessageSystemAttributeValue, SendMessageBatchRequestEntry,
    SendMessageRequest,
};
use tidegate_types::Timestamp;

use crate::domain::{
    AttributeSelection, AttributeValue, Draft, Message, MessageAttribute, RawAttribute, SystemAttribute,
    md5_of_attributes, sequence_number,
};
use crate::error::AttributeTextError;

type Attributes = Option<BTreeMap<String, MessageAttributeValue>>;
type SystemAttributes = Option<BTreeMap<String, MessageSystemAttributeValue>>;

/// The draft that a SendMessage states.
pub(crate) fn draft(input: SendMessageRequest) -> Draft {
    Draft {
        body: input.message_body.unwrap_or_default(),
        delay_seconds: input.delay_seconds,
        attributes: raw_attributes(input.message_attributes),
        system_attributes: raw_system_attributes(input.message_system_attributes),
        deduplication_id: input.message_deduplication_id,
        group_id: input.message_group_id,
    }
}

/// The draft that an entry of a batch states.
pub(crate) fn entry_draft(entry: SendMessageBatchRequestEntry) -> Draft {
    Draft {
        body: entry.message_body.unwrap_or_default(),
        delay_seconds: entry.delay_seconds,
        attributes: raw_attributes(entry.message_attributes),
        system_attributes: raw_system_attributes(entry.message_system_attributes),
        deduplication_id: entry.message_deduplication_id,
        group_id: entry.message_group_id,
    }
}

fn raw_attributes(attributes: Attributes) -> Vec<RawAttribute> {
    let raw = |(name, value): (String, MessageAttributeValue)| RawAttribute {
        name,
        data_type: value.data_type,
        text: value.string_value,
        binary: value.binary_value,
        is_list: value.string_list_values.is_some_and(|list| !list.is_empty())
            || value.binary_list_values.is_some_and(|list| !list.is_empty()),
    };
    attributes.into_iter().flatten().map(raw).collect()
}

fn raw_system_attributes(attributes: SystemAttributes) -> Vec<RawAttribute> {
    let raw = |(name, value): (String, MessageSystemAttributeValue)| RawAttribute {
        name,
        data_type: value.data_type,
        text: value.string_value,
        binary: value.binary_value,
        is_list: false,
    };
    attributes.into_iter().flatten().map(raw).collect()
}

/// What a receive wants to see of each message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requested {
    system: Vec<SystemAttribute>,
    message: AttributeSelection,
}

impl Requested {
    /// What the three lists of names ask for.
    pub(crate) fn new(
        attribute_names: Option<Vec<String>>,
        system_names: Option<Vec<String>>,
        message_names: Option<Vec<String>>,
    ) -> Result<Requested, AttributeTextError> {
        let mut system = Vec::new();
        for name in attribute_names.into_iter().chain(system_names).flatten() {
            match SystemAttribute::parse(&name) {
                Some(attribute) => system.push(attribute),
                None if name == "All" => system.extend(SystemAttribute::ALL),
                None => return Err(AttributeTextError::UnknownName(name)),
            }
        }
        Ok(Requested { system, message: AttributeSelection::new(message_names.unwrap_or_default()) })
    }
}

/// A message that was received, and what its queue knows about it.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// The message.
    pub message: Message,
    /// Its group; empty if it has none.
    pub group: String,
    /// Its place.
    pub position: u64,
    /// Whether it lies in a FIFO queue.
    pub fifo: bool,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// How often it has been received, in the queue that it came from too.
    pub receive_count: u32,
    /// When it was first received.
    pub first_received_at: Timestamp,
    /// What it can be deleted by.
    pub receipt_handle: String,
}

/// A received message as AWS shows it.
pub(crate) fn received_message(received: Received, requested: &Requested) -> WireMessage {
    let system = system_attributes(&received, requested);
    let Received { message, receipt_handle, .. } = received;
    let mut attributes = message.attributes;
    attributes.retain(|attribute| requested.message.contains(&attribute.name));
    WireMessage {
        message_id: Some(message.id.to_string()),
        receipt_handle: Some(receipt_handle),
        md5_of_body: Some(message.body_md5.to_hex()),
        body: Some(message.body),
        attributes: (!system.is_empty()).then_some(system),
        md5_of_message_attributes: md5_of_attributes(&attributes).map(|digest| digest.to_hex()),
        message_attributes: (!attributes.is_empty()).then(|| attributes.into_iter().map(wire_attribute).collect()),
    }
}

pub(crate) fn wire_attribute(attribute: MessageAttribute) -> (String, MessageAttributeValue) {
    let (string_value, binary_value) = match attribute.value {
        AttributeValue::Text(text) => (Some(text), None),
        AttributeValue::Binary(bytes) => (None, Some(bytes)),
    };
    let data_type = Some(attribute.data_type);
    (
        attribute.name,
        MessageAttributeValue { string_value, binary_value, data_type, ..MessageAttributeValue::default() },
    )
}

fn system_attributes(received: &Received, requested: &Requested) -> BTreeMap<String, String> {
    let value = |attribute: &SystemAttribute| {
        system_attribute(received, *attribute).map(|value| (attribute.name().to_owned(), value))
    };
    requested.system.iter().filter_map(value).collect()
}

/// A system attribute of a message, if it has it.
pub(crate) fn system_attribute(received: &Received, attribute: SystemAttribute) -> Option<String> {
    let message = &received.message;
    match attribute {
        SystemAttribute::SenderId => Some(message.sender.clone()),
        SystemAttribute::SentTimestamp => Some(received.sent_at.as_millis().to_string()),
        SystemAttribute::ApproximateReceiveCount => Some(received.receive_count.to_string()),
        SystemAttribute::ApproximateFirstReceiveTimestamp => Some(received.first_received_at.as_millis().to_string()),
        SystemAttribute::SequenceNumber => received.fifo.then(|| sequence_number(received.position)),
        SystemAttribute::MessageDeduplicationId => message.deduplication_id.as_ref().map(|id| id.as_str().to_owned()),
        SystemAttribute::MessageGroupId => (!received.group.is_empty()).then(|| received.group.clone()),
        SystemAttribute::AWSTraceHeader => message.trace_header.clone(),
        SystemAttribute::DeadLetterQueueSourceArn => {
            message.origin.as_ref().map(|origin| origin.source.arn().to_string())
        }
    }
}
