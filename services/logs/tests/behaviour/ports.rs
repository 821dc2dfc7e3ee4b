use serde_json::json;
use tidegate_ports::{Delivery, LogBatch, Refusal, RetryPolicy};
use tidegate_store::{StoreError, TransactError, Tx, transact};
use tidegate_types::{AccountId, Region};

use crate::bed::{Bed, START};

fn delivery(target: &str, payload: &[u8]) -> Delivery {
    Delivery {
        source: "arn:aws:events:us-east-1:000000000000:rule/r".parse().unwrap(),
        target: target.parse().unwrap(),
        lane: None,
        deduplication_id: None,
        payload: payload.to_vec().into(),
        attributes: Vec::new(),
        role: None,
        retry: RetryPolicy { max_retries: 0, max_age_ms: 0 },
        dead_letter: None,
        hops: 0,
        trace: None,
        raised_at: START,
    }
}

#[derive(Debug)]
enum Failed {
    Refused(Refusal),
    GivenUp,
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Failed {
        Failed::Refused(error.into())
    }
}

async fn deliver(bed: &Bed, delivery: &Delivery, commit: bool) -> Result<(), Failed> {
    let sink = &bed.logs.sink();
    let latches = sink.latches(delivery);
    let sent = transact(&*bed.store, &latches, async |tx: &mut Tx| {
        sink.accept(tx, delivery.clone()).await.map_err(Failed::Refused)?;
        if commit { Ok(()) } else { Err(Failed::GivenUp) }
    });
    match sent.await {
        Ok(_) => Ok(()),
        Err(TransactError::Refused(failed)) => Err(failed),
        Err(TransactError::Commit(error)) => panic!("{error}"),
    }
}

const TARGET: &str = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/r";

#[tokio::test]
async fn a_delivery_is_an_event_if_its_senders_transaction_commits() {
    let bed = Bed::new().await;
    bed.create("/aws/events/r", &[]).await;
    assert!(matches!(deliver(&bed, &delivery(TARGET, b"x"), false).await, Err(Failed::GivenUp)));
    assert_eq!(bed.filter("/aws/events/r", json!({})).await, Vec::<String>::new());
    for payload in ["{\"a\":1}", "{\"a\":2}"] {
        deliver(&bed, &delivery(TARGET, payload.as_bytes()), true).await.unwrap();
    }
    assert_eq!(bed.filter("/aws/events/r", json!({ "filterPattern": "{ $.a = 2 }" })).await, ["{\"a\":2}"]);
    let streams = bed.ok("DescribeLogStreams", json!({ "logGroupName": "/aws/events/r" })).await;
    assert_eq!(streams["logStreams"][0]["logStreamName"], "events/rule/r");
    bed.check().await;
}

#[tokio::test]
async fn refusals_are_typed() {
    let bed = Bed::new().await;
    let refused = async |payload: &[u8]| match deliver(&bed, &delivery(TARGET, payload), true).await {
        Err(Failed::Refused(refusal)) => refusal.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(b"x").await, format!("{TARGET} does not exist"));
    bed.create("/aws/events/r", &[]).await;
    assert_eq!(refused(b"").await, format!("{TARGET} cannot take this: the payload is empty"));
    assert_eq!(refused(b"\xe9").await, format!("{TARGET} cannot take this: the payload is not UTF-8"));
    let large = vec![b'x'; 1 << 20];
    assert_eq!(refused(&large).await, format!("{TARGET} cannot take this: the payload is larger than an event may be"));
}

#[tokio::test]
async fn functions_write_lines_in_batches() {
    let bed = Bed::new().await;
    let line = |at: u64, text: &str| (START.plus_millis(at), text.to_owned());
    let batch = |lines| LogBatch {
        account: AccountId::DEFAULT,
        region: Region::us_east_1(),
        group: "/aws/lambda/f".to_owned(),
        stream: "2023/11/14/[$LATEST]0123".to_owned(),
        lines,
    };
    let port = bed.logs.lines();
    port.write(batch(vec![line(2, "END"), line(0, "START"), line(1, "hello"), line(1, "")])).await.unwrap();
    port.write(batch(vec![line(3, "REPORT")])).await.unwrap();
    assert_eq!(bed.filter("/aws/lambda/f", json!({})).await, ["START", "hello", "END", "REPORT"]);
    // A day's output of a busy function, in one go.
    let many = (0..30_000).map(|at| line(at * 1000, &"x".repeat(100))).collect();
    port.write(batch(many)).await.unwrap();
    assert_eq!(bed.filter("/aws/lambda/f", json!({})).await.len(), 30_004);
    bed.check().await;
}
