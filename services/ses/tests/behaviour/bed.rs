use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tidegate_env::Env;
use tidegate_mail::{Incoming, Kept, Mail, Search};
use tidegate_ports::{
    Acting, Delivery, FunctionAnswer, FunctionCall, Functions, InvokeRefusal, ObjectAddress, ObjectRefusal, Objects,
    Post, Refusal, StoredObject,
};
use tidegate_protocol::aws_json::JsonReader;
use tidegate_protocol::{Call, Caller, ProtocolId, Service, ServiceError, codec};
use tidegate_queue::Queues;
use tidegate_ses::{Options, Parts, Ses};
use tidegate_store::engine::memory::MemoryDisk;
use tidegate_store::{Durability, EmbeddedStore, LatchKey, Tx};
use tidegate_types::{AccountId, Arn, Region, Timestamp};

pub const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Remembers what was sent.
#[derive(Default)]
pub struct Letterbox(Mutex<Vec<(String, String, Value)>>);

impl Letterbox {
    /// What was sent since the last time: source, target, payload.
    pub fn take(&self) -> Vec<(String, String, Value)> {
        std::mem::take(&mut *self.0.lock())
    }
}

impl Post for Letterbox {
    fn latches(&self, _: &[Delivery]) -> Vec<LatchKey> {
        Vec::new()
    }

    fn post<'a>(&'a self, _: &'a mut Tx, delivery: Delivery) -> BoxFuture<'a, Result<(), Refusal>> {
        async move {
            let text = String::from_utf8_lossy(&delivery.payload).into_owned();
            let payload = serde_json::from_str(&text).unwrap_or(Value::String(text));
            self.0.lock().push((delivery.source.to_string(), delivery.target.to_string(), payload));
            Ok(())
        }
        .boxed()
    }
}

/// Buckets in memory, of which there is one, and functions, of which there is one.
#[derive(Default)]
pub struct Neighbours {
    pub objects: Mutex<Vec<(String, Bytes)>>,
    pub events: Mutex<Vec<Value>>,
    pub disposition: Mutex<Option<&'static str>>,
}

pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:looks";

impl Objects for Neighbours {
    fn read<'a>(
        &'a self,
        _: Acting<'a>,
        _: &'a ObjectAddress,
        _: u64,
    ) -> BoxFuture<'a, Result<StoredObject, ObjectRefusal>> {
        async { Err(ObjectRefusal::NoSuchKey) }.boxed()
    }

    fn write<'a>(
        &'a self,
        _: Acting<'a>,
        address: &'a ObjectAddress,
        body: Bytes,
        _: &'a str,
    ) -> BoxFuture<'a, Result<(), ObjectRefusal>> {
        async move {
            if address.bucket != "mails" {
                return Err(ObjectRefusal::NoSuchBucket);
            }
            self.objects.lock().push((address.key.clone(), body));
            Ok(())
        }
        .boxed()
    }
}

impl Functions for Neighbours {
    fn exists(&self, function: &Arn) -> bool {
        function.to_string() == FUNCTION
    }

    fn timeout_ms(&self, _: &Arn) -> Option<u64> {
        None
    }

    fn invoke(&self, call: FunctionCall) -> BoxFuture<'_, Result<FunctionAnswer, InvokeRefusal>> {
        async move {
            self.events.lock().push(serde_json::from_slice(&call.payload).unwrap());
            let payload = json!({ "disposition": *self.disposition.lock() }).to_string().into();
            Ok(FunctionAnswer { payload, error: None, executed_version: "$LATEST".to_owned() })
        }
        .boxed()
    }
}

pub struct Bed {
    pub ses: Arc<Ses>,
    pub mail: Arc<Mail>,
    pub post: Arc<Letterbox>,
    pub neighbours: Arc<Neighbours>,
    pub incoming: Arc<dyn Incoming>,
    apis: Vec<Arc<dyn Service>>,
    store: Arc<EmbeddedStore>,
    env: Env,
    disk: MemoryDisk,
    options: Options,
}

impl Bed {
    pub async fn new() -> Bed {
        Bed::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Bed {
        Bed::on(MemoryDisk::seeded(7), options).await
    }

    async fn on(disk: MemoryDisk, options: Options) -> Bed {
        let (env, _) = Env::manual(7, START);
        let store = EmbeddedStore::on_disk(env.clone(), Box::new(disk.clone()), Durability::Always).unwrap();
        let queues = Queues::open(store.clone(), env.clone()).await.unwrap();
        let parts = tidegate_mail::Parts { store: store.clone(), queues, env: env.clone() };
        let mail = Mail::open(parts, tidegate_mail::Options::default()).await.unwrap();
        let post = Arc::new(Letterbox::default());
        let parts = Parts { store: store.clone(), env: env.clone(), mail: mail.clone(), post: post.clone() };
        let ses = Ses::open(parts, options).await.unwrap();
        let neighbours = Arc::new(Neighbours::default());
        ses.know(neighbours.clone(), neighbours.clone());
        let (apis, incoming) = (ses.apis(), ses.incoming());
        Bed { ses, mail, post, neighbours, incoming, apis, store, env, disk, options }
    }

    /// The same store, opened anew.
    pub async fn restart(self) -> Bed {
        let Bed { store, env, disk, options, ses, mail, apis, incoming, .. } = self;
        drop((ses, mail, apis, incoming));
        env.run_blocking(move || store.close()).await;
        Bed::on(disk, options).await
    }

    async fn call(&self, api: usize, operation: &str, input: Value) -> Result<Value, (String, String)> {
        let service = &self.apis[api];
        let operation = service.model().operation(operation).unwrap_or_else(|| panic!("there is no {operation}"));
        let call = Call {
            operation,
            account: AccountId::DEFAULT,
            region: Region::us_east_1(),
            caller: Caller::root(AccountId::DEFAULT),
            base_url: "http://localhost:4566".to_owned(),
            request_id: "00000000-0000-0000-0000-000000000000".to_owned(),
            trace: None,
            path: "/".to_owned(),
            protocol: ProtocolId::AwsQuery,
            user_agent: None,
            http: None,
        };
        let refused = |error: ServiceError| {
            let code = if api == 0 { error.shape.query_code } else { error.shape.code };
            (code.to_owned(), error.message)
        };
        let body = input.to_string();
        let mut reader = JsonReader::new(body.as_bytes()).unwrap();
        let output = service.call(&call, &mut reader).map_err(refused)?.await.map_err(refused)?;
        let reply = codec(ProtocolId::AwsJson1_0).unwrap().success(service.model(), operation, "1", &*output);
        Ok(if reply.body.is_empty() { json!({}) } else { serde_json::from_slice(&reply.body).unwrap() })
    }

    /// Asks version 1 of the API.
    pub async fn one(&self, operation: &str, input: Value) -> Value {
        self.call(0, operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    /// Asks version 2 of the API.
    pub async fn two(&self, operation: &str, input: Value) -> Value {
        self.call(1, operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    /// What version 1 of the API refuses.
    pub async fn refused_one(&self, operation: &str, input: Value) -> (String, String) {
        self.call(0, operation, input).await.expect_err(operation)
    }

    /// What version 2 of the API refuses.
    pub async fn refused_two(&self, operation: &str, input: Value) -> (String, String) {
        self.call(1, operation, input).await.expect_err(operation)
    }

    /// With these identities.
    pub async fn verified(self, names: &[&str]) -> Bed {
        for name in names {
            self.two("CreateEmailIdentity", json!({ "EmailIdentity": name })).await;
        }
        self.mail.clear().await.unwrap();
        self.post.take();
        self
    }

    /// The newest mail of the mailbox.
    pub async fn newest(&self) -> Kept {
        let listed = self.mail.list(&Search::default(), 1).await.unwrap();
        self.mail.read(&listed[0].id).await.unwrap().unwrap()
    }

    /// How many mails there are.
    pub fn count(&self) -> usize {
        self.mail.count()
    }
}

/// A mail in parts, for version 1 of the API.
pub fn simple(to: &[&str]) -> Value {
    json!({
        "Source": "Ä <sender@example.com>",
        "Destination": { "ToAddresses": to },
        "Message": { "Subject": { "Data": "Grüße" }, "Body": { "Text": { "Data": "Hällo" } } },
    })
}
