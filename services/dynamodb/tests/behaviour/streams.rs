//! Streams over time: a day of history, iterators of a quarter of an hour, items that expire.

use std::time::Duration;

use serde_json::{Value, json};

use crate::bed::{Bed, START};

async fn streamed(bed: &Bed, view: &str) -> String {
    let table =
        bed.create("tbl", json!({ "StreamSpecification": {"StreamEnabled": true, "StreamViewType": view} })).await;
    table["LatestStreamArn"].as_str().unwrap().to_owned()
}

fn item(number: i64, until: Option<u64>) -> Value {
    let mut item = json!({ "p": {"S": "a"}, "s": {"N": number.to_string()} });
    if let Some(until) = until {
        item["until"] = json!({ "N": until.to_string() });
    }
    item
}

async fn put(bed: &Bed, item: Value) {
    bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item })).await;
}

#[tokio::test]
async fn each_view_shows_its_images() {
    for (view, images) in [
        ("KEYS_ONLY", [false, false]),
        ("NEW_IMAGE", [false, true]),
        ("OLD_IMAGE", [true, false]),
        ("NEW_AND_OLD_IMAGES", [true, true]),
    ] {
        let bed = Bed::new().await;
        let arn = streamed(&bed, view).await;
        put(&bed, item(1, None)).await;
        put(&bed, item(1, Some(5))).await;
        let records = bed.records(&arn).await;
        let change = &records[1]["dynamodb"];
        let shown = ["OldImage", "NewImage"].map(|image| change.get(image).is_some());
        assert_eq!(shown, images, "{view}");
        assert_eq!(change["Keys"], item(1, None));
        assert_eq!(change["StreamViewType"], view);
    }
}

#[tokio::test]
async fn the_housekeeping_sleeps_until_something_is_due() {
    let bed = Bed::new().await;
    let due = async |bed: &Bed| {
        bed.settle().await;
        let waiting = bed.env.activity().report(bed.env.now()).waiting;
        let own = waiting.into_iter().find(|waiting| waiting.what == "dynamodb housekeeping")?;
        Some(own.due.since(bed.env.now()).as_secs())
    };
    assert_eq!(due(&bed).await, None, "nothing is there");
    bed.create("plain", json!({})).await;
    assert_eq!(due(&bed).await, None, "nothing that grows old is there");
    let write = json!([{ "Put": {"TableName": "plain", "Item": item(1, None)} }]);
    bed.ok("TransactWriteItems", json!({ "TransactItems": write, "ClientRequestToken": "token" })).await;
    assert_eq!(due(&bed).await, Some(600), "a token lives for ten minutes");
    bed.clock.advance(Duration::from_secs(600));
    assert_eq!(due(&bed).await, None, "and is gone then");
    streamed(&bed, "KEYS_ONLY").await;
    assert_eq!(due(&bed).await, Some(4 * 3600), "of what comes from now on nothing is due sooner");
    bed.clock.advance(Duration::from_secs(3600));
    put(&bed, item(1, None)).await;
    bed.clock.advance(Duration::from_secs(3 * 3600));
    assert_eq!(due(&bed).await, Some(4 * 3600), "the shard was followed by another");
    // Ten days in which nothing happens are some sixty steps and not fifteen hundred.
    let mut steps = 0;
    let end = bed.env.now().plus(Duration::from_secs(10 * 86_400));
    while bed.env.now() < end {
        let rest = due(&bed).await.expect("the stream is still there");
        bed.clock.advance(Duration::from_secs(rest));
        steps += 1;
    }
    assert!(steps <= 64, "{steps}");
}

#[tokio::test]
async fn pages_have_bounds_and_places_are_named_once() {
    let bed = Bed::new().await;
    let arn = streamed(&bed, "KEYS_ONLY").await;
    let shard = bed.ok("DescribeStream", json!({ "StreamArn": arn })).await["StreamDescription"]["Shards"][0].clone();
    let iterator = |more: Value| {
        let mut input = json!({ "StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "LATEST" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let answer = bed.ok("GetShardIterator", iterator(json!({}))).await;
    for (operation, input) in [
        ("ListStreams", json!({ "Limit": 101 })),
        ("ListStreams", json!({ "ExclusiveStartStreamArn": "this-is-no-arn-of-any-stream-whatsoever" })),
        ("GetRecords", json!({ "ShardIterator": answer["ShardIterator"], "Limit": 1001 })),
        ("GetShardIterator", iterator(json!({ "SequenceNumber": "1".repeat(25) }))),
    ] {
        assert_eq!(bed.refused(operation, input.clone()).await.0, "ValidationException", "{operation} {input}");
    }
}

#[tokio::test]
async fn a_stream_keeps_a_day_and_ends_a_day_after_its_table() {
    let bed = Bed::new().await;
    let arn = streamed(&bed, "KEYS_ONLY").await;
    put(&bed, item(1, None)).await;
    bed.clock.advance(Duration::from_secs(20 * 3600));
    put(&bed, item(2, None)).await;
    bed.clock.advance(Duration::from_secs(5 * 3600));
    bed.settle().await;
    let records = bed.records(&arn).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["dynamodb"]["Keys"], item(2, None));
    bed.ok("DeleteTable", json!({ "TableName": "tbl" })).await;
    assert_eq!(bed.records(&arn).await.len(), 1);
    bed.clock.advance(Duration::from_secs(25 * 3600));
    bed.settle().await;
    let (code, _) = bed.refused("DescribeStream", json!({ "StreamArn": arn })).await;
    assert_eq!(code, "ResourceNotFoundException");
}

#[tokio::test]
async fn iterators_grow_old() {
    let bed = Bed::new().await;
    let arn = streamed(&bed, "KEYS_ONLY").await;
    let stream = bed.ok("DescribeStream", json!({ "StreamArn": arn })).await;
    let shard = &stream["StreamDescription"]["Shards"][0]["ShardId"];
    let start = json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "LATEST" });
    let iterator = bed.ok("GetShardIterator", start).await["ShardIterator"].clone();
    bed.clock.advance(Duration::from_secs(14 * 60));
    bed.ok("GetRecords", json!({ "ShardIterator": iterator })).await;
    bed.clock.advance(Duration::from_secs(2 * 60));
    let (code, _) = bed.refused("GetRecords", json!({ "ShardIterator": iterator })).await;
    assert_eq!(code, "ExpiredIteratorException");
}

#[tokio::test]
async fn items_expire_in_their_second_and_the_stream_says_who_did_it() {
    let bed = Bed::new().await;
    let arn = streamed(&bed, "OLD_IMAGE").await;
    let now = START.as_secs();
    put(&bed, item(1, Some(now + 60))).await;
    let ttl = json!({ "TableName": "tbl", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "until"} });
    bed.ok("UpdateTimeToLive", ttl).await;
    put(&bed, item(2, Some(now + 60))).await;
    put(&bed, item(3, Some(now + 61))).await;
    put(&bed, item(4, Some(now - 6 * 365 * 86_400))).await;
    put(&bed, item(2, Some(now + 6000))).await;
    bed.settle().await;
    bed.clock.advance(Duration::from_secs(59));
    bed.settle().await;
    assert_eq!(bed.scan("tbl", None).await.len(), 4);
    bed.clock.advance(Duration::from_secs(1));
    bed.settle().await;
    let left: Vec<_> = bed.scan("tbl", None).await.iter().map(|item| item["s"]["N"].clone()).collect();
    assert_eq!(left, ["2", "3", "4"]);
    let last = bed.records(&arn).await.pop().unwrap();
    assert_eq!(last["userIdentity"], json!({ "PrincipalId": "dynamodb.amazonaws.com", "Type": "Service" }));
    assert_eq!(last["dynamodb"]["OldImage"], item(1, Some(now + 60)));
    bed.check().await;
}

#[tokio::test]
async fn a_token_keeps_its_request_from_being_repeated_for_ten_minutes() {
    let bed = Bed::new().await;
    bed.create("tbl", json!({})).await;
    let add = |amount: &str| {
        json!({ "ClientRequestToken": "token", "TransactItems": [{"Update": {
            "TableName": "tbl", "Key": {"p": {"S": "a"}, "s": {"N": "1"}}, "UpdateExpression": "ADD v :n",
            "ExpressionAttributeValues": {":n": {"N": amount}},
        }}]})
    };
    let value = async |bed: &Bed| {
        let key = json!({ "TableName": "tbl", "Key": {"p": {"S": "a"}, "s": {"N": "1"}} });
        bed.ok("GetItem", key).await["Item"]["v"]["N"].clone()
    };
    bed.ok("TransactWriteItems", add("1")).await;
    let bed = bed.crash().await;
    bed.ok("TransactWriteItems", add("1")).await;
    assert_eq!(value(&bed).await, "1");
    let (code, _) = bed.refused("TransactWriteItems", add("2")).await;
    assert_eq!(code, "IdempotentParameterMismatchException");
    bed.clock.advance(Duration::from_secs(601));
    bed.settle().await;
    bed.ok("TransactWriteItems", add("2")).await;
    assert_eq!(value(&bed).await, "3");
}

#[tokio::test]
async fn a_stream_has_a_policy_of_its_own() {
    let bed = Bed::new().await;
    let stream = json!({ "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" });
    let table = bed.create("tbl", json!({ "StreamSpecification": stream })).await;
    let arn = table["LatestStreamArn"].as_str().unwrap();
    let reader = "arn:aws:iam::111122223333:root";
    let statement = json!({
        "Effect": "Allow", "Principal": {"AWS": reader}, "Action": ["dynamodb:GetRecords"], "Resource": arn,
    });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let policies = bed.dynamodb.resource_policies();
    assert!(policies.policy_of(arn).is_none());
    assert_eq!(bed.refused("GetResourcePolicy", json!({ "ResourceArn": arn })).await.0, "PolicyNotFoundException");
    let put = bed.ok("PutResourcePolicy", json!({ "ResourceArn": arn, "Policy": policy })).await;
    let got = bed.ok("GetResourcePolicy", json!({ "ResourceArn": arn })).await;
    assert_eq!(got, json!({ "Policy": policy, "RevisionId": put["RevisionId"] }));
    let bed = bed.crash().await;
    let policies = bed.dynamodb.resource_policies();
    assert!(policies.policy_of(arn).is_some());
    assert!(policies.policy_of(table["TableArn"].as_str().unwrap()).is_none(), "the table has none");
    assert!(policies.policy_of(&format!("{arn}0")).is_none());
    let stale = json!({ "ResourceArn": arn, "Policy": policy, "ExpectedRevisionId": "1" });
    assert_eq!(bed.refused("PutResourcePolicy", stale).await.0, "PolicyNotFoundException");
    bed.ok("DeleteResourcePolicy", json!({ "ResourceArn": arn })).await;
    assert!(policies.policy_of(arn).is_none());
    let unknown = json!({ "ResourceArn": format!("{arn}0"), "Policy": policy });
    assert_eq!(bed.refused("PutResourcePolicy", unknown).await.0, "ResourceNotFoundException");
}
