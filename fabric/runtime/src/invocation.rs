//! One run of a function: what goes in, what comes out.

use bytes::Bytes;
use tidegate_ports::FunctionError;
use tokio::sync::{mpsc, oneshot};

/// One invocation.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    /// Its identifier: a UUID.
    pub request_id: String,
    /// The event.
    pub payload: Bytes,
    /// What `X-Amz-Client-Context` said, as JSON (no longer base64).
    pub client_context: Option<String>,
    /// The Cognito identity, as JSON.
    pub cognito_identity: Option<String>,
    /// The `X-Amzn-Trace-Id` header.
    pub trace: Option<String>,
    /// The ARN by which it was invoked, with its version or alias.
    pub invoked_arn: String,
    /// Whether the end of the log is wanted.
    pub tail: bool,
    /// Whether the caller takes the answer in pieces. If not, one in pieces is put together.
    pub streaming: bool,
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// What the function answered.
    pub payload: Payload,
    /// Whether it failed, and how. For a stream, a failure before its first byte.
    pub error: Option<FunctionError>,
    /// The last 4 KB of the log, if that was asked for. Not base64 yet.
    pub log_tail: Option<Bytes>,
    /// What it took. For a stream, what it took until its start.
    pub usage: Usage,
}

/// What a function answered.
#[derive(Debug)]
pub enum Payload {
    /// All at once.
    Whole(Bytes),
    /// In pieces, as they come.
    Stream(ResponseStream),
}

/// An answer in pieces. Dropping it does not end the invocation.
#[derive(Debug)]
pub struct ResponseStream {
    /// What the function says that it is, such as `application/json`, or
    /// `application/vnd.awslambda.http-integration-response` with a prelude for function URLs.
    pub content_type: Option<String>,
    /// The pieces. The channel closes at the end.
    pub chunks: mpsc::Receiver<Bytes>,
    /// How it ended: resolves after the last piece.
    pub end: oneshot::Receiver<StreamEnd>,
}

/// How a stream ended.
#[derive(Debug, Clone, Default)]
pub struct StreamEnd {
    /// The type and the JSON of an error in the middle of it.
    pub error: Option<(String, Bytes)>,
    /// The last 4 KB of the log, if that was asked for.
    pub log_tail: Option<Bytes>,
    /// What the invocation took.
    pub usage: Usage,
}

/// What an invocation took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// From the event's delivery to the runtime's next request, in milliseconds.
    pub duration_ms: f64,
    /// What AWS would bill, in milliseconds.
    pub billed_ms: u64,
    /// How long the environment took to start, if it started for this invocation, in milliseconds.
    pub init_ms: Option<f64>,
    /// The most memory in use so far, in megabytes.
    pub max_memory_mb: u32,
}

/// Why a function was not run. What the function itself does wrong is an [`Outcome`].
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// The machine lacks what it needs.
    #[error("{0}")]
    Missing(String),
    /// Its code or its environment cannot be used as they are.
    #[error("{0}")]
    Invalid(String),
    /// Its role gave no credentials.
    #[error("the function's role gave no credentials: {0}")]
    Credentials(String),
    /// The operating system refused.
    #[error("{doing}: {reason}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        reason: String,
    },
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

impl Fault {
    pub(crate) fn system(doing: &'static str) -> impl Fn(std::io::Error) -> Fault {
        move |error| Fault::System { doing, reason: error.to_string() }
    }
}

/// Something that `tidegate doctor` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about, such as `Node functions`.
    pub subject: String,
    /// What was found, and what to do about it.
    pub text: String,
    /// Whether all is as it should be.
    pub good: bool,
}
