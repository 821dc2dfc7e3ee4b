//! A stream in memory: shards with parents, records that do not go away.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tidegate_env::Env;
use tidegate_ports::{
    FollowError, ReadLimit, ShardDescription, StartingPosition, StreamDescription, StreamPage, StreamPosition,
    StreamRecord, StreamSource,
};
use tidegate_types::{Arn, Timestamp};
use tokio::sync::Notify;

struct Shard {
    id: String,
    parent: Option<String>,
    closed: bool,
    records: Vec<StreamRecord>,
    /// Where the oldest record is that is still there.
    oldest: u64,
}

pub struct FakeStream {
    env: Env,
    shards: Mutex<Vec<Shard>>,
    next: Mutex<u64>,
    changed: Notify,
}

impl FakeStream {
    pub fn new(env: Env) -> Arc<FakeStream> {
        let (shards, next) = (Mutex::default(), Mutex::new(1));
        Arc::new(FakeStream { env, shards, next, changed: Notify::new() })
    }

    pub fn arn() -> Arn {
        "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2020-01-01T00:00:00.000".parse().unwrap()
    }

    pub fn open(&self, id: &str, parent: Option<&str>) {
        let (id, parent) = (id.to_owned(), parent.map(str::to_owned));
        self.shards.lock().push(Shard { id, parent, closed: false, records: Vec::new(), oldest: 1 });
    }

    pub fn close(&self, id: &str) {
        self.with(id, |shard| shard.closed = true);
        self.changed.notify_waiters();
    }

    /// The records before this position are too old.
    pub fn trim(&self, id: &str, oldest: u64) {
        self.with(id, |shard| shard.oldest = oldest);
    }

    /// Adds a record; its sequence number.
    pub fn put(&self, shard: &str, key: &str) -> String {
        let arrived_at = self.env.now();
        let number = {
            let mut next = self.next.lock();
            *next += 1;
            *next - 1
        };
        let sequence_number = format!("{number:06}");
        let json = serde_json::json!({
            "eventID": number.to_string(),
            "eventName": "INSERT",
            "dynamodb": { "Keys": { "id": { "S": key } }, "SequenceNumber": sequence_number },
        });
        self.with(shard, |shard| {
            shard.records.push(StreamRecord {
                position: StreamPosition(number),
                sequence_number: sequence_number.clone(),
                arrived_at,
                trace: None,
                json: Bytes::from(json.to_string()),
            });
        });
        self.changed.notify_waiters();
        sequence_number
    }

    fn with<T>(&self, id: &str, look: impl FnOnce(&mut Shard) -> T) -> T {
        look(self.shards.lock().iter_mut().find(|shard| shard.id == id).unwrap())
    }
}

impl StreamSource for FakeStream {
    fn service(&self) -> &'static str {
        "dynamodb"
    }

    fn describe<'a>(&'a self, _stream: &'a Arn) -> BoxFuture<'a, Result<StreamDescription, FollowError>> {
        let describe = |shard: &Shard| ShardDescription {
            id: shard.id.clone(),
            parent: shard.parent.clone(),
            closed: shard.closed,
        };
        let shards = self.shards.lock().iter().map(describe).collect();
        futures::future::ready(Ok(StreamDescription { enabled: true, view_type: "NEW_IMAGE", shards })).boxed()
    }

    fn resolve<'a>(
        &'a self,
        _stream: &'a Arn,
        shard: &'a str,
        start: StartingPosition,
    ) -> BoxFuture<'a, Result<StreamPosition, FollowError>> {
        let position = self.with(shard, |shard| match start {
            StartingPosition::TrimHorizon => StreamPosition(shard.oldest),
            StartingPosition::Latest => shard.records.last().map_or(StreamPosition(1), StreamRecord::next),
            StartingPosition::AtTimestamp(_) => unreachable!("no test asks for it"),
        });
        futures::future::ready(Ok(position)).boxed()
    }

    fn read<'a>(
        &'a self,
        _stream: &'a Arn,
        shard: &'a str,
        from: StreamPosition,
        limit: ReadLimit,
    ) -> BoxFuture<'a, Result<StreamPage, FollowError>> {
        let page = self.with(shard, |shard| {
            if from.0 < shard.oldest {
                return Err(FollowError::Trimmed { oldest: StreamPosition(shard.oldest) });
            }
            let records = shard.records.iter().filter(|record| record.position >= from).take(limit.records);
            let records: Vec<_> = records.cloned().collect();
            let ended = shard.closed && records.is_empty();
            Ok(StreamPage { records, ended })
        });
        futures::future::ready(page).boxed()
    }

    fn wait<'a>(
        &'a self,
        _stream: &'a Arn,
        shard: &'a str,
        from: StreamPosition,
    ) -> BoxFuture<'a, Result<(), FollowError>> {
        async move {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                let there_is = |shard: &mut Shard| {
                    shard.closed || shard.records.last().is_some_and(|record| record.position >= from)
                };
                if self.with(shard, there_is) {
                    return Ok(());
                }
                changed.await;
            }
        }
        .boxed()
    }
}

/// When the first record of a test arrives, in whole seconds.
pub fn seconds(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_second(at.as_secs() as i64).unwrap();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
