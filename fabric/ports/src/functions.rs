//! What everybody asks of functions: event source mappings, subscription filters, REST fronts.

use bytes::Bytes;
use futures::future::BoxFuture;
use tidegate_store::StoreError;
use tidegate_types::Arn;

/// One synchronous invocation.
#[derive(Debug, Clone)]
pub struct FunctionCall {
    /// The function: its ARN, with a version or an alias or without.
    pub function: Arn,
    /// On whose behalf: the ARN of the mapping's source, of the REST API and so on.
    pub source: Arn,
    /// The event, as JSON.
    pub payload: Bytes,
    /// The trace it belongs to, as an `X-Amzn-Trace-Id` header.
    pub trace: Option<String>,
}

/// What a function that was run answered.
#[derive(Debug, Clone)]
pub struct FunctionAnswer {
    /// What it returned, or the error it failed with, as JSON.
    pub payload: Bytes,
    /// Whether it failed, and how.
    pub error: Option<FunctionError>,
    /// The version that ran: a number or `$LATEST`.
    pub executed_version: String,
}

/// How an invocation failed, in the words of the `X-Amz-Function-Error` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionError {
    /// The function itself reported an error.
    Handled,
    /// It threw, crashed, or ran out of time or memory.
    Unhandled,
}

impl FunctionError {
    /// As the header says it.
    pub fn as_str(self) -> &'static str {
        match self {
            FunctionError::Handled => "Handled",
            FunctionError::Unhandled => "Unhandled",
        }
    }
}

/// Why a function was not run.
#[derive(Debug, thiserror::Error)]
pub enum InvokeRefusal {
    /// There is no such function, version or alias.
    #[error("{0} does not exist")]
    NoSuchFunction(Arn),
    /// It is being created, updated or failed to be: its state and the reason.
    #[error("{function} is not ready: {reason}")]
    NotReady {
        /// Which.
        function: Arn,
        /// Its state in words.
        reason: String,
    },
    /// All that may run at once do: a later try may succeed.
    #[error("{0} runs as often as it may")]
    Throttled(Arn),
    /// The event is larger than an invocation takes.
    #[error("the event of {bytes} bytes is larger than {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// It could not be started: its interpreter is missing, its code unreadable, its credentials refused.
    #[error("{function} cannot be started: {reason}")]
    CannotStart {
        /// Which.
        function: Arn,
        /// Why, for the user.
        reason: String,
    },
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs functions and waits for what they answer.
pub trait Functions: Send + Sync {
    /// Whether there is such a function, version or alias.
    fn exists(&self, function: &Arn) -> bool;

    /// How long it may run, in milliseconds; `None` if there is no such function.
    fn timeout_ms(&self, function: &Arn) -> Option<u64>;

    /// Runs it once. An invocation that this returns from has ended; one whose future is dropped goes on.
    ///
    /// # Errors
    /// [`InvokeRefusal`] if it was not run; what the function itself did wrong is in the answer.
    fn invoke(&self, call: FunctionCall) -> BoxFuture<'_, Result<FunctionAnswer, InvokeRefusal>>;
}
