//! The HTTP endpoint that one worker's processes talk to: the Runtime API, the Extensions API and the
//! Telemetry API, on a port of loopback of its own.
//!
//! The endpoint knows the protocol and who is registered; the worker knows what is to happen. They talk in
//! [`Event`]s one way and in replies to parked requests the other way.

mod extensions;
mod routes;
mod runtime_api;
mod telemetry;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tidegate_env::{Env, TaskHandle};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use extensions::{Extensions, ShutdownReason};
pub(crate) use telemetry::Telemetry;

use crate::{FunctionSpec, StreamEnd};

/// The largest answer at once, in bytes: 6 MB and what AWS adds for headers.
pub(crate) const MAX_ANSWER_BYTES: usize = 6_291_556;
/// The largest streamed answer, in bytes.
const MAX_STREAM_BYTES: usize = 200 << 20;

/// What a runtime gets for its request for the next invocation.
#[derive(Debug)]
pub(crate) struct Work {
    pub request_id: String,
    pub payload: Bytes,
    /// When the invocation must have ended, in milliseconds since 1970.
    pub deadline_ms: u64,
    pub invoked_arn: String,
    pub trace: Option<String>,
    pub client_context: Option<String>,
    pub cognito_identity: Option<String>,
}

/// What a runtime answered to an invocation.
#[derive(Debug)]
pub(crate) enum Answer {
    Whole(Bytes),
    /// An error: whether the function meant it, and its JSON.
    Error {
        handled: bool,
        body: Bytes,
    },
    /// More than [`MAX_ANSWER_BYTES`]; how much is not known.
    TooLarge,
    Stream {
        content_type: Option<String>,
        chunks: mpsc::Receiver<Bytes>,
        end: oneshot::Receiver<StreamEnd>,
    },
}

/// What a worker's processes did.
#[derive(Debug)]
pub(crate) enum Event {
    /// The runtime waits for an invocation.
    Next(oneshot::Sender<Work>),
    /// The runtime answered the current invocation.
    Answered(Answer),
    /// The runtime could not start: the error's type and its JSON.
    InitError { kind: String, body: Bytes },
    /// An extension registered, waits for its next event, or is done.
    Extensions,
    /// An extension failed: its name and the error's type.
    ExtensionError { name: String, kind: String },
}

/// Which invocation the runtime is at.
#[derive(Debug, Default)]
pub(crate) struct Current {
    request_id: Option<String>,
    answered: bool,
    streaming: bool,
}

/// What all connections of an endpoint share.
pub(crate) struct Shared {
    env: Env,
    spec: Arc<FunctionSpec>,
    events: mpsc::UnboundedSender<Event>,
    current: Mutex<Current>,
    extensions: Arc<Extensions>,
    telemetry: Arc<Telemetry>,
    /// How many connections are open.
    open: watch::Sender<usize>,
}

/// A listening endpoint. Dropping it closes it and all of its connections.
pub(crate) struct Endpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
    _accepting: TaskHandle<()>,
}

impl Endpoint {
    /// Listens. The receiver tells what the worker's processes do.
    pub(crate) async fn open(
        env: &Env,
        spec: &Arc<FunctionSpec>,
        telemetry: &Arc<Telemetry>,
    ) -> std::io::Result<(Endpoint, mpsc::UnboundedReceiver<Event>)> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (sender, receiver) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            env: env.clone(),
            spec: spec.clone(),
            extensions: Extensions::new(sender.clone()),
            events: sender,
            current: Mutex::default(),
            telemetry: telemetry.clone(),
            open: watch::Sender::new(0),
        });
        let accepting = env.spawn("runtime api", accept(listener, shared.clone()));
        Ok((Endpoint { address, shared, _accepting: accepting }, receiver))
    }

    /// As `AWS_LAMBDA_RUNTIME_API` says it.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Who registered for the events of this environment.
    pub(crate) fn extensions(&self) -> &Arc<Extensions> {
        &self.shared.extensions
    }

    /// Resolves when no connection is open: all that processes sent before they ended has been taken.
    pub(crate) async fn quiet(&self) {
        // The sender is ours: it cannot go away while we look.
        drop(self.shared.open.subscribe().wait_for(|open| *open == 0).await);
    }

    /// From now on answers to this invocation are taken, and no others.
    pub(crate) fn begin(&self, request_id: &str, streaming: bool) {
        *self.shared.current.lock() = Current { request_id: Some(request_id.to_owned()), answered: false, streaming };
    }

    /// From now on no answer is taken.
    pub(crate) fn finish(&self) {
        *self.shared.current.lock() = Current::default();
    }
}

/// Takes connections; those that it took end with it.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections: Vec<TaskHandle<()>> = Vec::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.retain(|connection| !connection.is_finished());
                connections.push(shared.env.spawn("runtime api connection", serve(stream, shared.clone())));
            }
            Err(error) => {
                tracing::warn!(%error, "a runtime's connection could not be taken");
                return;
            }
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    shared.open.send_modify(|open| *open += 1);
    speak(stream, &shared).await;
    shared.open.send_modify(|open| *open -= 1);
}

async fn speak(stream: TcpStream, shared: &Arc<Shared>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a runtime's connection was gone at once");
        return;
    }
    let service = service_fn(|request| {
        let shared = shared.clone();
        async move { Ok::<_, std::convert::Infallible>(routes::answer(&shared, request).await) }
    });
    // Runtimes are killed in the midst of requests: that is no error of ours.
    if let Err(error) = http1::Builder::new().pipeline_flush(true).serve_connection(TokioIo::new(stream), service).await
    {
        tracing::trace!(%error, "a runtime's connection ended");
    }
}
