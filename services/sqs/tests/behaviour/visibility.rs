use serde_json::json;

use crate::bed::{Bed, bodies, system};

#[tokio::test]
async fn a_message_comes_back_after_its_timeout() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({ "VisibilityTimeout": "10" })).await;
    bed.send(&url, "x").await;
    let first = bed.receive(&url).await;
    bed.advance_ms(9_999).await;
    assert!(bed.receive(&url).await.is_empty());
    bed.advance_ms(1).await;
    let second = bed.receive_with(&url, json!({ "VisibilityTimeout": 100 })).await;
    assert_eq!(system(&second[0], "ApproximateReceiveCount"), "2");
    assert_eq!(system(&second[0], "ApproximateFirstReceiveTimestamp"), "1700000000000");
    assert_ne!(first[0]["ReceiptHandle"], second[0]["ReceiptHandle"]);
    bed.delete(&url, &first[0]).await;
    assert_eq!(bed.counts(&url).await, [0, 0, 0], "in a standard queue an old handle deletes");
}

#[tokio::test]
async fn a_timeout_can_be_changed_while_it_runs() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({ "VisibilityTimeout": "10" })).await;
    bed.send(&url, "x").await;
    let received = bed.receive(&url).await;
    bed.advance(5).await;
    bed.hide(&url, &received[0], 20).await.unwrap();
    bed.advance(19).await;
    assert!(bed.receive(&url).await.is_empty());
    bed.hide(&url, &received[0], 0).await.unwrap();
    let again = bed.receive(&url).await;
    assert_eq!(bodies(&again), ["x"]);
    bed.hide(&url, &received[0], 0).await.unwrap();
    assert_eq!(bodies(&bed.receive(&url).await), ["x"], "an old handle ends another consumer's lease, as on AWS");
    bed.check().await;
}

#[tokio::test]
async fn a_message_of_a_standard_queue_can_be_hidden_again() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({ "VisibilityTimeout": "10" })).await;
    bed.send(&url, "x").await;
    let received = bed.receive(&url).await;
    bed.advance(10).await;
    assert_eq!(bed.counts(&url).await, [1, 0, 0]);
    bed.hide(&url, &received[0], 5).await.unwrap();
    assert_eq!(bed.counts(&url).await, [0, 1, 0]);
    let bed = bed.restart().await;
    assert!(bed.receive(&url).await.is_empty());
    bed.advance(5).await;
    let again = bed.receive(&url).await;
    assert_eq!(system(&again[0], "ApproximateReceiveCount"), "2");
    bed.delete(&url, &again[0]).await;
    let handle = received[0]["ReceiptHandle"].as_str().unwrap();
    assert_eq!(
        bed.hide(&url, &received[0], 5).await.unwrap_err().message,
        format!(
            "Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."
        )
    );
    bed.check().await;
}

#[tokio::test]
async fn a_fifo_message_that_is_not_in_flight_cannot_be_changed() {
    let bed = Bed::new().await;
    let url =
        bed.create_fifo("q.fifo", json!({ "VisibilityTimeout": "10", "ContentBasedDeduplication": "true" })).await;
    bed.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": "x", "MessageGroupId": "g" })).await;
    let received = bed.receive(&url).await;
    bed.advance(10).await;
    let refused = bed.hide(&url, &received[0], 5).await.unwrap_err();
    assert_eq!((refused.code.as_str(), refused.status), ("AWS.SimpleQueueService.MessageNotInflight", 400));
    assert_eq!(bodies(&bed.receive(&url).await), ["x"]);
    assert_eq!(bed.hide(&url, &received[0], 5).await.unwrap_err().code, "InvalidParameterValue");
}

#[tokio::test]
async fn twelve_hours_since_the_receive_are_the_limit() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    bed.send(&url, "x").await;
    let received = bed.receive(&url).await;
    bed.advance(1).await;
    let refused = bed.hide(&url, &received[0], 43_200).await.unwrap_err();
    let message = "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].";
    assert_eq!((refused.code.as_str(), refused.message.as_str()), ("InvalidParameterValue", message));
    bed.hide(&url, &received[0], 43_199).await.unwrap();
}

#[tokio::test]
async fn a_timeout_of_zero_hides_nothing() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({ "VisibilityTimeout": "0" })).await;
    bed.send(&url, "x").await;
    for count in ["1", "2", "3"] {
        let received = bed.receive(&url).await;
        assert_eq!(system(&received[0], "ApproximateReceiveCount"), count);
    }
    assert_eq!(bed.counts(&url).await, [1, 0, 0]);
}
