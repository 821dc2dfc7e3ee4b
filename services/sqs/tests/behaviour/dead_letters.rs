use serde_json::{Value, json};

use crate::bed::{Bed, arn, bodies, system};

/// A queue that gives a message up after `max` receives, and the URL of its dead-letter queue.
async fn pair(bed: &Bed, max: u32) -> (String, String) {
    let dead = bed.create("dead", json!({})).await;
    let policy = json!({ "deadLetterTargetArn": arn("dead"), "maxReceiveCount": max }).to_string();
    let live = bed.create("live", json!({ "RedrivePolicy": policy, "VisibilityTimeout": "10" })).await;
    (live, dead)
}

#[tokio::test]
async fn a_message_that_is_not_deleted_goes_to_the_dead_letter_queue() {
    let bed = Bed::new().await;
    let (live, dead) = pair(&bed, 2).await;
    let attributes = json!({ "A": { "DataType": "String", "StringValue": "a" } });
    let input = json!({ "QueueUrl": live, "MessageBody": "poison", "MessageAttributes": attributes });
    let sent = bed.ok("SendMessage", input).await;
    for count in ["1", "2"] {
        let received = bed.receive(&live).await;
        assert_eq!(system(&received[0], "ApproximateReceiveCount"), count);
        bed.advance(10).await;
    }
    assert_eq!(bed.counts(&dead).await, [0, 0, 0], "it moves when it would be received once more");
    assert!(bed.receive(&live).await.is_empty());
    assert_eq!(bed.counts(&live).await, [0, 0, 0]);
    let letters = bed.receive(&dead).await;
    assert_eq!(bodies(&letters), ["poison"]);
    assert_eq!(letters[0]["MessageId"], sent["MessageId"]);
    assert_eq!(letters[0]["MessageAttributes"], attributes);
    assert_eq!(system(&letters[0], "DeadLetterQueueSourceArn"), arn("live"));
    assert_eq!(system(&letters[0], "SentTimestamp"), "1700000000000");
    assert_eq!(system(&letters[0], "ApproximateFirstReceiveTimestamp"), "1700000000000");
    assert_eq!(system(&letters[0], "ApproximateReceiveCount"), "3", "AWS counts on");
    bed.check().await;
}

#[tokio::test]
async fn one_receive_hands_out_what_lies_behind_dead_letters() {
    let bed = Bed::new().await;
    let (live, dead) = pair(&bed, 1).await;
    for n in 0..15 {
        bed.send(&live, &n.to_string()).await;
    }
    while !bed.receive(&live).await.is_empty() {}
    bed.advance(10).await;
    bed.send(&live, "fresh").await;
    assert_eq!(bodies(&bed.receive(&live).await), ["fresh"], "two rounds of dead letters come before it");
    assert_eq!(bed.counts(&dead).await, [15, 0, 0]);
}

#[tokio::test]
async fn a_waiting_receive_is_woken_by_a_dead_letter() {
    let bed = Bed::new().await;
    let (live, dead) = pair(&bed, 1).await;
    bed.send(&live, "poison").await;
    bed.receive(&live).await;
    bed.advance(10).await;
    let waiting = bed.receive_with(&dead, json!({ "WaitTimeSeconds": 20 }));
    let (letters, nothing) = tokio::join!(waiting, bed.receive(&live));
    assert!(nothing.is_empty());
    assert_eq!(bodies(&letters), ["poison"]);
}

#[tokio::test]
async fn without_its_dead_letter_queue_a_message_stays() {
    let bed = Bed::new().await;
    let (live, dead) = pair(&bed, 1).await;
    bed.send(&live, "poison").await;
    bed.ok("DeleteQueue", json!({ "QueueUrl": dead })).await;
    for _ in 0..3 {
        assert_eq!(bodies(&bed.receive(&live).await), ["poison"]);
        bed.advance(10).await;
    }
}

#[tokio::test]
async fn a_fifo_queue_keeps_its_order_when_it_gives_up_a_message() {
    let bed = Bed::new().await;
    let dead = bed.create_fifo("dead.fifo", json!({})).await;
    let policy = json!({ "deadLetterTargetArn": arn("dead.fifo"), "maxReceiveCount": 1 }).to_string();
    let live = bed.create_fifo("live.fifo", json!({ "RedrivePolicy": policy, "VisibilityTimeout": "10" })).await;
    for body in ["a1", "a2", "a3"] {
        bed.send_fifo(&live, "a", body).await;
    }
    assert_eq!(bodies(&bed.receive_with(&live, json!({ "MaxNumberOfMessages": 1 })).await), ["a1"]);
    bed.advance(10).await;
    let next = bed.receive(&live).await;
    assert_eq!(bodies(&next), ["a2", "a3"]);
    let letters = bed.receive(&dead).await;
    assert_eq!(bodies(&letters), ["a1"]);
    assert_eq!(system(&letters[0], "MessageGroupId"), "a");
    assert_eq!(system(&letters[0], "SentTimestamp"), "1700000010000", "AWS: a FIFO queue sets a new time");
    bed.check().await;
}

#[tokio::test]
async fn sources_are_listed() {
    let bed = Bed::new().await;
    let (live, dead) = pair(&bed, 1).await;
    let list = |extra: Value| {
        let mut input = json!({ "QueueUrl": dead });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    };
    let answer = bed.ok("ListDeadLetterSourceQueues", list(json!({}))).await;
    assert_eq!(answer, json!({ "queueUrls": [live] }));
    let policy = json!({ "deadLetterTargetArn": arn("dead"), "maxReceiveCount": "3" }).to_string();
    let other = bed.create("other", json!({ "RedrivePolicy": policy })).await;
    let first = bed.ok("ListDeadLetterSourceQueues", list(json!({ "MaxResults": 1 }))).await;
    assert_eq!(first["queueUrls"], json!([live]));
    let next = json!({ "MaxResults": 1, "NextToken": first["NextToken"] });
    let second = bed.ok("ListDeadLetterSourceQueues", list(next)).await;
    assert_eq!(second, json!({ "queueUrls": [other] }));

    bed.ok("SetQueueAttributes", json!({ "QueueUrl": live, "Attributes": { "RedrivePolicy": "" } })).await;
    let answer = bed.ok("ListDeadLetterSourceQueues", list(json!({}))).await;
    assert_eq!(answer["queueUrls"], json!([other]));
    assert_eq!(bed.attribute(&live, "RedrivePolicy").await, "");
}

#[tokio::test]
async fn the_target_decides_whose_dead_letters_it_takes() {
    let bed = Bed::new().await;
    let policy = |name: &str| json!({ "deadLetterTargetArn": arn(name), "maxReceiveCount": 1 }).to_string();
    let deny = json!({ "redrivePermission": "denyAll" }).to_string();
    bed.create("closed", json!({ "RedriveAllowPolicy": deny })).await;
    let by_queue = json!({ "redrivePermission": "byQueue", "sourceQueueArns": [arn("friend")] }).to_string();
    let chosen = bed.create("chosen", json!({ "RedriveAllowPolicy": by_queue })).await;
    assert_eq!(bed.attribute(&chosen, "RedriveAllowPolicy").await, by_queue);
    for (source, target, allowed) in
        [("friend", "closed", false), ("friend", "chosen", true), ("stranger", "chosen", false)]
    {
        let input = json!({ "QueueName": source, "Attributes": { "RedrivePolicy": policy(target) } });
        let answer = bed.call("CreateQueue", input).await;
        assert_eq!(answer.is_ok(), allowed, "{source} to {target}");
        if let Err(refused) = answer {
            assert_eq!(refused.code, "InvalidParameterValue");
        }
    }
}
