//! AWS's shapes, codes and words, and which permissions each operation needs.

mod access;
mod coverage;
pub(crate) mod errors;
pub(crate) mod events;
mod paging;
pub(crate) mod receipt;
mod senders;
pub(crate) mod v1;
pub(crate) mod v2;

pub use coverage::{COVERAGE, V2_COVERAGE};

/// A member that the model's constraints guarantee.
pub(crate) fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}
