//! The SES API, version 2: typed structs, their tables, the error constants and the service's [`MODEL`].
//!
//! All of it is generated; `cargo xtask codegen` says from what. Every member is optional here: what a
//! request lacks is the constraint check's or the service's question.

#[rustfmt::skip]
mod generated;

pub use generated::*;
