//! The rules, pure: what is allowed, what follows from what. Nothing here reads a clock or the store.

pub mod access_log;
pub mod acl;
mod checksum;
pub mod cors;
pub mod lifecycle;
mod listing;
pub mod lock;
mod names;
mod notification;
pub mod policy;
mod storage_class;
mod tagging;
pub mod website;

pub use checksum::{Hasher, checksum_of, composite, full_object};
pub use listing::{Grouping, continuation_token, read_continuation_token};
pub use names::{MAX_KEY_BYTES, bucket_name_fault};
pub use notification::{Event, KeyFilter, is_event_name, share_an_event};
pub use storage_class::StorageClass;
pub use tagging::{MAX_BUCKET_TAGS, MAX_OBJECT_TAGS, checked_tags, tags_of_query};
pub use tidegate_protocol::to_http_date as http_date;
