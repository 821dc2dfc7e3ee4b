//! What the tests stand on.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tidegate_api_logs::MODEL;
use tidegate_delivery::Dispatcher;
use tidegate_env::{Env, ManualClock};
use tidegate_log::Logs;
use tidegate_logs::{CloudWatchLogs, invariants};
use tidegate_ports::{Delivery, Refusal, Sink};
use tidegate_protocol::aws_json::JsonReader;
use tidegate_protocol::{Call, Caller, Guard, Need, Needs, Permissions, ProtocolId, Service, ServiceError, codec};
use tidegate_record::{Key, Root};
use tidegate_store::engine::memory::MemoryDisk;
use tidegate_store::{Durability, EmbeddedStore, KeyRange, LatchKey, Order, Page, Space, Store, Tx};
use tidegate_types::{AccountId, Region, Timestamp};
use tidegate_workers::Supervisor;

/// When every test begins.
pub const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A running service and the hand on its clock.
pub struct Bed {
    pub logs: Arc<CloudWatchLogs>,
    pub store: Arc<EmbeddedStore>,
    pub clock: Arc<ManualClock>,
    pub env: Env,
    pub disk: MemoryDisk,
    supervisor: Supervisor,
    _sinks: Vec<Arc<dyn Sink>>,
}

/// An error as a client sees it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    pub code: String,
    pub message: String,
}

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Refused {
        Refused { code: error.shape.code.to_owned(), message: error.message }
    }
}

pub type Answer = Result<Value, Refused>;

/// A subscriber: keeps what it gets in the sender's transaction. A target called `missing` does not exist.
struct Subscriber;

fn received_key(target: &str) -> Key {
    Key::new(Root::Sqs).text(target)
}

impl Sink for Subscriber {
    fn service(&self) -> &'static str {
        "sqs"
    }

    fn latches(&self, _: &Delivery) -> Vec<LatchKey> {
        Vec::new()
    }

    fn accept<'a>(&'a self, tx: &'a mut Tx, delivery: Delivery) -> BoxFuture<'a, Result<(), Refusal>> {
        async move {
            if delivery.target.resource == "missing" {
                return Err(Refusal::NoSuchTarget(delivery.target));
            }
            let slot = tx.position();
            let before = received_key(&delivery.target.resource).build();
            tx.put_at(Space::Queue, before, slot, Bytes::new(), delivery.payload);
            Ok(())
        }
        .boxed()
    }
}

/// A guard that lets nobody in and notes what they needed.
#[derive(Default)]
struct Notes(Mutex<Vec<Need>>);

impl Guard for Notes {
    fn check(&self, _: &Call, needs: &Needs) -> Result<(), ServiceError> {
        if let Needs::All(needs) = needs {
            self.0.lock().clone_from(needs);
        }
        Err(ServiceError::internal("only noted"))
    }
}

impl Bed {
    pub async fn new() -> Bed {
        let (env, clock) = Env::manual(7, START);
        Bed::on(MemoryDisk::seeded(7), env, clock).await
    }

    async fn on(disk: MemoryDisk, env: Env, clock: Arc<ManualClock>) -> Bed {
        let store = EmbeddedStore::on_disk(env.clone(), Box::new(disk.clone()), Durability::Always).unwrap();
        let dynamic: Arc<dyn Store> = store.clone();
        let library = Arc::new(Logs::open(dynamic.clone()).await.unwrap());
        let post = Arc::new(Dispatcher::new());
        let logs = CloudWatchLogs::open(dynamic, library, env.clone(), post.clone()).await.unwrap();
        let sinks: Vec<Arc<dyn Sink>> = vec![Arc::new(Subscriber), logs.sink()];
        sinks.iter().for_each(|sink| post.register(sink).unwrap());
        let supervisor = Supervisor::new(env.clone());
        logs.start_workers(&supervisor);
        Bed { logs, store, clock, env, disk, supervisor, _sinks: sinks }
    }

    /// The same store, opened anew.
    pub async fn restart(self) -> Bed {
        let Bed { disk, env, store, supervisor, logs, .. } = self;
        supervisor.stop(Duration::from_secs(5)).await;
        drop((supervisor, logs));
        env.run_blocking(move || store.close()).await;
        let (env, clock) = Env::manual(env.random_u64(), env.now());
        Bed::on(disk, env, clock).await
    }

    /// Calls an operation as the default account does from `us-east-1`.
    pub async fn call(&self, operation: &str, input: Value) -> Answer {
        self.call_as(Caller::root(AccountId::DEFAULT), operation, input).await
    }

    /// What a call is held against policies for, as `action resource`. The call itself is refused.
    pub async fn needs(&self, operation: &str, input: Value) -> Vec<String> {
        let notes = Arc::new(Notes::default());
        let permissions = Permissions::guarded(notes.clone());
        let caller = Caller { permissions, ..Caller::root(AccountId::DEFAULT) };
        self.call_as(caller, operation, input.clone()).await.expect_err("the guard refuses everything");
        let needs = std::mem::take(&mut *notes.0.lock());
        needs.iter().map(|need| format!("{} {}", need.action, need.resource)).collect()
    }

    async fn call_as(&self, caller: Caller, operation: &str, input: Value) -> Answer {
        let operation = MODEL.operation(operation).unwrap_or_else(|| panic!("there is no {operation}"));
        let call = Call {
            operation,
            account: AccountId::DEFAULT,
            region: Region::us_east_1(),
            caller,
            base_url: "http://localhost:4566".to_owned(),
            request_id: "00000000-0000-0000-0000-000000000000".to_owned(),
            trace: None,
            path: "/".to_owned(),
            protocol: ProtocolId::AwsJson1_1,
            user_agent: None,
            http: None,
        };
        let body = input.to_string();
        let mut reader = JsonReader::new(body.as_bytes()).map_err(|error| Refused::from(ServiceError::from(error)))?;
        let output = self.logs.call(&call, &mut reader)?.await?;
        let codec = codec(ProtocolId::AwsJson1_1).unwrap();
        let reply = codec.success(&MODEL, operation, &call.request_id, &*output);
        if reply.body.is_empty() { Ok(json!({})) } else { Ok(serde_json::from_slice(&reply.body).unwrap()) }
    }

    /// Calls an operation that must succeed.
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input.clone()).await.unwrap_or_else(|error| panic!("{operation} {input}: {error:?}"))
    }

    /// Calls an operation that must be refused with this code and message.
    pub async fn refuses(&self, operation: &str, input: Value, code: &str, message: &str) {
        match self.call(operation, input.clone()).await {
            Ok(answer) => panic!("{operation} {input} was answered: {answer}"),
            Err(refused) => {
                assert_eq!((refused.code.as_str(), refused.message.as_str()), (code, message), "{operation} {input}");
            }
        }
    }

    pub async fn create(&self, group: &str, streams: &[&str]) {
        self.ok("CreateLogGroup", json!({ "logGroupName": group })).await;
        for stream in streams {
            self.ok("CreateLogStream", json!({ "logGroupName": group, "logStreamName": stream })).await;
        }
    }

    /// Writes events: times in milliseconds from the start of the test, and messages.
    pub async fn put(&self, group: &str, stream: &str, events: &[(i64, &str)]) -> Value {
        let start = i64::try_from(START.as_millis()).unwrap();
        let event = |(at, message): &(i64, &str)| json!({ "timestamp": start + at, "message": message });
        let events: Vec<Value> = events.iter().map(event).collect();
        self.ok("PutLogEvents", json!({ "logGroupName": group, "logStreamName": stream, "logEvents": events })).await
    }

    /// The messages of FilterLogEvents, all pages.
    pub async fn filter(&self, group: &str, extra: Value) -> Vec<String> {
        let mut input = json!({ "logGroupName": group });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let mut messages = Vec::new();
        loop {
            let answer = self.ok("FilterLogEvents", input.clone()).await;
            messages.extend(texts(&answer));
            let Some(token) = answer.get("nextToken") else { return messages };
            input["nextToken"] = token.clone();
        }
    }

    /// GetLogEvents with these members beside the group and stream.
    pub async fn get(&self, group: &str, stream: &str, extra: Value) -> Value {
        let mut input = json!({ "logGroupName": group, "logStreamName": stream });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        self.ok("GetLogEvents", input).await
    }

    /// What a subscriber got, in order: the payloads of functions, unpacked.
    pub async fn received(&self, target: &str) -> Vec<Value> {
        let range = KeyRange::prefix(&received_key(target).build());
        let view = self.store.snapshot().unwrap();
        let entries = view.scan(Space::Queue, &range, Order::Ascending, Page::of(1000)).await.unwrap();
        let unpacked = |payload: &Bytes| {
            let event: Value = serde_json::from_slice(payload).unwrap();
            let data = STANDARD.decode(event["awslogs"]["data"].as_str().unwrap()).unwrap();
            let mut text = String::new();
            flate2::read::GzDecoder::new(&data[..]).read_to_string(&mut text).unwrap();
            serde_json::from_str(&text).unwrap()
        };
        entries.iter().map(|entry| unpacked(&entry.record.value)).collect()
    }

    /// Moves the clock and lets everything happen that is due by then.
    pub async fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.settle().await;
    }

    /// Waits until nothing moves any more.
    pub async fn settle(&self) {
        let mut idle = 0;
        // Twice in a row, because work may pass from one part to another between two questions.
        while idle < 2 {
            tokio::task::yield_now().await;
            let busy = self.env.activity().report(self.env.now()).busy;
            idle = if busy.iter().all(|busy| !busy.what.starts_with("logs")) { idle + 1 } else { 0 };
        }
    }

    /// How many keys of ours there are in a space.
    pub async fn keys(&self, space: Space, root: Root) -> usize {
        let range = KeyRange::prefix(&Key::new(root).build());
        self.store.snapshot().unwrap().scan(space, &range, Order::Ascending, Page::of(100_000)).await.unwrap().len()
    }

    /// Nothing that is stored contradicts itself.
    pub async fn check(&self) {
        let snapshot = self.store.snapshot().unwrap();
        assert_eq!(invariants::violations(&*snapshot).await.unwrap(), Vec::<String>::new());
        assert_eq!(tidegate_log::violations(&*snapshot).await.unwrap(), Vec::<String>::new());
    }
}

/// The messages of an answer's events.
pub fn texts(answer: &Value) -> Vec<String> {
    let events = answer["events"].as_array().unwrap();
    events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}
