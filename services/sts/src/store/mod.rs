//! Sessions, and codes that were shown, on disk and in memory.

mod codes;
mod session;
mod sessions;

pub(crate) use codes::{Code, ShownCode, ShownCodes, code_key};
pub use session::SessionRecord;
pub(crate) use sessions::{Issued, Sessions, access_key, key, prefix};
