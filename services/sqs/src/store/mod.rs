//! What SQS keeps: one file for each kind of record, and [`keys`] for where they lie.
//!
//! Messages themselves lie in `storage/queue`; `message.rs` says what SQS puts
//! into their bodies. Which
//! queues there are is held in memory by the [`Directory`], a fold over the queue records.

mod attempt;
mod deleted_queue;
mod directory;
pub mod keys;
mod message;
mod move_task;
mod queue;
mod secret;

use tidegate_record::{DecodeError, Stored};
use tidegate_store::{Record, Space, StoreError};

pub use attempt::{AttemptRecord, AttemptedMessage};
pub use deleted_queue::DeletedQueueRecord;
pub use directory::{Directory, Queue};
pub use queue::QueueRecord;
pub use secret::SecretRecord;

/// The record of type `T` that lies under `key`.
///
/// # Errors
/// [`StoreError::Corrupt`] if it is none.
pub(crate) fn decode<T: Stored>(space: Space, key: &[u8], record: &Record) -> Result<T, StoreError> {
    T::decode(&record.value).map_err(|error| corrupt(space, key, &error))
}

pub(crate) fn corrupt(space: Space, key: &[u8], error: &DecodeError) -> StoreError {
    StoreError::Corrupt { space, key: bytes::Bytes::copy_from_slice(key), what: error.to_string().into() }
}
