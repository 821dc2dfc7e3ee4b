use serde_json::{Value, json};

use crate::bed::{Bed, arn, bodies, system};

/// A dead-letter queue `dead` with `count` dead letters of `live`. Answers the URLs of both.
async fn dead_letters(bed: &Bed, count: u32) -> (String, String) {
    let dead = bed.create("dead", json!({})).await;
    let policy = json!({ "deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1 }).to_string();
    let live = bed.create("live", json!({ "RedrivePolicy": policy, "VisibilityTimeout": "0" })).await;
    for n in 0..count {
        bed.send(&live, &n.to_string()).await;
    }
    while bed.counts(&live).await != [0, 0, 0] {
        bed.receive(&live).await;
    }
    assert_eq!(bed.counts(&dead).await, [count.into(), 0, 0]);
    (live, dead)
}

async fn start(bed: &Bed, extra: Value) -> String {
    let mut input = json!({ "SourceArn": arn("dead") });
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    bed.ok("StartMessageMoveTask", input).await["TaskHandle"].as_str().unwrap().to_owned()
}

async fn latest(bed: &Bed) -> Value {
    bed.ok("ListMessageMoveTasks", json!({ "SourceArn": arn("dead") })).await["Results"][0].clone()
}

#[tokio::test]
async fn messages_go_back_to_where_they_came_from() {
    let bed = Bed::new().await;
    let (live, dead) = dead_letters(&bed, 120).await;
    start(&bed, json!({})).await;
    bed.settle().await;
    assert_eq!(bed.counts(&dead).await, [0, 0, 0]);
    assert_eq!(bed.counts(&live).await, [120, 0, 0]);
    let task = latest(&bed).await;
    let expected = json!({
        "Status": "COMPLETED", "SourceArn": arn("dead"), "ApproximateNumberOfMessagesMoved": 120,
        "ApproximateNumberOfMessagesToMove": 120, "StartedTimestamp": 1_700_000_000_000_u64,
    });
    assert_eq!(task, expected);
    let received = bed.receive_with(&live, json!({ "MaxNumberOfMessages": 1 })).await;
    assert_eq!(system(&received[0], "ApproximateReceiveCount"), "1", "it is a new message");
    assert_eq!(system(&received[0], "DeadLetterQueueSourceArn"), "");
    bed.check().await;
}

#[tokio::test]
async fn messages_go_where_they_are_sent() {
    let bed = Bed::new().await;
    let (live, dead) = dead_letters(&bed, 3).await;
    let other = bed.create("other", json!({})).await;
    bed.send(&dead, "sent directly").await;
    start(&bed, json!({ "DestinationArn": arn("other") })).await;
    bed.settle().await;
    assert_eq!(bed.counts(&other).await, [4, 0, 0]);
    assert_eq!(bed.counts(&live).await, [0, 0, 0]);
    assert_eq!(latest(&bed).await["DestinationArn"], arn("other"));
}

#[tokio::test]
async fn the_rate_is_kept_over_a_restart() {
    let bed = Bed::new().await;
    let (live, _) = dead_letters(&bed, 20).await;
    start(&bed, json!({ "MaxNumberOfMessagesPerSecond": 2 })).await;
    bed.settle().await;
    assert_eq!(bed.counts(&live).await, [1, 0, 0]);
    bed.advance(3).await;
    assert_eq!(bed.counts(&live).await, [7, 0, 0]);
    let bed = bed.restart().await;
    bed.settle().await;
    assert_eq!(bed.counts(&live).await, [7, 0, 0]);
    bed.advance(2).await;
    assert_eq!(bed.counts(&live).await, [11, 0, 0]);
    assert_eq!(latest(&bed).await["Status"], "RUNNING");
    bed.advance(3600).await;
    assert_eq!(bed.counts(&live).await, [20, 0, 0]);
    assert_eq!(latest(&bed).await["Status"], "COMPLETED");
    bed.check().await;
}

#[tokio::test]
async fn a_cancelled_task_moves_nothing_more() {
    let bed = Bed::new().await;
    let (live, dead) = dead_letters(&bed, 10).await;
    let handle = start(&bed, json!({ "MaxNumberOfMessagesPerSecond": 1 })).await;
    bed.advance(2).await;
    assert_eq!(latest(&bed).await["TaskHandle"], handle);
    let message =
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.";
    bed.refuses("StartMessageMoveTask", json!({ "SourceArn": arn("dead") }), "InvalidParameterValue", message).await;
    let answer = bed.ok("CancelMessageMoveTask", json!({ "TaskHandle": handle })).await;
    assert_eq!(answer, json!({ "ApproximateNumberOfMessagesMoved": 3 }));
    bed.advance(10).await;
    assert_eq!((bed.counts(&live).await, bed.counts(&dead).await), ([3, 0, 0], [7, 0, 0]));
    let task = latest(&bed).await;
    assert_eq!((&task["Status"], task.get("TaskHandle")), (&json!("CANCELLED"), None));
    let refused = bed.call("CancelMessageMoveTask", json!({ "TaskHandle": handle })).await.unwrap_err();
    assert_eq!(refused.code, "AWS.SimpleQueueService.UnsupportedOperation");
    start(&bed, json!({})).await;
    bed.settle().await;
    assert_eq!(bed.counts(&live).await, [10, 0, 0]);
    let both = bed.ok("ListMessageMoveTasks", json!({ "SourceArn": arn("dead"), "MaxResults": 10 })).await;
    let statuses: Vec<_> = both["Results"].as_array().unwrap().iter().map(|task| task["Status"].as_str()).collect();
    assert_eq!(statuses, [Some("COMPLETED"), Some("CANCELLED")]);
}

#[tokio::test]
async fn a_task_that_cannot_go_on_says_why() {
    let bed = Bed::new().await;
    let (live, dead) = dead_letters(&bed, 2).await;
    bed.send(&dead, "sent directly").await;
    start(&bed, json!({})).await;
    bed.settle().await;
    let task = latest(&bed).await;
    assert_eq!((&task["Status"], &task["FailureReason"]), (&json!("FAILED"), &json!("CouldNotDetermineMessageSource")));
    assert_eq!((bed.counts(&live).await, bed.counts(&dead).await), ([2, 0, 0], [1, 0, 0]));
    assert_eq!(bodies(&bed.receive(&dead).await), ["sent directly"]);
}

#[tokio::test]
async fn a_task_ends_when_its_destination_is_deleted() {
    let bed = Bed::new().await;
    let (_, dead) = dead_letters(&bed, 10).await;
    let other = bed.create("other", json!({})).await;
    start(&bed, json!({ "DestinationArn": arn("other"), "MaxNumberOfMessagesPerSecond": 1 })).await;
    bed.advance(2).await;
    bed.ok("DeleteQueue", json!({ "QueueUrl": other })).await;
    bed.advance(2).await;
    let task = latest(&bed).await;
    let failed = (&json!("FAILED"), &json!("AWS.SimpleQueueService.NonExistentQueue"));
    assert_eq!((&task["Status"], &task["FailureReason"]), failed);
    assert_eq!(bed.counts(&dead).await, [7, 0, 0]);
}

#[tokio::test]
async fn ten_tasks_are_remembered() {
    let bed = Bed::new().await;
    dead_letters(&bed, 0).await;
    for _ in 0..12 {
        start(&bed, json!({})).await;
        bed.advance(1).await;
    }
    let all = bed.ok("ListMessageMoveTasks", json!({ "SourceArn": arn("dead"), "MaxResults": 10 })).await;
    let started: Vec<u64> =
        all["Results"].as_array().unwrap().iter().map(|t| t["StartedTimestamp"].as_u64().unwrap()).collect();
    let newest = 1_700_000_011_000_u64;
    assert_eq!(started, (0..10).map(|n| newest - 1000 * n).collect::<Vec<_>>());
}
