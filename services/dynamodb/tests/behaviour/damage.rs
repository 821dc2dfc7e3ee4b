//! Records that cannot be read: workers pass over them, whoever asks for them is told.

use std::time::Duration;

use serde_json::{Value, json};
use tidegate_dynamodb::store::keys;

use crate::backups::{damage, spoil};
use crate::bed::{Bed, START};

async fn filled(count: usize) -> Bed {
    let bed = Bed::new().await;
    bed.create("tbl", json!({})).await;
    for number in 0..count {
        let item =
            json!({ "p": {"S": format!("p{number}")}, "s": {"N": "1"}, "g": {"S": "g"}, "ttl": {"N": due(number)} });
        bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item })).await;
    }
    bed
}

fn due(number: usize) -> String {
    (START.as_secs() + 60 + number as u64).to_string()
}

async fn add_index(bed: &Bed) {
    let create = json!({
        "IndexName": "byG", "Projection": {"ProjectionType": "KEYS_ONLY"},
        "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
    });
    bed.ok(
        "UpdateTable",
        json!({
            "TableName": "tbl", "AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}],
            "GlobalSecondaryIndexUpdates": [{"Create": create}],
        }),
    )
    .await;
    bed.settle().await;
}

async fn status(bed: &Bed) -> Value {
    let table = bed.ok("DescribeTable", json!({ "TableName": "tbl" })).await;
    table["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"].clone()
}

#[tokio::test]
async fn a_backfill_passes_over_what_it_cannot_read() {
    let bed = filled(450).await;
    damage(&bed, "tbl").await;
    add_index(&bed).await;
    assert_eq!(status(&bed).await, "ACTIVE");
    assert_eq!(bed.scan("tbl", Some("byG")).await.len(), 450);
    let (code, _) = bed.refused("Scan", json!({ "TableName": "tbl" })).await;
    assert_eq!(code, "InternalFailure");
}

#[tokio::test]
async fn what_nobody_can_read_can_be_swept() {
    let bed = filled(30).await;
    damage(&bed, "tbl").await;
    bed.ok("DeleteTable", json!({ "TableName": "tbl" })).await;
    bed.settle().await;
    bed.check().await;
}

#[tokio::test]
async fn an_item_that_cannot_be_read_keeps_no_other_from_expiring() {
    let bed = filled(5).await;
    let ttl = json!({ "AttributeName": "ttl", "Enabled": true });
    bed.ok("UpdateTimeToLive", json!({ "TableName": "tbl", "TimeToLiveSpecification": ttl })).await;
    bed.settle().await;
    let id = bed.number_of("tbl").await;
    let text = |text: &str| tidegate_dynamodb::domain::Value::S(text.to_owned());
    let one = tidegate_dynamodb::domain::Number::from_u64(1);
    let key =
        tidegate_dynamodb::domain::Key { partition: text("p2"), sort: Some(tidegate_dynamodb::domain::Value::N(one)) };
    spoil(&bed, keys::item(id, &key)).await;
    bed.clock.advance(Duration::from_secs(3600));
    bed.settle().await;
    for (number, is_there) in [(0, false), (1, false), (3, false), (4, false)] {
        let key = json!({ "p": {"S": format!("p{number}")}, "s": {"N": "1"} });
        let answer = bed.ok("GetItem", json!({ "TableName": "tbl", "Key": key })).await;
        assert_eq!(answer.get("Item").is_some(), is_there);
    }
    let key = json!({ "p": {"S": "p2"}, "s": {"N": "1"} });
    assert_eq!(bed.refused("GetItem", json!({ "TableName": "tbl", "Key": key })).await.0, "InternalFailure");
}
