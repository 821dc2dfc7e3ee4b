use serde_json::json;
use tidegate_ports::{Delivery, DeliveryAttribute, Refusal, RetryPolicy};
use tidegate_store::{StoreError, TransactError, Tx, transact};
use tidegate_types::Arn;

use crate::bed::{Bed, START, arn, bodies, system};

fn delivery(target: &str, payload: &str) -> Delivery {
    Delivery {
        source: "arn:aws:sns:us-east-1:123456789012:topic".parse().unwrap(),
        target: target.parse().unwrap(),
        lane: None,
        deduplication_id: None,
        payload: payload.to_owned().into(),
        attributes: Vec::new(),
        role: None,
        retry: RetryPolicy { max_retries: 0, max_age_ms: 0 },
        dead_letter: None,
        hops: 0,
        trace: Some("Root=1".to_owned()),
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

/// Sends deliveries in one transaction of a sender's, which commits or gives up.
async fn deliver(bed: &Bed, deliveries: &[Delivery], commit: bool) -> Result<(), Failed> {
    let sink = &bed.sqs.sink();
    let latches: Vec<_> = deliveries.iter().flat_map(|delivery| sink.latches(delivery)).collect();
    let sent = transact(&*bed.store, &latches, async |tx: &mut Tx| {
        for delivery in deliveries {
            sink.accept(tx, delivery.clone()).await.map_err(Failed::Refused)?;
        }
        if commit { Ok(()) } else { Err(Failed::GivenUp) }
    });
    match sent.await {
        Ok(_) => Ok(()),
        Err(TransactError::Refused(failed)) => Err(failed),
        Err(TransactError::Commit(error)) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_delivery_arrives_if_its_senders_transaction_commits() {
    let bed = Bed::new().await;
    let one = bed.create("one", json!({})).await;
    let two = bed.create("two", json!({})).await;
    assert_eq!(bed.sqs.sink().service(), "sqs");
    let both = [delivery(&arn("one"), "x"), delivery(&arn("two"), "x")];
    assert!(matches!(deliver(&bed, &both, false).await, Err(Failed::GivenUp)));
    assert_eq!((bed.counts(&one).await, bed.counts(&two).await), ([0, 0, 0], [0, 0, 0]));
    deliver(&bed, &both, true).await.unwrap();
    for url in [one, two] {
        let received = bed.receive(&url).await;
        assert_eq!(bodies(&received), ["x"]);
        assert_eq!(system(&received[0], "SenderId"), "123456789012");
        assert_eq!(system(&received[0], "AWSTraceHeader"), "Root=1");
    }
}

#[tokio::test]
async fn a_fifo_target_orders_and_deduplicates() {
    let bed = Bed::new().await;
    let url = bed.create_fifo("q.fifo", json!({})).await;
    let target = arn("q.fifo");
    let one =
        Delivery { lane: Some("g".to_owned()), deduplication_id: Some("id".to_owned()), ..delivery(&target, "x") };
    deliver(&bed, std::slice::from_ref(&one), true).await.unwrap();
    deliver(&bed, std::slice::from_ref(&one), true).await.unwrap();
    let received = bed.receive(&url).await;
    assert_eq!(bodies(&received), ["x"]);
    assert_eq!(system(&received[0], "MessageGroupId"), "g");
    for incomplete in [Delivery { lane: None, ..one.clone() }, Delivery { deduplication_id: None, ..one }] {
        let refused = deliver(&bed, &[incomplete], true).await;
        assert!(matches!(refused, Err(Failed::Refused(Refusal::Unacceptable { .. }))), "{refused:?}");
    }
}

#[tokio::test]
async fn refusals_are_typed() {
    let bed = Bed::new().await;
    bed.create("q", json!({ "MaximumMessageSize": "1024" })).await;
    let here = arn("q");
    let missing: Arn = arn("missing").parse().unwrap();
    let refusal = async |delivery: Delivery| match deliver(&bed, &[delivery], true).await {
        Err(Failed::Refused(refusal)) => refusal.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal(delivery(&missing.to_string(), "x")).await, Refusal::NoSuchTarget(missing).to_string());
    for (payload, what) in [
        (String::new(), "the payload is empty"),
        ("x".repeat(1025), "the payload is larger than the queue's messages may be"),
        ("\u{1}".to_owned(), "the payload has characters that SQS does not allow"),
    ] {
        assert_eq!(refusal(delivery(&here, &payload)).await, format!("{here} cannot take this: {what}"));
    }
    let latin = Delivery { payload: vec![0xe9].into(), ..delivery(&here, "") };
    assert_eq!(refusal(latin).await, format!("{here} cannot take this: the payload is not UTF-8"));
    let circling = Delivery { hops: 17, ..delivery(&here, "x") };
    assert_eq!(refusal(circling).await, format!("{here} refused an event after 17 hops"));
}

#[tokio::test]
async fn attributes_of_a_delivery_are_the_messages() {
    let bed = Bed::new().await;
    let url = bed.create("q", json!({})).await;
    let attribute = |name: &str, data_type, value: &str| DeliveryAttribute {
        name: name.to_owned(),
        data_type,
        value: value.to_owned(),
    };
    let attributes = vec![attribute("RequestID", "String", "r"), attribute("ErrorCode", "Number", "500")];
    deliver(&bed, &[Delivery { attributes, ..delivery(&arn("q"), "x") }], true).await.unwrap();
    let shown = json!({
        "ErrorCode": { "DataType": "Number", "StringValue": "500" },
        "RequestID": { "DataType": "String", "StringValue": "r" },
    });
    assert_eq!(bed.receive(&url).await[0]["MessageAttributes"], shown);
}
