//! Where AWS's shapes, names and texts live: routes, permissions, error codes and words, and how entities
//! are shown.

mod access;
mod coverage;
mod errors;
mod paging;
mod routes;
pub(crate) mod shown;

pub use coverage::COVERAGE;
pub(crate) use errors::reworded;
pub(crate) use paging::Listing;
pub(crate) use routes::router;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 3986 leaves as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A document as IAM answers it: percent-encoded.
pub(crate) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, ESCAPED).to_string()
}
