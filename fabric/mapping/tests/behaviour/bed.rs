//! A store in memory, a clock that stands still, a function that does as it is told, and an engine on them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::Value;
use tidegate_env::{Env, ManualClock, Report};
use tidegate_mapping::{Engine, Kind, Mapping, Parts, QueueOptions, StreamOptions};
use tidegate_ports::{
    Delivery, FunctionAnswer, FunctionCall, FunctionError, Functions, InvokeRefusal, Post, Refusal, StartingPosition,
};
use tidegate_store::engine::memory::MemoryDisk;
use tidegate_store::{
    Durability, EmbeddedStore, KeyRange, LatchKey, Order, Page, Space, Store, StoreError, Tx, transact,
};
use tidegate_types::{Arn, Timestamp};
use uuid::Uuid;

use crate::fake_queue::FakeQueue;
use crate::fake_stream::FakeStream;

pub const START: Timestamp = Timestamp::from_millis(1_600_000_000_000);
pub const MAPPING: Uuid = Uuid::from_u128(7);

/// What a function does with an event.
pub type Body = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<FunctionAnswer, InvokeRefusal>> + Send + Sync>;

/// A function that a test wrote.
pub struct FakeFunction {
    pub body: Mutex<Body>,
    pub events: Mutex<Vec<Value>>,
    running: AtomicUsize,
    pub most_at_once: AtomicUsize,
}

pub fn answer(payload: impl Into<String>) -> FunctionAnswer {
    FunctionAnswer { payload: payload.into().into(), error: None, executed_version: "$LATEST".to_owned() }
}

pub fn failed() -> FunctionAnswer {
    FunctionAnswer { error: Some(FunctionError::Unhandled), ..answer(r#"{"errorMessage":"no"}"#) }
}

/// A body that is ready at once.
pub fn body(says: impl Fn(Value) -> Result<FunctionAnswer, InvokeRefusal> + Send + Sync + 'static) -> Body {
    Arc::new(move |event| futures::future::ready(says(event)).boxed())
}

impl Functions for FakeFunction {
    fn exists(&self, _function: &Arn) -> bool {
        true
    }

    fn timeout_ms(&self, _function: &Arn) -> Option<u64> {
        Some(3000)
    }

    fn invoke(&self, call: FunctionCall) -> BoxFuture<'_, Result<FunctionAnswer, InvokeRefusal>> {
        async move {
            let event: Value = serde_json::from_slice(&call.payload).unwrap();
            self.events.lock().push(event.clone());
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(running, Ordering::SeqCst);
            let body = self.body.lock().clone();
            tokio::task::yield_now().await;
            let answer = body(event).await;
            self.running.fetch_sub(1, Ordering::SeqCst);
            answer
        }
        .boxed()
    }
}

/// Keeps deliveries in the store, so that a test sees only what was committed.
pub struct Letterbox {
    env: Env,
    pub refuses: Mutex<bool>,
}

impl Post for Letterbox {
    fn latches(&self, _deliveries: &[Delivery]) -> Vec<LatchKey> {
        Vec::new()
    }

    fn post<'a>(&'a self, tx: &'a mut Tx, delivery: Delivery) -> BoxFuture<'a, Result<(), Refusal>> {
        async move {
            if *self.refuses.lock() {
                return Err(Refusal::NoSuchTarget(delivery.target));
            }
            let key = [&[0xfe], &self.env.random_u64().to_be_bytes()[..]].concat();
            tx.put(Space::Map, key, delivery.payload);
            Ok(())
        }
        .boxed()
    }
}

pub struct Bed {
    pub env: Env,
    pub clock: Arc<ManualClock>,
    pub store: Arc<EmbeddedStore>,
    pub function: Arc<FakeFunction>,
    pub post: Arc<Letterbox>,
    pub queue: Arc<FakeQueue>,
    pub stream: Arc<FakeStream>,
    pub engine: Arc<Engine>,
}

impl Bed {
    pub fn new(seed: u64) -> Bed {
        let (env, clock) = Env::manual(seed, START);
        let disk = MemoryDisk::seeded(seed);
        let store = EmbeddedStore::on_disk(env.clone(), Box::new(disk), Durability::Always).unwrap();
        let function = Arc::new(FakeFunction {
            body: Mutex::new(body(|_| Ok(answer("null")))),
            events: Mutex::default(),
            running: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        });
        let post = Arc::new(Letterbox { env: env.clone(), refuses: Mutex::new(false) });
        let (queue, stream) = (FakeQueue::new(env.clone()), FakeStream::new(env.clone()));
        let parts = Parts {
            store: store.clone(),
            env: env.clone(),
            functions: function.clone(),
            post: post.clone(),
            queues: vec![queue.clone()],
            streams: vec![stream.clone()],
        };
        Bed { engine: Engine::new(parts), env, clock, store, function, post, queue, stream }
    }

    /// The same world with an engine that knows nothing of the one before: as after `kill -9`.
    pub fn restart(&mut self) {
        let parts = Parts {
            store: self.store.clone(),
            env: self.env.clone(),
            functions: self.function.clone(),
            post: self.post.clone(),
            queues: vec![self.queue.clone()],
            streams: vec![self.stream.clone()],
        };
        self.engine = Engine::new(parts);
    }

    pub fn says(&self, body: Body) {
        *self.function.body.lock() = body;
    }

    pub fn apply(&self, mapping: &Mapping) {
        self.engine.apply([Arc::new(mapping.clone())]);
    }

    /// A mapping of the stream is written, and followed.
    pub async fn follow(&self, mapping: &Mapping) {
        transact(&*self.store, &[], async |tx: &mut Tx| {
            tidegate_mapping::follow_in_tx(tx, mapping.id);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
        self.apply(mapping);
    }

    pub fn report(&self) -> Report {
        self.env.activity().report(self.env.now())
    }

    /// Until nothing moves any more.
    pub async fn settle(&self) {
        let mut idle = 0;
        while idle < 3 {
            idle = if self.report().busy.is_empty() { idle + 1 } else { 0 };
            tokio::task::yield_now().await;
        }
    }

    /// Until nothing moves, and nothing will by itself either.
    pub async fn run_out(&self) {
        for _ in 0..10_000 {
            self.settle().await;
            let Some(due) = self.report().next_due() else { return };
            self.clock.advance(due.since(self.env.now()).max(Duration::from_millis(1)));
        }
        panic!("it never comes to rest: {:?}", self.report());
    }

    /// Stops the engine. The clock moves meanwhile, since a receive is given a moment of it.
    pub async fn stop(&self) {
        let stop = self.engine.stop(Duration::from_secs(600));
        tokio::pin!(stop);
        while futures::poll!(&mut stop).is_pending() {
            self.clock.advance(Duration::from_millis(1));
            tokio::task::yield_now().await;
        }
    }

    /// What destinations were told, by the number of their first record.
    pub async fn letters(&self) -> Vec<Value> {
        let snapshot = self.store.snapshot().unwrap();
        let range = KeyRange::prefix(&[0xfe]);
        let entries = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(10_000)).await.unwrap();
        let mut letters: Vec<Value> =
            entries.iter().map(|entry| serde_json::from_slice(&entry.record.value).unwrap()).collect();
        letters.sort_by_key(|letter| letter["DDBStreamBatchInfo"]["startSequenceNumber"].to_string());
        letters
    }

    pub fn events(&self) -> Vec<Value> {
        self.function.events.lock().clone()
    }

    /// The bodies or numbers of the records of each event.
    pub fn batches(&self) -> Vec<Vec<String>> {
        self.events().iter().map(names).collect()
    }
}

/// What the records of an event are called: bodies of messages, sequence numbers of stream records.
pub fn names(event: &Value) -> Vec<String> {
    let name = |record: &Value| {
        let name = record.get("body").unwrap_or_else(|| &record["dynamodb"]["SequenceNumber"]);
        name.as_str().unwrap().to_owned()
    };
    event["Records"].as_array().unwrap().iter().map(name).collect()
}

/// What names failed records in the answer.
pub fn failures<'a>(event: &Value, is_failed: impl Fn(&str) -> bool + 'a) -> FunctionAnswer {
    let failed = event["Records"].as_array().unwrap().iter().zip(names(event)).filter(|(_, name)| is_failed(name));
    let identifier =
        |record: &Value| record.get("messageId").unwrap_or_else(|| &record["dynamodb"]["SequenceNumber"]).clone();
    let list: Vec<Value> =
        failed.map(|(record, _)| serde_json::json!({ "itemIdentifier": identifier(record) })).collect();
    answer(serde_json::json!({ "batchItemFailures": list }).to_string())
}

pub fn queue_mapping(batch_size: usize) -> Mapping {
    Mapping {
        id: MAPPING,
        revision: 1,
        source: FakeQueue::arn(),
        function: "arn:aws:lambda:us-east-1:000000000000:function:f".parse().unwrap(),
        role: None,
        batch_size,
        window: Duration::ZERO,
        filter: None,
        partial_failures: false,
        kind: Kind::Queue(QueueOptions::default()),
    }
}

pub fn stream_options() -> StreamOptions {
    StreamOptions {
        start: StartingPosition::TrimHorizon,
        parallelisation: 1,
        bisect: false,
        max_retries: None,
        max_age: None,
        on_failure: None,
        tumbling: None,
    }
}

pub fn stream_mapping(batch_size: usize, options: StreamOptions) -> Mapping {
    Mapping { source: FakeStream::arn(), kind: Kind::Stream(options), ..queue_mapping(batch_size) }
}

pub fn destination() -> Arn {
    "arn:aws:sqs:us-east-1:000000000000:failed".parse().unwrap()
}

/// A small generator: what happens in a model follows from its seed.
pub struct Chance(Mutex<u64>);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(Mutex::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1))
    }

    pub fn below(&self, most: u64) -> u64 {
        let mut state = self.0.lock();
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % most
    }
}
