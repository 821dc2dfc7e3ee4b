//! Why an operation did not happen. `wire/errors.rs` gives each of these its AWS code and words.

use tidegate_log::LogError;
use tidegate_ports::{ObjectRefusal, Refusal};
use tidegate_store::{CommitError, StoreError, TransactError};

use crate::domain::{BatchError, QueryRefused};

/// Why an operation did not happen.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Error {
    #[error("the log group does not exist")]
    NoSuchGroup,
    #[error("the log stream does not exist")]
    NoSuchStream,
    #[error("the log group exists")]
    GroupExists,
    #[error("the log stream exists")]
    StreamExists,
    #[error("the {0} exists")]
    Exists(&'static str),
    #[error("the log group is protected")]
    GroupIsProtected,
    #[error("the {0} does not exist")]
    NoSuchFilter(&'static str),
    #[error("there is no policy {0}")]
    NoSuchPolicy(String),
    #[error("there is no destination")]
    NoSuchDestination,
    #[error("the group is of a class that has no such thing")]
    OnlyStandard,
    #[error("the {0} is used")]
    InUse(&'static str),
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    NotValid(String),
    #[error("the policy is another one than was expected")]
    OtherRevision,
    #[error("{0} is not an ARN of ours")]
    NoSuchResource(String),
    #[error("too many of them")]
    LimitExceeded,
    #[error("too many tags")]
    TooManyTags(String),
    #[error("{0}")]
    Batch(#[from] BatchError),
    #[error("the token is not one of ours")]
    InvalidToken,
    #[error("name and identifier are both given")]
    NameAndIdentifier,
    #[error("neither name nor identifier is given")]
    NeitherNameNorIdentifier,
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Denied(String),
    #[error("{vendor} did not take the message: {refusal}")]
    Undeliverable { vendor: String, refusal: Box<Refusal> },
    #[error("the bucket did not take an object: {0}")]
    Bucket(ObjectRefusal),
    #[error("there is no such export")]
    NoSuchExport,
    #[error("the export has ended")]
    ExportHasEnded,
    #[error("{0} is not implemented")]
    NotImplemented(&'static str),
    #[error(transparent)]
    Pattern(#[from] tidegate_logfilter::Error),
    #[error(transparent)]
    Insights(#[from] QueryRefused),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Error {
    /// A parameter that is wrong, in AWS's words.
    pub(crate) fn invalid(words: impl Into<String>) -> Error {
        Error::Invalid(words.into())
    }
}

impl From<TransactError<Error>> for Error {
    fn from(error: TransactError<Error>) -> Error {
        match error {
            TransactError::Refused(error) => error,
            TransactError::Commit(error) => error.into(),
        }
    }
}
