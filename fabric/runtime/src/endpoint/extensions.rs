//! The Extensions API: processes beside the runtime, and threads within it, that are told of invocations and
//! of the end.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Method, Request, Response, StatusCode};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::routes::{Reply, accepted, header, json_reply, refusal};
use super::{Event, Shared};

/// As many as AWS takes.
const MAX_EXTENSIONS: usize = 10;
const IDENTIFIER: &str = "lambda-extension-identifier";

/// Why an environment ends, as extensions are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShutdownReason {
    Spindown,
    Timeout,
    Failure,
}

impl ShutdownReason {
    fn as_str(self) -> &'static str {
        match self {
            ShutdownReason::Spindown => "spindown",
            ShutdownReason::Timeout => "timeout",
            ShutdownReason::Failure => "failure",
        }
    }
}

struct Extension {
    id: String,
    name: String,
    external: bool,
    invoke: bool,
    shutdown: bool,
    /// Its request for an event that has not happened yet.
    waiting: Option<oneshot::Sender<Value>>,
    /// Events that it did not fetch yet.
    queue: VecDeque<Value>,
    /// It said that it cannot go on.
    failed: bool,
}

impl Extension {
    fn idle(&self) -> bool {
        self.failed || self.queue.is_empty() && self.waiting.as_ref().is_some_and(|waiting| !waiting.is_closed())
    }

    fn tell(&mut self, event: &Value) {
        match self.waiting.take() {
            // If the request went away meanwhile, the next one gets it.
            Some(waiting) if !waiting.is_closed() => drop(waiting.send(event.clone())),
            _ => self.queue.push_back(event.clone()),
        }
    }
}

/// Who registered, and for what.
pub(crate) struct Extensions {
    events: mpsc::UnboundedSender<Event>,
    /// Names of the processes that were started and did not register yet.
    expected: Mutex<Vec<String>>,
    registered: Mutex<Vec<Extension>>,
    /// Set when the runtime asked for its first invocation: from then on nobody registers who is not expected.
    closed: Mutex<bool>,
}

impl Extensions {
    pub(super) fn new(events: mpsc::UnboundedSender<Event>) -> Arc<Extensions> {
        Arc::new(Extensions {
            events,
            expected: Mutex::default(),
            registered: Mutex::default(),
            closed: Mutex::default(),
        })
    }

    /// Names the processes that are about to be started.
    pub(crate) fn expect(&self, names: Vec<String>) {
        *self.expected.lock() = names;
    }

    /// The processes that did not register yet.
    pub(crate) fn missing(&self) -> Vec<String> {
        self.expected.lock().clone()
    }

    /// From now on nobody registers any more, except who is expected.
    pub(crate) fn close(&self) {
        *self.closed.lock() = true;
    }

    /// Whether all wait for their next event.
    pub(crate) fn idle(&self) -> bool {
        self.registered.lock().iter().all(Extension::idle)
    }

    /// The names and the events of those that registered, for the log.
    pub(crate) fn summary(&self) -> Vec<(String, Vec<&'static str>)> {
        let registered = self.registered.lock();
        let events = |extension: &Extension| {
            let named = [(extension.invoke, "INVOKE"), (extension.shutdown, "SHUTDOWN")];
            named.into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name).collect()
        };
        registered.iter().map(|extension| (extension.name.clone(), events(extension))).collect()
    }

    /// Tells those who asked for it of an invocation.
    pub(crate) fn invoke(&self, request_id: &str, deadline_ms: u64, invoked_arn: &str, trace: Option<&str>) {
        let event = json!({
            "eventType": "INVOKE",
            "deadlineMs": deadline_ms,
            "requestId": request_id,
            "invokedFunctionArn": invoked_arn,
            "tracing": { "type": "X-Amzn-Trace-Id", "value": trace.unwrap_or_default() },
        });
        for extension in self.registered.lock().iter_mut().filter(|extension| extension.invoke) {
            extension.tell(&event);
        }
    }

    /// Tells those who asked for it of the end. Answers whether anybody did.
    pub(crate) fn shutdown(&self, reason: ShutdownReason, deadline_ms: u64) -> bool {
        let event = json!({ "eventType": "SHUTDOWN", "shutdownReason": reason.as_str(), "deadlineMs": deadline_ms });
        let mut registered = self.registered.lock();
        let told = registered.iter_mut().filter(|extension| extension.shutdown && extension.external);
        told.map(|extension| extension.tell(&event)).count() > 0
    }
}

pub(super) async fn answer(shared: &Shared, path: &[String], request: Request<Incoming>) -> Reply {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match (request.method(), path.as_slice()) {
        (&Method::POST, ["register"]) => register(shared, request).await,
        (&Method::GET, ["event", "next"]) => next(shared, &request).await,
        (&Method::POST, ["init" | "exit", "error"]) => failed(shared, request).await,
        _ => refusal(StatusCode::NOT_FOUND, "NotFound", "404 page not found"),
    }
}

#[derive(Deserialize)]
struct Registration {
    #[serde(default)]
    events: Vec<String>,
}

async fn register(shared: &Shared, request: Request<Incoming>) -> Reply {
    let Some(name) = header(&request, "lambda-extension-name").map(str::to_owned).filter(|name| !name.is_empty())
    else {
        return refusal(StatusCode::FORBIDDEN, "Extension.InvalidExtensionName", "Empty extension name");
    };
    let wants_account =
        header(&request, "lambda-extension-accept-feature").is_some_and(|all| all.contains("accountId"));
    let Ok(body) = request.into_body().collect().await else {
        return refusal(StatusCode::BAD_REQUEST, "InvalidRequest", "The body ended early");
    };
    let Ok(registration) = serde_json::from_slice::<Registration>(&body.to_bytes()) else {
        return refusal(StatusCode::FORBIDDEN, "InvalidRequestFormat", "Invalid request format");
    };
    let extensions = &shared.extensions;
    let external = {
        let mut expected = extensions.expected.lock();
        let at = expected.iter().position(|waited| *waited == name);
        at.map(|at| expected.remove(at)).is_some()
    };
    let id = shared.env.uuid().to_string();
    if let Err(refused) = extensions.admit(&id, name, external, &registration.events) {
        return *refused;
    }
    // Whoever waits for extensions has gone if this fails: the environment ends.
    drop(extensions.events.send(Event::Extensions));
    reply(shared, &id, wants_account)
}

impl Extensions {
    fn admit(&self, id: &str, name: String, external: bool, events: &[String]) -> Result<(), Box<Reply>> {
        // A process that was started is waited for, however early the runtime is.
        if *self.closed.lock() && !external {
            return Err(Box::new(refusal(
                StatusCode::FORBIDDEN,
                "Extension.RegistrationClosed",
                "Extension registration closed already",
            )));
        }
        if let Some(unknown) = events.iter().find(|event| *event != "INVOKE" && *event != "SHUTDOWN") {
            let message = format!("{unknown}: invalid event type");
            return Err(Box::new(refusal(StatusCode::FORBIDDEN, "Extension.InvalidEventType", &message)));
        }
        let wants = |name: &str| events.iter().any(|event| event == name);
        if !external && wants("SHUTDOWN") {
            let message = "ShutdownEventNotSupportedForInternalExtension";
            return Err(Box::new(refusal(
                StatusCode::FORBIDDEN,
                "ShutdownEventNotSupportedForInternalExtension",
                message,
            )));
        }
        let mut registered = self.registered.lock();
        if registered.len() >= MAX_EXTENSIONS {
            return Err(Box::new(refusal(
                StatusCode::FORBIDDEN,
                "Extension.TooManyExtensions",
                "Extension limit (10) reached",
            )));
        }
        if registered.iter().any(|extension| extension.name == name) {
            return Err(Box::new(refusal(
                StatusCode::FORBIDDEN,
                "Extension.AlreadyRegistered",
                "Extension is already registered",
            )));
        }
        registered.push(Extension {
            id: id.to_owned(),
            name,
            external,
            invoke: wants("INVOKE"),
            shutdown: wants("SHUTDOWN"),
            waiting: None,
            queue: VecDeque::new(),
            failed: false,
        });
        Ok(())
    }
}

fn reply(shared: &Shared, id: &str, wants_account: bool) -> Reply {
    let spec = &shared.spec;
    let mut body = json!({ "functionName": spec.name, "functionVersion": spec.version, "handler": spec.handler });
    if wants_account {
        body["accountId"] = spec.account.to_string().into();
    }
    let mut reply = json_reply(StatusCode::OK, &body);
    if let Ok(id) = HeaderValue::from_str(id) {
        reply.headers_mut().insert(IDENTIFIER, id);
    }
    reply
}

fn unknown_identifier(id: Option<&str>) -> Reply {
    match id {
        None => refusal(
            StatusCode::FORBIDDEN,
            "Extension.MissingExtensionIdentifier",
            "Missing Lambda-Extension-Identifier header",
        ),
        Some(id) => {
            refusal(StatusCode::FORBIDDEN, "Extension.UnknownExtensionIdentifier", &format!("Unknown extension {id}"))
        }
    }
}

async fn next(shared: &Shared, request: &Request<Incoming>) -> Reply {
    let id = header(request, IDENTIFIER);
    let (sender, receiver) = oneshot::channel();
    {
        let mut registered = shared.extensions.registered.lock();
        let Some(extension) = registered.iter_mut().find(|extension| Some(extension.id.as_str()) == id) else {
            return unknown_identifier(id);
        };
        match extension.queue.pop_front() {
            Some(event) => drop(sender.send(event)),
            None => extension.waiting = Some(sender),
        }
    }
    drop(shared.extensions.events.send(Event::Extensions));
    let Ok(event) = receiver.await else {
        return refusal(StatusCode::GONE, "Extension.Shutdown", "The environment is shutting down");
    };
    let mut reply = Response::new(Full::new(Bytes::from(event.to_string())));
    reply.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    if let Ok(id) = HeaderValue::from_str(&shared.env.uuid().to_string()) {
        reply.headers_mut().insert("lambda-extension-event-identifier", id);
    }
    reply
}

async fn failed(shared: &Shared, request: Request<Incoming>) -> Reply {
    let id = header(&request, IDENTIFIER);
    let kind = header(&request, "lambda-extension-function-error-type");
    let Some(kind) = kind.map(str::to_owned) else {
        return refusal(
            StatusCode::FORBIDDEN,
            "Extension.MissingHeader",
            "Lambda-Extension-Function-Error-Type header missing",
        );
    };
    let name = {
        let mut registered = shared.extensions.registered.lock();
        let Some(extension) = registered.iter_mut().find(|extension| Some(extension.id.as_str()) == id) else {
            return unknown_identifier(id);
        };
        extension.failed = true;
        extension.name.clone()
    };
    drop(shared.events.send(Event::ExtensionError { name, kind }));
    accepted()
}
