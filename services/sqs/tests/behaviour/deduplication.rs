use serde_json::{Value, json};

use crate::bed::{Bed, bodies};

async fn send(bed: &Bed, url: &str, group: &str, body: &str, id: Option<&str>) -> Value {
    let mut input = json!({ "QueueUrl": url, "MessageBody": body, "MessageGroupId": group });
    if let Some(id) = id {
        input["MessageDeduplicationId"] = json!(id);
    }
    bed.ok("SendMessage", input).await
}

#[tokio::test]
async fn a_repeated_id_is_one_message_for_five_minutes() {
    let bed = Bed::new().await;
    let url = bed.create_fifo("q.fifo", json!({})).await;
    let first = send(&bed, &url, "a", "one", Some("id")).await;
    let again = send(&bed, &url, "b", "another body", Some("id")).await;
    assert_eq!(again["MessageId"], first["MessageId"]);
    assert_eq!(again["SequenceNumber"], first["SequenceNumber"]);
    assert_ne!(again["MD5OfMessageBody"], first["MD5OfMessageBody"], "the digest is of what was sent this time");
    let received = bed.receive(&url).await;
    assert_eq!(bodies(&received), ["one"]);
    bed.delete(&url, &received[0]).await;
    bed.advance(299).await;
    assert_eq!(send(&bed, &url, "a", "one", Some("id")).await["MessageId"], first["MessageId"], "also when deleted");
    assert_eq!(bed.counts(&url).await, [0, 0, 0]);

    let bed = bed.restart().await;
    assert_eq!(send(&bed, &url, "a", "one", Some("id")).await["MessageId"], first["MessageId"], "over restarts");
    bed.advance(1).await;
    let second = send(&bed, &url, "a", "one", Some("id")).await;
    assert_ne!(second["MessageId"], first["MessageId"]);
    assert!(second["SequenceNumber"].as_str() > first["SequenceNumber"].as_str());
    bed.check().await;
}

#[tokio::test]
async fn a_purge_forgets_what_was_sent() {
    let bed = Bed::new().await;
    for scope in ["queue", "messageGroup"] {
        let settings = json!({ "DeduplicationScope": scope, "ContentBasedDeduplication": "True" });
        let url = bed.create_fifo(&format!("{scope}.fifo"), settings).await;
        let first = send(&bed, &url, "a", "one", Some("id")).await;
        bed.advance(1).await;
        bed.ok("PurgeQueue", json!({ "QueueUrl": url })).await;
        let second = send(&bed, &url, "a", "two", Some("id")).await;
        assert_ne!(second["MessageId"], first["MessageId"]);
        assert_eq!(send(&bed, &url, "a", "three", Some("id")).await["MessageId"], second["MessageId"]);
        assert_eq!(bodies(&bed.receive(&url).await), ["two"]);
    }
    bed.check().await;
    let bed = Bed::with(tidegate_sqs::Options { purges_rest: false, ..Default::default() }).await;
    let url = bed.create_fifo("q.fifo", json!({})).await;
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(send(&bed, &url, "a", "one", Some("id")).await["MessageId"].clone());
        bed.ok("PurgeQueue", json!({ "QueueUrl": url })).await;
    }
    assert!(sent[0] != sent[1] && sent[1] != sent[2], "though the clock stands still: {sent:?}");
}

#[tokio::test]
async fn equal_bodies_are_one_message_where_content_decides() {
    let bed = Bed::new().await;
    let url = bed.create_fifo("q.fifo", json!({ "ContentBasedDeduplication": "true" })).await;
    let first = send(&bed, &url, "a", "one", None).await;
    assert_eq!(send(&bed, &url, "a", "one", None).await["MessageId"], first["MessageId"]);
    let explicit = send(&bed, &url, "a", "one", Some("id")).await;
    assert_ne!(explicit["MessageId"], first["MessageId"], "an explicit id goes before the content");
    send(&bed, &url, "a", "two", None).await;
    let received = bed.receive(&url).await;
    assert_eq!(bodies(&received), ["one", "one", "two"]);
    let sha = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    assert_eq!(received[0]["Attributes"]["MessageDeduplicationId"], sha);
}

#[tokio::test]
async fn the_scope_is_the_queue_or_the_group() {
    let bed = Bed::new().await;
    let per_queue = bed.create_fifo("q.fifo", json!({})).await;
    let per_group = json!({ "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId" });
    let per_group = bed.create_fifo("g.fifo", per_group).await;
    for (url, count) in [(per_queue, 1), (per_group, 2)] {
        for group in ["a", "b", "a", "b"] {
            send(&bed, &url, group, "x", Some("id")).await;
        }
        assert_eq!(bed.counts(&url).await, [count, 0, 0], "{url}");
    }
}

#[tokio::test]
async fn a_batch_may_repeat_itself() {
    let bed = Bed::new().await;
    let url = bed.create_fifo("q.fifo", json!({})).await;
    let before = send(&bed, &url, "a", "before", Some("old")).await;
    let entry = |id: &str, body: &str, deduplication: &str| {
        json!({
            "Id": id, "MessageBody": body, "MessageGroupId": "a", "MessageDeduplicationId": deduplication,
        })
    };
    let entries =
        json!([entry("1", "x", "new"), entry("2", "y", "new"), entry("3", "z", "old"), entry("4", "w", "newer")]);
    let answer = bed.ok("SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await;
    let sent = answer["Successful"].as_array().unwrap();
    assert_eq!(sent[0]["MessageId"], sent[1]["MessageId"]);
    assert_eq!(sent[0]["SequenceNumber"], sent[1]["SequenceNumber"]);
    assert_eq!(sent[2]["MessageId"], before["MessageId"]);
    assert!(sent[3]["SequenceNumber"].as_str() > sent[0]["SequenceNumber"].as_str());
    assert_eq!(bodies(&bed.receive(&url).await), ["before", "x", "w"]);
    bed.check().await;
}

#[tokio::test]
async fn of_many_equal_sends_at_once_one_counts() {
    let bed = Bed::new().await;
    let url = bed.create_fifo("q.fifo", json!({})).await;
    let sends = (0..50).map(|_| send(&bed, &url, "a", "x", Some("id")));
    let answers = futures::future::join_all(sends).await;
    assert!(answers.iter().all(|answer| answer["MessageId"] == answers[0]["MessageId"]));
    assert_eq!(bed.counts(&url).await, [1, 0, 0]);
}
