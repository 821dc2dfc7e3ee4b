use serde_json::{Value, json};

use crate::bed::{Bed, arn};

async fn policy(bed: &Bed, url: &str) -> Value {
    let text = bed.attribute(url, "Policy").await;
    if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
}

#[tokio::test]
async fn permissions_are_statements_of_the_policy() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let add = |label: &str, accounts: &[&str], actions: &[&str]| json!({ "QueueUrl": url, "Label": label, "AWSAccountIds": accounts, "Actions": actions });
    bed.ok("AddPermission", add("one", &["668614515564", "111111111111"], &["ReceiveMessage"])).await;
    bed.ok("AddPermission", add("two", &["111111111111"], &["SendMessage", "DeleteMessage"])).await;
    // Recorded from AWS.
    let expected = json!({
        "Version": "2008-10-17",
        "Id": format!("{}/SQSDefaultPolicy", arn("q")),
        "Statement": [
            {
                "Sid": "one", "Effect": "Allow",
                "Principal": { "AWS": ["arn:aws:iam::668614515564:root", "arn:aws:iam::111111111111:root"] },
                "Action": "SQS:ReceiveMessage", "Resource": arn("q"),
            },
            {
                "Sid": "two", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111111111111:root" },
                "Action": ["SQS:SendMessage", "SQS:DeleteMessage"], "Resource": arn("q"),
            },
        ],
    });
    assert_eq!(policy(&bed, &url).await, expected);
    let taken = "Value one for parameter Label is invalid. Reason: Already exists.";
    bed.refuses("AddPermission", add("one", &["111111111111"], &["*"]), "InvalidParameterValue", taken).await;

    bed.ok("RemovePermission", json!({ "QueueUrl": url, "Label": "one" })).await;
    assert_eq!(policy(&bed, &url).await["Statement"], json!([expected["Statement"][1]]));
    bed.ok("RemovePermission", json!({ "QueueUrl": url, "Label": "two" })).await;
    assert_eq!(policy(&bed, &url).await, Value::Null);
}

#[tokio::test]
async fn a_policy_of_ones_own_is_kept_and_extended() {
    let bed = Bed::new().await;
    let own = json!({
        "Version": "2012-10-17",
        "Statement": { "Sid": "own", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn("q") },
    });
    let url = bed.create("q", json!({ "Policy": serde_json::to_string_pretty(&own).unwrap() })).await;
    assert_eq!(bed.attribute(&url, "Policy").await, own.to_string(), "without idle white space");
    let add = json!({ "QueueUrl": url, "Label": "more", "AWSAccountIds": ["111111111111"], "Actions": ["*"] });
    bed.ok("AddPermission", add).await;
    let statements = policy(&bed, &url).await["Statement"].as_array().unwrap().clone();
    assert_eq!(statements.len(), 2);
    assert_eq!(statements[0], own["Statement"]);
    bed.ok("SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": { "Policy": "" } })).await;
    assert_eq!(policy(&bed, &url).await, Value::Null);
}

#[tokio::test]
async fn a_policy_has_at_most_twenty_statements() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let add = |n: u32| json!({ "QueueUrl": url, "Label": format!("l{n}"), "AWSAccountIds": ["111111111111"], "Actions": ["*"] });
    for n in 0..20 {
        bed.ok("AddPermission", add(n)).await;
    }
    let message = "21 Statements were found, maximum allowed is 20.";
    bed.refuses("AddPermission", add(20), "OverLimit", message).await;
}
