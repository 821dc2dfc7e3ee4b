//! What is sensitive is masked wherever an event is seen, and if nobody knows what is sensitive, all of it is.

use serde_json::{Value, json};
use tidegate_logs::invariants;
use tidegate_logs::store::{RuleKind, RuleRecord, keys};
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Store, StoreError, Tx, transact};

use crate::bed::{Bed, START, texts};
use crate::rules::protection;

async fn protect(bed: &Bed, identifiers: &[&str]) {
    let document = protection(identifiers);
    bed.ok("PutDataProtectionPolicy", json!({ "logGroupIdentifier": "g", "policyDocument": document })).await;
}

async fn rows(bed: &Bed, text: &str) -> Vec<Value> {
    let seconds = START.as_millis() / 1000;
    let input =
        json!({ "logGroupName": "g", "queryString": text, "startTime": seconds - 60, "endTime": seconds + 3600 });
    let id = bed.ok("StartQuery", input).await["queryId"].clone();
    bed.settle().await;
    bed.ok("GetQueryResults", json!({ "queryId": id })).await["results"].as_array().unwrap().clone()
}

fn value<'r>(row: &'r Value, field: &str) -> &'r Value {
    &row.as_array().unwrap().iter().find(|cell| cell["field"] == field).unwrap()["value"]
}

#[tokio::test]
async fn fields_and_records_are_masked_as_they_are_read() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    protect(&bed, &["Ssn-US", "EmailAddress"]).await;
    bed.put("g", "s", &[(0, r#"{"m":"a\n123-45-6789","who":"jane\u0040x.com"}"#)]).await;
    let found = rows(&bed, "fields m, who, @ptr").await;
    assert_eq!((value(&found[0], "m"), value(&found[0], "who")), (&json!("a\n***********"), &json!("**********")));
    let pointer = value(&found[0], "@ptr");
    let record = bed.ok("GetLogRecord", json!({ "logRecordPointer": pointer })).await["logRecord"].clone();
    assert_eq!((&record["m"], &record["who"]), (&json!("a\n***********"), &json!("**********")));
    let clear = bed.ok("GetLogRecord", json!({ "logRecordPointer": pointer, "unmask": true })).await;
    assert_eq!(clear["logRecord"]["m"], "a\n123-45-6789");
    assert_eq!(bed.filter("g", json!({})).await, [r#"{"m":"a\n***********","who":"**********"}"#]);
}

#[tokio::test]
async fn what_was_transformed_is_masked_too() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    protect(&bed, &["Ssn-US"]).await;
    let config = json!([{ "parseKeyValue": { "keyValueDelimiter": "=", "fieldDelimiter": ";" } }]);
    bed.ok("PutTransformer", json!({ "logGroupIdentifier": "g", "transformerConfig": config })).await;
    bed.put("g", "s", &[(0, "id=\n123-45-6789;b=c")]).await;
    assert_eq!(value(&rows(&bed, "fields id").await[0], "id"), "\n***********");
}

/// A large event that is hidden behind a small one takes no room in an answer.
#[tokio::test]
async fn an_answer_counts_what_it_shows() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    protect(&bed, &["Ssn-US"]).await;
    let long = format!("123-45-6789 {}", "x".repeat(200_000));
    for at in 0..4 {
        bed.put("g", "s", &[(at, &long)]).await;
    }
    assert_eq!(texts(&bed.get("g", "s", json!({ "startFromHead": true })).await).len(), 4);
    assert_eq!(bed.ok("FilterLogEvents", json!({ "logGroupName": "g" })).await["events"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn all_is_masked_where_a_policy_cannot_be_read() {
    let bed = Bed::new().await;
    bed.create("g", &["s"]).await;
    bed.put("g", "s", &[(0, "plain")]).await;
    protect(&bed, &["Ssn-US"]).await;
    assert_eq!(bed.filter("g", json!({})).await, ["plain"]);
    let view = bed.store.snapshot().unwrap();
    let range = KeyRange::prefix(&keys::catalogue());
    let entries = view.scan(Space::Map, &range, Order::Ascending, Page::of(10));
    let is_rule = |key: &bytes::Bytes| {
        matches!(keys::read_catalogue(key), Ok(keys::Catalogued::Rule(_, RuleKind::DataProtection)))
    };
    let found = entries.await.unwrap().into_iter().find(|entry| is_rule(&entry.key)).unwrap();
    let rule = RuleRecord::decode(&found.record.value).unwrap();
    let unknown = protection(&["OfTomorrow"]);
    let record = &RuleRecord { document: unknown, ..rule };
    let key = &found.key;
    let written = transact(&*bed.store, &[], async |tx: &mut Tx| {
        tx.put(Space::Map, key.clone(), record.encode());
        Ok::<_, StoreError>(())
    });
    written.await.unwrap();
    assert_eq!(bed.filter("g", json!({})).await, ["*****"]);
    let bed = bed.restart().await;
    assert_eq!(bed.filter("g", json!({})).await, ["*****"]);
    assert_eq!(bed.filter("g", json!({ "unmask": true })).await, ["plain"]);
    let violations = invariants::violations(&*bed.store.snapshot().unwrap()).await.unwrap();
    assert!(violations[0].ends_with("unknown data identifier OfTomorrow"), "{violations:?}");
}
