use std::time::Duration;

use futures::FutureExt;
use serde_json::json;

use crate::bed::{Bed, bodies};

#[tokio::test]
async fn a_poll_is_answered_as_soon_as_a_message_comes() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let poll = bed.receive_with(&url, json!({ "WaitTimeSeconds": 20 }));
    let (received, _) = tokio::join!(poll, bed.send(&url, "x"));
    assert_eq!(bodies(&received), ["x"]);
}

#[tokio::test]
async fn a_poll_ends_empty_when_its_time_is_up() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({ "ReceiveMessageWaitTimeSeconds": "5" })).await;
    let mut poll = bed.receive_with(&url, json!({})).boxed();
    assert!((&mut poll).now_or_never().is_none());
    assert_eq!(bed.env.waits().count(), 1, "the idle barrier sees that it only waits");
    bed.advance_ms(4_999).await;
    assert!((&mut poll).now_or_never().is_none());
    bed.clock.advance(Duration::from_millis(1));
    assert!(poll.await.is_empty());
    assert_eq!(bed.env.waits().count(), 0);
    assert!(bed.receive_with(&url, json!({ "WaitTimeSeconds": 0 })).await.is_empty(), "a short poll does not wait");
}

#[tokio::test]
async fn each_message_wakes_a_poll_of_its_own() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let polls = (0..5).map(|_| bed.receive_with(&url, json!({ "WaitTimeSeconds": 20, "MaxNumberOfMessages": 1 })));
    let sends = async {
        for n in 0..5 {
            bed.send(&url, &n.to_string()).await;
        }
    };
    let (received, ()) = tokio::join!(futures::future::join_all(polls), sends);
    let mut all: Vec<&str> = received.iter().flat_map(|messages| bodies(messages)).collect();
    all.sort_unstable();
    assert_eq!(all, ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn a_poll_is_woken_by_a_delay_and_by_a_timeout() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({ "VisibilityTimeout": "5" })).await;
    bed.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": "x", "DelaySeconds": 5 })).await;
    for _ in 0..2 {
        let poll = bed.receive_with(&url, json!({ "WaitTimeSeconds": 20 }));
        let (received, ()) = tokio::join!(poll, bed.advance(5));
        assert_eq!(bodies(&received), ["x"]);
    }
}

#[tokio::test]
async fn a_poll_that_is_given_up_loses_nothing() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let mut gone = bed.receive_with(&url, json!({ "WaitTimeSeconds": 20 })).boxed();
    assert!((&mut gone).now_or_never().is_none());
    let mut waiting = bed.receive_with(&url, json!({ "WaitTimeSeconds": 20 })).boxed();
    assert!((&mut waiting).now_or_never().is_none());
    bed.send(&url, "x").await;
    drop(gone);
    assert_eq!(bodies(&waiting.await), ["x"], "the wake-up was passed on");
}

#[tokio::test]
async fn polls_end_when_the_server_stops_or_the_queue_goes() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let poll = bed.call("ReceiveMessage", json!({ "QueueUrl": url, "WaitTimeSeconds": 20 }));
    let (answer, _) = tokio::join!(poll, bed.ok("DeleteQueue", json!({ "QueueUrl": url })));
    assert_eq!(answer.unwrap_err().code, "AWS.SimpleQueueService.NonExistentQueue");

    let url = bed.create("p", json!({})).await;
    let poll = bed.receive_with(&url, json!({ "WaitTimeSeconds": 20 }));
    let (received, ()) = tokio::join!(poll, async { bed.env.waits().end_all() });
    assert!(received.is_empty());
}
