//! Why an operation did not happen. `wire/errors.rs` gives each of these its AWS code and words.

use tidegate_protocol::ProtocolId;
use tidegate_queue::QueueError;
use tidegate_store::{CommitError, StoreError, TransactError};
use tidegate_types::Timestamp;

use crate::domain::{
    Attribute, BatchError, IdError, InvalidReceipt, MessageError, NameError, PermissionError, SettingError, TagError,
    VisibilityError,
};

/// Why an operation did not happen.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Error {
    #[error("the queue does not exist")]
    NoSuchQueue {
        /// AWS words it differently in the two protocols, and old clients look at the words.
        protocol: ProtocolId,
    },
    #[error("a queue of this name exists with another value of {}", .0.name())]
    NameTaken(Attribute),
    #[error("a queue of this name was deleted less than a minute ago")]
    DeletedRecently,
    #[error("queue {name} was purged less than a minute ago")]
    PurgeInProgress { name: String },
    #[error("the dead-letter queue does not exist any more")]
    NoDeadLetterQueue,
    #[error("as many messages are in flight as may be")]
    TooManyInFlight,
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    AttributeText(#[from] AttributeTextError),
    #[error(transparent)]
    Message(#[from] MessageError),
    #[error(transparent)]
    Id(#[from] IdError),
    #[error(transparent)]
    Batch(#[from] BatchFailure),
    #[error(transparent)]
    Receipt(#[from] InvalidReceipt),
    #[error("{reason}")]
    Visibility {
        handle: String,
        #[source]
        reason: VisibilityError,
    },
    #[error(transparent)]
    Range(#[from] RangeError),
    #[error(transparent)]
    Permission(#[from] PermissionError),
    #[error(transparent)]
    Tag(#[from] TagFailure),
    #[error(transparent)]
    MoveTask(#[from] MoveTaskError),
    #[error("parameter {0} is missing")]
    Missing(&'static str),
    #[error("parameter {parameter} is missing in {entry} number {number}")]
    MissingInEntry {
        /// What AWS calls an entry of this batch.
        entry: &'static str,
        /// Which entry, counted from one.
        number: usize,
        /// What it lacks.
        parameter: &'static str,
    },
    #[error("an entry of a batch for a FIFO queue has no group")]
    GroupMissingInBatch,
    #[error("parameter {parameter} is not for this kind of queue")]
    NotForThisQueue { parameter: &'static str, value: String },
    #[error("{0} is not asked of a single queue")]
    NotOfAQueue(&'static str),
    #[error("the token does not continue any listing")]
    MalformedToken,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// The text of a queue's attribute is not what the attribute can be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum AttributeTextError {
    #[error("there is no attribute {0}")]
    UnknownName(String),
    #[error("a malformed value for {}", .0.name())]
    Malformed(Attribute),
    #[error("the redrive policy is not a JSON object")]
    RedriveNotAnObject,
    #[error("the redrive policy {text} is wrong")]
    Redrive { text: String, reason: RedriveTextError },
    #[error("the redrive allow policy has an unsupported format")]
    RedriveAllowFormat,
    #[error("the redrive allow policy {text} is wrong")]
    RedriveAllow { text: String, reason: RedriveAllowTextError },
    #[error("{0} statements are more than a policy may have")]
    TooManyStatements(usize),
}

/// What is wrong with a redrive policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum RedriveTextError {
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("maxReceiveCount is {0}")]
    MaxReceiveCount(String),
    #[error("there are other attributes than the two")]
    OtherAttributes,
    #[error("the target is not an ARN")]
    NotAnArn,
    #[error("the target is not a queue")]
    NotAQueue,
    #[error("the target is of the other type")]
    OtherType,
    #[error("the target belongs to another account or region")]
    OtherOwner,
    #[error("the target does not exist")]
    NoSuchTarget,
    #[error("the target does not allow this source")]
    NotAllowed,
}

/// What is wrong with a redrive allow policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum RedriveAllowTextError {
    #[error("sources are listed although redrivePermission is not byQueue")]
    SourcesWithoutByQueue,
    #[error("redrivePermission is byQueue and no sources are listed")]
    ByQueueWithoutSources,
    #[error("too many sources are listed")]
    TooManySources,
}

/// A batch failed as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct BatchFailure {
    /// What AWS calls an entry of this batch.
    pub entry: &'static str,
    /// Why.
    #[source]
    pub error: BatchError,
}

/// Tags were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct TagFailure {
    /// The queue's name.
    pub queue: String,
    /// Why.
    #[source]
    pub error: TagError,
}

/// A number lies outside of what its parameter can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "AWS's own parameters, each with the value that was given")]
pub enum RangeError {
    #[error("MaxNumberOfMessages is {0}")]
    MaxNumberOfMessages(i32),
    #[error("WaitTimeSeconds is {0}")]
    WaitTimeSeconds(i32),
    #[error("VisibilityTimeout is {0}")]
    ReceiveVisibilityTimeout(i32),
    #[error("MaxResults is {0}")]
    MaxResults(i32),
    #[error("MaxNumberOfMessagesPerSecond is {0}")]
    MaxNumberOfMessagesPerSecond(i32),
}

/// Why a message move task cannot be started, listed or cancelled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum MoveTaskError {
    #[error("{parameter} is not an ARN")]
    MalformedArn { parameter: &'static str },
    #[error("the queue of {parameter} does not exist")]
    NoSuchQueue { parameter: &'static str },
    #[error("the source is no queue's dead-letter queue")]
    NotADeadLetterQueue,
    #[error("source and destination are the same")]
    SameQueue,
    #[error("source and destination are of different types")]
    OtherType,
    #[error("a task is running for this source")]
    AlreadyRunning,
    #[error("the handle is not one")]
    MalformedHandle,
    #[error("the task does not exist")]
    NoSuchTask,
    #[error("the task is not running")]
    NotRunning,
}

impl From<TransactError<Error>> for Error {
    fn from(error: TransactError<Error>) -> Error {
        match error {
            TransactError::Refused(error) => error,
            TransactError::Commit(error) => error.into(),
        }
    }
}

impl Error {
    /// The error, if it is that of the entry at this place of a batch.
    pub(crate) fn in_entry(self, entry: &'static str, at: usize) -> Error {
        let parameter = match self {
            Error::Missing(parameter) => parameter,
            Error::Message(MessageError::NoBody) => "MessageBody",
            other => return other,
        };
        Error::MissingInEntry { entry, number: at + 1, parameter }
    }

    /// What a queue library's error means to a caller of `protocol`.
    pub(crate) fn of_queue(error: QueueError, protocol: ProtocolId) -> Error {
        match error {
            QueueError::NoSuchQueue(_) => Error::NoSuchQueue { protocol },
            QueueError::InFlightLimit => Error::TooManyInFlight,
            QueueError::Store(error) => error.into(),
            QueueError::Commit(error) => error.into(),
        }
    }
}

/// For how long after `then` something is forbidden that AWS allows once a minute.
const MINUTE_MS: u64 = 60_000;

/// Whether `then` is less than a minute before `now`.
pub(crate) fn within_a_minute(then: Timestamp, now: Timestamp) -> bool {
    now < then.plus_millis(MINUTE_MS)
}
