//! What the tests stand on.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_api_sqs::MODEL;
use tidegate_env::{Env, ManualClock, TaskHandle};
use tidegate_protocol::aws_json::JsonReader;
use tidegate_protocol::{Call, Caller, ProtocolId, Service, ServiceError, codec};
use tidegate_queue::Queues;
use tidegate_sqs::{Options, Sqs, invariants};
use tidegate_store::engine::memory::MemoryDisk;
use tidegate_store::{Durability, EmbeddedStore, Store};
use tidegate_types::{AccountId, Region, Timestamp};
use tidegate_workers::Supervisor;

/// When every test begins.
pub const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A running service and the hand on its clock.
pub struct Bed {
    pub sqs: Arc<Sqs>,
    pub store: Arc<EmbeddedStore>,
    pub queues: Arc<Queues>,
    pub clock: Arc<ManualClock>,
    pub env: Env,
    pub disk: MemoryDisk,
    pub options: Options,
    _supervisor: Supervisor,
    _timers: TaskHandle<()>,
}

/// An error as a client sees it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    pub code: String,
    pub message: String,
    pub status: u16,
}

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Refused {
        Refused { code: error.shape.query_code.to_owned(), message: error.message, status: error.shape.status }
    }
}

pub type Answer = Result<Value, Refused>;

impl Bed {
    pub async fn new() -> Bed {
        Bed::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Bed {
        let (env, clock) = Env::manual(7, START);
        Bed::on(MemoryDisk::seeded(7), env, clock, options).await
    }

    async fn on(disk: MemoryDisk, env: Env, clock: Arc<ManualClock>, options: Options) -> Bed {
        let store = EmbeddedStore::on_disk(env.clone(), Box::new(disk.clone()), Durability::Always).unwrap();
        let dynamic: Arc<dyn Store> = store.clone();
        let queues = Queues::open(dynamic.clone(), env.clone()).await.unwrap();
        let sqs = Sqs::open(dynamic, queues.clone(), env.clone(), options).await.unwrap();
        let supervisor = Supervisor::new(env.clone());
        sqs.start_workers(&supervisor);
        let timers = env.spawn("timers", queues.clone().run_timers());
        Bed { sqs, store, queues, clock, env, disk, options, _supervisor: supervisor, _timers: timers }
    }

    /// The same store, opened anew.
    pub async fn restart(self) -> Bed {
        let Bed { disk, env, clock, options, store, .. } = self;
        env.run_blocking(move || store.close()).await;
        let at = env.now();
        let (env, clock_again) = Env::manual(env.random_u64(), at);
        drop(clock);
        Bed::on(disk, env, clock_again, options).await
    }

    /// Calls an operation as the default account does from `us-east-1`.
    pub async fn call(&self, operation: &str, input: Value) -> Answer {
        self.call_as(AccountId::DEFAULT, ProtocolId::AwsJson1_0, operation, input).await
    }

    pub async fn call_as(&self, account: AccountId, protocol: ProtocolId, operation: &str, input: Value) -> Answer {
        let operation = MODEL.operation(operation).unwrap_or_else(|| panic!("there is no {operation}"));
        let call = Call {
            operation,
            account,
            region: Region::us_east_1(),
            caller: Caller::root(account),
            base_url: "http://localhost:4566".to_owned(),
            request_id: "00000000-0000-0000-0000-000000000000".to_owned(),
            trace: None,
            path: "/".to_owned(),
            protocol,
            user_agent: None,
            http: None,
        };
        let body = input.to_string();
        let mut reader = JsonReader::new(body.as_bytes()).map_err(|error| Refused::from(ServiceError::from(error)))?;
        let output = self.sqs.call(&call, &mut reader)?.await?;
        let codec = codec(ProtocolId::AwsJson1_0).unwrap();
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

    /// Creates a queue and answers its URL.
    pub async fn create(&self, name: &str, attributes: Value) -> String {
        let answer = self.ok("CreateQueue", json!({ "QueueName": name, "Attributes": attributes })).await;
        answer["QueueUrl"].as_str().unwrap().to_owned()
    }

    /// Creates a FIFO queue and answers its URL.
    pub async fn create_fifo(&self, name: &str, mut attributes: Value) -> String {
        attributes["FifoQueue"] = json!("true");
        self.create(name, attributes).await
    }

    /// Sends a body, and answers the answer.
    pub async fn send(&self, url: &str, body: &str) -> Value {
        self.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": body })).await
    }

    /// Sends a body to a group of a FIFO queue, under an id of its own.
    pub async fn send_fifo(&self, url: &str, group: &str, body: &str) -> Value {
        let id = self.env.uuid().to_string();
        let message = json!({
            "QueueUrl": url, "MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": id,
        });
        self.ok("SendMessage", message).await
    }

    /// Receives up to ten messages with everything that there is to know about them.
    pub async fn receive(&self, url: &str) -> Vec<Value> {
        self.receive_with(url, json!({})).await
    }

    pub async fn receive_with(&self, url: &str, extra: Value) -> Vec<Value> {
        let mut input = json!({
            "QueueUrl": url, "MaxNumberOfMessages": 10,
            "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"],
        });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let answer = self.ok("ReceiveMessage", input).await;
        answer.get("Messages").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    pub async fn delete(&self, url: &str, message: &Value) {
        self.ok("DeleteMessage", json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] })).await;
    }

    pub async fn hide(&self, url: &str, message: &Value, seconds: i64) -> Answer {
        let handle = &message["ReceiptHandle"];
        let input = json!({ "QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": seconds });
        self.call("ChangeMessageVisibility", input).await
    }

    /// The number of the last durable commit.
    pub fn store_sequence(&self) -> u64 {
        self.store.snapshot().unwrap().sequence().0
    }

    /// One attribute of a queue.
    pub async fn attribute(&self, url: &str, name: &str) -> String {
        let answer = self.ok("GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": [name] })).await;
        answer["Attributes"][name].as_str().unwrap_or_default().to_owned()
    }

    /// How many messages are ready, in flight and delayed.
    pub async fn counts(&self, url: &str) -> [u64; 3] {
        let names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ];
        let answer = self.ok("GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": names })).await;
        names.map(|name| answer["Attributes"][name].as_str().unwrap().parse().unwrap())
    }

    /// Moves the clock and lets everything happen that is due by then.
    pub async fn advance(&self, seconds: u64) {
        self.advance_ms(seconds * 1000).await;
    }

    pub async fn advance_ms(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
        self.settle().await;
    }

    /// Waits until nothing moves any more.
    pub async fn settle(&self) {
        let mut idle = 0;
        // Twice in a row, because work may pass from one part to another between two questions.
        while idle < 2 {
            tokio::task::yield_now().await;
            let busy = self.env.activity().report(self.env.now()).busy;
            idle = if busy.iter().all(|busy| !busy.what.starts_with("sqs")) { idle + 1 } else { 0 };
        }
    }

    /// Nothing that is stored contradicts itself.
    pub async fn check(&self) {
        let snapshot = self.store.snapshot().unwrap();
        assert_eq!(invariants::check_store(&*snapshot).await.unwrap(), []);
        let violations = tidegate_queue::invariants::check_store(&*snapshot).await.unwrap();
        assert!(violations.is_empty(), "{violations:?}");
    }
}

/// The bodies of messages, in order.
pub fn bodies(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["Body"].as_str().unwrap()).collect()
}

/// A system attribute of a message.
pub fn system<'a>(message: &'a Value, name: &str) -> &'a str {
    message["Attributes"][name].as_str().unwrap_or_default()
}

/// The ARN of a queue of the default account.
pub fn arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:000000000000:{name}")
}
