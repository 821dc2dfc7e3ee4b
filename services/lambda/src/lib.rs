//! Lambda: functions, their versions and aliases, who may use them, and their invocations.
//!
//! # How it is built
//! - [`domain`]: the rules, pure: how functions are named, limits, unpacking.
//! - [`store`]: what is kept, one file for each kind of record, and [`store::Directory`]: all of it in memory,
//!   a fold over the records.
//! - `code`: zip files and the folders that functions run from.
//! - `ops`: the operations: validate, decide, one transaction, answer.
//! - `invoke`: every way in which a function comes to run: waited for, queued, by its URL; how many at once.
//! - `wire`: AWS's shapes, names, codes and words. Nobody else knows them.
//! - `ports`: what other services call functions and send events to them through.
//!
//! How code is run is the business of `tidegate_runtime`.
//!
//! # Ready when created
//! AWS answers `Pending` to CreateFunction and `InProgress` to updates, and finishes later. Here the code is
//! unpacked and checked before the commit, so a function is `Active` when the call returns.
//!
//! # Left out
//! Containers, snapshots (SnapStart) and networks (VPC) are kept and shown without effect, or refused:
//! `docs/services/lambda.md`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod code;
pub mod domain;
mod error;
mod invoke;
mod ops;
mod permits;
mod ports;
mod service;
pub mod store;
mod wire;

pub use error::Error;
pub use service::{Lambda, Options, Parts};
pub use wire::COVERAGE;
