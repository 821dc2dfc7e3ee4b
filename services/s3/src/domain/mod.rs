//! The rules, pure: what is allowed, what follows from what. Nothing here reads a clock or the store.

mod names;

pub use names::{MAX_KEY_BYTES, bucket_name_fault};
