//! Tables that cannot be: what is asked for, and the answer. (Misuses of items are tested through
//! boto3, in `testing/conformance`.)

use serde_json::{Value, json};

use crate::bed::Bed;

fn table(changes: Value) -> Value {
    let mut input = json!({
        "TableName": "tbl", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
    });
    input.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    input
}

#[tokio::test]
async fn tables_that_cannot_be_are_refused_in_aws_words() {
    let bed = Bed::new().await;
    let invalid = "One or more parameter values were invalid: ";
    let index = |keys: Value| json!({ "IndexName": "idx", "Projection": {"ProjectionType": "ALL"}, "KeySchema": keys });
    let cases = [
        (
            json!({ "TableName": "x" }),
            "1 validation error detected: Value 'x' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3".to_owned(),
        ),
        (
            json!({ "BillingMode": "PROVISIONED" }),
            format!(
                "{invalid}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
            ),
        ),
        (
            json!({ "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1} }),
            format!(
                "{invalid}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            ),
        ),
        (
            json!({ "KeySchema": [{"AttributeName": "q", "KeyType": "HASH"}] }),
            format!(
                "{invalid}Some index key attributes are not defined in AttributeDefinitions. Keys: [q], AttributeDefinitions: [p]"
            ),
        ),
        (
            json!({ "KeySchema": [{"AttributeName": "p", "KeyType": "RANGE"}] }),
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type".to_owned(),
        ),
        (
            json!({ "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "p", "KeyType": "RANGE"}] }),
            "Invalid KeySchema: Some index key attribute have no definition".to_owned(),
        ),
        (
            json!({ "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "q", "AttributeType": "S"}] }),
            format!(
                "{invalid}Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"
            ),
        ),
        (
            json!({ "LocalSecondaryIndexes": [index(json!([{"AttributeName": "p", "KeyType": "HASH"}]))] }),
            format!(
                "{invalid}Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
            ),
        ),
        (
            json!({ "GlobalSecondaryIndexes": [index(json!([{"AttributeName": "g", "KeyType": "HASH"}]))] }),
            format!(
                "{invalid}Some index key attributes are not defined in AttributeDefinitions. Keys: [g], AttributeDefinitions: [p]"
            ),
        ),
        (
            json!({ "GlobalSecondaryIndexes": [
                index(json!([{"AttributeName": "p", "KeyType": "HASH"}])), index(json!([{"AttributeName": "p", "KeyType": "HASH"}])),
            ] }),
            format!("{invalid}Duplicate index name: idx"),
        ),
        (
            json!({ "StreamSpecification": {"StreamEnabled": true} }),
            format!("{invalid}Table is being created with a stream enabled, UpdateViewType is required"),
        ),
    ];
    for (changes, message) in cases {
        let refused = bed.refused("CreateTable", table(changes.clone())).await;
        assert_eq!(refused, ("ValidationException".to_owned(), message), "{changes}");
    }
    bed.ok("CreateTable", table(json!({}))).await;
    let again = bed.refused("CreateTable", table(json!({}))).await;
    assert_eq!(again, ("ResourceInUseException".to_owned(), "Table already exists: tbl".to_owned()));
}

#[tokio::test]
async fn deep_and_heavy_items_are_refused() {
    let bed = Bed::new().await;
    bed.create("tbl", json!({})).await;
    let nested = |levels: usize| (0..levels).fold(json!({ "S": "x" }), |value, _| json!({ "L": [value] }));
    let put = |value: Value| json!({ "TableName": "tbl", "Item": {"p": {"S": "a"}, "s": {"N": "1"}, "x": value} });
    bed.ok("PutItem", put(nested(30))).await;
    let (code, message) = bed.refused("PutItem", put(nested(32))).await;
    assert_eq!(
        (code.as_str(), message.as_str()),
        (
            "ValidationException",
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
        )
    );
    // Names and values together: 1 + 1 + 1 + 2 + 1 for the key and the name of the third.
    bed.ok("PutItem", put(json!({ "S": "x".repeat(400 * 1024 - 6) }))).await;
    let (_, message) = bed.refused("PutItem", put(json!({ "S": "x".repeat(400 * 1024 - 5) }))).await;
    assert_eq!(message, "Item size has exceeded the maximum allowed size");
}
