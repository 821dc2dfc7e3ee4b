//! Shards of streams: they split when a table is busy, follow each other over time, and vanish.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bed::Bed;
use crate::model::{replayed, sorted};

const BUSY: usize = 10_000;

pub async fn streamed(bed: &Bed) -> String {
    let stream = json!({ "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" });
    let table = bed.create("tbl", json!({ "StreamSpecification": stream })).await;
    table["LatestStreamArn"].as_str().unwrap().to_owned()
}

/// Writes `count` items, each with a partition key of its own, or the same ones again.
pub async fn write(bed: &Bed, count: usize, value: &str) {
    let numbers: Vec<usize> = (0..count).collect();
    for chunk in numbers.chunks(25) {
        let put = |number: &usize| {
            let item = json!({ "p": {"S": number.to_string()}, "s": {"N": "1"}, "v": {"S": value} });
            json!({ "PutRequest": {"Item": item} })
        };
        let puts: Vec<_> = chunk.iter().map(put).collect();
        bed.ok("BatchWriteItem", json!({ "RequestItems": {"tbl": puts} })).await;
    }
}

fn parents(shards: &[Value]) -> BTreeMap<&str, Option<&str>> {
    shards.iter().map(|shard| (shard["ShardId"].as_str().unwrap(), shard["ParentShardId"].as_str())).collect()
}

fn ending(shard: &Value) -> Option<&str> {
    shard["SequenceNumberRange"]["EndingSequenceNumber"].as_str()
}

fn starting(shard: &Value) -> &str {
    shard["SequenceNumberRange"]["StartingSequenceNumber"].as_str().unwrap()
}

#[tokio::test]
async fn a_busy_shard_splits_and_its_items_keep_their_order() {
    let bed = Bed::new().await;
    let arn = streamed(&bed).await;
    write(&bed, 100, "first").await;
    bed.settle().await;
    assert_eq!(bed.shards(&arn).await.len(), 1);
    let before = bed.shards(&arn).await.remove(0);
    let open = bed.iterator(&arn, &before, "LATEST").await;
    write(&bed, BUSY, "second").await;
    bed.settle().await;
    write(&bed, 100, "third").await;
    let bed = bed.crash().await;
    write(&bed, 50, "fourth").await;

    let shards = bed.shards(&arn).await;
    let [parent, left, right] = &shards[..] else { panic!("{shards:#?}") };
    assert_eq!(parent["ShardId"], before["ShardId"]);
    let lineage = parents(&shards);
    for child in [left, right] {
        assert_eq!(lineage[child["ShardId"].as_str().unwrap()], parent["ShardId"].as_str());
        assert!(ending(child).is_none() && starting(child) > ending(parent).unwrap(), "{shards:#?}");
    }
    // What was asked for of the shard while it was open is read to the shard's end, over a restart.
    let (rest, left_over) = bed.read_on(open, 1000).await;
    assert_eq!((rest.last().unwrap()["dynamodb"]["SequenceNumber"].as_str(), left_over), (ending(parent), None));
    // It was busy with the last of these, or a hundred before: the first ones count too, and whoever splits it may be
    // quicker than who writes.
    assert!(rest.len() >= BUSY - 100, "{}", rest.len());

    let records = bed.records(&arn).await;
    assert_eq!(records.len(), 100 + BUSY + 100 + 50);
    assert_eq!(replayed(&records), sorted(scanned(&bed).await));
    let filter = json!({ "Type": "CHILD_SHARDS", "ShardId": parent["ShardId"] });
    let children = bed.ok("DescribeStream", json!({ "StreamArn": arn, "ShardFilter": filter })).await;
    assert_eq!(children["StreamDescription"]["Shards"], json!([left, right]));
    bed.check().await;
}

async fn scanned(bed: &Bed) -> Vec<Value> {
    let (mut items, mut start) = (Vec::new(), Value::Null);
    loop {
        let answer = bed.ok("Scan", json!({ "TableName": "tbl", "ExclusiveStartKey": start })).await;
        items.extend(answer["Items"].as_array().unwrap().clone());
        match answer.get("LastEvaluatedKey") {
            Some(last) => start = last.clone(),
            None => return items,
        }
    }
}

#[tokio::test]
async fn shards_follow_each_other_and_vanish_after_a_day() {
    let bed = Bed::new().await;
    let arn = streamed(&bed).await;
    let advance = async |hours: u64| {
        bed.clock.advance(Duration::from_secs(hours * 3600));
        bed.settle().await;
    };
    advance(5).await;
    assert_eq!(bed.shards(&arn).await.len(), 1, "one that holds nothing stays open");
    write(&bed, 1, "first").await;
    advance(4).await;
    write(&bed, 1, "second").await;
    let shards = bed.shards(&arn).await;
    assert_eq!(shards[1]["ParentShardId"], shards[0]["ShardId"]);
    assert_eq!((ending(&shards[0]), ending(&shards[1])), (Some(starting(&shards[0])), None));
    assert_eq!(bed.records(&arn).await.len(), 2);

    bed.clock.advance(Duration::from_secs(24 * 3600 - 60));
    let old = bed.iterator(&arn, &shards[0], "TRIM_HORIZON").await;
    advance(1).await;
    let left = bed.shards(&arn).await;
    assert!(left.iter().all(|shard| shard["ShardId"] != shards[0]["ShardId"]), "{left:#?}");
    assert_eq!(bed.records(&arn).await, [] as [Value; 0]);
    let start = json!({ "StreamArn": arn, "ShardId": shards[0]["ShardId"], "ShardIteratorType": "LATEST" });
    assert_eq!(bed.refused("GetShardIterator", start).await.0, "ResourceNotFoundException");
    assert_eq!(bed.refused("GetRecords", json!({ "ShardIterator": old })).await.0, "ExpiredIteratorException");
    bed.check().await;
}

#[tokio::test]
async fn what_was_trimmed_says_so() {
    let bed = Bed::new().await;
    let arn = streamed(&bed).await;
    write(&bed, 1, "first").await;
    let shards = bed.shards(&arn).await;
    let first = starting(&shards[0]);
    let at = |kind: &str| json!({ "StreamArn": arn, "ShardId": shards[0]["ShardId"], "ShardIteratorType": kind, "SequenceNumber": first });
    bed.clock.advance(Duration::from_secs(24 * 3600 - 60));
    let iterator = bed.ok("GetShardIterator", at("AT_SEQUENCE_NUMBER")).await["ShardIterator"].clone();
    bed.clock.advance(Duration::from_secs(660));
    bed.settle().await;
    assert_eq!(bed.refused("GetShardIterator", at("AT_SEQUENCE_NUMBER")).await.0, "TrimmedDataAccessException");
    let (code, message) = bed.refused("GetRecords", json!({ "ShardIterator": iterator })).await;
    assert_eq!(code, "TrimmedDataAccessException", "{message}");
    bed.check().await;
}

#[tokio::test]
async fn a_filter_must_be_whole() {
    let bed = Bed::new().await;
    let arn = streamed(&bed).await;
    for filter in [json!({ "Type": "CHILD_SHARDS" }), json!({ "ShardId": "shardId-00000000000000000000-00000000" })] {
        let input = json!({ "StreamArn": arn, "ShardFilter": filter });
        assert_eq!(bed.refused("DescribeStream", input).await.0, "ValidationException");
    }
}
