use serde_json::json;
use tidegate_store::engine::memory::Fault;

use crate::bed::{Bed, bodies};

/// Calls until the store has recovered; every refusal meanwhile must be a 503.
async fn once_recovered(bed: &Bed, url: &str) -> serde_json::Value {
    loop {
        match bed.call("GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] })).await {
            Ok(_) => match bed.call("SendMessage", json!({ "QueueUrl": url, "MessageBody": "after" })).await {
                Ok(answer) => return answer,
                Err(refused) => assert_eq!(refused.status, 503, "{refused:?}"),
            },
            Err(refused) => assert_eq!(refused.status, 503, "{refused:?}"),
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_failing_disk_is_a_503_and_nothing_half_done() {
    for fault in [Fault::FailedWrite, Fault::FailedSync, Fault::PartialWrite, Fault::DiskFull] {
        let bed = Bed::new().await;
        let url = bed.create("q", json!({})).await;
        bed.send(&url, "before").await;
        bed.disk.plan(fault, 0);
        let entries: serde_json::Value =
            (0..10).map(|n| json!({ "Id": n.to_string(), "MessageBody": n.to_string() })).collect();
        let refused = bed.call("SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await.unwrap_err();
        assert_eq!((refused.code.as_str(), refused.status), ("ServiceUnavailable", 503), "{fault:?}");
        once_recovered(&bed, &url).await;
        let mut all = Vec::new();
        loop {
            let received = bed.receive(&url).await;
            if received.is_empty() {
                break;
            }
            all.extend(bodies(&received).into_iter().map(str::to_owned));
        }
        let batch = all.iter().filter(|body| body.len() == 1).count();
        assert!(batch == 0 || batch == 10, "{fault:?}: a batch is there as a whole or not at all: {all:?}");
        assert!(all.contains(&"before".to_owned()) && all.contains(&"after".to_owned()), "{fault:?}: {all:?}");
        bed.check().await;
    }
}

#[tokio::test]
async fn a_receive_that_fails_hands_nothing_out_and_loses_nothing() {
    for fault in [Fault::FailedWrite, Fault::FailedSync] {
        let bed = Bed::new().await;
        let url = bed.create("q", json!({})).await;
        bed.send(&url, "x").await;
        bed.disk.plan(fault, 0);
        let refused = bed.call("ReceiveMessage", json!({ "QueueUrl": url })).await.unwrap_err();
        assert_eq!(refused.status, 503, "{fault:?}");
        once_recovered(&bed, &url).await;
        // Whether the lease was written is not known; in the worst case it runs out.
        bed.advance(30).await;
        let received = bed.receive(&url).await;
        let mut bodies = bodies(&received);
        bodies.sort_unstable();
        assert_eq!(bodies, ["after", "x"], "{fault:?}");
    }
}

#[tokio::test]
async fn a_receive_that_is_dropped_loses_nothing() {
    use futures::FutureExt;
    let bed = Bed::new().await;
    let url = bed.create("q", json!({ "VisibilityTimeout": "5" })).await;
    bed.send(&url, "x").await;
    for _ in 0..3 {
        // Polled once: reserved, perhaps submitted, not answered.
        drop(bed.receive(&url).now_or_never());
        bed.advance(5).await;
    }
    let mut received = Vec::new();
    while received.is_empty() {
        received = bed.receive(&url).await;
        bed.advance(5).await;
    }
    assert_eq!(bodies(&received), ["x"]);
}
