//! What reads take: no latch, no lock, and no more memory than a page, whatever the table's size.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::bed::Bed;
use crate::watched::Watch;

/// A service without workers whose reads are watched.
async fn watched() -> (Bed, Arc<Watch>) {
    let (bed, watch) = Bed::watched().await;
    bed.create("tbl", json!({})).await;
    (bed, watch)
}

fn item(number: usize, filler: &str) -> Value {
    json!({ "p": {"S": "a"}, "s": {"N": number.to_string()}, "v": {"S": filler} })
}

#[tokio::test]
async fn scan_in_bounded_memory() {
    const ITEM: usize = 300_000;
    let (bed, watch) = watched().await;
    let filler = "x".repeat(ITEM);
    for number in 0..60 {
        bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item(number, &filler) })).await;
    }
    let never = json!({ ":v": {"S": "never"} });
    for (operation, extra) in [
        ("Scan", json!({})),
        ("Scan", json!({ "FilterExpression": "v = :v", "ExpressionAttributeValues": never })),
        ("Scan", json!({ "Select": "COUNT" })),
        ("Query", json!({ "KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "a"}} })),
    ] {
        let (mut start, mut pages, mut scanned) = (Value::Null, 0, 0);
        loop {
            let mut input = json!({ "TableName": "tbl", "ExclusiveStartKey": start });
            input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            watch.total.store(0, Ordering::SeqCst);
            let answer = bed.ok(operation, input).await;
            (pages, scanned) = (pages + 1, scanned + answer["ScannedCount"].as_u64().unwrap());
            // A page is a megabyte and the item that exceeds it; the store may have looked one page ahead.
            let read = watch.total.load(Ordering::SeqCst);
            assert!(read <= 2 * ((1 << 20) + ITEM + 1000), "{operation} {extra} read {read} bytes for one page");
            match answer.get("LastEvaluatedKey") {
                Some(last) => start = last.clone(),
                None => break,
            }
        }
        assert_eq!(scanned, 60);
        assert!(pages >= 15, "{pages} pages");
    }
    let largest = watch.largest.load(Ordering::SeqCst);
    assert!(largest <= (1 << 20) + ITEM + 1000, "one look at the store took {largest} bytes");
}

#[tokio::test]
async fn a_short_query_looks_at_the_store_once() {
    let (bed, watch) = watched().await;
    for number in 0..20 {
        bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item(number, "v") })).await;
    }
    for (forward, limit, looks) in [(true, None, 1), (false, None, 1), (true, Some(20), 1), (false, Some(7), 1)] {
        watch.waiting.send_replace(0);
        let query = json!({
            "TableName": "tbl", "KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "a"}},
            "ScanIndexForward": forward, "Limit": limit,
        });
        assert_eq!(bed.ok("Query", query).await["Count"], limit.unwrap_or(20));
        assert_eq!(*watch.waiting.borrow(), looks);
    }
}

#[tokio::test]
async fn reads_never_block_writes() {
    let (bed, watch) = watched().await;
    for number in 0..3 {
        bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item(number, "old") })).await;
    }
    watch.waiting.send_replace(0);
    watch.scans.send_replace(false);
    let reads = [
        ("Scan", json!({ "TableName": "tbl" })),
        (
            "Query",
            json!({
                "TableName": "tbl", "KeyConditionExpression": "p = :p", "ConsistentRead": true,
                "ExpressionAttributeValues": {":p": {"S": "a"}},
            }),
        ),
        ("ExecuteStatement", json!({ "Statement": "SELECT * FROM tbl" })),
    ];
    let reading = futures::future::join_all(reads.map(|(operation, input)| bed.ok(operation, input)));
    let writing = async {
        // Every read stands in the middle of what it does.
        watch.stand(3).await;
        bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item(0, "new") })).await;
        bed.ok("DeleteItem", json!({ "TableName": "tbl", "Key": {"p": {"S": "a"}, "s": {"N": "1"}} })).await;
        let put = json!({ "Put": {"TableName": "tbl", "Item": item(2, "new")} });
        bed.ok("TransactWriteItems", json!({ "TransactItems": [put] })).await;
        let puts = json!([{ "PutRequest": {"Item": item(3, "new")} }]);
        bed.ok("BatchWriteItem", json!({ "RequestItems": {"tbl": puts} })).await;
        let got = bed.ok("GetItem", json!({ "TableName": "tbl", "Key": {"p": {"S": "a"}, "s": {"N": "2"}} })).await;
        assert_eq!(got["Item"]["v"]["S"], "new");
        bed.ok("DeleteTable", json!({ "TableName": "tbl" })).await;
        watch.scans.send_replace(true);
    };
    let (answers, ()) = tokio::join!(reading, writing);
    // Each read answers what was there when it began, as a whole.
    let before = json!([item(0, "old"), item(1, "old"), item(2, "old")]);
    for answer in answers {
        assert_eq!(answer["Items"], before);
    }
}

#[tokio::test]
async fn a_query_goes_on_only_where_it_has_been() {
    let bed = Bed::new().await;
    bed.create("tbl", json!({})).await;
    let hash = json!({
        "TableName": "hash", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
    });
    bed.ok("CreateTable", hash).await;
    let query = |table: &str, condition: &str, start: Value| {
        let mut values = json!({ ":p": {"S": "b"} });
        if condition.contains(":s") {
            values[":s"] = json!({ "N": "5" });
        }
        json!({
            "TableName": table, "KeyConditionExpression": condition, "ExpressionAttributeValues": values,
            "ExclusiveStartKey": start,
        })
    };
    let key = |p: &str, s: &str| json!({ "p": {"S": p}, "s": {"N": s} });
    for (input, words) in [
        (
            query("tbl", "p = :p", key("a", "5")),
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
        (
            query("tbl", "p = :p AND s > :s", key("b", "5")),
            "The provided starting key does not match the range key predicate",
        ),
        (
            query("tbl", "p = :p AND s < :s", key("a", "4")),
            "The query can return at most one row and cannot be restarted",
        ),
        (
            query("hash", "p = :p", json!({ "p": {"S": "b"} })),
            "The provided exclusive start key is invalid: ExclusiveStartKey: {p=AttributeValue: {S:b}}",
        ),
    ] {
        let (code, message) = bed.refused("Query", input).await;
        assert_eq!((&*code, &*message), ("ValidationException", words));
    }
    bed.ok("PutItem", json!({ "TableName": "hash", "Item": {"p": {"S": "b"}} })).await;
    let mut first = query("hash", "p = :p", Value::Null);
    first["Limit"] = json!(1);
    let page = bed.ok("Query", first).await;
    assert_eq!((&page["Count"], page.get("LastEvaluatedKey")), (&json!(1), None));
}

#[tokio::test]
async fn nothing_is_inside_a_key() {
    let bed = Bed::new().await;
    let index = json!([{
        "IndexName": "idx", "Projection": {"ProjectionType": "ALL"},
        "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
    }]);
    let definitions = json!([
        {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"},
        {"AttributeName": "g", "AttributeType": "S"},
    ]);
    bed.create("tbl", json!({ "AttributeDefinitions": definitions, "GlobalSecondaryIndexes": index })).await;
    let key = json!({ "p": {"S": "a"}, "s": {"N": "1"} });
    let values = json!({ ":p": {"S": "a"} });
    for (operation, input, what) in [
        ("GetItem", json!({ "Key": key, "ProjectionExpression": "v, p.x" }), "Key: p"),
        ("GetItem", json!({ "Key": key, "ProjectionExpression": "g[1]" }), "IndexKey: g"),
        ("Scan", json!({ "FilterExpression": "attribute_exists(g.x)" }), "IndexKey: g"),
        (
            "Query",
            json!({ "KeyConditionExpression": "p = :p", "ExpressionAttributeValues": values, "ProjectionExpression": "s[0]" }),
            "Key: s",
        ),
        ("UpdateItem", json!({ "Key": key, "UpdateExpression": "SET v = g.x" }), "IndexKey: g"),
        (
            "UpdateItem",
            json!({ "Key": key, "UpdateExpression": "ADD g.x :p", "ExpressionAttributeValues": {":p": {"N": "1"}} }),
            "IndexKey: g",
        ),
    ] {
        let mut input = input;
        input["TableName"] = json!("tbl");
        let (code, message) = bed.refused(operation, input).await;
        let words = format!(
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {what}"
        );
        assert_eq!((&*code, &*message), ("ValidationException", &*words));
    }
    // What is wrong for every table is said before that there is none.
    let missing = |changes: Value| {
        let mut input =
            json!({ "TableName": "none", "KeyConditionExpression": "p = :p", "ExpressionAttributeValues": values });
        input.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        input
    };
    for (changes, words) in [
        (json!({ "KeyConditionExpression": "p <> :p" }), "Invalid operator used in KeyConditionExpression: <>"),
        (
            json!({ "ExclusiveStartKey": {"p": {}} }),
            "The provided starting key is invalid: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ),
    ] {
        assert_eq!(bed.refused("Query", missing(changes)).await, ("ValidationException".to_owned(), words.to_owned()));
    }
    assert_eq!(bed.refused("Query", missing(json!({}))).await.0, "ResourceNotFoundException");
}
