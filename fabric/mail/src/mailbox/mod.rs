//! The mailbox: every mail that was sent, newest first, until there are too many.

mod count;
mod list;
mod read;
mod remove;
mod write;

pub(crate) use count::Count;
pub use list::{Listed, Search};
pub(crate) use list::{id_of, list, up_to};
pub use read::Kept;
pub(crate) use read::{journey_of, kept, message_of, mime_of};
pub(crate) use remove::{end_journeys, remove_in_tx, remove_message};
pub(crate) use write::{keep_in_tx, shown};

use bytes::Bytes;
use tidegate_record::{DecodeError, Stored};
use tidegate_store::{Space, StoreError};

/// The bytes of a piece of a large MIME.
pub(crate) const PIECE_BYTES: usize = 1 << 20;

/// MIME up to this size lies in the message's own record.
pub(crate) const WHOLE_BYTES: usize = 64 << 10;

pub(crate) fn corrupt(space: Space, key: &Bytes, error: &DecodeError) -> StoreError {
    StoreError::Corrupt { space, key: key.clone(), what: error.to_string().into() }
}

pub(crate) fn decode<T: Stored>(space: Space, key: &Bytes, value: &Bytes) -> Result<T, StoreError> {
    T::decode(value).map_err(|error| corrupt(space, key, &error))
}

/// How many pieces a MIME of this size has.
pub(crate) fn pieces(size: u64) -> u32 {
    // SES takes 40 MB at most.
    size.div_ceil(PIECE_BYTES as u64) as u32
}
