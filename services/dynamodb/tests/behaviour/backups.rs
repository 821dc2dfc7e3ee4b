//! Backups and restores: as of one moment, beside writes, over crashes.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tidegate_dynamodb::store::{BackupRecord, keys};
use tidegate_record::Stored;
use tidegate_record::testing::from_hex;
use tidegate_store::{KeyRange, Order, Page, Space, Store, StoreError, Tx, transact};

use crate::bed::{Bed, START};

fn item(number: usize, value: u64) -> Value {
    json!({
        "p": {"S": format!("p{number}")}, "s": {"N": "1"}, "v": {"N": value.to_string()},
        "g": {"S": format!("g{}", value % 3)},
    })
}

async fn put(bed: &Bed, number: usize, value: u64) {
    bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item(number, value) })).await;
}

async fn delete(bed: &Bed, number: usize) {
    let key = json!({ "p": {"S": format!("p{number}")}, "s": {"N": "1"} });
    bed.ok("DeleteItem", json!({ "TableName": "tbl", "Key": key })).await;
}

/// A table with an index and so many items.
async fn filled(count: usize) -> Bed {
    let bed = Bed::new().await;
    let index = json!({
        "IndexName": "by-group", "Projection": {"ProjectionType": "ALL"},
        "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
    });
    let definitions = json!([
        {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"},
        {"AttributeName": "g", "AttributeType": "S"},
    ]);
    bed.create("tbl", json!({ "AttributeDefinitions": definitions, "GlobalSecondaryIndexes": [index] })).await;
    for number in 0..count {
        put(&bed, number, 1).await;
    }
    bed
}

async fn items(bed: &Bed, table: &str, index: Option<&str>) -> Vec<String> {
    let mut items: Vec<_> = bed.scan(table, index).await.iter().map(Value::to_string).collect();
    items.sort();
    items
}

async fn back_up(bed: &Bed) -> String {
    let details = bed.ok("CreateBackup", json!({ "TableName": "tbl", "BackupName": "one" })).await;
    assert_eq!(details["BackupDetails"]["BackupStatus"], "CREATING");
    details["BackupDetails"]["BackupArn"].as_str().unwrap().to_owned()
}

async fn recover(bed: &Bed, enabled: bool) {
    let wanted = json!({ "PointInTimeRecoveryEnabled": enabled });
    let input = json!({ "TableName": "tbl", "PointInTimeRecoverySpecification": wanted });
    bed.ok("UpdateContinuousBackups", input).await;
}

/// Changes, adds and deletes while something may be copying.
async fn disturb(bed: &Bed, count: usize, value: u64) {
    for number in (0..count).step_by(3) {
        put(bed, number, value).await;
        put(bed, number, value + 1).await;
        delete(bed, number + 1).await;
        put(bed, number + 10_000, value).await;
    }
    put(bed, 1, value).await;
    delete(bed, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_of_one_moment_beside_writes_and_over_crashes() {
    let bed = filled(450).await;
    let before = items(&bed, "tbl", None).await;
    let arn = back_up(&bed).await;
    disturb(&bed, 450, 7).await;
    let bed = bed.crash().await;
    disturb(&bed, 450, 9).await;
    bed.settle().await;
    let described = bed.ok("DescribeBackup", json!({ "BackupArn": arn })).await;
    let described = &described["BackupDescription"];
    assert_eq!(described["BackupDetails"]["BackupStatus"], "AVAILABLE");
    assert_eq!(described["SourceTableDetails"]["ItemCount"], 450);
    let restore = json!({ "BackupArn": arn, "TargetTableName": "restored" });
    let table = bed.ok("RestoreTableFromBackup", restore.clone()).await;
    assert_eq!(table["TableDescription"]["TableStatus"], "CREATING");
    assert_eq!(table["TableDescription"]["RestoreSummary"]["RestoreInProgress"], true);
    let bed = bed.crash().await;
    bed.settle().await;
    assert_eq!(items(&bed, "restored", None).await, before);
    assert_eq!(items(&bed, "restored", Some("by-group")).await, before);
    let (code, _) = bed.refused("RestoreTableFromBackup", restore).await;
    assert_eq!(code, "TableAlreadyExistsException");
    bed.ok("DeleteBackup", json!({ "BackupArn": arn })).await;
    assert_eq!(bed.refused("DescribeBackup", json!({ "BackupArn": arn })).await.0, "BackupNotFoundException");
    bed.settle().await;
    bed.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_is_restored_to_any_second() {
    let bed = filled(30).await;
    recover(&bed, true).await;
    let mut moments = Vec::new();
    for round in 0..4 {
        bed.clock.advance(Duration::from_secs(5));
        moments.push((START.as_secs() + round * 10 + 5, items(&bed, "tbl", None).await));
        bed.clock.advance(Duration::from_secs(5));
        disturb(&bed, 30, 10 * round + 2).await;
    }
    let mut bed = bed;
    for (number, (second, expected)) in moments.iter().enumerate() {
        let target = format!("restored-{number}");
        let input = json!({ "SourceTableName": "tbl", "TargetTableName": target, "RestoreDateTime": second });
        bed.ok("RestoreTableToPointInTime", input).await;
        disturb(&bed, 30, 100).await;
        bed = bed.crash().await;
        bed.settle().await;
        assert_eq!(&items(&bed, &target, None).await, expected, "{number}");
        assert_eq!(&items(&bed, &target, Some("by-group")).await, expected, "{number}");
    }
    let now = items(&bed, "tbl", None).await;
    let input = json!({ "SourceTableName": "tbl", "TargetTableName": "latest", "UseLatestRestorableTime": true });
    bed.ok("RestoreTableToPointInTime", input).await;
    bed.settle().await;
    assert_eq!(items(&bed, "latest", None).await, now);
    bed.check().await;
}

#[tokio::test]
async fn a_window_has_its_ends() {
    let bed = filled(1).await;
    let restore = |at: u64| json!({ "SourceTableName": "tbl", "TargetTableName": "x-1", "RestoreDateTime": at });
    let (code, _) = bed.refused("RestoreTableToPointInTime", restore(START.as_secs())).await;
    assert_eq!(code, "PointInTimeRecoveryUnavailableException");
    recover(&bed, true).await;
    for at in [START.as_secs() - 1, START.as_secs() + 60] {
        let (code, _) = bed.refused("RestoreTableToPointInTime", restore(at)).await;
        assert_eq!(code, "InvalidRestoreTimeException");
    }
    let shown = bed.ok("DescribeContinuousBackups", json!({ "TableName": "tbl" })).await;
    let shown = &shown["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
    assert_eq!(shown["RecoveryPeriodInDays"], 35);
    recover(&bed, false).await;
    let (code, _) = bed.refused("RestoreTableToPointInTime", restore(START.as_secs())).await;
    assert_eq!(code, "PointInTimeRecoveryUnavailableException");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_table_with_recovery_leaves_a_backup_for_35_days() {
    let bed = filled(20).await;
    recover(&bed, true).await;
    let before = items(&bed, "tbl", None).await;
    bed.ok("DeleteTable", json!({ "TableName": "tbl" })).await;
    bed.settle().await;
    let list = bed.ok("ListBackups", json!({ "BackupType": "SYSTEM" })).await;
    let backup = &list["BackupSummaries"][0];
    assert_eq!(backup["BackupName"], "tbl$DeletedTableBackup");
    let restore = json!({ "BackupArn": backup["BackupArn"], "TargetTableName": "tbl" });
    bed.ok("RestoreTableFromBackup", restore).await;
    bed.settle().await;
    assert_eq!(items(&bed, "tbl", None).await, before);
    bed.clock.advance(Duration::from_secs(36 * 86_400));
    bed.settle().await;
    assert_eq!(bed.ok("ListBackups", json!({})).await["BackupSummaries"], json!([]));
    assert_eq!(items(&bed, "tbl", None).await, before);
    bed.check().await;
}

#[tokio::test]
async fn lists_go_page_by_page() {
    let bed = filled(1).await;
    for _ in 0..5 {
        back_up(&bed).await;
        bed.clock.advance(Duration::from_secs(1));
    }
    bed.settle().await;
    let (mut found, mut start) = (0, Value::Null);
    loop {
        let page = bed.ok("ListBackups", json!({ "Limit": 2, "ExclusiveStartBackupArn": start })).await;
        found += page["BackupSummaries"].as_array().unwrap().len();
        match page.get("LastEvaluatedBackupArn") {
            Some(last) => start = last.clone(),
            None => break,
        }
    }
    assert_eq!(found, 5);
}

/// Puts what nobody can read behind the items of a table, as a damaged disk might.
pub async fn damage(bed: &Bed, table: &str) {
    let prefix = from_hex(&format!("1402{:016x}", bed.number_of(table).await));
    spoil(bed, [&prefix[..], &[0xff; 8]].concat().into()).await;
}

/// Puts what nobody can read under a key.
pub async fn spoil(bed: &Bed, key: Bytes) {
    let key = &key;
    let put = async |tx: &mut Tx| -> Result<(), StoreError> {
        tx.put(Space::Map, key.clone(), &[0xff][..]);
        Ok(())
    };
    transact(&*bed.store, &[], put).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_cannot_go_on_holds_up_no_other() {
    let bed = filled(5).await;
    damage(&bed, "tbl").await;
    let failed = back_up(&bed).await;
    let mut others = Vec::new();
    // Which copy comes first is left to chance: one of so many is behind the one that fails.
    for number in 0..8 {
        let name = format!("whole-{number}");
        bed.create(&name, json!({})).await;
        let made = bed.ok("CreateBackup", json!({ "TableName": name, "BackupName": "one" })).await;
        others.push(made["BackupDetails"]["BackupArn"].clone());
    }
    let status = async |arn: &Value| {
        let shown = bed.ok("DescribeBackup", json!({ "BackupArn": arn })).await;
        shown["BackupDescription"]["BackupDetails"]["BackupStatus"].as_str().unwrap().to_owned()
    };
    bed.settle().await;
    for arn in &others {
        assert_eq!(status(arn).await, "AVAILABLE");
    }
    // One that could not be made is shown as gone for a day, and then is.
    assert_eq!(status(&json!(failed)).await, "DELETED");
    let restore = json!({ "BackupArn": failed, "TargetTableName": "of-it" });
    assert_eq!(bed.refused("RestoreTableFromBackup", restore).await.0, "BackupNotFoundException");
    // Nothing holds on to the table any more.
    bed.ok("DeleteTable", json!({ "TableName": "tbl" })).await;
    bed.clock.advance(Duration::from_secs(25 * 3600));
    bed.settle().await;
    let (code, _) = bed.refused("DescribeBackup", json!({ "BackupArn": failed })).await;
    assert_eq!(code, "BackupNotFoundException");
    bed.check().await;
}

#[tokio::test]
async fn a_restore_that_cannot_go_on_leaves_no_table_and_its_name_free() {
    let bed = filled(5).await;
    let arn = back_up(&bed).await;
    bed.settle().await;
    damage_backup(&bed).await;
    bed.ok("RestoreTableFromBackup", json!({ "BackupArn": arn, "TargetTableName": "restored" })).await;
    bed.settle().await;
    let (code, _) = bed.refused("DescribeTable", json!({ "TableName": "restored" })).await;
    assert_eq!(code, "ResourceNotFoundException");
    bed.create("restored", json!({})).await;
    assert!(bed.scan("restored", None).await.is_empty());
    // The backup is not held by the restore that ended.
    bed.ok("DeleteBackup", json!({ "BackupArn": arn })).await;
    bed.settle().await;
    bed.check().await;
}

/// Puts what nobody can read among the items of the only backup.
async fn damage_backup(bed: &Bed) {
    let view = bed.store.snapshot().unwrap();
    let range = KeyRange::prefix(&keys::all_backups());
    let entries = view.scan(Space::Map, &range, Order::Ascending, Page::of(10)).await.unwrap();
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    let backup = BackupRecord::decode(&entry.record.value).unwrap();
    spoil(bed, [&keys::Place::Items(backup.place).all()[..], &[0xff; 8]].concat().into()).await;
}

#[tokio::test]
async fn a_table_has_so_many_backups_under_way_at_most() {
    // Without workers, so that none of them is ever finished.
    let bed = Bed::resting().await;
    bed.create("tbl", json!({})).await;
    for _ in 0..10 {
        back_up(&bed).await;
    }
    let (code, _) = bed.refused("CreateBackup", json!({ "TableName": "tbl", "BackupName": "one" })).await;
    assert_eq!(code, "LimitExceededException");
}

#[tokio::test]
async fn a_restored_table_keeps_its_bounds() {
    let bed = Bed::new().await;
    let (of_table, of_index) =
        (json!({ "MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 6 }), json!({ "MaxReadRequestUnits": 7 }));
    let index = json!({
        "IndexName": "by-g", "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"}, "OnDemandThroughput": of_index,
    });
    bed.create("tbl", json!({ "GlobalSecondaryIndexes": [index], "OnDemandThroughput": of_table })).await;
    let arn = back_up(&bed).await;
    bed.settle().await;
    bed.ok("RestoreTableFromBackup", json!({ "BackupArn": arn, "TargetTableName": "restored" })).await;
    bed.settle().await;
    let table = bed.ok("DescribeTable", json!({ "TableName": "restored" })).await["Table"].clone();
    assert_eq!(table["OnDemandThroughput"], of_table);
    let index = &table["GlobalSecondaryIndexes"][0]["OnDemandThroughput"];
    assert_eq!(index["MaxReadRequestUnits"], of_index["MaxReadRequestUnits"]);
}
