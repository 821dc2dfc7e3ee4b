//! A stream as event source mappings follow it: without the wire, in batches, parents before children.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_ports::{FollowError, ReadLimit, StartingPosition, StreamPosition};
use tidegate_types::Arn;

use crate::bed::{Bed, START};
use crate::shards::{streamed, write};

const ALL: ReadLimit = ReadLimit { records: ReadLimit::MAX_RECORDS, bytes: 6 << 20 };

/// Follows a stream to its present end as a mapping does, from where each shard was left.
async fn follow(bed: &Bed, arn: &Arn, cursors: &mut BTreeMap<String, StreamPosition>) -> Vec<Value> {
    let source = bed.dynamodb.stream_source();
    let mut records = Vec::new();
    for shard in source.describe(arn).await.unwrap().shards {
        let mut from = match cursors.get(&shard.id) {
            Some(from) => *from,
            None => source.resolve(arn, &shard.id, StartingPosition::TrimHorizon).await.unwrap(),
        };
        loop {
            let page = source.read(arn, &shard.id, from, ReadLimit { records: 700, ..ALL }).await.unwrap();
            assert_eq!(page.ended, shard.closed && page.records.is_empty());
            let Some(last) = page.records.last() else { break };
            assert!(page.records.is_sorted_by_key(|record| &record.sequence_number));
            from = last.next();
            records.extend(page.records.iter().map(|record| serde_json::from_slice::<Value>(&record.json).unwrap()));
        }
        cursors.insert(shard.id, from);
    }
    records
}

#[tokio::test]
async fn a_follower_sees_what_the_wire_shows_over_splits_and_crashes() {
    let bed = Bed::new().await;
    let arn = streamed(&bed).await;
    let parsed: Arn = arn.parse().unwrap();
    let mut cursors = BTreeMap::new();
    write(&bed, 100, "first").await;
    let mut followed = follow(&bed, &parsed, &mut cursors).await;
    write(&bed, 10_000, "second").await;
    bed.settle().await;
    let bed = bed.crash().await;
    write(&bed, 100, "third").await;
    assert_eq!(bed.dynamodb.stream_source().describe(&parsed).await.unwrap().shards.len(), 3);
    followed.extend(follow(&bed, &parsed, &mut cursors).await);

    let shown = bed.records(&arn).await;
    assert_eq!(followed.len(), shown.len());
    for (followed, mut shown) in followed.into_iter().zip(shown) {
        shown["eventSourceARN"] = arn.clone().into();
        let at = &mut shown["dynamodb"]["ApproximateCreationDateTime"];
        *at = json!(at.as_f64().unwrap() as u64);
        assert_eq!(followed, shown);
    }
}

#[tokio::test]
async fn a_record_is_what_functions_get() {
    let bed = Bed::new().await;
    let arn = streamed(&bed).await;
    let everything = json!({
        "p": {"S": "a\"b\u{1}é"}, "s": {"N": "-1.5"}, "b": {"B": "AAH/"}, "ss": {"SS": ["x", "y"]},
        "ns": {"NS": ["1", "2"]}, "bs": {"BS": ["AA==", "/w=="]}, "m": {"M": {"l": {"L": [{"NULL": true}, {"BOOL": false}]}}},
        "e": {"M": {}},
    });
    bed.ok("PutItem", json!({ "TableName": "tbl", "Item": everything })).await;
    let records = follow(&bed, &arn.parse().unwrap(), &mut BTreeMap::new()).await;
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!(record["dynamodb"]["NewImage"], everything);
    assert_eq!(record["dynamodb"]["ApproximateCreationDateTime"], START.as_secs());
    assert_eq!((&record["eventSource"], &record["eventSourceARN"]), (&json!("aws:dynamodb"), &json!(arn)));
    assert!(record.get("userIdentity").is_none());
}

#[tokio::test]
async fn what_outlived_itself_names_who_deleted_it() {
    let bed = Bed::new().await;
    let arn = streamed(&bed).await;
    let ttl = json!({ "AttributeName": "ttl", "Enabled": true });
    bed.ok("UpdateTimeToLive", json!({ "TableName": "tbl", "TimeToLiveSpecification": ttl })).await;
    let due = (START.as_secs() + 60).to_string();
    let item = json!({ "p": {"S": "a"}, "s": {"N": "1"}, "ttl": {"N": due} });
    bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item })).await;
    bed.settle().await;
    bed.clock.advance(Duration::from_secs(3600));
    bed.settle().await;
    let records = follow(&bed, &arn.parse().unwrap(), &mut BTreeMap::new()).await;
    let identity = json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
    assert_eq!((&records[1]["eventName"], &records[1]["userIdentity"]), (&json!("REMOVE"), &identity));
}

#[tokio::test]
async fn followers_begin_where_they_want_to() {
    let bed = Bed::new().await;
    let arn: Arn = streamed(&bed).await.parse().unwrap();
    let source = bed.dynamodb.stream_source();
    let shard = source.describe(&arn).await.unwrap().shards.remove(0).id;
    let at = async |start| source.resolve(&arn, &shard, start).await.unwrap();
    let first = async |from| {
        let page = source.read(&arn, &shard, from, ReadLimit { records: 1, bytes: 1 }).await.unwrap();
        page.records
            .first()
            .map(|record| serde_json::from_slice::<Value>(&record.json).unwrap()["dynamodb"]["Keys"]["p"]["S"].clone())
    };
    let empty = at(StartingPosition::Latest).await;
    for number in 0..20 {
        let item = json!({ "p": {"S": number.to_string()}, "s": {"N": "1"} });
        bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item })).await;
        bed.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(first(empty).await, Some(json!("0")));
    assert_eq!(first(at(StartingPosition::TrimHorizon).await).await, Some(json!("0")));
    assert_eq!(first(at(StartingPosition::Latest).await).await, None);
    for second in 0..20 {
        let since = StartingPosition::AtTimestamp(START.plus_millis(second * 1000));
        assert_eq!(first(at(since).await).await, Some(json!(second.to_string())));
    }
    let behind = START.plus_millis(60_000);
    assert_eq!(at(StartingPosition::AtTimestamp(behind)).await, at(StartingPosition::Latest).await);
    let two = source.read(&arn, &shard, empty, ReadLimit { records: 2, bytes: 1 << 20 }).await.unwrap();
    assert_eq!(two.records.len(), 2);
    assert_eq!(source.read(&arn, &shard, two.records[1].next(), ALL).await.unwrap().records.len(), 18);
}

#[tokio::test]
async fn who_waits_is_woken_by_a_record_and_by_the_end_of_the_shard() {
    let bed = Bed::new().await;
    let arn: Arn = streamed(&bed).await.parse().unwrap();
    let source = bed.dynamodb.stream_source();
    let shard = source.describe(&arn).await.unwrap().shards.remove(0).id;
    let from = source.resolve(&arn, &shard, StartingPosition::Latest).await.unwrap();
    let item = json!({ "TableName": "tbl", "Item": {"p": {"S": "a"}, "s": {"N": "1"}} });
    let (woken, _) = tokio::join!(source.wait(&arn, &shard, from), bed.ok("PutItem", item));
    woken.unwrap();
    source.wait(&arn, &shard, from).await.unwrap();
    let next = source.read(&arn, &shard, from, ALL).await.unwrap().records[0].next();
    // Another table's change wakes nobody for good.
    let (woken, _) = tokio::join!(source.wait(&arn, &shard, next), async {
        bed.create("another", json!({})).await;
        bed.ok("DeleteTable", json!({ "TableName": "tbl" })).await
    });
    woken.unwrap();
    assert!(source.read(&arn, &shard, next, ALL).await.unwrap().ended);
    assert!(!source.describe(&arn).await.unwrap().enabled);
}

#[tokio::test]
async fn followers_are_told_what_is_gone() {
    let bed = Bed::new().await;
    let arn: Arn = streamed(&bed).await.parse().unwrap();
    let source = bed.dynamodb.stream_source();
    let shard = source.describe(&arn).await.unwrap().shards.remove(0).id;
    let horizon = source.resolve(&arn, &shard, StartingPosition::TrimHorizon).await.unwrap();
    write(&bed, 3, "first").await;
    bed.clock.advance(Duration::from_secs(24 * 3600 - 60));
    write(&bed, 3, "second").await;
    bed.clock.advance(Duration::from_secs(660));
    bed.settle().await;
    match source.read(&arn, &shard, horizon, ALL).await {
        Err(FollowError::Trimmed { oldest }) => {
            assert_eq!(source.read(&arn, &shard, oldest, ALL).await.unwrap().records.len(), 3);
        }
        other => panic!("{other:?}"),
    }
    let unknown = source.wait(&arn, "shardId-00000000000000000000-00000000", horizon).await;
    assert!(matches!(unknown, Err(FollowError::NoSuchShard { .. })), "{unknown:?}");
    let other: Arn = format!("{arn}0").parse().unwrap();
    assert!(matches!(source.describe(&other).await, Err(FollowError::NoSuchStream(_))));
}
