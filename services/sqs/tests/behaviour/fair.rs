use std::collections::BTreeSet;

use serde_json::json;

use crate::bed::{Bed, system};

#[tokio::test]
async fn a_noisy_tenant_does_not_starve_the_others() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let send = |group: &'static str, body: String| {
        bed.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": body, "MessageGroupId": group }))
    };
    for n in 0..500 {
        send("noisy", n.to_string()).await;
    }
    for tenant in ["quiet", "shy"] {
        send(tenant, tenant.to_owned()).await;
    }
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        seen.extend(
            bed.receive_with(&url, json!({ "MaxNumberOfMessages": 1 }))
                .await
                .iter()
                .map(|message| system(message, "MessageGroupId").to_owned()),
        );
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["noisy", "quiet", "shy"]);
}

#[tokio::test]
async fn a_group_of_a_standard_queue_is_not_locked() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    for body in ["1", "2"] {
        bed.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": body, "MessageGroupId": "g" })).await;
    }
    for _ in 0..2 {
        let received = bed.receive_with(&url, json!({ "MaxNumberOfMessages": 1 })).await;
        assert_eq!(received.len(), 1);
        assert_eq!(system(&received[0], "SequenceNumber"), "");
    }
}
