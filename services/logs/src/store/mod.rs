//! What the service keeps: one file for each kind of record, and [`keys`] for where they lie.
//!
//! Events lie in logs of `storage/log`, one log for each stream, several events to a record
//! ([`ChunkRecord`]). Two indexes by time, one for the group and one for the stream, say where. Which
//! groups and filters there are is held in memory by the [`Directory`]; streams are not, for there may be
//! millions of them.

mod board;
mod chunk;
mod directory;
mod exports;
mod filters;
mod group;
mod index;
mod kept;
pub mod keys;
mod policies;
mod queries;
mod rulebook;
mod rules;
mod stream;
mod tail;

use tidegate_record::{DecodeError, Stored};
use tidegate_store::{Record, Space, StoreError};

pub use board::{Board, Progress, QueryKey};
pub use chunk::ChunkRecord;
pub use directory::{Directory, Group, MetricFilter, SYSTEM_FIELDS, Subscription};
pub use exports::ExportRecord;
pub use filters::{FilterOptions, MetricFilterRecord, SubscriptionRecord};
pub use group::{GroupClass, GroupRecord, GroupSizeRecord};
pub use index::IndexRecord;
pub use kept::{
    DeliveryDestinationRecord, DeliveryRecord, DeliverySourceRecord, DetectorRecord, IntegrationRecord, Kept,
    LookupTableRecord, TableTextRecord,
};
pub use policies::{DestinationRecord, PolicyRecord};
pub use queries::{QueryDefinitionRecord, QueryRecord, ResultPageRecord, Scanned};
pub use rulebook::{AccountPolicies, AccountPolicy};
pub use rules::{AccountPolicyRecord, RuleKind, RuleRecord};
pub use stream::{GarbageRecord, StreamRecord, Written};
pub use tail::{Appended, Tail, Tails};

/// The number under which what belongs to a group lies; a group that is created again has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u64);

/// The number of a stream, which is also the number of its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

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

/// The first key behind `key`.
pub(crate) fn behind(key: &[u8]) -> bytes::Bytes {
    [key, &[0]].concat().into()
}
