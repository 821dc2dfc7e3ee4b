use serde_json::json;

use crate::bed::{Bed, bodies, system};

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    let bed = Bed::new().await;
    let url = bed.create("orders", json!({})).await;
    assert_eq!(url, "http://localhost:4566/000000000000/orders");
    let sent = bed.send(&url, "msg").await;
    assert_eq!(sent["MD5OfMessageBody"], "6e2baaf3b97dbeef01c0043275f9a0e7");
    assert_eq!(sent.get("SequenceNumber"), None);
    assert_eq!(bed.counts(&url).await, [1, 0, 0]);

    let received = bed.receive(&url).await;
    assert_eq!(bodies(&received), ["msg"]);
    assert_eq!(received[0]["MessageId"], sent["MessageId"]);
    assert_eq!(received[0]["MD5OfBody"], sent["MD5OfMessageBody"]);
    assert_eq!(system(&received[0], "ApproximateReceiveCount"), "1");
    assert_eq!(system(&received[0], "SenderId"), "000000000000");
    assert_eq!(system(&received[0], "SentTimestamp"), "1700000000000");
    assert_eq!(system(&received[0], "ApproximateFirstReceiveTimestamp"), "1700000000000");
    assert_eq!(received[0]["Attributes"].as_object().unwrap().len(), 4);
    assert_eq!(bed.counts(&url).await, [0, 1, 0]);
    assert!(bed.receive(&url).await.is_empty(), "it is in flight");

    bed.delete(&url, &received[0]).await;
    bed.delete(&url, &received[0]).await;
    assert_eq!(bed.counts(&url).await, [0, 0, 0]);
    bed.check().await;
}

#[tokio::test]
async fn a_receive_shows_what_it_asks_for() {
    let bed = Bed::new().await;
    let url = bed.create("orders", json!({ "VisibilityTimeout": "0" })).await;
    let attributes = json!({
        "Foo": { "DataType": "String", "StringValue": "Bar" },
        "Foo.Bin": { "DataType": "Binary.x", "BinaryValue": "AAE=" },
        "Other": { "DataType": "Number", "StringValue": "1.5" },
    });
    let trace = json!({ "AWSTraceHeader": { "DataType": "String", "StringValue": "some-trace-id" } });
    let sent = bed
        .ok(
            "SendMessage",
            json!({
                "QueueUrl": url, "MessageBody": "msg", "MessageAttributes": attributes, "MessageSystemAttributes": trace,
            }),
        )
        .await;
    assert_eq!(sent["MD5OfMessageSystemAttributes"], "fdce4f2818803f2f73becc09a54792c0");

    let receive = |names: serde_json::Value| json!({ "QueueUrl": url, "MessageAttributeNames": names });
    let nothing = bed.ok("ReceiveMessage", json!({ "QueueUrl": url })).await;
    assert_eq!(nothing["Messages"][0].get("Attributes"), None);
    assert_eq!(nothing["Messages"][0].get("MessageAttributes"), None);
    assert_eq!(nothing["Messages"][0].get("MD5OfMessageAttributes"), None);

    let one = bed.ok("ReceiveMessage", receive(json!(["Foo"]))).await;
    assert_eq!(one["Messages"][0]["MessageAttributes"], json!({ "Foo": attributes["Foo"] }));
    // Recorded from AWS: the digest is of what is returned, not of what was sent.
    assert_eq!(one["Messages"][0]["MD5OfMessageAttributes"], "ae7155c6026991b6d54b11589678bf9c");

    let prefix = bed.ok("ReceiveMessage", receive(json!(["Foo.*"]))).await;
    let expected = json!({ "Foo": attributes["Foo"], "Foo.Bin": attributes["Foo.Bin"] });
    assert_eq!(prefix["Messages"][0]["MessageAttributes"], expected);
    for all in [json!(["All"]), json!([".*"])] {
        let all = bed.ok("ReceiveMessage", receive(all)).await;
        assert_eq!(all["Messages"][0]["MessageAttributes"], attributes);
        assert_eq!(all["Messages"][0]["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
    }
    let old = bed.ok("ReceiveMessage", json!({ "QueueUrl": url, "AttributeNames": ["AWSTraceHeader"] })).await;
    assert_eq!(old["Messages"][0]["Attributes"], json!({ "AWSTraceHeader": "some-trace-id" }));
}

#[tokio::test]
async fn messages_survive_a_restart() {
    let bed = Bed::new().await;
    let url = bed.create("orders", json!({})).await;
    bed.send(&url, "one").await;
    bed.send(&url, "two").await;
    let received = bed.receive_with(&url, json!({ "MaxNumberOfMessages": 1 })).await;
    assert_eq!(bodies(&received), ["one"]);
    let bed = bed.restart().await;
    assert_eq!(bed.counts(&url).await, [1, 1, 0]);
    bed.delete(&url, &received[0]).await;
    assert_eq!(bodies(&bed.receive(&url).await), ["two"]);
    bed.check().await;
}

#[tokio::test]
async fn a_purge_leaves_nothing_and_is_allowed_once_a_minute() {
    let bed = Bed::new().await;
    let url = bed.create("orders", json!({})).await;
    bed.send(&url, "one").await;
    bed.send(&url, "two").await;
    let in_flight = bed.receive_with(&url, json!({ "MaxNumberOfMessages": 1 })).await;
    bed.ok("PurgeQueue", json!({ "QueueUrl": url })).await;
    assert_eq!(bed.counts(&url).await, [0, 0, 0]);
    bed.delete(&url, &in_flight[0]).await;
    bed.send(&url, "three").await;
    assert_eq!(bodies(&bed.receive(&url).await), ["three"]);

    let message = "Only one PurgeQueue operation on orders is allowed every 60 seconds.";
    let code = "AWS.SimpleQueueService.PurgeQueueInProgress";
    bed.refuses("PurgeQueue", json!({ "QueueUrl": url }), code, message).await;
    bed.advance(60).await;
    bed.ok("PurgeQueue", json!({ "QueueUrl": url })).await;
    bed.check().await;
}

#[tokio::test]
async fn a_megabyte_passes() {
    let bed = Bed::new().await;
    let url = bed.create("orders", json!({})).await;
    let body = "x".repeat(1_048_576);
    for _ in 0..3 {
        bed.send(&url, &body).await;
    }
    let received = bed.receive(&url).await;
    assert_eq!(received.len(), 3);
    assert!(received.iter().all(|message| message["Body"] == *body));
}

#[tokio::test]
async fn in_flight_messages_are_limited() {
    let options = tidegate_sqs::Options { max_in_flight: 3, ..Default::default() };
    let bed = Bed::with(options).await;
    let url = bed.create("orders", json!({})).await;
    let fifo = bed.create_fifo("orders.fifo", json!({})).await;
    for n in 0..5 {
        bed.send(&url, &n.to_string()).await;
        bed.send_fifo(&fifo, &n.to_string(), "x").await;
    }
    assert_eq!(bed.receive(&url).await.len(), 3);
    let message = "The maximum number of in flight messages is reached.";
    bed.refuses("ReceiveMessage", json!({ "QueueUrl": url }), "OverLimit", message).await;
    assert_eq!(bed.receive(&fifo).await.len(), 3);
    assert!(bed.receive(&fifo).await.is_empty(), "beyond the limit a FIFO receive is empty");
}

#[tokio::test]
async fn an_old_handle_does_not_put_messages_in_flight_beyond_the_limit() {
    let mut bed = Bed::new().await;
    let url = bed.create("orders", json!({ "VisibilityTimeout": "10" })).await;
    for n in 0..5 {
        bed.send(&url, &n.to_string()).await;
    }
    let old = bed.receive(&url).await;
    assert_eq!(old.len(), 5);
    bed.advance(10).await;
    bed.options.max_in_flight = 3;
    let bed = bed.restart().await;
    let entry =
        |n: usize| json!({ "Id": n.to_string(), "ReceiptHandle": old[n]["ReceiptHandle"], "VisibilityTimeout": 20 });
    let entries: Vec<_> = (0..4).map(entry).collect();
    let answer = bed.ok("ChangeMessageVisibilityBatch", json!({ "QueueUrl": url, "Entries": entries })).await;
    assert_eq!(answer["Successful"].as_array().unwrap().len(), 3, "{answer}");
    let failed = &answer["Failed"][0];
    assert_eq!((&failed["Id"], &failed["Code"]), (&json!("3"), &json!("OverLimit")));
    let refused = bed.hide(&url, &old[4], 20).await.unwrap_err();
    assert_eq!(
        (&*refused.code, &*refused.message),
        ("OverLimit", "The maximum number of in flight messages is reached.")
    );
    bed.hide(&url, &old[4], 0).await.unwrap();
    bed.hide(&url, &old[0], 30).await.unwrap();
    assert_eq!(bed.counts(&url).await, [2, 3, 0]);
    bed.hide(&url, &old[0], 0).await.unwrap();
    bed.hide(&url, &old[4], 20).await.unwrap();
    bed.check().await;
}
