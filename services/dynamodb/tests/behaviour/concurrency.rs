//! Many at once: counters count exactly, transfers keep totals, transactions that meet say so.

use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::bed::Bed;

fn key(number: usize) -> Value {
    json!({ "p": {"S": "a"}, "s": {"N": number.to_string()} })
}

async fn value(bed: &Bed, number: usize) -> i64 {
    let answer = bed.ok("GetItem", json!({ "TableName": "tbl", "Key": key(number) })).await;
    answer["Item"]["v"]["N"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_counter_counts_every_addition() {
    let bed = Bed::new().await;
    bed.create("tbl", json!({})).await;
    let add = |_| async {
        for _ in 0..20 {
            let input = json!({
                "TableName": "tbl", "Key": key(0), "UpdateExpression": "ADD v :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            });
            bed.ok("UpdateItem", input).await;
        }
    };
    join_all((0..32).map(add)).await;
    assert_eq!(value(&bed, 0).await, 640);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn optimistic_writers_lose_no_update() {
    let bed = Bed::new().await;
    bed.create("tbl", json!({})).await;
    bed.ok("PutItem", json!({ "TableName": "tbl", "Item": {"p": {"S": "a"}, "s": {"N": "0"}, "v": {"N": "0"}} })).await;
    let add = |_| async {
        let mut done = 0;
        while done < 5 {
            let old = value(&bed, 0).await;
            let input = json!({
                "TableName": "tbl", "Key": key(0), "UpdateExpression": "SET v = :new",
                "ConditionExpression": "v = :old",
                "ExpressionAttributeValues": {":old": {"N": old.to_string()}, ":new": {"N": (old + 1).to_string()}},
            });
            match bed.call("UpdateItem", input).await {
                Ok(_) => done += 1,
                // A failed condition is answered once what it saw is durable, so the next look sees it.
                Err((code, _)) => {
                    assert_eq!(code, "ConditionalCheckFailedException");
                    assert!(value(&bed, 0).await > old);
                }
            }
        }
    };
    join_all((0..8).map(add)).await;
    assert_eq!(value(&bed, 0).await, 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_keep_the_total_and_conflicts_are_told_in_order() {
    let bed = Arc::new(Bed::new().await);
    bed.create("tbl", json!({})).await;
    for number in 0..4 {
        let item = json!({ "p": {"S": "a"}, "s": {"N": number.to_string()}, "v": {"N": "100"} });
        bed.ok("PutItem", json!({ "TableName": "tbl", "Item": item })).await;
    }
    let transfer = |from: usize| {
        let bed = bed.clone();
        async move {
            for round in 0..20 {
                let update = |number: usize, amount: &str| {
                    json!({ "Update": {
                        "TableName": "tbl", "Key": key(number), "UpdateExpression": "ADD v :n",
                        "ExpressionAttributeValues": {":n": {"N": amount}},
                    }})
                };
                let to = (from + 1 + round % 3) % 4;
                let input = json!({ "TransactItems": [update(from % 4, "-1"), update(to % 4, "1")] });
                let Err((code, body)) = bed.call("TransactWriteItems", input).await else { continue };
                if from % 4 == to % 4 {
                    assert_eq!(code, "ValidationException");
                    continue;
                }
                assert_eq!(code, "TransactionCanceledException");
                let codes: Vec<&str> = body["CancellationReasons"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|reason| reason["Code"].as_str().unwrap())
                    .collect();
                assert_eq!(codes.len(), 2);
                assert!(codes.contains(&"TransactionConflict"), "{codes:?}");
            }
        }
    };
    join_all((0..16).map(transfer)).await;
    let mut total = 0;
    for number in 0..4 {
        total += value(&bed, number).await;
    }
    assert_eq!(total, 400);
}

/// Transactions that want the same items in different orders: exactly one of those that meet goes on, and
/// each of the others is told at which of its actions it met.
#[tokio::test]
async fn of_transactions_that_meet_one_goes_on() {
    let (bed, watch) = Bed::watched().await;
    bed.create("tbl", json!({})).await;
    let add = |number: usize| {
        json!({ "Update": {
            "TableName": "tbl", "Key": key(number), "UpdateExpression": "ADD v :n",
            "ExpressionAttributeValues": {":n": {"N": "1"}},
        }})
    };
    let orders = [[0, 1, 2], [2, 1, 0], [1, 3, 4], [5, 6, 0]];
    let transactions = orders.map(|order| {
        let input = json!({ "TransactItems": order.map(add) });
        bed.call("TransactWriteItems", input)
    });
    // A plain write waits for the transaction instead.
    let plain = bed.call("UpdateItem", add(1)["Update"].clone());
    watch.waiting.send_replace(0);
    watch.commits.send_replace(false);
    let open = async {
        watch.stand(1).await;
        watch.commits.send_replace(true);
    };
    let (answers, plain, ()) = tokio::join!(join_all(transactions), plain, open);
    plain.unwrap();
    let codes = |answer: &Result<Value, (String, Value)>| match answer {
        Ok(_) => "all".to_owned(),
        Err((_, body)) => {
            let reasons = body["CancellationReasons"].as_array().unwrap();
            let code = |reason: &Value| reason["Code"].as_str().unwrap().to_owned();
            reasons.iter().map(code).collect::<Vec<_>>().join(" ")
        }
    };
    let told: Vec<String> = answers.iter().map(codes).collect();
    let conflict = |place: usize| {
        let mut codes = ["None"; 3];
        codes[place] = "TransactionConflict";
        codes.join(" ")
    };
    let all_three = "TransactionConflict TransactionConflict TransactionConflict".to_owned();
    assert_eq!(told, ["all".to_owned(), all_three, conflict(0), conflict(2)]);
    let mut values = Vec::new();
    for number in 0..3 {
        values.push(value(&bed, number).await);
    }
    assert_eq!(values, [1, 2, 1]);
}
