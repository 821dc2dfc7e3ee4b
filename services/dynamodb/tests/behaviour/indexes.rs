//! Indexes that come late, over a crash and beside writes; what a deleted table leaves.

use serde_json::{Value, json};
use tidegate_store::{KeyRange, Order, Page, Space, Store};

use crate::bed::Bed;

fn item(number: usize) -> Value {
    json!({ "p": {"S": format!("p{number}")}, "s": {"N": "1"}, "g": {"S": format!("g{}", number % 3)} })
}

async fn fill(bed: &Bed, numbers: std::ops::Range<usize>) {
    for number in numbers {
        bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item(number) })).await;
    }
}

async fn add_index(bed: &Bed) {
    let index = json!({
        "IndexName": "late", "Projection": {"ProjectionType": "ALL"},
        "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
    });
    let input = json!({
        "TableName": "tbl", "AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}],
        "GlobalSecondaryIndexUpdates": [{"Create": index}],
    });
    bed.ok("UpdateTable", input).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfill_goes_on_after_a_crash_and_beside_writes() {
    let bed = Bed::new().await;
    bed.create("tbl", json!({})).await;
    fill(&bed, 0..450).await;
    add_index(&bed).await;
    // Some steps may be done by now and some not.
    let bed = bed.crash().await;
    fill(&bed, 450..500).await;
    bed.ok("DeleteItem", json!({ "TableName": "tbl", "Key": {"p": {"S": "p0"}, "s": {"N": "1"}} })).await;
    bed.settle().await;
    let described = bed.ok("DescribeTable", json!({ "TableName": "tbl" })).await;
    assert_eq!(described["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"], "ACTIVE");
    let query = json!({
        "TableName": "tbl", "IndexName": "late", "KeyConditionExpression": "g = :g", "Select": "COUNT",
        "ExpressionAttributeValues": {":g": {"S": "g0"}},
    });
    assert_eq!(bed.ok("Query", query).await["Count"], 166);
    bed.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_table_leaves_nothing() {
    let bed = Bed::new().await;
    let ttl = json!({ "TableName": "tbl", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "until"} });
    for _ in 0..2 {
        bed.create("tbl", json!({})).await;
        bed.ok("UpdateTimeToLive", ttl.clone()).await;
        add_index(&bed).await;
        fill(&bed, 0..20).await;
        bed.ok("DeleteTable", json!({ "TableName": "tbl" })).await;
    }
    bed.settle().await;
    let prefix = tidegate_record::Key::new(tidegate_record::Root::DynamoDb).build();
    let view = bed.store.snapshot().unwrap();
    let left = view.scan(Space::Map, &KeyRange::prefix(&prefix), Order::Ascending, Page::of(10)).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn descriptions_count_tables_and_indexes_whatever_their_size() {
    let bed = Bed::new().await;
    let extra = json!({
        "AttributeDefinitions": [
            {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"},
            {"AttributeName": "g", "AttributeType": "S"},
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }],
    });
    bed.create("tbl", extra).await;
    for first in (0..10_025).step_by(25) {
        let puts = (first..first + 25).map(|number| {
            let mut item = json!({ "p": {"S": "a"}, "s": {"N": number.to_string()} });
            if number % 401 == 0 {
                item["g"] = json!({ "S": "x" });
            }
            json!({ "PutRequest": {"Item": item} })
        });
        bed.ok("BatchWriteItem", json!({ "RequestItems": {"tbl": puts.collect::<Vec<_>>()} })).await;
    }
    let table = bed.ok("DescribeTable", json!({ "TableName": "tbl" })).await["Table"].clone();
    assert_eq!(table["ItemCount"], 10_025);
    assert_eq!(table["GlobalSecondaryIndexes"][0]["ItemCount"], 25);
    assert!(table["GlobalSecondaryIndexes"][0]["IndexSizeBytes"].as_i64().unwrap() > 25 * 5);
}

#[tokio::test]
async fn transactions_tell_of_collections_and_of_keys_that_do_not_fit() {
    let bed = Bed::new().await;
    let extra = json!({
        "AttributeDefinitions": [
            {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"},
            {"AttributeName": "l", "AttributeType": "S"},
        ],
        "LocalSecondaryIndexes": [{
            "IndexName": "by-l", "Projection": {"ProjectionType": "ALL"},
            "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}],
        }],
    });
    bed.create("tbl", extra).await;
    let key = |sort: &str| json!({ "p": {"S": "a"}, "s": {"N": sort} });
    let puts = ["1", "2"].map(|sort| json!({ "Put": {"TableName": "tbl", "Item": key(sort)} }));
    let answer =
        bed.ok("TransactWriteItems", json!({ "TransactItems": puts, "ReturnItemCollectionMetrics": "SIZE" })).await;
    let one = json!([{ "ItemCollectionKey": {"p": {"S": "a"}}, "SizeEstimateRangeGB": [0, 1] }]);
    assert_eq!(answer["ItemCollectionMetrics"]["tbl"], one);
    let half = json!({ "p": {"S": "a"} });
    let gets = [key("1"), half].map(|key| json!({ "Get": {"TableName": "tbl", "Key": key} }));
    let (code, body) = bed.call("TransactGetItems", json!({ "TransactItems": gets })).await.unwrap_err();
    assert_eq!(code, "TransactionCanceledException");
    let codes: Vec<_> = body["CancellationReasons"].as_array().unwrap().iter().map(|reason| &reason["Code"]).collect();
    assert_eq!(codes, ["None", "ValidationError"]);
    assert_eq!(body["CancellationReasons"][1]["Message"], "The provided key element does not match the schema");
}
