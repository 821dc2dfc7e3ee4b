//! Followers: whoever takes messages without the wire, as event source mappings do.

use std::time::Duration;

use serde_json::json;
use tidegate_ports::{HandleRefusal, QueueAttributeValue, QueueFollowError, QueueMessage, QueueReceive};
use tidegate_types::Arn;

use crate::bed::{Bed, START, arn};

fn up_to(messages: usize) -> QueueReceive {
    QueueReceive { messages, bytes: 6 << 20, visibility_timeout: None, wait: Duration::ZERO }
}

fn named(name: &str) -> Arn {
    arn(name).parse().unwrap()
}

fn bodies(messages: &[QueueMessage]) -> Vec<&str> {
    messages.iter().map(|message| message.body.as_str()).collect()
}

fn handles(messages: &[QueueMessage]) -> Vec<String> {
    messages.iter().map(|message| message.receipt_handle.clone()).collect()
}

fn attribute<'a>(message: &'a QueueMessage, name: &str) -> Option<&'a str> {
    message.attributes.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
}

async fn fill(bed: &Bed, url: &str, count: usize) {
    for first in (0..count).step_by(10) {
        let entries: Vec<_> = (first..count.min(first + 10))
            .map(|i| json!({ "Id": i.to_string(), "MessageBody": i.to_string() }))
            .collect();
        bed.ok("SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await;
    }
}

#[tokio::test]
async fn a_follower_knows_what_it_follows() {
    let bed = Bed::new().await;
    bed.create("dead.fifo", json!({ "FifoQueue": "true" })).await;
    let redrive = json!({ "deadLetterTargetArn": arn("dead.fifo"), "maxReceiveCount": 3 }).to_string();
    bed.create_fifo("q.fifo", json!({ "VisibilityTimeout": "70", "RedrivePolicy": redrive })).await;
    let source = bed.sqs.followed();
    let described = source.describe(&named("q.fifo")).unwrap().unwrap();
    assert_eq!(described.visibility_timeout, Duration::from_secs(70));
    assert!(described.fifo);
    assert_eq!(described.max_receive_count, Some(3));
    assert_eq!(source.describe(&named("other")).unwrap(), None);
    let missing = source.receive(&named("other"), up_to(1)).await;
    assert!(matches!(missing, Err(QueueFollowError::NoSuchQueue(_))), "{missing:?}");
}

#[tokio::test]
async fn a_message_carries_what_functions_are_told() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let sent = bed.ok(
        "SendMessage",
        json!({
            "QueueUrl": url, "MessageBody": "hello",
            "MessageAttributes": {
                "number": { "DataType": "Number", "StringValue": "7" },
                "bytes": { "DataType": "Binary", "BinaryValue": "AQI=" },
            },
            "MessageSystemAttributes": { "AWSTraceHeader": { "DataType": "String", "StringValue": "Root=1" } },
        }),
    );
    let sent = sent.await;
    let source = bed.sqs.followed();
    let [message] = &source.receive(&named("q"), up_to(10)).await.unwrap()[..] else { panic!("one") };
    assert_eq!(sent["MessageId"], message.message_id.as_str());
    assert_eq!(sent["MD5OfMessageBody"], message.md5_of_body.as_str());
    let start = START.as_millis().to_string();
    for (name, value) in [
        ("ApproximateReceiveCount", Some("1")),
        ("SentTimestamp", Some(start.as_str())),
        ("ApproximateFirstReceiveTimestamp", Some(start.as_str())),
        ("SenderId", Some("000000000000")),
        ("AWSTraceHeader", Some("Root=1")),
        ("MessageGroupId", None),
        ("SequenceNumber", None),
    ] {
        assert_eq!(attribute(message, name), value, "{name}");
    }
    let [bytes, number] = &message.message_attributes[..] else { panic!("two") };
    assert_eq!((bytes.name.as_str(), bytes.data_type.as_str()), ("bytes", "Binary"));
    assert_eq!(bytes.value, QueueAttributeValue::Binary(vec![1, 2].into()));
    assert_eq!((number.name.as_str(), &number.value), ("number", &QueueAttributeValue::Text("7".to_owned())));
    assert_eq!((message.trace.as_deref(), message.hops), (Some("Root=1"), 0));
}

#[tokio::test]
async fn ten_thousand_are_received_and_deleted_at_once() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    fill(&bed, &url, 10_020).await;
    let source = bed.sqs.followed();
    let received = source.receive(&named("q"), up_to(20_000)).await.unwrap();
    assert_eq!(received.len(), QueueReceive::MAX_MESSAGES);
    assert_eq!(bed.counts(&url).await, [20, 10_000, 0]);
    let before = bed.store_sequence();
    let outcomes = source.delete(&named("q"), &handles(&received)).await.unwrap();
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(bed.store_sequence(), before + 1);
    assert_eq!(bed.counts(&url).await, [20, 0, 0]);
    bed.check().await;
}

#[tokio::test]
async fn a_receive_stops_before_it_has_too_many_bytes() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    for _ in 0..5 {
        bed.send(&url, &"x".repeat(1000)).await;
    }
    let source = bed.sqs.followed();
    let received = source.receive(&named("q"), QueueReceive { bytes: 2500, ..up_to(10) }).await.unwrap();
    assert_eq!(received.len(), 2);
    let one = source.receive(&named("q"), QueueReceive { bytes: 1, ..up_to(10) }).await.unwrap();
    assert_eq!(one.len(), 1);
    assert_eq!(bed.counts(&url).await, [2, 3, 0]);
}

#[tokio::test]
async fn a_group_is_locked_until_each_of_its_messages_is_settled() {
    let bed = Bed::new().await;
    let url = bed.create_fifo("q.fifo", json!({})).await;
    for (group, body) in [("a", "1"), ("a", "2"), ("b", "3"), ("a", "4")] {
        bed.send_fifo(&url, group, body).await;
    }
    let (source, queue) = (bed.sqs.followed(), named("q.fifo"));
    let received = source.receive(&queue, up_to(3)).await.unwrap();
    assert_eq!(bodies(&received), ["1", "2", "4"]);
    assert_eq!(received[0].group.as_deref(), Some("a"));
    assert!(attribute(&received[0], "SequenceNumber") < attribute(&received[1], "SequenceNumber"));
    assert_eq!(bodies(&source.receive(&queue, up_to(10)).await.unwrap()), ["3"]);
    let held = handles(&received);
    source.delete(&queue, &held[..1]).await.unwrap();
    source.change_visibility(&queue, &held[2..], Duration::ZERO).await.unwrap();
    assert_eq!(source.receive(&queue, up_to(10)).await.unwrap(), []);
    source.change_visibility(&queue, &held[1..2], Duration::ZERO).await.unwrap();
    assert_eq!(bodies(&source.receive(&queue, up_to(10)).await.unwrap()), ["2", "4"]);
}

#[tokio::test]
async fn what_is_wrong_with_one_handle_concerns_that_one_alone() {
    let bed = Bed::new().await;
    let url = bed.create_fifo("q.fifo", json!({})).await;
    bed.send_fifo(&url, "a", "1").await;
    bed.send_fifo(&url, "b", "2").await;
    let (source, queue) = (bed.sqs.followed(), named("q.fifo"));
    let held = handles(&source.receive(&queue, up_to(2)).await.unwrap());
    source.change_visibility(&queue, &held[..1], Duration::ZERO).await.unwrap();
    let mixed = [held[0].clone(), "nonsense".to_owned(), held[1].clone()];
    let expected = vec![Err(HandleRefusal::Expired), Err(HandleRefusal::Invalid), Ok(())];
    assert_eq!(source.delete(&queue, &mixed).await.unwrap(), expected);
    let too_long = source.change_visibility(&queue, &[], Duration::from_secs(43_201)).await.unwrap();
    assert_eq!(too_long, []);
    assert_eq!(bed.counts(&url).await, [1, 0, 0]);
}

#[tokio::test]
async fn a_follower_is_woken_by_a_message_and_is_busy_until_it_has_it() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let source = bed.sqs.followed();
    let queue = named("q");
    let waiting = QueueReceive { wait: Duration::MAX, ..up_to(10) };
    let mut receive = source.receive(&queue, waiting);
    assert!(futures::poll!(&mut receive).is_pending());
    let busy = || bed.env.activity().report(bed.env.now()).busy.iter().any(|busy| busy.what.contains("follower"));
    assert!(!busy());
    bed.send(&url, "late").await;
    assert!(busy());
    assert_eq!(bodies(&receive.await.unwrap()), ["late"]);
    assert!(!busy());
}

#[tokio::test]
async fn what_a_follower_fails_on_too_often_is_a_dead_letter() {
    let bed = Bed::new().await;
    let dead = bed.create("dead", json!({})).await;
    let redrive = json!({ "deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1 }).to_string();
    let url = bed.create("q", json!({ "RedrivePolicy": redrive })).await;
    bed.send(&url, "bad").await;
    let (source, queue) = (bed.sqs.followed(), named("q"));
    let held = handles(&source.receive(&queue, up_to(10)).await.unwrap());
    source.change_visibility(&queue, &held, Duration::ZERO).await.unwrap();
    assert_eq!(source.receive(&queue, up_to(10)).await.unwrap(), []);
    assert_eq!((bed.counts(&url).await, bed.counts(&dead).await), ([0, 0, 0], [1, 0, 0]));
    let letter = &source.receive(&named("dead"), up_to(1)).await.unwrap()[0];
    assert_eq!(attribute(letter, "DeadLetterQueueSourceArn"), Some(arn("q").as_str()));
    assert_eq!(attribute(letter, "ApproximateReceiveCount"), Some("2"));
}
