//! Why an operation did not happen. `wire/errors.rs` gives each of these its AWS code and words.

use tidegate_log::LogError;
use tidegate_store::{CommitError, StoreError, TransactError};
use tidegate_types::Timestamp;

use crate::domain::{Item, Misuse, Throttled};

/// Why an operation did not happen.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Error {
    #[error(transparent)]
    Misuse(#[from] Misuse),
    #[error("no such table")]
    NoSuchTable,
    #[error("no table is called {0}")]
    NoTableNamed(String),
    #[error("there is a table called {0}")]
    TableExists(String),
    #[error("{0}")]
    TableInUse(String),
    #[error("no backup has the ARN {0}")]
    NoSuchBackup(String),
    #[error("the backup {0} is in use")]
    BackupInUse(String),
    #[error("no table is called {0}, so it has no backups")]
    NoTableToBackUp(String),
    #[error("no table is called {0}, so it cannot be restored")]
    NoTableToRestore(String),
    #[error("there is a table called {0}, so none can be restored under its name")]
    RestoredTableExists(String),
    #[error("table {0} is being made or read")]
    TableBusy(String),
    #[error("the recovery of table {0} cannot be changed now")]
    RecoveryBusy(String),
    #[error("too many backups of table {0} are being made")]
    TooManyBackups(String),
    #[error("table {0} has no point-in-time recovery")]
    NoRecovery(String),
    #[error("the restore time is outside of the window")]
    RestoreTime { earliest: Timestamp, latest: Timestamp },
    #[error("one index at a time")]
    OneIndexAtATime,
    #[error("{arn} does not exist")]
    NoSuchResource { arn: String },
    #[error("{arn} has no policy")]
    NoPolicy { arn: String },
    #[error("the condition does not hold")]
    ConditionFailed { item: Option<Item> },
    #[error("there is such an item")]
    Duplicate,
    #[error("the transaction was cancelled")]
    Cancelled(Vec<Reason>),
    #[error("{} has no throughput left", .0.resource)]
    Throttled(Throttled),
    #[error("the item collection is as large as it may be")]
    CollectionFull,
    #[error("the token was used for another request")]
    TokenReused,
    #[error("no such stream: {0}")]
    NoSuchStream(String),
    #[error("no such index: {0}")]
    NoSuchIndex(String),
    #[error("the iterator is too old")]
    ExpiredIterator,
    #[error("the records asked for are gone")]
    Trimmed,
    #[error("{0} is not implemented")]
    NotImplemented(&'static str),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Error {
    /// Whether it tells of stored bytes that cannot be what they should be: trying again will not help.
    pub(crate) fn is_damage(&self) -> bool {
        let corrupt = |error: &StoreError| matches!(error, StoreError::Corrupt { .. });
        match self {
            Error::Store(error) | Error::Log(LogError::Store(error)) | Error::Commit(CommitError::Store(error)) => {
                corrupt(error)
            }
            _ => false,
        }
    }
}

/// Why an action of a transaction kept it from happening.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// It did not.
    None,
    /// Its condition does not hold.
    Condition {
        /// The item, if it was asked for.
        item: Option<Item>,
    },
    /// It inserts an item that is there.
    Duplicate,
    /// Another transaction was at the item.
    Conflict,
    /// The table or an index of it has no throughput left.
    Throttled(Throttled),
    /// The item's collection is as large as it may be.
    CollectionFull,
    /// It cannot be carried out.
    Invalid(String),
}

impl From<TransactError<Error>> for Error {
    fn from(error: TransactError<Error>) -> Error {
        match error {
            TransactError::Refused(error) => error,
            TransactError::Commit(error) => error.into(),
        }
    }
}
