//! Version 2 of the API, over REST and JSON.

mod account;
mod configuration_sets;
mod contacts;
mod identities;
mod insights;
mod routes;
mod sending;
mod tags;
mod templates;

pub(crate) use routes::router;
