use serde_json::json;

use crate::bed::{Bed, bodies};

#[tokio::test]
async fn a_message_waits_for_its_own_delay_or_its_queues() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({ "DelaySeconds": "10" })).await;
    bed.send(&url, "queue's").await;
    bed.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": "own", "DelaySeconds": 20 })).await;
    bed.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": "none", "DelaySeconds": 0 })).await;
    assert_eq!(bed.counts(&url).await, [1, 0, 2]);
    assert_eq!(bodies(&bed.receive(&url).await), ["none"]);
    bed.advance_ms(9_999).await;
    assert!(bed.receive(&url).await.is_empty());
    bed.advance_ms(1).await;
    assert_eq!(bodies(&bed.receive(&url).await), ["queue's"]);
    bed.advance(10).await;
    assert_eq!(bodies(&bed.receive(&url).await), ["own"]);
}

#[tokio::test]
async fn a_delay_survives_a_restart() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({ "DelaySeconds": "10" })).await;
    bed.send(&url, "x").await;
    let bed = bed.restart().await;
    assert!(bed.receive(&url).await.is_empty());
    bed.advance(10).await;
    assert_eq!(bodies(&bed.receive(&url).await), ["x"]);
}

#[tokio::test]
async fn a_shorter_delay_lets_no_message_of_a_fifo_queue_overtake() {
    let bed = Bed::new().await;
    let url = bed.create_fifo("q.fifo", json!({ "DelaySeconds": "60" })).await;
    bed.send_fifo(&url, "a", "first").await;
    bed.ok("SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": { "DelaySeconds": "0" } })).await;
    bed.send_fifo(&url, "a", "second").await;
    assert!(bed.receive(&url).await.is_empty());
    bed.advance(60).await;
    assert_eq!(bodies(&bed.receive_with(&url, json!({ "MaxNumberOfMessages": 1 })).await), ["first"]);
    bed.advance(100).await;
    assert_eq!(bodies(&bed.receive(&url).await), ["first", "second"]);
    bed.send_fifo(&url, "b", "third").await;
    assert_eq!(bodies(&bed.receive(&url).await), ["third"], "once the old delays are over, the new one holds");
}
