//! Version 2 of the API, over REST and JSON.

mod account;
mod configuration_sets;
mod contacts;
mod identities;
mod imports;
mod insights;
mod routes;
mod sending;
mod tags;
mod templates;
mod tenants;

pub(crate) use routes::router;

/// A request with a mail of 40 MB in Base64, and the rest.
const MAIL_REQUEST_BYTES: usize = 57 * 1024 * 1024;

/// The most bytes of an operation's request.
pub(crate) fn body_limit(operation: &str) -> Option<usize> {
    matches!(operation, "SendEmail" | "SendBulkEmail").then_some(MAIL_REQUEST_BYTES)
}
