//! What the service keeps: one file for each kind of record, and [`keys`] for where they lie.
//!
//! Which buckets there are and how they are configured is held in memory by the [`Directory`]; objects are
//! not, for there may be millions of them.

mod access_line;
mod bucket;
mod config;
mod content;
mod directory;
#[cfg(test)]
mod goldens;
pub mod keys;
mod lifecycle;
mod object;
mod upload;

use bytes::Bytes;
use tidegate_record::{DecodeError, Stored};
use tidegate_store::{Record, Space, StoreError};

pub use access_line::AccessLineRecord;
pub use bucket::{BucketId, BucketRecord, DefaultLock, LockMode, LockPeriod, Versioning};
pub use config::{ConfigKey, ConfigKind, ConfigRecord};
pub use content::{Content, ContentId, Piece, PiecesRecord};
pub use directory::{Bucket, Directory};
pub use lifecycle::{LifecyclePlace, LifecycleRecord, LifecycleStage};
pub use object::{
    Checksum, ChecksumKind, Encryption, Etag, Headers, Lock, ObjectRecord, Stands, VersionId, VersionRecord,
};
pub use upload::{PartRecord, UploadRecord};

/// The record of type `T` that lies under `key`.
///
/// # Errors
/// [`StoreError::Corrupt`] if it is none.
pub(crate) fn decode<T: Stored>(space: Space, key: &[u8], record: &Record) -> Result<T, StoreError> {
    T::decode(&record.value).map_err(|error| corrupt(space, key, &error))
}

pub(crate) fn corrupt(space: Space, key: &[u8], error: &DecodeError) -> StoreError {
    StoreError::Corrupt { space, key: Bytes::copy_from_slice(key), what: error.to_string().into() }
}

/// The first key behind `key`.
pub(crate) fn behind(key: &[u8]) -> Bytes {
    [key, &[0]].concat().into()
}
