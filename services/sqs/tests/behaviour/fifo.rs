use serde_json::{Value, json};

use crate::bed::{Bed, bodies, system};

#[tokio::test]
async fn a_group_is_received_in_order_and_locked_until_it_is_done() {
    let bed = Bed::new().await;
    let url = bed.create_fifo("q.fifo", json!({})).await;
    let mut numbers = Vec::new();
    for (group, body) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("a", "a3"), ("b", "b2")] {
        let sent = bed.send_fifo(&url, group, body).await;
        numbers.push(sent["SequenceNumber"].as_str().unwrap().to_owned());
    }
    assert!(numbers.is_sorted() && numbers.iter().all(|number| number.len() == 20), "{numbers:?}");
    let two = bed.receive_with(&url, json!({ "MaxNumberOfMessages": 2 })).await;
    assert_eq!(bodies(&two), ["a1", "a2"], "several of one group, in order");
    assert_eq!(system(&two[0], "SequenceNumber"), numbers[0]);
    assert_eq!(system(&two[0], "MessageGroupId"), "a");
    assert_eq!(bodies(&bed.receive(&url).await), ["b1", "b2"], "the group is locked, another is not");
    bed.delete(&url, &two[0]).await;
    assert!(bed.receive(&url).await.is_empty(), "one of the two is still in flight");
    bed.delete(&url, &two[1]).await;
    assert_eq!(bodies(&bed.receive(&url).await), ["a3"]);
    bed.check().await;
}

#[tokio::test]
async fn order_holds_over_retries_and_restarts() {
    let bed = Bed::new().await;
    let url = bed.create_fifo("q.fifo", json!({ "VisibilityTimeout": "30" })).await;
    for body in ["1", "2", "3"] {
        bed.send_fifo(&url, "g", body).await;
    }
    let received = bed.receive_with(&url, json!({ "MaxNumberOfMessages": 2 })).await;
    bed.delete(&url, &received[1]).await;
    let bed = bed.restart().await;
    assert!(bed.receive(&url).await.is_empty());
    bed.advance(30).await;
    assert_eq!(bodies(&bed.receive(&url).await), ["1", "3"]);
}

#[tokio::test]
async fn a_released_message_is_received_before_its_successors() {
    let bed = Bed::new().await;
    let url = bed.create_fifo("q.fifo", json!({})).await;
    for body in ["1", "2"] {
        bed.send_fifo(&url, "g", body).await;
    }
    let first = bed.receive_with(&url, json!({ "MaxNumberOfMessages": 1 })).await;
    bed.hide(&url, &first[0], 0).await.unwrap();
    let again = bed.receive(&url).await;
    assert_eq!(bodies(&again), ["1", "2"]);
    assert_eq!(system(&again[0], "ApproximateReceiveCount"), "2");
}

#[tokio::test]
async fn an_expired_receipt_does_not_delete() {
    let bed = Bed::new().await;
    let url = bed.create_fifo("q.fifo", json!({ "VisibilityTimeout": "5" })).await;
    bed.send_fifo(&url, "g", "x").await;
    let received = bed.receive(&url).await;
    let handle = received[0]["ReceiptHandle"].as_str().unwrap();
    let expired =
        format!("Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.");
    let delete = json!({ "QueueUrl": url, "ReceiptHandle": handle });
    bed.advance(5).await;
    bed.refuses("DeleteMessage", delete.clone(), "InvalidParameterValue", &expired).await;
    let again = bed.receive(&url).await;
    bed.refuses("DeleteMessage", delete.clone(), "InvalidParameterValue", &expired).await;
    bed.delete(&url, &again[0]).await;
    // What is gone is gone: deleting twice is no error.
    bed.ok("DeleteMessage", delete).await;
    assert_eq!(bed.counts(&url).await, [0, 0, 0]);
}

#[tokio::test]
async fn a_receive_attempt_can_be_repeated() {
    let bed = Bed::new().await;
    let url = bed.create_fifo("q.fifo", json!({ "VisibilityTimeout": "30" })).await;
    for body in ["1", "2", "3"] {
        bed.send_fifo(&url, "g", body).await;
    }
    let attempt = json!({ "ReceiveRequestAttemptId": "try", "MaxNumberOfMessages": 2 });
    let first = bed.receive_with(&url, attempt.clone()).await;
    bed.advance(20).await;
    let again = bed.receive_with(&url, attempt.clone()).await;
    assert_eq!(again, first, "the same messages, the same receipts");
    let bed = bed.restart().await;
    bed.advance(20).await;
    assert_eq!(bed.receive_with(&url, attempt.clone()).await, first, "the repetition has hidden them anew");
    bed.delete(&url, &first[0]).await;
    assert!(bed.receive_with(&url, attempt.clone()).await.is_empty(), "not all of it is held any more");
    bed.advance(30).await;
    let fresh = bed.receive_with(&url, attempt).await;
    assert_eq!(bodies(&fresh), ["2", "3"]);
    let other: Vec<Value> = bed.receive_with(&url, json!({ "ReceiveRequestAttemptId": "other" })).await;
    assert!(other.is_empty());
    bed.check().await;
}
