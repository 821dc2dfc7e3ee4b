//! Throughput, where it is enforced.

use std::time::Duration;

use serde_json::{Value, json};

use crate::bed::Bed;

const TABLE: &str = "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.";
const INDEX: &str = "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API";
const ON_DEMAND: &str = "Throughput exceeds the maximum OnDemandThroughput configured on table or index";

fn units(read: u64, write: u64) -> Value {
    json!({ "ReadCapacityUnits": read, "WriteCapacityUnits": write })
}

async fn provisioned(bed: &Bed, index: Value) {
    let global = json!([{
        "IndexName": "byG", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"}, "ProvisionedThroughput": index,
    }]);
    bed.ok(
        "CreateTable",
        json!({
            "TableName": "tbl", "BillingMode": "PROVISIONED", "ProvisionedThroughput": units(1, 1),
            "AttributeDefinitions": [
                {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"},
            ],
            "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
            "GlobalSecondaryIndexes": global,
        }),
    )
    .await;
}

fn put(key: &str) -> Value {
    json!({ "TableName": "tbl", "Item": {"p": {"S": key}} })
}

fn indexed(key: &str) -> Value {
    json!({ "TableName": "tbl", "Item": {"p": {"S": key}, "g": {"S": "x"}} })
}

fn get(key: &str) -> Value {
    json!({ "TableName": "tbl", "Key": {"p": {"S": key}}, "ConsistentRead": true })
}

/// How many of these succeed until one is throttled; its code and body.
async fn until_throttled(bed: &Bed, operation: &str, input: impl Fn(usize) -> Value) -> (usize, String, Value) {
    for number in 0..2000 {
        if let Err((code, body)) = bed.call(operation, input(number)).await {
            return (number, code, body);
        }
    }
    panic!("{operation} is never throttled")
}

#[tokio::test]
async fn a_table_serves_five_minutes_at_once_and_then_what_comes() {
    let bed = Bed::enforcing().await;
    provisioned(&bed, units(1000, 1000)).await;
    let (count, code, body) = until_throttled(&bed, "PutItem", |number| put(&number.to_string())).await;
    assert_eq!((count, &*code, &body["message"]), (300, "ProvisionedThroughputExceededException", &json!(TABLE)));
    let reason = &body["ThrottlingReasons"][0];
    assert_eq!(reason["reason"], "TableWriteProvisionedThroughputExceeded");
    assert!(reason["resource"].as_str().unwrap().ends_with(":table/tbl"), "{body}");
    assert_eq!(bed.refused("PutItem", put("another")).await.0, "ProvisionedThroughputExceededException");
    bed.clock.advance(Duration::from_secs(2));
    let (count, ..) = until_throttled(&bed, "PutItem", |_| put("once more")).await;
    // What changes nothing costs as much as what does.
    assert_eq!(count, 2);

    let (count, _, body) = until_throttled(&bed, "GetItem", |_| get("0")).await;
    assert_eq!((count, &body["message"]), (300, &json!(TABLE)));
    assert_eq!(body["ThrottlingReasons"][0]["reason"], "TableReadProvisionedThroughputExceeded");
    assert_eq!(bed.refused("Scan", json!({ "TableName": "tbl" })).await.1, TABLE);
    bed.clock.advance(Duration::from_secs(10));
    // Ten units are twenty that may be stale.
    let stale = |_| json!({ "TableName": "tbl", "Key": {"p": {"S": "0"}} });
    assert_eq!(until_throttled(&bed, "GetItem", stale).await.0, 20);
}

#[tokio::test]
async fn a_scan_is_paid_for_when_it_is_done() {
    let bed = Bed::enforcing().await;
    provisioned(&bed, units(1, 1)).await;
    for number in 0..6 {
        let item = json!({ "p": {"S": number.to_string()}, "v": {"S": "x".repeat(41_000)} });
        bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item })).await;
    }
    // 60 units of 300, five times.
    let scan = |_| json!({ "TableName": "tbl", "ConsistentRead": true });
    assert_eq!(until_throttled(&bed, "Scan", scan).await.0, 5);
    bed.ok("Scan", json!({ "TableName": "tbl", "IndexName": "byG" })).await;
}

#[tokio::test]
async fn an_index_has_its_own_throughput_and_writes_wait_for_it() {
    let bed = Bed::enforcing().await;
    provisioned(&bed, units(1, 1)).await;
    bed.ok("UpdateTable", json!({ "TableName": "tbl", "ProvisionedThroughput": units(1000, 1000) })).await;
    bed.clock.advance(Duration::from_secs(600));
    let (count, code, body) = until_throttled(&bed, "PutItem", |number| indexed(&number.to_string())).await;
    assert_eq!((count, &*code, &body["message"]), (300, "ProvisionedThroughputExceededException", &json!(INDEX)));
    assert_eq!(body["ThrottlingReasons"][0]["reason"], "IndexWriteProvisionedThroughputExceeded");
    let stored = bed.ok("GetItem", get("300")).await;
    assert!(stored.get("Item").is_none(), "what was throttled was written");
    bed.ok("PutItem", put("without the index's key")).await;
    let query = json!({
        "TableName": "tbl", "IndexName": "byG", "KeyConditionExpression": "g = :g",
        "ExpressionAttributeValues": {":g": {"S": "x"}}, "Limit": 1,
    });
    assert_eq!(until_throttled(&bed, "Query", |_| query.clone()).await.0, 600);
    bed.ok("GetItem", get("0")).await;
}

#[tokio::test]
async fn batches_hand_back_what_they_could_not_do() {
    let bed = Bed::enforcing().await;
    provisioned(&bed, units(1, 1)).await;
    until_throttled(&bed, "PutItem", |_| put("0")).await;
    until_throttled(&bed, "GetItem", |_| get("0")).await;
    bed.clock.advance(Duration::from_secs(3));
    let puts: Vec<_> =
        (0..5).map(|number| json!({ "PutRequest": {"Item": {"p": {"S": number.to_string()}}} })).collect();
    let answer = bed.ok("BatchWriteItem", json!({ "RequestItems": {"tbl": puts} })).await;
    let left = answer["UnprocessedItems"]["tbl"].as_array().unwrap();
    assert_eq!(left.len(), 2, "{answer}");
    let keys: Vec<_> = (0..5).map(|number| json!({ "p": {"S": number.to_string()} })).collect();
    let wanted = json!({ "RequestItems": {"tbl": {"Keys": keys, "ConsistentRead": true}} });
    let answer = bed.ok("BatchGetItem", wanted.clone()).await;
    assert_eq!(answer["Responses"]["tbl"].as_array().unwrap().len(), 3);
    let rest = &answer["UnprocessedKeys"]["tbl"];
    assert_eq!((&rest["Keys"], &rest["ConsistentRead"]), (&json!(keys[3..]), &json!(true)));
    // Where nothing at all could be done, the request fails.
    assert_eq!(bed.refused("BatchGetItem", wanted).await.1, TABLE);
    assert_eq!(bed.refused("BatchWriteItem", json!({ "RequestItems": {"tbl": left} })).await.1, TABLE);
    bed.clock.advance(Duration::from_secs(1));
    let again = bed.ok("BatchWriteItem", json!({ "RequestItems": {"tbl": left} })).await;
    assert_eq!(again["UnprocessedItems"]["tbl"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_transaction_that_is_throttled_says_which_action_and_pays_nothing() {
    let bed = Bed::enforcing().await;
    provisioned(&bed, units(1, 1)).await;
    bed.create("free", json!({})).await;
    until_throttled(&bed, "PutItem", |_| put("0")).await;
    bed.clock.advance(Duration::from_secs(1));
    let actions = json!([
        {"Put": {"TableName": "free", "Item": {"p": {"S": "a"}, "s": {"N": "1"}}}},
        {"Put": {"TableName": "tbl", "Item": {"p": {"S": "1"}}}},
        {"Put": {"TableName": "tbl", "Item": {"p": {"S": "2"}}}},
    ]);
    let refused = bed.call("TransactWriteItems", json!({ "TransactItems": actions })).await.unwrap_err();
    assert_eq!(refused.0, "TransactionCanceledException");
    let reasons = &refused.1["CancellationReasons"];
    assert_eq!([&reasons[0]["Code"], &reasons[1]["Code"]], ["None", "None"]);
    assert_eq!((&reasons[2]["Code"], &reasons[2]["Message"]), (&json!("ProvisionedThroughputExceeded"), &json!(TABLE)));
    assert!(bed.scan("free", None).await.is_empty());
    // The unit that the second action took was paid back.
    bed.ok("PutItem", put("1")).await;
    let gets = json!([{"Get": {"TableName": "tbl", "Key": {"p": {"S": "0"}}}}]);
    until_throttled(&bed, "GetItem", |_| get("0")).await;
    let refused = bed.call("TransactGetItems", json!({ "TransactItems": gets })).await.unwrap_err();
    assert_eq!(refused.1["CancellationReasons"][0]["Code"], "ProvisionedThroughputExceeded");
}

#[tokio::test]
async fn a_refused_condition_costs_what_it_looked_at() {
    let bed = Bed::enforcing().await;
    provisioned(&bed, units(1, 1)).await;
    let large = json!({ "p": {"S": "0"}, "v": {"S": "x".repeat(9_500)} });
    bed.ok("PutItem", json!({ "TableName": "tbl", "Item": large })).await;
    let conditional =
        json!({ "TableName": "tbl", "Item": {"p": {"S": "0"}}, "ConditionExpression": "attribute_not_exists(p)" });
    let mut refused = 0;
    while bed.call("PutItem", conditional.clone()).await.unwrap_err().0 == "ConditionalCheckFailedException" {
        refused += 1;
    }
    assert_eq!(refused, 29);
}

#[tokio::test]
async fn what_is_paid_for_by_use_has_bounds_if_it_is_given_some() {
    let bed = Bed::enforcing().await;
    let limit = json!({ "MaxReadRequestUnits": 1, "MaxWriteRequestUnits": 2 });
    let table = bed.create("tbl", json!({ "OnDemandThroughput": limit })).await;
    assert_eq!(table["OnDemandThroughput"], limit);
    let put = |number: usize| json!({ "TableName": "tbl", "Item": {"p": {"S": "a"}, "s": {"N": number.to_string()}} });
    let (count, code, body) = until_throttled(&bed, "PutItem", put).await;
    assert_eq!((count, &*code, &body["message"]), (600, "ThrottlingException", &json!(ON_DEMAND)));
    assert_eq!(body["throttlingReasons"][0]["reason"], "TableWriteMaxOnDemandThroughputExceeded");
    let none = json!({ "TableName": "tbl", "OnDemandThroughput": {"MaxWriteRequestUnits": -1} });
    let table = bed.ok("UpdateTable", none).await["TableDescription"].clone();
    assert_eq!(table["OnDemandThroughput"], json!({ "MaxReadRequestUnits": 1 }));
    for number in 600..700 {
        bed.ok("PutItem", put(number)).await;
    }
}

#[tokio::test]
async fn nothing_is_throttled_unless_it_was_asked_for() {
    let bed = Bed::new().await;
    provisioned(&bed, units(1, 1)).await;
    for number in 0..400 {
        bed.ok("PutItem", indexed(&number.to_string())).await;
    }
}
