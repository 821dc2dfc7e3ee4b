//! What earlier forms of the tables left on the disk, record by record, is read by this one.
//!
//! `UPDATE_FIXTURES=1` writes the file of the present form anew, which is for a form that no release has yet.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_record::testing::{from_hex, to_hex};
use tidegate_store::{KeyRange, Order, Page, Space, Store, StoreError, Tx, transact};

use crate::bed::Bed;

const PRESENT: &str = "tables-5.txt";
const SPACES: [(&str, Space); 2] = [("map", Space::Map), ("log", Space::Log)];

fn path(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A table with everything that a table can have.
async fn filled() -> Bed {
    let bed = Bed::new().await;
    let index = |name: &str, key: Value| json!({ "IndexName": name, "KeySchema": key, "Projection": {"ProjectionType": "ALL"} });
    let global = index("global", json!([{"AttributeName": "g", "KeyType": "HASH"}]));
    let local =
        index("local", json!([{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "g", "KeyType": "RANGE"}]));
    let keys = [("g", "HASH"), ("p", "HASH"), ("ttl", "RANGE"), ("s", "RANGE")];
    let keys = keys.map(|(name, kind)| json!({ "AttributeName": name, "KeyType": kind }));
    let composite = index("composite", json!(keys));
    bed.create(
        "tbl",
        json!({
            "AttributeDefinitions": [
                {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"},
                {"AttributeName": "g", "AttributeType": "S"}, {"AttributeName": "ttl", "AttributeType": "N"},
            ],
            "GlobalSecondaryIndexes": [global, composite], "LocalSecondaryIndexes": [local],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            "OnDemandThroughput": {"MaxReadRequestUnits": 7, "MaxWriteRequestUnits": 8},
            "Tags": [{"Key": "k", "Value": "v"}], "DeletionProtectionEnabled": true,
        }),
    )
    .await;
    let ttl = json!({ "AttributeName": "ttl", "Enabled": true });
    bed.ok("UpdateTimeToLive", json!({ "TableName": "tbl", "TimeToLiveSpecification": ttl })).await;
    let recovery = json!({ "PointInTimeRecoveryEnabled": true });
    bed.ok("UpdateContinuousBackups", json!({ "TableName": "tbl", "PointInTimeRecoverySpecification": recovery }))
        .await;
    for number in 0..5 {
        bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item(number) })).await;
    }
    bed.ok("DeleteItem", json!({ "TableName": "tbl", "Key": {"p": {"S": "p"}, "s": {"N": "4"}} })).await;
    bed.ok("CreateBackup", json!({ "TableName": "tbl", "BackupName": "one" })).await;
    bed.settle().await;
    let put = json!({ "Put": {"TableName": "tbl", "Item": item(5)} });
    bed.ok("TransactWriteItems", json!({ "TransactItems": [put], "ClientRequestToken": "token" })).await;
    bed
}

fn item(number: usize) -> Value {
    json!({
        "p": {"S": "p"}, "s": {"N": number.to_string()}, "g": {"S": format!("g{}", number % 2)},
        "ttl": {"N": "4000000000"}, "bs": {"BS": ["AA==", "/w=="]}, "ns": {"NS": ["-1.5", "2"]},
        "m": {"M": {"l": {"L": [{"NULL": true}, {"BOOL": false}, {"SS": ["x"]}]}, "b": {"B": "AAE="}}},
    })
}

async fn dumped(bed: &Bed) -> String {
    let view = bed.store.snapshot().unwrap();
    let mut text = String::new();
    for (name, space) in SPACES {
        let all = KeyRange { start: bytes::Bytes::new(), end: None };
        for entry in view.scan(space, &all, Order::Ascending, Page::of(10_000)).await.unwrap() {
            writeln!(text, "{name} {} {}", to_hex(&entry.key), to_hex(&entry.record.value)).unwrap();
        }
    }
    text
}

async fn load(bed: &Bed, text: &str) {
    let put = async |tx: &mut Tx| -> Result<(), StoreError> {
        for line in text.lines() {
            let [space, key, value] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let (_, space) = SPACES.into_iter().find(|(name, _)| *name == space).unwrap();
            tx.put(space, from_hex(key), from_hex(value));
        }
        Ok(())
    };
    transact(&*bed.store, &[], put).await.unwrap();
}

#[tokio::test]
async fn a_table_of_every_form_is_read() {
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(path(PRESENT), dumped(&filled().await).await).unwrap();
    }
    for file in std::fs::read_dir(path("")).unwrap() {
        let bed = Bed::resting().await;
        load(&bed, &std::fs::read_to_string(file.unwrap().path()).unwrap()).await;
        // Once as records come, once as a start finds them.
        check(&bed).await;
        let bed = bed.crash().await;
        bed.settle().await;
        check(&bed).await;
        changes(&bed).await;
    }
}

async fn check(bed: &Bed) {
    bed.check().await;
    let table = bed.ok("DescribeTable", json!({ "TableName": "tbl" })).await["Table"].clone();
    assert_eq!((&table["ItemCount"], &table["TableStatus"]), (&json!(5), &json!("ACTIVE")));
    let kept: Vec<_> = [0, 1, 2, 3, 5].map(item).into();
    assert_eq!(bed.scan("tbl", None).await, kept);
    for kind in ["LocalSecondaryIndexes", "GlobalSecondaryIndexes"] {
        for index in table[kind].as_array().unwrap() {
            assert_eq!(bed.scan("tbl", index["IndexName"].as_str()).await.len(), 5, "{index}");
        }
    }
    let records = bed.records(table["LatestStreamArn"].as_str().unwrap()).await;
    let names: Vec<_> = records.iter().map(|record| record["eventName"].as_str().unwrap()).collect();
    assert_eq!(names, ["INSERT", "INSERT", "INSERT", "INSERT", "INSERT", "REMOVE", "INSERT"]);
    let backups = bed.ok("ListBackups", json!({ "TableName": "tbl" })).await;
    assert_eq!(backups["BackupSummaries"][0]["BackupStatus"], "AVAILABLE");
    let tags = bed.ok("ListTagsOfResource", json!({ "ResourceArn": table["TableArn"] })).await;
    assert_eq!(tags["Tags"], json!([{"Key": "k", "Value": "v"}]));
}

/// The table can be written to, restored, and its token is still known.
async fn changes(bed: &Bed) {
    let put = json!({ "Put": {"TableName": "tbl", "Item": item(5)} });
    bed.ok("TransactWriteItems", json!({ "TransactItems": [put], "ClientRequestToken": "token" })).await;
    bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item(6) })).await;
    let arn = bed.ok("ListBackups", json!({ "TableName": "tbl" })).await["BackupSummaries"][0]["BackupArn"].clone();
    bed.ok("RestoreTableFromBackup", json!({ "BackupArn": arn, "TargetTableName": "restored" })).await;
    bed.settle().await;
    let restored: Vec<_> = (0..4).map(item).collect();
    assert_eq!(bed.scan("restored", None).await, restored);
    bed.clock.advance(Duration::from_secs(60));
    bed.settle().await;
    bed.check().await;
}
