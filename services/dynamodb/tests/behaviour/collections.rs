//! Item collections of tables with local indexes: measured, and bounded.

use serde_json::{Value, json};
use tidegate_dynamodb::store::{CollectionRecord, keys};
use tidegate_dynamodb::{domain, invariants};
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Store};

use crate::bed::Bed;

const FULL: &str = "ItemCollectionSizeLimitExceededException";

async fn filled(limit: u64) -> Bed {
    let bed = Bed::bounding(limit).await;
    let key = json!([{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}]);
    let local = json!({ "IndexName": "local", "KeySchema": key, "Projection": {"ProjectionType": "ALL"} });
    let definitions = json!([
        {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"},
        {"AttributeName": "l", "AttributeType": "S"},
    ]);
    bed.create("tbl", json!({ "AttributeDefinitions": definitions, "LocalSecondaryIndexes": [local] })).await;
    bed
}

fn put(partition: &str, sort: usize, bytes: usize, indexed: bool) -> Value {
    let mut item = json!({ "p": {"S": partition}, "s": {"N": sort.to_string()}, "v": {"S": "x".repeat(bytes)} });
    if indexed {
        item["l"] = json!({ "S": "l" });
    }
    json!({ "TableName": "tbl", "Item": item })
}

fn delete(partition: &str, sort: usize) -> Value {
    json!({ "TableName": "tbl", "Key": {"p": {"S": partition}, "s": {"N": sort.to_string()}} })
}

/// The sizes that are kept, by partition key.
async fn sizes(bed: &Bed) -> Vec<u64> {
    let range = KeyRange::prefix(&keys::collections(bed.number_of("tbl").await));
    let view = bed.store.snapshot().unwrap();
    let entries = view.scan(Space::Map, &range, Order::Ascending, Page::of(100)).await.unwrap();
    entries.iter().map(|entry| CollectionRecord::decode(&entry.record.value).unwrap().bytes).collect()
}

#[tokio::test]
async fn a_collection_is_bounded_with_its_entries_in_local_indexes() {
    let bed = filled(10_000).await;
    bed.ok("PutItem", put("a", 1, 4000, true)).await;
    assert_eq!(
        bed.refused("PutItem", put("a", 2, 4000, false)).await,
        (FULL.to_owned(), "Collection size exceeded.".to_owned())
    );
    bed.ok("PutItem", put("b", 2, 4000, false)).await;
    bed.ok("PutItem", put("a", 2, 1500, false)).await;
    let puts = json!([{"Put": put("b", 3, 10, false)}, {"Put": put("a", 3, 4000, false)}]);
    let (code, body) = bed.call("TransactWriteItems", json!({ "TransactItems": puts })).await.unwrap_err();
    assert_eq!(
        (&*code, &body["CancellationReasons"][1]["Code"]),
        ("TransactionCanceledException", &json!("ItemCollectionSizeLimitExceeded"))
    );
    assert_eq!(body["CancellationReasons"][0]["Code"], "None");
    // What makes it smaller is let through, and makes room.
    bed.ok("PutItem", put("a", 1, 1000, true)).await;
    bed.ok("DeleteItem", delete("a", 2)).await;
    bed.ok("PutItem", put("a", 2, 4000, false)).await;
    bed.check().await;
}

#[tokio::test]
async fn sizes_are_exact_over_crashes_and_go_with_what_they_are_of() {
    let bed = filled(domain::MAX_COLLECTION).await;
    for number in 0..10 {
        bed.ok("PutItem", put(if number < 5 { "a" } else { "b" }, number, 100 * number, number % 2 == 0)).await;
    }
    let update = json!({
        "TableName": "tbl", "Key": {"p": {"S": "a"}, "s": {"N": "1"}}, "UpdateExpression": "SET l = :l",
        "ExpressionAttributeValues": {":l": {"S": "now"}}, "ReturnItemCollectionMetrics": "SIZE",
    });
    let metrics = bed.ok("UpdateItem", update).await["ItemCollectionMetrics"].clone();
    assert_eq!(metrics, json!({ "ItemCollectionKey": {"p": {"S": "a"}}, "SizeEstimateRangeGB": [0, 1] }));
    let bed = bed.crash().await;
    let mut expected = 0;
    for index in [None, Some("local")] {
        for item in bed.scan("tbl", index).await {
            // The names, the key, a number of one digit or none, and what is in `v` and `l`.
            let number = if item["s"]["N"] == "0" { 1 } else { 2 };
            let text = |name: &str| item[name]["S"].as_str().map_or(0, |text| text.len() + 1);
            expected += (2 + 1 + number + text("v") + text("l")) as u64;
        }
    }
    assert_eq!(sizes(&bed).await.iter().sum::<u64>(), expected);
    for number in 0..10 {
        bed.ok("DeleteItem", delete(if number < 5 { "a" } else { "b" }, number)).await;
    }
    assert!(sizes(&bed).await.is_empty());
    bed.ok("PutItem", put("a", 1, 10, true)).await;
    bed.ok("DeleteTable", json!({ "TableName": "tbl" })).await;
    bed.settle().await;
    let everything =
        KeyRange { start: bytes::Bytes::from_static(&[0x14, 13]), end: Some(bytes::Bytes::from_static(&[0x14, 14])) };
    let left =
        bed.store.snapshot().unwrap().scan(Space::Map, &everything, Order::Ascending, Page::of(10)).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
    assert!(invariants::check_store(&*bed.store.snapshot().unwrap()).await.unwrap().is_empty());
}
