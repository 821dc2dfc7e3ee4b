//! What DynamoDB keeps: one file for each kind of record, and [`keys`] for where they lie.
//!
//! Items and index entries are records of the map, stream records lie in `storage/log`. Which tables
//! there are is held in memory by the [`Directory`], a fold over the table records.

mod backup;
mod collection;
mod directory;
mod item;
pub mod keys;
mod stored_item;
mod stream;
mod table;
mod token;
mod traffic;

use tidegate_record::{DecodeError, Stored};
use tidegate_store::{Record, Space, StoreError};

pub use backup::{BackupRecord, CopyRecord, Goal, Undo};
pub use collection::CollectionRecord;
pub use directory::{Directory, Known};
pub use item::ItemRecord;
#[cfg(test)]
pub(crate) use item::example;
pub use stored_item::{Sink, StoredItem, tell};
pub use stream::{ChangeKind, ChangeRecord, Shard, ShardName, StoredChange, StreamRecord};
pub use token::TokenRecord;
pub use traffic::Traffic;

/// The record of type `T` that lies under `key`.
///
/// # Errors
/// [`StoreError::Corrupt`] if it is none.
pub(crate) fn decode<T: Stored>(key: &[u8], record: &Record) -> Result<T, StoreError> {
    T::decode(&record.value).map_err(|error| corrupt(Space::Map, key, &error))
}

/// The item that lies under `key`, as it is stored.
///
/// # Errors
/// [`StoreError::Corrupt`] if it is none.
pub(crate) fn stored_item(key: &[u8], record: Record) -> Result<StoredItem, StoreError> {
    StoredItem::new(record.value).map_err(|error| corrupt(Space::Map, key, &error))
}

pub(crate) fn corrupt(space: Space, key: &[u8], error: &DecodeError) -> StoreError {
    StoreError::Corrupt { space, key: bytes::Bytes::copy_from_slice(key), what: error.to_string().into() }
}
