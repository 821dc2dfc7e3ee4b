//! Sessions, on disk and in memory.

mod session;
mod sessions;

pub use session::SessionRecord;
pub(crate) use sessions::{Issued, Sessions, access_key, key, prefix};
