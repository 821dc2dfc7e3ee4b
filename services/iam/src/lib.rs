//! Identity and Access Management: users, groups, roles and what they may do.
//!
//! # How it is built
//! An account is small and changes rarely, and nearly every rule is about several entities at once (what
//! is attached cannot be deleted, what is a member cannot go). So an account lies in memory as a whole, a
//! fold over its records ([`store::Directory`]), and an operation is a plain function of an account and an
//! input (`ops`): it looks, or it changes a copy that shares what it does not touch. The service commits
//! the rows that were touched, in one transaction that demands that the account did not change meanwhile.
//! No operation knows keys, records or transactions.
//!
//! - [`domain`]: entities, their tables, documents, tags, AWS's own policies; pure.
//! - [`store`]: records, keys, the directory and the caches that the edge asks on each request.
//! - `ops`: the operations, by what they are about.
//! - `wire`: AWS's shapes, codes and words, and which permissions each operation needs.
//! - [`invariants`]: what holds in every store.
//! - `ports`: what the edge and STS ask.
//!
//! # Left out
//! `docs/services/iam.md` says what and why.

pub mod domain;
mod error;
pub mod invariants;
mod ops;
mod ports;
mod service;
pub mod store;
mod wire;

pub use error::{Error, Holding, ValueFault};
pub use service::Iam;
pub use wire::COVERAGE;
