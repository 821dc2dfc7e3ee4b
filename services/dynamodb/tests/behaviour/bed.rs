//! What the tests stand on.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_dynamodb::{DynamoDb, DynamoDbStreams, Options, invariants};
use tidegate_env::{Env, ManualClock};
use tidegate_log::Logs;
use tidegate_protocol::aws_json::JsonReader;
use tidegate_protocol::{Call, Caller, ProtocolId, Service, ServiceError, codec};
use tidegate_record::{Key, Root};
use tidegate_store::engine::memory::MemoryDisk;
use tidegate_store::{Durability, EmbeddedStore, Space, Store};
use tidegate_types::{AccountId, Region, Timestamp};
use tidegate_workers::Supervisor;

use crate::watched::{Watch, Watched};

/// When every test begins.
pub const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A running service and the hand on its clock.
pub struct Bed {
    pub dynamodb: Arc<DynamoDb>,
    pub streams: Arc<DynamoDbStreams>,
    pub store: Arc<EmbeddedStore>,
    pub clock: Arc<ManualClock>,
    pub env: Env,
    pub disk: MemoryDisk,
    supervisor: Supervisor,
}

/// An answer, or an error's code and body.
pub type Answer = Result<Value, (String, Value)>;

impl Bed {
    pub async fn new() -> Bed {
        Bed::on(MemoryDisk::seeded(7), START, Options::default()).await
    }

    /// One where throughput is enforced.
    pub async fn enforcing() -> Bed {
        Bed::on(MemoryDisk::seeded(7), START, Options { enforce_throughput: true, ..Options::default() }).await
    }

    /// One whose item collections are at most so large.
    pub async fn bounding(max_collection: u64) -> Bed {
        Bed::on(MemoryDisk::seeded(7), START, Options { max_collection, ..Options::default() }).await
    }

    /// One without workers.
    pub async fn resting() -> Bed {
        Bed::made(MemoryDisk::seeded(7), START, Options::default(), |store| store).await
    }

    /// One without workers whose reads and commits are looked at.
    pub async fn watched() -> (Bed, Arc<Watch>) {
        let watch = Watch::new();
        let wrap = |store| -> Arc<dyn Store> { Arc::new(Watched { store, watch: watch.clone() }) };
        (Bed::made(MemoryDisk::seeded(7), START, Options::default(), wrap).await, watch)
    }

    async fn on(disk: MemoryDisk, now: Timestamp, options: Options) -> Bed {
        let bed = Bed::made(disk, now, options, |store| store).await;
        bed.dynamodb.start_workers(&bed.supervisor);
        bed
    }

    async fn made(
        disk: MemoryDisk,
        now: Timestamp,
        options: Options,
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Bed {
        let (env, clock) = Env::manual(now.as_millis(), now);
        let store = EmbeddedStore::on_disk(env.clone(), Box::new(disk.clone()), Durability::Always).unwrap();
        let dynamic = wrap(store.clone());
        let logs = Arc::new(Logs::open(dynamic.clone()).await.unwrap());
        let dynamodb = DynamoDb::open_with(dynamic, logs, env.clone(), options).await.unwrap();
        let supervisor = Supervisor::new(env.clone());
        let streams = dynamodb.streams();
        Bed { dynamodb, streams, store, clock, env, disk, supervisor }
    }

    /// The same disk after the power was cut, opened anew a moment later.
    pub async fn crash(self) -> Bed {
        let Bed { disk, env, store, supervisor, dynamodb, streams, .. } = self;
        // Nobody may be writing any more: a store that finds its disk gone opens it again, and takes
        // it away from the one that is opened below.
        assert!(supervisor.stop(Duration::from_secs(10)).await.is_empty());
        drop((supervisor, dynamodb, streams));
        disk.crash();
        let at = env.now().plus_millis(1);
        env.run_blocking(move || drop(store)).await;
        Bed::on(disk, at, Options::default()).await
    }

    /// Waits until no worker has anything to do.
    pub async fn settle(&self) {
        loop {
            // Workers are woken by folds: after the commit's acknowledgement, before this task goes on.
            tokio::task::yield_now().await;
            if self.env.activity().report(self.env.now()).busy.is_empty() {
                return;
            }
        }
    }

    pub async fn call(&self, operation: &str, input: Value) -> Answer {
        let streamed = self.streams.model().operation(operation).is_some();
        let service: &dyn Service = if streamed { &*self.streams } else { &*self.dynamodb };
        let model = service.model();
        let operation = model.operation(operation).unwrap_or_else(|| panic!("there is no {operation}"));
        let account = AccountId::DEFAULT;
        let call = Call {
            operation,
            account,
            region: Region::us_east_1(),
            caller: Caller::root(account),
            base_url: "http://localhost:4566".to_owned(),
            request_id: "00000000-0000-0000-0000-000000000000".to_owned(),
            trace: None,
            path: "/".to_owned(),
            protocol: ProtocolId::AwsJson1_0,
            user_agent: None,
            http: None,
        };
        let codec = codec(ProtocolId::AwsJson1_0).unwrap();
        let failure = |error: ServiceError| {
            let body = codec.failure(Some(model), &call.request_id, &error).body;
            let mut body: Value = serde_json::from_slice(&body).unwrap();
            if let Some(detail) = error.detail {
                body["detail"] = detail.into();
            }
            (error.shape.code.to_owned(), body)
        };
        let body = input.to_string();
        let mut reader = JsonReader::new(body.as_bytes()).map_err(|error| failure(error.into()))?;
        let running = service.call(&call, &mut reader).map_err(failure)?;
        let output = running.await.map_err(failure)?;
        let reply = codec.success(model, operation, &call.request_id, &*output);
        Ok(if reply.body.is_empty() { json!({}) } else { serde_json::from_slice(&reply.body).unwrap() })
    }

    /// Calls an operation that must succeed.
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input.clone()).await.unwrap_or_else(|error| panic!("{operation} {input}: {error:?}"))
    }

    /// Calls an operation that must be refused; its code and message.
    pub async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        match self.call(operation, input.clone()).await {
            Ok(answer) => panic!("{operation} {input} was answered: {answer}"),
            Err((code, body)) => {
                let message = body.get("message").or(body.get("Message")).and_then(Value::as_str);
                (code, message.unwrap_or_default().to_owned())
            }
        }
    }

    /// Creates a table with a text as partition key and a number as sort key; `extra` adds to it.
    pub async fn create(&self, name: &str, extra: Value) -> Value {
        let mut input = json!({
            "TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"},
            ],
            "KeySchema": [
                {"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"},
            ],
        });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        self.ok("CreateTable", input).await["TableDescription"].clone()
    }

    /// The number under which a table's items lie, from its record: what it is shown by says nothing of it.
    pub async fn number_of(&self, table: &str) -> u64 {
        let key = Key::new(Root::DynamoDb).u8(1).u64(AccountId::DEFAULT.as_u64());
        let key = key.text(Region::us_east_1().as_str()).text(table).build();
        let record = self.store.snapshot().unwrap().get(Space::Map, &key).await.unwrap().unwrap();
        u64::from_be_bytes(record.value[1..9].try_into().unwrap())
    }

    /// Everything that a scan finds.
    pub async fn scan(&self, table: &str, index: Option<&str>) -> Vec<Value> {
        let (mut items, mut start) = (Vec::new(), Value::Null);
        loop {
            let input = json!({ "TableName": table, "IndexName": index, "Limit": 3, "ExclusiveStartKey": start });
            let answer = self.ok("Scan", input).await;
            items.extend(answer["Items"].as_array().unwrap().clone());
            match answer.get("LastEvaluatedKey") {
                Some(last) => start = last.clone(),
                None => return items,
            }
        }
    }

    /// All shards of a stream, parents before their children.
    pub async fn shards(&self, arn: &str) -> Vec<Value> {
        let (mut shards, mut start) = (Vec::new(), Value::Null);
        loop {
            let input = json!({ "StreamArn": arn, "Limit": 2, "ExclusiveStartShardId": start });
            let stream = self.ok("DescribeStream", input).await["StreamDescription"].clone();
            shards.extend(stream["Shards"].as_array().unwrap().clone());
            match stream.get("LastEvaluatedShardId") {
                Some(last) => start = last.clone(),
                None => return shards,
            }
        }
    }

    /// An iterator of a shard.
    pub async fn iterator(&self, arn: &str, shard: &Value, kind: &str) -> Value {
        let start = json!({ "StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": kind });
        self.ok("GetShardIterator", start).await["ShardIterator"].clone()
    }

    /// What a shard holds from an iterator on, and the iterator that is left, if the shard is open.
    pub async fn read_on(&self, mut iterator: Value, limit: usize) -> (Vec<Value>, Option<Value>) {
        let mut records = Vec::new();
        loop {
            let answer = self.ok("GetRecords", json!({ "ShardIterator": iterator, "Limit": limit })).await;
            let page = answer["Records"].as_array().unwrap();
            records.extend(page.clone());
            match answer.get("NextShardIterator") {
                Some(next) if !page.is_empty() => iterator = next.clone(),
                next => return (records, next.cloned()),
            }
        }
    }

    /// All records of a stream, each item's in their order.
    pub async fn records(&self, arn: &str) -> Vec<Value> {
        // Housekeeping must not close a shard between its description and its end.
        self.settle().await;
        let mut records = Vec::new();
        for shard in self.shards(arn).await {
            let (page, left) = self.read_on(self.iterator(arn, &shard, "TRIM_HORIZON").await, 500).await;
            let is_closed = shard["SequenceNumberRange"].get("EndingSequenceNumber").is_some();
            assert_eq!(left.is_none(), is_closed, "{shard}");
            records.extend(page);
        }
        records
    }

    /// Demands the invariants of what is durable.
    pub async fn check(&self) {
        let found = invariants::check_store(&*self.store.snapshot().unwrap()).await.unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }
}
