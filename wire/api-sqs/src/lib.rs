//! The SQS API: typed structs, their tables, the error constants and the service's [`MODEL`].
//!
//! All of it is generated; `cargo xtask codegen` says from what. The model of today describes SQS over
//! JSON alone, so the names on the query wire come from the last model that had them. Every member is
//! optional here: what a request lacks is the constraint check's or the service's question.

#[rustfmt::skip]
mod generated;

pub use generated::*;
