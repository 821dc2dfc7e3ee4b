//! The rules, pure: what is allowed, what follows from what. Nothing here reads a clock or the store.

mod checksum;
mod names;
mod notification;

pub use checksum::{Hasher, checksum_of, composite, full_object};
pub use names::{MAX_KEY_BYTES, bucket_name_fault};
pub use notification::{Event, KeyFilter, is_event_name, share_an_event};
