use serde_json::json;

use crate::bed::{Bed, arn, bodies};

#[tokio::test]
async fn messages_expire_when_their_time_is_over() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({ "MessageRetentionPeriod": "60" })).await;
    bed.send(&url, "waiting").await;
    bed.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": "delayed", "DelaySeconds": 900 })).await;
    bed.send(&url, "in flight").await;
    let received = bed.receive_with(&url, json!({ "VisibilityTimeout": 600 })).await;
    assert_eq!(received.len(), 2);
    bed.send(&url, "unread").await;
    bed.advance(30).await;
    bed.send(&url, "later").await;
    bed.advance(31).await;
    assert_eq!(bed.counts(&url).await, [1, 0, 0], "the one in flight and the delayed one are gone too");
    assert_eq!(bodies(&bed.receive(&url).await), ["later"]);
    bed.delete(&url, &received[0]).await;
    bed.advance(60).await;
    assert_eq!(bed.counts(&url).await, [0, 0, 0]);
    bed.check().await;
}

#[tokio::test]
async fn an_expired_message_is_not_received_even_if_nobody_has_removed_it() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({ "MessageRetentionPeriod": "60" })).await;
    bed.send(&url, "x").await;
    bed.clock.advance(std::time::Duration::from_millis(60_001));
    assert!(bed.receive(&url).await.is_empty());
}

#[tokio::test]
async fn a_shorter_retention_holds_for_what_is_there() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    bed.send(&url, "x").await;
    bed.advance(120).await;
    assert_eq!(bed.counts(&url).await, [1, 0, 0]);
    bed.ok("SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": { "MessageRetentionPeriod": "60" } })).await;
    bed.settle().await;
    assert_eq!(bed.counts(&url).await, [0, 0, 0]);
}

#[tokio::test]
async fn a_dead_letter_keeps_its_age() {
    let bed = Bed::new().await;
    let dead = bed.create("dead", json!({ "MessageRetentionPeriod": "120" })).await;
    let policy = json!({ "deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1 }).to_string();
    let live = bed.create("live", json!({ "RedrivePolicy": policy, "VisibilityTimeout": "0" })).await;
    bed.send(&live, "x").await;
    bed.advance(100).await;
    bed.receive(&live).await;
    bed.receive(&live).await;
    assert_eq!(bed.counts(&dead).await, [1, 0, 0]);
    bed.advance(21).await;
    assert_eq!(bed.counts(&dead).await, [0, 0, 0]);
}

/// A clock that is moved far stops wherever something is due: at what expires, and nowhere else.
#[tokio::test]
async fn nothing_is_due_before_something_can_expire() {
    let bed = Bed::new().await;
    let url = bed.create("q.fifo", json!({ "FifoQueue": "true", "MessageRetentionPeriod": "86400" })).await;
    bed.settle().await;
    let due_in =
        || bed.env.activity().report(bed.env.now()).next_due().map(|due| due.as_millis() - bed.env.now().as_millis());
    assert_eq!(due_in(), Some(86_400_000), "an empty queue is looked at when what is sent now expires");
    let attempt = json!({ "QueueUrl": url, "ReceiveRequestAttemptId": "once" });
    bed.ok(
        "SendMessage",
        json!({ "QueueUrl": url, "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "x" }),
    )
    .await;
    bed.ok("ReceiveMessage", attempt).await;
    bed.settle().await;
    for _ in 0..3 {
        bed.advance(300).await;
    }
    assert!(due_in().is_some_and(|due| due > 80_000_000), "the attempt is over and removed: {:?}", due_in());
    bed.advance(86_400).await;
    assert_eq!(bed.counts(&url).await, [0, 0, 0]);
}
