//! SQS requests and answers on both wires: what clients send, what they expect, and what is malformed.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing fails, as it should")]

mod answers;
mod json;
mod misuse;
mod query;
mod round_trip;

use tidegate_api_sqs as api;
use tidegate_protocol::aws_json::{JsonReader, JsonWriter};
use tidegate_protocol::aws_query::Form;
use tidegate_protocol::{DecodeError, Reader, Shape};

/// Reads a shape from JSON.
fn from_json<T: Shape>(text: &str) -> Result<T, DecodeError> {
    T::read(&mut JsonReader::new(text.as_bytes())?)
}

/// Reads a shape from a form.
fn from_form<T: Shape>(text: &str) -> Result<T, DecodeError> {
    T::read(&mut Form::parse(text.as_bytes())?.reader())
}

/// Writes a shape as JSON.
fn to_json(shape: &dyn Shape) -> String {
    let mut writer = JsonWriter::default();
    shape.write(&mut writer);
    String::from_utf8(writer.finish()).unwrap()
}

/// Reads the input of any operation.
fn input(operation: &str, reader: &mut dyn Reader) -> Result<Box<dyn Shape>, DecodeError> {
    fn boxed<T: Shape>(reader: &mut dyn Reader) -> Result<Box<dyn Shape>, DecodeError> {
        Ok(Box::new(T::read(reader)?))
    }
    match operation {
        "AddPermission" => boxed::<api::AddPermissionRequest>(reader),
        "ChangeMessageVisibilityBatch" => boxed::<api::ChangeMessageVisibilityBatchRequest>(reader),
        "CreateQueue" => boxed::<api::CreateQueueRequest>(reader),
        "DeleteMessageBatch" => boxed::<api::DeleteMessageBatchRequest>(reader),
        "GetQueueAttributes" => boxed::<api::GetQueueAttributesRequest>(reader),
        "ListQueues" => boxed::<api::ListQueuesRequest>(reader),
        "ReceiveMessage" => boxed::<api::ReceiveMessageRequest>(reader),
        "SendMessage" => boxed::<api::SendMessageRequest>(reader),
        "SendMessageBatch" => boxed::<api::SendMessageBatchRequest>(reader),
        "SetQueueAttributes" => boxed::<api::SetQueueAttributesRequest>(reader),
        "StartMessageMoveTask" => boxed::<api::StartMessageMoveTaskRequest>(reader),
        "TagQueue" => boxed::<api::TagQueueRequest>(reader),
        "UntagQueue" => boxed::<api::UntagQueueRequest>(reader),
        other => panic!("no case uses {other} yet"),
    }
}
