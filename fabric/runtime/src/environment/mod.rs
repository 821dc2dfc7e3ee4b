//! One execution environment: a runtime, perhaps extensions beside it, their endpoint, their log and their
//! folder, from init to shutdown.

mod invoke;
mod start;
mod variables;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tidegate_env::{Env, TaskHandle};
use tidegate_types::Timestamp;
use tokio::sync::{mpsc, oneshot};

pub(crate) use invoke::{After, Caller, announce, fail};
pub(crate) use start::{Host, Ingredients, Parts};

use crate::endpoint::{Endpoint, Event, ShutdownReason, Work};
use crate::output::{Log, Pump, Status, rfc3339};
use crate::process::Process;
use crate::{Fault, FunctionSpec};
use worker::Worker;

/// How long extensions get to end, as on AWS; a runtime alone gets none.
const SHUTDOWN_WITH_EXTENSIONS: Duration = Duration::from_secs(2);
/// How long a runtime gets to end once extensions are told.
const SHUTDOWN_RUNTIME: Duration = Duration::from_millis(300);

/// How long the last words of a process that ended may take through its connection.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Why a phase failed: what the caller is answered and the log says.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub status: Status,
    pub kind: String,
    /// The error as JSON, if it does not depend on the invocation.
    pub body: Option<Bytes>,
    /// The message otherwise: what comes after `RequestId: … `.
    pub message: String,
}

impl Failure {
    /// The runtime's process ended: `exit status 1` or `signal: killed`.
    fn exit(how: &str) -> Failure {
        let message = match how {
            "exit status 0" => "Error: Runtime exited without providing a reason".to_owned(),
            how => format!("Error: Runtime exited with error: {how}"),
        };
        Failure {
            status: Status::Error("Runtime.ExitError".into()),
            kind: "Runtime.ExitError".into(),
            body: None,
            message,
        }
    }

    /// It took longer than its limit.
    fn timeout(limit: Duration) -> Failure {
        let message = format!("Error: Task timed out after {:.2} seconds", limit.as_secs_f64());
        Failure { status: Status::Timeout, kind: "Sandbox.Timedout".into(), body: None, message }
    }

    /// There is nothing to run.
    pub(crate) fn entrypoint(message: &str) -> Failure {
        Failure::extension("Runtime.InvalidEntrypoint", message.to_owned())
    }

    /// The runtime or an extension said so itself.
    fn reported(kind: String, body: Bytes) -> Failure {
        Failure { status: Status::Error(kind.clone()), kind, body: Some(body), message: String::new() }
    }

    /// An extension failed or did not start.
    fn extension(kind: &str, message: String) -> Failure {
        Failure {
            status: Status::Error(kind.into()),
            kind: kind.into(),
            body: None,
            message: format!("Error: {message}"),
        }
    }

    /// What the caller is answered.
    pub(crate) fn payload(&self, request_id: &str) -> Bytes {
        match &self.body {
            Some(body) => body.clone(),
            None => {
                let message = format!("RequestId: {request_id} {}", self.message);
                Bytes::from(json!({ "errorType": self.kind, "errorMessage": message }).to_string())
            }
        }
    }

    /// What the log says, unless the runtime has said it already.
    fn line(&self, request_id: &str, at: Timestamp) -> Option<String> {
        if self.body.is_some() {
            return None;
        }
        Some(match self.status {
            Status::Timeout => format!("{} {request_id} {}", rfc3339(at), self.message.trim_start_matches("Error: ")),
            _ => format!("RequestId: {request_id} {}\n{}", self.message, self.kind),
        })
    }

    fn shutdown_reason(&self) -> ShutdownReason {
        match self.status {
            Status::Timeout => ShutdownReason::Timeout,
            _ => ShutdownReason::Failure,
        }
    }
}

/// An environment whose processes run.
pub(crate) struct Environment {
    env: Env,
    spec: Arc<FunctionSpec>,
    log: Arc<Log>,
    endpoint: Endpoint,
    events: mpsc::UnboundedReceiver<Event>,
    runtime: Worker,
    extensions: Vec<Process>,
    /// The runtime's request for its next invocation.
    waiting: Option<oneshot::Sender<Work>>,
    pumps: Vec<Arc<Pump>>,
    _pumping: Vec<TaskHandle<()>>,
    folder: PathBuf,
    /// What starting took, until an invocation has told it.
    init: Option<Duration>,
    max_memory: u64,
    /// When its credentials end: real time.
    pub(crate) credentials_end: Timestamp,
}

impl Environment {
    /// Resolves when the environment dies by itself.
    pub(crate) async fn watch(&mut self) {
        loop {
            tokio::select! {
                _how = self.runtime.ended() => return,
                event = self.events.recv() => match event {
                    // The runtime asks again: its old request was cut off.
                    Some(Event::Next(waiting)) => self.waiting = Some(waiting),
                    Some(Event::ExtensionError { .. }) | None => return,
                    Some(Event::Answered(_) | Event::InitError { .. } | Event::Extensions) => {}
                },
            }
        }
    }

    /// What the processes said before their end, which may still be on its way through the endpoint.
    async fn last_words(&mut self) -> Vec<Event> {
        // Extensions keep their connections: what is not there by then was not sent.
        if self.env.timeout_real(LAST_WORDS, self.endpoint.quiet()).await.is_err() {
            tracing::trace!("a connection outlived its runtime");
        }
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }

    /// Whether its runtime still waits for an invocation.
    pub(crate) fn waits(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| !waiting.is_closed())
    }

    fn drain(&self) {
        for pump in &self.pumps {
            pump.drain();
        }
    }

    fn measure(&mut self) -> u64 {
        self.max_memory = self.max_memory.max(self.runtime.peak_memory());
        self.max_memory
    }

    /// Ends all processes, extensions with the time that they get on AWS, and takes out what they printed.
    pub(crate) async fn shut_down(mut self, reason: ShutdownReason) {
        let deadline = self.env.real_now().plus(SHUTDOWN_WITH_EXTENSIONS);
        if self.endpoint.extensions().shutdown(reason, deadline.as_millis()) {
            self.runtime.terminate();
            let env = self.env.clone();
            let limit = if self.runtime.holds_extensions() { SHUTDOWN_WITH_EXTENSIONS } else { SHUTDOWN_RUNTIME };
            // Whether they end in time or not, they are ended below.
            drop(env.timeout_real(limit, self.runtime.ended()).await);
            let extensions = futures::future::join_all(self.extensions.iter_mut().map(Process::ended));
            drop(env.timeout_real(SHUTDOWN_WITH_EXTENSIONS, extensions).await);
        }
        self.runtime.kill().await;
        for extension in &mut self.extensions {
            extension.kill().await;
        }
        self.drain();
        let folder = std::mem::take(&mut self.folder);
        let removed = self.env.run_blocking(move || std::fs::remove_dir_all(folder)).await;
        if let Err(error) = removed {
            tracing::warn!(%error, "a worker's folder could not be removed");
        }
    }
}

/// Milliseconds with their fraction.
fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Fault {
        Fault::System { doing: "starting a worker", reason: error.to_string() }
    }
}
