//! Version 1 of the API, over the query protocol.

mod account;
mod identities;
mod routes;
mod sending;

pub(crate) use routes::router;
