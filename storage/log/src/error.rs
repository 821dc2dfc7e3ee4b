use bytes::Bytes;
use tidegate_record::{DecodeError, Stored};
use tidegate_store::{CommitError, Position, Space, StoreError, TransactError};
use tidegate_types::ErrorKind;

use crate::LogId;

/// Why a log operation failed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No such log, or it was dropped.
    #[error("log {0:?} does not exist")]
    NoSuchLog(LogId),
    /// The log has no cursor of that name.
    #[error("log {log:?} has no cursor {name:?}")]
    NoSuchCursor {
        /// Which log.
        log: LogId,
        /// Which cursor.
        name: String,
    },
    /// Another reader advanced the cursor first: what was read is its, not ours.
    #[error("cursor {name:?} of log {log:?} is at {found:?}, not at {expected:?}")]
    CursorMoved {
        /// Which log.
        log: LogId,
        /// Which cursor.
        name: String,
        /// Where the reader believed it to be.
        expected: Position,
        /// Where it is.
        found: Position,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit of the log's own (trim, sweep) failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl LogError {
    /// What the error means to its caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            LogError::NoSuchLog(_) | LogError::NoSuchCursor { .. } => ErrorKind::NotFound,
            LogError::CursorMoved { .. } => ErrorKind::Conflict,
            LogError::Store(error) => error.kind(),
            LogError::Commit(error) => error.kind(),
        }
    }
}

impl From<TransactError<LogError>> for LogError {
    fn from(error: TransactError<LogError>) -> Self {
        match error {
            TransactError::Refused(error) => error,
            TransactError::Commit(error) => error.into(),
        }
    }
}

/// Bytes that are not what this crate writes.
pub(crate) fn corrupt(space: Space, key: &[u8], error: &DecodeError) -> StoreError {
    StoreError::Corrupt { space, key: Bytes::copy_from_slice(key), what: error.to_string().into() }
}

/// The record under `key` of the map.
pub(crate) fn decode<T: Stored>(key: &[u8], value: &Bytes) -> Result<T, StoreError> {
    T::decode(value).map_err(|error| corrupt(Space::Map, key, &error))
}
