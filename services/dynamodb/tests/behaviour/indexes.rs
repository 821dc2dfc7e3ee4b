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

#[tokio::test]
async fn what_cannot_be_an_indexs_key_is_refused_in_aws_words() {
    let bed = Bed::new().await;
    let index = |name: &str| {
        json!({
            "IndexName": name, "Projection": {"ProjectionType": "KEYS_ONLY"},
            "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
        })
    };
    let extra = json!({
        "AttributeDefinitions": [
            {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"},
            {"AttributeName": "g", "AttributeType": "S"},
        ],
        "GlobalSecondaryIndexes": [index("two"), index("one")],
    });
    bed.create("tbl", extra).await;
    let mismatch =
        "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: one";
    let unsupported = "The update expression attempted to update the secondary index key to unsupported type";
    let empty = "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value.";
    let key = json!({ "p": {"S": "a"}, "s": {"N": "1"} });
    bed.ok(
        "PutItem",
        json!({ "TableName": "tbl", "Item": {"p": {"S": "a"}, "s": {"N": "1"}, "n": {"N": "2"}, "e": {"S": ""}} }),
    )
    .await;
    let update = |expression: &str| {
        let mut input = json!({ "TableName": "tbl", "Key": key, "UpdateExpression": expression });
        let values = [(":n", json!({"N": "1"})), (":e", json!({"S": ""}))];
        for (name, value) in values.into_iter().filter(|(name, _)| expression.contains(name)) {
            input["ExpressionAttributeValues"] = json!({ name: value });
        }
        input
    };
    for (expression, words) in [
        ("SET g = :n", mismatch),
        // What is known without the item comes before what is wrong with it.
        ("SET g = absent + :n", mismatch),
        ("ADD g :n", mismatch),
        ("SET g = n", unsupported),
        ("SET g = if_not_exists(n, p)", unsupported),
        ("SET g = :e", empty),
        ("SET g = e", empty),
    ] {
        let refused = bed.refused("UpdateItem", update(expression)).await;
        assert_eq!(refused, ("ValidationException".to_owned(), words.to_owned()), "{expression}");
    }
    let item = |g: Value| json!({ "p": {"S": "b"}, "s": {"N": "1"}, "g": g });
    let put = |g: Value| json!({ "Put": {"TableName": "tbl", "Item": item(g)} });
    for (write, words) in [
        (put(json!({"N": "5"})), mismatch),
        (json!({ "Update": update("SET g = :n") }), mismatch),
        (json!({ "Update": update("SET g = n") }), unsupported),
    ] {
        let writes = json!({ "TransactItems": [write] });
        let (code, body) = bed.call("TransactWriteItems", writes).await.unwrap_err();
        assert_eq!(code, "TransactionCanceledException");
        let reason = &body["CancellationReasons"][0];
        assert_eq!((&reason["Code"], &reason["Message"]), (&json!("ValidationError"), &json!(words)));
    }
    let put_empty = "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: one, IndexKey: g";
    for (write, words) in [(put(json!({"S": ""})), put_empty), (json!({ "Update": update("SET g = :e") }), empty)] {
        let refused = bed.refused("TransactWriteItems", json!({ "TransactItems": [write] })).await;
        assert_eq!(refused, ("ValidationException".to_owned(), words.to_owned()));
    }
}
