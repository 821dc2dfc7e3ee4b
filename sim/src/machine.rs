//! One life of the service: from opening the disk to being killed.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tidegate_dynamodb::DynamoDb;
use tidegate_env::Env;
use tidegate_log::Logs;
use tidegate_protocol::aws_json::JsonReader;
use tidegate_protocol::{Call, Caller, ProtocolId, Service, codec};
use tidegate_queue::Queues;
use tidegate_sqs::Sqs;
use tidegate_store::engine::Disk;
use tidegate_store::{EmbeddedStore, Step, Stepper, Store};
use tidegate_types::{AccountId, Arn, Region};
use tidegate_workers::Supervisor;

use crate::queues::Queue;

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The service could not serve it: it happened or it did not.
    InDoubt,
    /// The service refused it, with this code: it did not happen.
    Refused(String),
}

/// A running service.
pub struct Machine {
    /// Its store.
    pub store: Arc<EmbeddedStore>,
    /// Its queues.
    pub queues: Arc<Queues>,
    /// The service of queues.
    pub sqs: Arc<Sqs>,
    /// The service of tables.
    pub dynamodb: Arc<DynamoDb>,
    /// The stream of the world's table, once that is there.
    pub stream: Arn,
    _supervisor: Supervisor,
    _timers: tidegate_env::TaskHandle<()>,
}

/// The committer's steps over all machines of a world, and at which of them to crash.
#[derive(Debug, Default)]
pub struct Steps {
    /// How many were made.
    pub made: u64,
    /// The crash comes instead of this one.
    pub crash_at: Option<u64>,
    /// How often the disk has failed.
    pub failures: u64,
}

impl Steps {
    /// Makes the next step; `None` if the machine is to crash instead.
    pub fn step(&mut self, stepper: &mut Stepper) -> Option<Step> {
        let step = stepper.step();
        if step == Step::Failed {
            self.failures += 1;
        }
        if step != Step::Idle {
            self.made += 1;
            if self.crash_at == Some(self.made) {
                return None;
            }
        }
        Some(step)
    }
}

impl Machine {
    /// Opens the store that the disk holds, and what lives on it. `None` if it crashed meanwhile.
    ///
    /// # Errors
    /// It does not open.
    pub async fn start(env: &Env, disk: Box<dyn Disk>, steps: &mut Steps) -> Result<Option<(Machine, Stepper)>> {
        let (store, mut stepper) = EmbeddedStore::open_stepped(env.clone(), disk)?;
        let opening = async {
            let shared: Arc<dyn Store> = store.clone();
            let tables = shared.clone();
            let queues = Queues::open(shared.clone(), env.clone()).await?;
            let sqs = Sqs::open(
                shared,
                queues.clone(),
                env.clone(),
                tidegate_sqs::Options { purges_rest: false, ..tidegate_sqs::Options::default() },
            )
            .await?;
            let logs = Arc::new(Logs::open(tables.clone()).await?);
            let dynamodb = DynamoDb::open(tables, logs, env.clone()).await?;
            anyhow::Ok((queues, sqs, dynamodb))
        };
        let Some(opened) = drive(opening, &mut stepper, steps).await else { return Ok(None) };
        let (queues, sqs, dynamodb) = opened?;
        let supervisor = Supervisor::new(env.clone());
        sqs.start_workers(&supervisor);
        dynamodb.start_workers(&supervisor);
        let stream = Arn::new("dynamodb", &Region::us_east_1(), AccountId::DEFAULT, "table/none");
        let timers = env.spawn("queue timers", queues.clone().run_timers());
        Ok(Some((Machine { store, queues, sqs, dynamodb, stream, _supervisor: supervisor, _timers: timers }, stepper)))
    }
}

/// Runs a future to its end, stepping the committer meanwhile. `None` if the machine crashed.
pub async fn drive<T>(future: impl Future<Output = T>, stepper: &mut Stepper, steps: &mut Steps) -> Option<T> {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = futures::poll!(future.as_mut()) {
            return Some(value);
        }
        steps.step(stepper)?;
        tokio::task::yield_now().await;
    }
}

/// Calls an operation as a client does, in JSON.
///
/// # Errors
/// [`Failure`].
///
/// # Panics
/// If the service does not know the operation, or its JSON cannot be read: both are ours.
pub async fn call(service: &dyn Service, operation: &str, input: &Value) -> Result<Value, Failure> {
    let answer = exchange(service, operation, input).await.expect("the simulation's own requests are well formed");
    match answer {
        (200, output) => Ok(output),
        (500.., _) => Err(Failure::InDoubt),
        (_, output) => {
            let code = output["__type"].as_str().unwrap_or_default();
            Err(Failure::Refused(code.rsplit('#').next().unwrap_or_default().to_owned()))
        }
    }
}

async fn exchange(service: &dyn Service, operation: &str, input: &Value) -> Result<(u16, Value)> {
    let model = service.model();
    let known = model.operation(operation).with_context(|| format!("there is no {operation}"))?;
    let call = Call {
        operation: known,
        account: AccountId::DEFAULT,
        region: Region::us_east_1(),
        caller: Caller::root(AccountId::DEFAULT),
        base_url: Queue::base().to_owned(),
        request_id: "00000000-0000-0000-0000-000000000000".to_owned(),
        trace: None,
        path: "/".to_owned(),
        protocol: ProtocolId::AwsJson1_0,
        user_agent: None,
        http: None,
    };
    let codec = codec(call.protocol).context("JSON has a codec")?;
    let body = serde_json::to_vec(input)?;
    let mut reader = JsonReader::new(&body)?;
    let outcome = match service.call(&call, &mut reader) {
        Ok(running) => running.await,
        Err(error) => Err(error),
    };
    let reply = match outcome {
        Ok(output) => codec.success(model, known, &call.request_id, &*output),
        Err(error) => codec.failure(Some(model), &call.request_id, &error),
    };
    let value = if reply.body.is_empty() { Value::Null } else { serde_json::from_slice(&reply.body)? };
    ensure!(reply.status != 501, "{operation} is not implemented");
    Ok((reply.status.as_u16(), value))
}
