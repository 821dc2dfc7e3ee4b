//! A table against a map in memory: random writes, transactions, crashes. The stream, read from its
//! beginning, rebuilds the table exactly; the index is the table, seen from elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::bed::{Bed, START};

#[derive(Debug, Clone)]
enum Step {
    Put {
        key: (u8, i8),
        group: Option<u8>,
        value: i32,
    },
    Add {
        key: (u8, i8),
        value: i32,
    },
    MoveTo {
        key: (u8, i8),
        group: u8,
    },
    Delete {
        key: (u8, i8),
    },
    /// Deletes one and puts another, if the one is there.
    Rename {
        from: (u8, i8),
        to: (u8, i8),
    },
    /// Some hours pass, after which another shard follows. Not so many that the stream is trimmed.
    Later,
    Crash,
}

fn key() -> impl Strategy<Value = (u8, i8)> {
    (0u8..3, -2i8..3)
}

fn step() -> impl Strategy<Value = Step> {
    let group = proptest::option::of(0u8..2);
    prop_oneof![
        6 => (key(), group, any::<i32>()).prop_map(|(key, group, value)| Step::Put { key, group, value }),
        4 => (key(), any::<i32>()).prop_map(|(key, value)| Step::Add { key, value }),
        3 => (key(), 0u8..2).prop_map(|(key, group)| Step::MoveTo { key, group }),
        3 => key().prop_map(|key| Step::Delete { key }),
        3 => (key(), key()).prop_map(|(from, to)| Step::Rename { from, to }),
        1 => Just(Step::Later),
        1 => Just(Step::Crash),
    ]
}

fn wire_key((partition, sort): (u8, i8)) -> Value {
    json!({ "p": {"S": format!("p{partition}")}, "s": {"N": sort.to_string()} })
}

fn item(key: (u8, i8), group: Option<u8>, value: i64) -> Value {
    let mut item = wire_key(key);
    item["v"] = json!({ "N": value.to_string() });
    if let Some(group) = group {
        item["g"] = json!({ "S": format!("g{group}") });
    }
    item
}

type Model = BTreeMap<(u8, i8), (Option<u8>, i64)>;

fn items(model: &Model) -> Vec<Value> {
    sorted(model.iter().map(|(key, (group, value))| item(*key, *group, *value)).collect())
}

pub fn sorted(mut items: Vec<Value>) -> Vec<Value> {
    items.sort_by_key(|item| format!("{} {}", item["p"]["S"], item["s"]["N"]));
    items
}

async fn carry_out(bed: Bed, step: Step, model: &mut Model) -> Bed {
    match step {
        Step::Crash => return bed.crash().await,
        Step::Later if bed.env.now() < START.plus_millis(16 * 3_600_000) => {
            bed.clock.advance(Duration::from_secs(5 * 3600));
            bed.settle().await;
        }
        Step::Later => {}
        Step::Put { key, group, value } => {
            bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item(key, group, value.into()) })).await;
            model.insert(key, (group, value.into()));
        }
        Step::Add { key, value } => {
            let input = json!({
                "TableName": "tbl", "Key": wire_key(key), "UpdateExpression": "ADD v :n",
                "ExpressionAttributeValues": {":n": {"N": value.to_string()}},
            });
            bed.ok("UpdateItem", input).await;
            model.entry(key).or_default().1 += i64::from(value);
        }
        Step::MoveTo { key, group } => {
            let input = json!({
                "TableName": "tbl", "Key": wire_key(key), "UpdateExpression": "SET g = :g",
                "ConditionExpression": "attribute_exists(p)",
                "ExpressionAttributeValues": {":g": {"S": format!("g{group}")}},
            });
            match (bed.call("UpdateItem", input).await, model.get_mut(&key)) {
                (Ok(_), Some(present)) => present.0 = Some(group),
                (Err((code, _)), None) => assert_eq!(code, "ConditionalCheckFailedException"),
                (answer, present) => panic!("{answer:?} where there is {present:?}"),
            }
        }
        Step::Delete { key } => {
            let input = json!({ "TableName": "tbl", "Key": wire_key(key), "ReturnValues": "ALL_OLD" });
            let answer = bed.ok("DeleteItem", input).await;
            let old = model.remove(&key).map(|(group, value)| item(key, group, value));
            assert_eq!(answer.get("Attributes"), old.as_ref());
        }
        Step::Rename { from, to } => rename(&bed, from, to, model).await,
    }
    bed
}

async fn rename(bed: &Bed, from: (u8, i8), to: (u8, i8), model: &mut Model) {
    let input = json!({ "TransactItems": [
        {"Delete": {"TableName": "tbl", "Key": wire_key(from), "ConditionExpression": "attribute_exists(p)"}},
        {"Put": {"TableName": "tbl", "Item": item(to, Some(0), 1)}},
    ]});
    match (bed.call("TransactWriteItems", input).await, model.contains_key(&from), from == to) {
        (Err((code, _)), _, true) => assert_eq!(code, "ValidationException"),
        (Ok(_), true, false) => {
            model.remove(&from);
            model.insert(to, (Some(0), 1));
        }
        (Err((code, body)), false, false) => {
            assert_eq!(code, "TransactionCanceledException");
            let codes: Vec<_> = body["CancellationReasons"].as_array().unwrap().iter().map(|r| &r["Code"]).collect();
            assert_eq!(codes, ["ConditionalCheckFailed", "None"]);
        }
        (answer, present, _) => panic!("{answer:?} where it was there: {present}"),
    }
}

async fn run(steps: Vec<Step>) {
    let mut bed = Bed::new().await;
    let extra = json!({
        "AttributeDefinitions": [
            {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"},
            {"AttributeName": "g", "AttributeType": "S"}, {"AttributeName": "v", "AttributeType": "N"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-group", "Projection": {"ProjectionType": "ALL"},
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
            },
            {
                "IndexName": "by-all", "Projection": {"ProjectionType": "KEYS_ONLY"},
                "KeySchema": [
                    {"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "p", "KeyType": "HASH"},
                    {"AttributeName": "v", "KeyType": "RANGE"}, {"AttributeName": "s", "KeyType": "RANGE"},
                ],
            },
        ],
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    });
    let table = bed.create("tbl", extra).await;
    let mut model = Model::new();
    for step in steps {
        bed = carry_out(bed, step, &mut model).await;
    }
    bed = bed.crash().await;
    assert_eq!(sorted(bed.scan("tbl", None).await), items(&model));
    let grouped = Model::from_iter(model.iter().filter(|(_, (group, _))| group.is_some()).map(|(k, v)| (*k, *v)));
    assert_eq!(sorted(bed.scan("tbl", Some("by-group")).await), items(&grouped));
    assert_eq!(sorted(bed.scan("tbl", Some("by-all")).await), items(&grouped));
    let records = bed.records(table["LatestStreamArn"].as_str().unwrap()).await;
    assert_eq!(replayed(&records), items(&model));
    bed.check().await;
}

/// The table that a stream's records make, each of which must fit what was there.
pub fn replayed(records: &[Value]) -> Vec<Value> {
    let mut table: BTreeMap<String, Value> = BTreeMap::new();
    for record in records {
        let change = &record["dynamodb"];
        let before = table.remove(&change["Keys"].to_string());
        assert_eq!(before.as_ref(), change.get("OldImage"), "{record}");
        let after = change.get("NewImage");
        let kind = match (&before, after) {
            (None, Some(_)) => "INSERT",
            (Some(_), Some(_)) => "MODIFY",
            (Some(_), None) => "REMOVE",
            (None, None) => panic!("nothing happened: {record}"),
        };
        assert_eq!(record["eventName"], kind);
        if let Some(after) = after {
            table.insert(change["Keys"].to_string(), after.clone());
        }
    }
    sorted(table.into_values().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn a_table_is_a_map_and_its_stream_rebuilds_it(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}
