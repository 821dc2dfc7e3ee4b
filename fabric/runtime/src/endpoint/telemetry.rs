//! The Telemetry API: extensions that take logs and platform events over HTTP.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_env::{Env, TaskHandle};
use tidegate_types::Timestamp;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::Shared;
use super::routes::{Reply, header, refusal};
use crate::output::rfc3339;

/// Events beyond this many that a subscriber did not take are dropped, the oldest first, and it is told.
const MAX_QUEUED: usize = 10_000;
/// How long a subscriber may take to accept a batch.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Subscription {
    destination: Destination,
    types: Vec<String>,
    #[serde(default)]
    buffering: Buffering,
}

#[derive(Deserialize)]
struct Destination {
    protocol: String,
    #[serde(alias = "URI", default)]
    uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Buffering {
    max_items: usize,
    timeout_ms: u64,
}

impl Default for Buffering {
    fn default() -> Buffering {
        Buffering { max_items: 10_000, timeout_ms: 1_000 }
    }
}

struct Subscriber {
    types: Vec<String>,
    queue: Arc<Queue>,
    _sending: TaskHandle<()>,
}

struct Queue {
    events: Mutex<VecDeque<Value>>,
    dropped: Mutex<u64>,
    wake: Notify,
    max_items: usize,
    gather: Duration,
}

/// Who takes telemetry of one environment.
#[derive(Default)]
pub(crate) struct Telemetry {
    subscribers: Mutex<Vec<Subscriber>>,
}

impl Telemetry {
    /// Hands an event to whoever asked for its kind: `platform.…`, `function` or `extension`. The record is
    /// made only if there is somebody.
    pub(crate) fn publish(&self, kind: &str, at: Timestamp, record: impl Fn() -> Value) {
        let subscribers = self.subscribers.lock();
        if subscribers.is_empty() {
            return;
        }
        let group = kind.split('.').next().unwrap_or(kind);
        for subscriber in subscribers.iter().filter(|one| one.types.iter().any(|wanted| wanted == group)) {
            subscriber.queue.push(json!({ "time": rfc3339(at), "type": kind, "record": record() }));
        }
    }
}

impl Queue {
    fn push(&self, event: Value) {
        let mut events = self.events.lock();
        if events.len() >= MAX_QUEUED {
            events.pop_front();
            *self.dropped.lock() += 1;
        }
        events.push_back(event);
        if events.len() == 1 || events.len() >= self.max_items {
            self.wake.notify_one();
        }
    }

    fn take(&self, env: &Env) -> Vec<Value> {
        let mut events = self.events.lock();
        let count = events.len().min(self.max_items);
        let mut batch: Vec<_> = events.drain(..count).collect();
        let dropped = std::mem::take(&mut *self.dropped.lock());
        if dropped > 0 {
            let record = json!({ "droppedRecords": dropped, "droppedBytes": 0, "reason": "Consumer seems to have fallen behind as it has not acknowledged receipt of logs." });
            batch.push(json!({ "time": rfc3339(env.now()), "type": "platform.logsDropped", "record": record }));
        }
        batch
    }

    /// Sends batches for as long as the environment lives.
    async fn send(self: Arc<Self>, env: Env, host: String, path: String) {
        loop {
            if self.events.lock().is_empty() {
                self.wake.notified().await;
            }
            if self.events.lock().len() < self.max_items {
                env.sleep_real(self.gather).await;
            }
            let batch = self.take(&env);
            if batch.is_empty() {
                continue;
            }
            let body = Bytes::from(Value::Array(batch).to_string());
            let sent = env.timeout_real(PATIENCE, post(&env, &host, &path, body)).await;
            if let Err(reason) = sent.map_err(|late| late.to_string()).and_then(|sent| sent) {
                tracing::warn!(host, reason, "an extension did not take its telemetry");
            }
        }
    }
}

async fn post(env: &Env, host: &str, path: &str, body: Bytes) -> Result<(), String> {
    let stream = TcpStream::connect(host).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let driving = env.spawn("telemetry connection", connection);
    let request = Request::post(path)
        .header("host", host)
        .header("content-type", "application/json")
        .body(Full::new(body))
        .map_err(|error| error.to_string())?;
    let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
    drop(driving);
    if answer.status().is_success() { Ok(()) } else { Err(format!("it answered {}", answer.status())) }
}

/// Takes a subscription.
pub(super) async fn subscribe(shared: &Shared, request: Request<Incoming>) -> Reply {
    if header(&request, "lambda-extension-identifier").is_none() {
        return refusal(
            StatusCode::FORBIDDEN,
            "Extension.MissingExtensionIdentifier",
            "Missing Lambda-Extension-Identifier header",
        );
    }
    let Ok(body) = request.into_body().collect().await else {
        return invalid("The body ended early");
    };
    let subscription: Subscription = match serde_json::from_slice(&body.to_bytes()) {
        Ok(subscription) => subscription,
        Err(error) => return invalid(&error.to_string()),
    };
    if subscription.destination.protocol != "HTTP" {
        return invalid("destination.protocol: only HTTP is supported");
    }
    if let Some(unknown) =
        subscription.types.iter().find(|kind| !["platform", "function", "extension"].contains(&kind.as_str()))
    {
        return invalid(&format!("types: {unknown} is not one of [platform, function, extension]"));
    }
    let Some((host, path)) = local(&subscription.destination.uri) else {
        return invalid("destination.URI: must be an HTTP address of sandbox.localdomain with a port");
    };
    let queue = Arc::new(Queue {
        events: Mutex::default(),
        dropped: Mutex::default(),
        wake: Notify::new(),
        max_items: subscription.buffering.max_items.max(1),
        gather: Duration::from_millis(subscription.buffering.timeout_ms),
    });
    let sending = shared.env.spawn("telemetry", queue.clone().send(shared.env.clone(), host, path));
    let subscriber = Subscriber { types: subscription.types, queue, _sending: sending };
    shared.telemetry.subscribers.lock().push(subscriber);
    Response::new(Full::new(Bytes::from_static(b"OK")))
}

fn invalid(message: &str) -> Reply {
    refusal(StatusCode::BAD_REQUEST, "ValidationError", message)
}

/// The address and the path of an extension's own listener. Only this machine is posted to: an environment
/// on AWS reaches nothing else by `sandbox.localdomain` either.
fn local(uri: &str) -> Option<(String, String)> {
    let rest = uri.strip_prefix("http://")?;
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    let port: u16 = port.parse().ok()?;
    let known = ["sandbox.localdomain", "sandbox", "localhost", "127.0.0.1"];
    known.contains(&host).then(|| (format!("127.0.0.1:{port}"), path.to_owned()))
}
