//! Version 1 of the API, over the query protocol.

mod account;
mod configuration_sets;
mod identities;
mod receipt;
mod routes;
mod sending;
mod templates;

pub(crate) use identities::mail_from;
pub(crate) use routes::router;
pub(crate) use sending::send_raw_email;
