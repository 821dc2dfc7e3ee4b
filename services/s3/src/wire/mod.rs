//! AWS's shapes, names, codes and words, and what they mean here.

mod access;
mod coverage;
mod errors;
mod events;
mod lifecycle;
mod listing;
mod misuses;
mod multipart;
mod routes;
mod shown;
mod website;

pub(crate) use access::{GRANTED_BY_LIST, Posted, may, may_delete, may_post};
pub use coverage::COVERAGE;
pub(crate) use events::{Happening, Origin, bus_event, notification, test_event};
pub(crate) use lifecycle::{expiration_header, rules_of};
pub(crate) use listing::{
    Encoding, argument, common_prefixes, grouping, listed_checksum, object, page_size, quoted_etag,
};
pub(crate) use misuses::{check_head, in_own_words};
pub(crate) use multipart::{
    checksum_type, initiator, location, part, part_page, quoted_md5, stated_checksums, unknown_checksum,
};
pub(crate) use routes::router;
pub(crate) use shown::{lock_mode, show_checksum, show_checksum_value, show_encryption};
pub(crate) use website::website_of;
