use serde_json::{Value, json};

use crate::bed::{Bed, bodies};

fn entries(bodies: &[&str]) -> Value {
    bodies.iter().enumerate().map(|(at, body)| json!({ "Id": format!("e{at}"), "MessageBody": body })).collect()
}

#[tokio::test]
async fn ten_messages_go_in_and_out_together() {
    let bed = Bed::new().await;
    let url = bed.create("orders", json!({})).await;
    let sent: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    let sent: Vec<&str> = sent.iter().map(String::as_str).collect();
    let answer = bed.ok("SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries(&sent) })).await;
    assert_eq!(answer.get("Failed"), None);
    assert_eq!(answer["Successful"].as_array().unwrap().len(), 10);
    assert_eq!(answer["Successful"][9]["Id"], "e9");
    let before = bed.store_sequence();
    let received = bed.receive(&url).await;
    assert_eq!(bodies(&received), sent);
    assert_eq!(bed.store_sequence(), before + 1, "one commit hides them all");

    let handles: Value = received
        .iter()
        .enumerate()
        .map(|(at, message)| json!({ "Id": format!("d{at}"), "ReceiptHandle": message["ReceiptHandle"] }))
        .collect();
    let answer = bed.ok("DeleteMessageBatch", json!({ "QueueUrl": url, "Entries": handles })).await;
    assert_eq!(answer["Successful"].as_array().unwrap().len(), 10);
    assert_eq!(bed.store_sequence(), before + 2, "one commit deletes them all");
    assert_eq!(bed.counts(&url).await, [0, 0, 0]);
}

#[tokio::test]
async fn what_is_wrong_with_one_entry_fails_that_one_alone() {
    let bed = Bed::new().await;
    let url = bed.create("orders", json!({ "MaximumMessageSize": "1024" })).await;
    let entries = json!([
        { "Id": "good", "MessageBody": "one" },
        { "Id": "large", "MessageBody": "x".repeat(1025) },
        { "Id": "late", "MessageBody": "x", "DelaySeconds": 901 },
        { "Id": "strange", "MessageBody": "\u{1}" },
        { "Id": "empty", "MessageBody": "" },
        { "Id": "fine", "MessageBody": "two" },
    ]);
    let answer = bed.ok("SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await;
    let failed: Vec<_> = answer["Failed"].as_array().unwrap().iter().map(|f| (&f["Id"], &f["Code"])).collect();
    assert_eq!(
        format!("{failed:?}").replace("String", ""),
        r#"[(("large"), ("InvalidParameterValue")), (("late"), ("InvalidParameterValue")), (("strange"), ("InvalidMessageContents")), (("empty"), ("MissingParameter"))]"#
    );
    assert_eq!(
        answer["Failed"][0]["Message"],
        "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes."
    );
    assert_eq!(answer["Failed"][0]["SenderFault"], true);
    assert_eq!(
        answer["Failed"][3]["Message"],
        "The request must contain the parameter SendMessageBatchRequestEntry.5.MessageBody."
    );
    assert_eq!(bodies(&bed.receive(&url).await), ["one", "two"]);
}

#[tokio::test]
async fn deletions_and_changes_fail_one_by_one_too() {
    let bed = Bed::new().await;
    let url = bed.create("orders", json!({})).await;
    bed.send(&url, "one").await;
    bed.send(&url, "two").await;
    let received = bed.receive(&url).await;
    let entry = |id: &str, handle: &Value, seconds: i64| json!({ "Id": id, "ReceiptHandle": handle, "VisibilityTimeout": seconds });
    let entries = json!([
        entry("a", &received[0]["ReceiptHandle"], 100),
        entry("b", &json!("dummy"), 100),
        entry("c", &received[1]["ReceiptHandle"], -20),
    ]);
    let answer = bed.ok("ChangeMessageVisibilityBatch", json!({ "QueueUrl": url, "Entries": entries })).await;
    assert_eq!(answer["Successful"], json!([{ "Id": "a" }]));
    assert_eq!(answer["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
    let message = "Value -20 for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200.";
    assert_eq!(answer["Failed"][1]["Message"], message);
    bed.advance(31).await;
    let again = bed.receive(&url).await;
    assert_eq!(bodies(&again), ["two"], "only the other one's timeout was changed");

    let entries = json!([
        { "Id": "a", "ReceiptHandle": received[0]["ReceiptHandle"] },
        { "Id": "b", "ReceiptHandle": "dummy" },
        { "Id": "c", "ReceiptHandle": received[0]["ReceiptHandle"] },
    ]);
    let answer = bed.ok("DeleteMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await;
    assert_eq!(answer["Successful"], json!([{ "Id": "a" }, { "Id": "c" }]));
    assert_eq!(answer["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
    assert_eq!(bed.counts(&url).await, [0, 1, 0]);
}

#[tokio::test]
async fn within_a_batch_aws_has_words_of_its_own() {
    let bed = Bed::new().await;
    let url = bed.create("orders", json!({})).await;
    let send = |entry: Value| ("SendMessageBatch", entry);
    for ((operation, mut entry), code, message) in [
        (
            send(json!({ "MessageBody": "x", "MessageDeduplicationId": "d" })),
            "InvalidParameterValue",
            "The request include parameter that is not valid for this queue type",
        ),
        (
            send(json!({ "MessageBody": "x", "MessageGroupId": " " })),
            "InvalidParameterValue",
            "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length",
        ),
        (
            send(json!({})),
            "MissingParameter",
            "The request must contain the parameter SendMessageBatchRequestEntry.2.MessageBody.",
        ),
        (
            ("DeleteMessageBatch", json!({})),
            "MissingParameter",
            "The request must contain the parameter DeleteMessageBatchRequestEntry.2.ReceiptHandle.",
        ),
        (
            ("ChangeMessageVisibilityBatch", json!({ "ReceiptHandle": "dummy" })),
            "MissingParameter",
            "The request must contain the parameter ChangeMessageVisibilityBatchRequestEntry.2.VisibilityTimeout.",
        ),
    ] {
        entry["Id"] = json!("second");
        let first = json!({ "Id": "first", "MessageBody": "x", "ReceiptHandle": "dummy", "VisibilityTimeout": 1 });
        let answer = bed.ok(operation, json!({ "QueueUrl": url, "Entries": [first, entry] })).await;
        let failed = answer["Failed"].as_array().unwrap().last().unwrap();
        let expected = json!({ "Id": "second", "SenderFault": true, "Code": code, "Message": message });
        assert_eq!(*failed, expected, "{operation}");
    }
}
