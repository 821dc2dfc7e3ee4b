//! The service on the in-memory engine, called as the gateway calls it, with a clock that stands still until a
//! test moves it. One file for each behaviour; `misuse` is the table of what is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bed;

mod deleting;
mod events;
mod exports;
mod filtering;
mod groups;
mod insights;
mod kept;
mod masking;
mod metrics;
mod misuse;
mod model;
mod permissions;
mod ports;
mod retention;
mod rules;
mod streams;
mod subscriptions;
