use serde_json::{Value, json};

use crate::bed::Bed;

fn filter(name: &str, pattern: &str, target: &str) -> Value {
    let arn = format!("arn:aws:sqs:us-east-1:000000000000:{target}");
    json!({ "logGroupName": "g", "filterName": name, "filterPattern": pattern, "destinationArn": arn })
}

#[tokio::test]
async fn subscribers_get_what_matches_with_the_events_own_commit() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    bed.ok("PutSubscriptionFilter", filter("f", "ERROR", "q")).await;
    let control = bed.received("q").await;
    assert_eq!(control[0]["messageType"], "CONTROL_MESSAGE", "it was tried");
    bed.put("g", "s", &[(0, "ERROR a"), (1, "fine"), (2, "ERROR b")]).await;
    bed.put("g", "s", &[(3, "fine")]).await;
    let received = bed.received("q").await;
    assert_eq!(received.len(), 2, "and nothing for a batch without a match");
    let message = &received[1];
    let head = json!(["DATA_MESSAGE", "000000000000", "g", "s", ["f"]]);
    let of = |name: &str| message[name].clone();
    let found = ["messageType", "owner", "logGroup", "logStream", "subscriptionFilters"].map(of);
    assert_eq!(json!(found), head);
    let events = message["logEvents"].as_array().unwrap();
    let messages: Vec<_> = events.iter().map(|event| event["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["ERROR a", "ERROR b"]);
    assert_eq!(events[0]["id"].as_str().unwrap().len(), 56);
    // Still so after a restart, until the filter is deleted.
    let bed = bed.restart().await;
    bed.put("g", "s", &[(4, "ERROR c")]).await;
    assert_eq!(bed.received("q").await.len(), 3);
    bed.ok("DeleteSubscriptionFilter", json!({ "logGroupName": "g", "filterName": "f" })).await;
    bed.put("g", "s", &[(5, "ERROR d")]).await;
    assert_eq!(bed.received("q").await.len(), 3);
}

#[tokio::test]
async fn filters_are_described_replaced_and_limited() {
    let bed = Bed::new().await;
    bed.create("g", &[]).await;
    bed.ok("PutSubscriptionFilter", filter("b", "", "q")).await;
    bed.advance(1).await;
    bed.ok("PutSubscriptionFilter", filter("b", "x", "q")).await;
    bed.ok("PutSubscriptionFilter", filter("a", "", "q")).await;
    let answer = bed.ok("DescribeSubscriptionFilters", json!({ "logGroupName": "g" })).await;
    let first = json!({
        "filterName": "b", "logGroupName": "g", "filterPattern": "x", "distribution": "ByLogStream",
        "destinationArn": "arn:aws:sqs:us-east-1:000000000000:q", "applyOnTransformedLogs": false,
        "creationTime": 1_700_000_000_000_i64,
    });
    assert_eq!(answer["subscriptionFilters"][1], first, "it keeps its time of creation");
    let third = filter("c", "", "q");
    bed.refuses("PutSubscriptionFilter", third, "LimitExceededException", "Resource limit exceeded.").await;
    let page = bed.ok("DescribeSubscriptionFilters", json!({ "logGroupName": "g", "limit": 1 })).await;
    let rest = json!({ "logGroupName": "g", "nextToken": page["nextToken"] });
    assert_eq!(bed.ok("DescribeSubscriptionFilters", rest).await["subscriptionFilters"][0]["filterName"], "b");
}

#[tokio::test]
async fn a_destination_stands_for_its_target() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let target = "arn:aws:sqs:us-east-1:000000000000:q";
    let role = "arn:aws:iam::000000000000:role/r";
    let put = json!({ "destinationName": "d", "targetArn": target, "roleArn": role });
    let arn = bed.ok("PutDestination", put).await["destination"]["arn"].clone();
    let filter = json!({ "logGroupName": "g", "filterName": "f", "filterPattern": "", "destinationArn": arn });
    bed.ok("PutSubscriptionFilter", filter).await;
    bed.put("g", "s", &[(0, "x")]).await;
    assert_eq!(bed.received("q").await.len(), 2);
}

#[tokio::test]
async fn a_group_that_feeds_itself_does_not_fill_the_disk() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g";
    let circle = json!({ "logGroupName": "g", "filterName": "f", "filterPattern": "start", "destinationArn": arn });
    bed.ok("PutSubscriptionFilter", circle.clone()).await;
    let mut all = circle;
    all["filterPattern"] = json!("");
    bed.ok("PutSubscriptionFilter", all).await;
    bed.put("g", "s", &[(0, "start")]).await;
    let events = bed.filter("g", json!({})).await.len();
    assert!(events < 50, "{events} events");
    bed.check().await;
}
