//! The protocols' readers, through every SQS request shape.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a failure")]

use tidegate_api_sqs::{self as api, MODEL};
use tidegate_fuzz::{Material, fuzz};
use tidegate_protocol::aws_json::{JsonReader, JsonWriter};
use tidegate_protocol::aws_query::Form;
use tidegate_protocol::{Shape, constraints};

const JSON: Material<'static> = Material {
    examples: &[
        br#"{"QueueName":"orders","Attributes":{"DelaySeconds":"5","FifoQueue":"true"},"tags":{"a":"b"}}"#,
        br#"{"QueueUrl":"http://h/1/q","MessageBody":"hi \u00e4 \ud83d\ude00","DelaySeconds":5,"MessageAttributes":{"n":{"DataType":"Number","StringValue":"1"},"b":{"DataType":"Binary","BinaryValue":"AAEC"}},"MessageGroupId":"g"}"#,
        br#"{"QueueUrl":"http://h/1/q","Entries":[{"Id":"1","MessageBody":"a"},{"Id":"2","ReceiptHandle":"r","VisibilityTimeout":0}]}"#,
        br#"{"QueueUrl":"q","AttributeNames":["All"],"MaxNumberOfMessages":10,"WaitTimeSeconds":20,"VisibilityTimeout":-1}"#,
        br#"{"QueueUrl":"q","Label":"l","AWSAccountIds":["000000000000"],"Actions":["SendMessage"],"TagKeys":["k"],"Tags":{"k":"v"}}"#,
        br#"{"SourceArn":"arn:aws:sqs:us-east-1:0:q","DestinationArn":null,"MaxNumberOfMessagesPerSecond":1,"TaskHandle":"t","MaxResults":1}"#,
    ],
    words: &[
        "{", "}", "[", "]", ":", ",", "\"", "null", "true", "-1", "1e400", "99999999999999999999", "\\u0000", "\\ud800",
        "[[[[[[[[[[[[[[[[", "{\"a\":", "QueueUrl", "Entries", "Attributes", "MessageAttributes", "StringListValues", "\\",
    ],
};

const QUERY: Material<'static> = Material {
    examples: &[
        b"Action=CreateQueue&Version=2012-11-05&QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=a&Tag.1.Value=b",
        b"Action=SendMessage&QueueUrl=http%3A%2F%2Fh%2F1%2Fq&MessageBody=a+b&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=Number&MessageAttribute.1.Value.StringValue=1",
        b"Action=SendMessageBatch&SendMessageBatchRequestEntry.1.Id=1&SendMessageBatchRequestEntry.1.MessageBody=x&SendMessageBatchRequestEntry.2.Id=2",
        b"Action=ReceiveMessage&AttributeName.1=All&MessageAttributeName.1=a.*&MaxNumberOfMessages=10",
        b"Action=DeleteMessageBatch&DeleteMessageBatchRequestEntry.1.Id=1&DeleteMessageBatchRequestEntry.1.ReceiptHandle=r",
    ],
    words: &[
        "&", "=", "%", "%00", "%ff", "+", ".1.", ".0.", ".-1.", ".99999999999999999999.", ".Name=", ".Value=", ".Key=",
        ".member.1", "Attribute", "entry", "SendMessageBatchRequestEntry", "MessageAttribute.1.Value.",
    ],
};

/// What was read must be read again from what is written of it, and be written the same.
fn round_trip<T: Shape>(read: T) {
    let write = |shape: &T| {
        let mut writer = JsonWriter::default();
        shape.write(&mut writer);
        writer.finish()
    };
    // Refused or not: a check of the model's constraints must come to an end.
    drop(constraints::check(MODEL.validation, &read));
    let written = write(&read);
    let again = T::read(&mut JsonReader::new(&written).unwrap()).unwrap();
    assert_eq!(String::from_utf8_lossy(&write(&again)), String::from_utf8_lossy(&written));
}

fn json<T: Shape>(body: &[u8]) {
    if let Ok(mut reader) = JsonReader::new(body)
        && let Ok(read) = T::read(&mut reader)
    {
        round_trip(read);
    }
}

fn query<T: Shape>(form: &Form) {
    if let Ok(read) = T::read(&mut form.reader()) {
        round_trip(read);
    }
}

/// A function for each request shape.
macro_rules! for_each_request {
    ($function:ident) => {
        [
            $function::<api::AddPermissionRequest>,
            $function::<api::CancelMessageMoveTaskRequest>,
            $function::<api::ChangeMessageVisibilityRequest>,
            $function::<api::ChangeMessageVisibilityBatchRequest>,
            $function::<api::CreateQueueRequest>,
            $function::<api::DeleteMessageRequest>,
            $function::<api::DeleteMessageBatchRequest>,
            $function::<api::DeleteQueueRequest>,
            $function::<api::GetQueueAttributesRequest>,
            $function::<api::GetQueueUrlRequest>,
            $function::<api::ListDeadLetterSourceQueuesRequest>,
            $function::<api::ListMessageMoveTasksRequest>,
            $function::<api::ListQueueTagsRequest>,
            $function::<api::ListQueuesRequest>,
            $function::<api::PurgeQueueRequest>,
            $function::<api::ReceiveMessageRequest>,
            $function::<api::RemovePermissionRequest>,
            $function::<api::SendMessageRequest>,
            $function::<api::SendMessageBatchRequest>,
            $function::<api::SetQueueAttributesRequest>,
            $function::<api::StartMessageMoveTaskRequest>,
            $function::<api::TagQueueRequest>,
            $function::<api::UntagQueueRequest>,
        ]
    };
}

#[test]
fn json_requests() {
    fuzz(JSON, |body| for_each_request!(json).iter().for_each(|read| read(body)));
}

#[test]
fn query_requests() {
    fuzz(QUERY, |body| {
        let Ok(mut form) = Form::parse(body) else { return };
        form.set_default("QueueUrl", || "http://h/1/q".to_owned());
        assert!(form.action().is_none_or(|action| body.len() >= action.len()));
        for_each_request!(query).iter().for_each(|read| read(&form));
    });
}
