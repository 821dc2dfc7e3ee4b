//! Deliveries through a dispatcher to a small sink, over a store in memory.

#![allow(clippy::unwrap_used, reason = "a test's preparations fail loudly")]

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use tidegate_delivery::{Dispatcher, ServiceTaken};
use tidegate_env::Env;
use tidegate_ports::{Delivery, Post, Refusal, RetryPolicy, Sink};
use tidegate_store::{EmbeddedStore, LatchKey, Space, Store, StoreError, TransactError, Tx, transact};
use tidegate_types::limits::MAX_HOPS;
use tidegate_types::{Arn, Timestamp};

/// Keeps the last payload of each resource under its name; refuses the resource `closed`.
struct Shelf(&'static str);

impl Sink for Shelf {
    fn service(&self) -> &'static str {
        self.0
    }

    fn latches(&self, delivery: &Delivery) -> Vec<LatchKey> {
        vec![delivery.target.to_string().into(), Bytes::from_static(b"shelf")]
    }

    fn accept<'a>(&'a self, tx: &'a mut Tx, delivery: Delivery) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            if delivery.target.resource == "closed" {
                return Err(Refusal::Denied { source_arn: Box::new(delivery.source), target: delivery.target });
            }
            tx.put(Space::Map, delivery.target.resource, delivery.payload);
            Ok(())
        })
    }
}

fn to(target: &str, hops: u32) -> Delivery {
    Delivery {
        source: "arn:aws:sns:us-east-1:000000000000:news".parse().unwrap(),
        target: target.parse().unwrap(),
        lane: None,
        deduplication_id: None,
        payload: Bytes::from_static(b"payload"),
        attributes: Vec::new(),
        role: None,
        retry: RetryPolicy { max_retries: 0, max_age_ms: 0 },
        dead_letter: None,
        hops,
        trace: None,
        raised_at: Timestamp::EPOCH,
    }
}

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:orders";
const CLOSED: &str = "arn:aws:sqs:us-east-1:000000000000:closed";
const UNSERVED: &str = "arn:aws:my-own-service:us-east-1:000000000000:thing";

struct Stage {
    store: Arc<EmbeddedStore>,
    dispatcher: Dispatcher,
    sink: Option<Arc<dyn Sink>>,
    recorder: PrometheusRecorder,
}

/// Why a sending transaction was abandoned.
#[derive(Debug)]
enum Abandoned {
    Refused(Refusal),
    ByChoice,
}

impl From<StoreError> for Abandoned {
    fn from(error: StoreError) -> Self {
        Abandoned::Refused(error.into())
    }
}

impl Stage {
    fn new() -> Stage {
        let store = EmbeddedStore::ephemeral(Env::manual(1, Timestamp::EPOCH).0).unwrap();
        let dispatcher = Dispatcher::new();
        let sink: Arc<dyn Sink> = Arc::new(Shelf("sqs"));
        dispatcher.register(&sink).unwrap();
        Stage { store, dispatcher, sink: Some(sink), recorder: PrometheusBuilder::new().build_recorder() }
    }

    /// Sends in a transaction that also writes `sent`, and that ends as told.
    async fn send(&self, delivery: Delivery, abandon: bool) -> Result<(), Abandoned> {
        let _counted = metrics::set_default_local_recorder(&self.recorder);
        let latches = self.dispatcher.latches(std::slice::from_ref(&delivery));
        let delivery = &delivery;
        let body = async move |tx: &mut Tx| {
            tx.put(Space::Map, "sent", "yes");
            self.dispatcher.post(tx, delivery.clone()).await.map_err(Abandoned::Refused)?;
            if abandon { Err(Abandoned::ByChoice) } else { Ok(()) }
        };
        match transact(&*self.store, &latches, body).await {
            Ok(_) => Ok(()),
            Err(TransactError::Refused(abandoned)) => Err(abandoned),
            Err(TransactError::Commit(error)) => panic!("{error}"),
        }
    }

    async fn refusal(&self, delivery: Delivery) -> Refusal {
        match self.send(delivery, false).await {
            Err(Abandoned::Refused(refusal)) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }

    async fn stored(&self, key: &str) -> Option<Bytes> {
        let record = self.store.snapshot().unwrap().get(Space::Map, key.as_bytes()).await.unwrap();
        record.map(|record| record.value)
    }

    fn assert_counted(&self, line: &str) {
        let text = self.recorder.handle().render();
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_delivery_is_there_if_and_only_if_its_sender_committed() {
    let stage = Stage::new();
    assert!(matches!(stage.send(to(QUEUE, 0), true).await, Err(Abandoned::ByChoice)));
    assert_eq!((stage.stored("sent").await, stage.stored("orders").await), (None, None));
    stage.send(to(QUEUE, 0), false).await.unwrap();
    assert_eq!(stage.stored("sent").await.as_deref(), Some(&b"yes"[..]));
    assert_eq!(stage.stored("orders").await.as_deref(), Some(&b"payload"[..]));
    stage.assert_counted(r#"tidegate_deliveries_total{source="sns",target="sqs"} 2"#);
}

#[tokio::test]
async fn refusals_say_why_and_are_counted() {
    let stage = Stage::new();
    let unserved: Arn = UNSERVED.parse().unwrap();
    assert!(matches!(stage.refusal(to(UNSERVED, 0)).await, Refusal::NoSuchTarget(target) if target == unserved));
    assert!(matches!(stage.refusal(to(CLOSED, 0)).await, Refusal::Denied { .. }));
    assert!(matches!(stage.refusal(to(QUEUE, MAX_HOPS)).await, Refusal::TooManyHops { hops: MAX_HOPS, .. }));
    stage.send(to(QUEUE, MAX_HOPS - 1), false).await.unwrap();
    for (target, reason) in [("none", "no_such_target"), ("sqs", "denied"), ("sqs", "too_many_hops")] {
        stage.assert_counted(&format!(
            r#"tidegate_delivery_refusals_total{{source="sns",target="{target}",reason="{reason}"}} 1"#
        ));
    }
}

#[tokio::test]
async fn a_target_whose_service_has_stopped_exists_all_the_same() {
    let mut stage = Stage::new();
    stage.sink = None;
    assert!(matches!(stage.refusal(to(QUEUE, 0)).await, Refusal::Retry(StoreError::Unavailable { .. })));
    stage.assert_counted(r#"tidegate_delivery_refusals_total{source="sns",target="sqs",reason="retry"} 1"#);
}

#[tokio::test]
async fn latches_are_those_of_all_targets_once_each() {
    let stage = Stage::new();
    let deliveries = [to(QUEUE, 0), to(UNSERVED, 0), to(CLOSED, 0), to(QUEUE, 0), to(CLOSED, MAX_HOPS)];
    let expected: [LatchKey; 3] = [CLOSED.into(), QUEUE.into(), Bytes::from_static(b"shelf")];
    assert_eq!(stage.dispatcher.latches(&deliveries), expected);
    assert_eq!(stage.dispatcher.latches(&[]), [] as [LatchKey; 0]);
}

#[tokio::test]
async fn one_sink_serves_one_service() {
    let mut stage = Stage::new();
    let other: Arc<dyn Sink> = Arc::new(Shelf("sqs"));
    assert_eq!(stage.dispatcher.register(&other), Err(ServiceTaken("sqs")));
    stage.sink = None;
    assert_eq!(stage.dispatcher.register(&other), Ok(()), "a stopped one makes room");
    stage.send(to(QUEUE, 0), false).await.unwrap();
}
