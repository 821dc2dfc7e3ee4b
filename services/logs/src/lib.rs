//! CloudWatch Logs: groups, streams and events, filters on them, and who gets them.
//!
//! # How it is built
//! - [`domain`]: the rules, pure. What a batch may be, how events are cut into chunks, what subscribers get.
//! - [`store`]: what is kept, one file for each kind of record, and [`store::Directory`]: groups and filters
//!   in memory, a fold over their records. Streams are not in memory, for there may be millions.
//! - `ops`: the operations: validate, decide, one transaction, answer.
//! - `wire`: AWS's shapes, names, codes and words. Nobody else knows them.
//! - `workers`: retention, and the removal of what deleted groups and streams left.
//!
//! Beside them `ports`: log groups as a target of deliveries, and what functions write their output through.
//!
//! # Events
//! Each stream is a log of `storage/log`. A batch is cut into *chunks* of at most 64 KiB that span at most
//! ten seconds, and each chunk is one record: a hundred lines cost about as much as one. Two entries beside
//! it, one of the group's and one of the stream's index, name it by the time of its last event. All of that
//! is one transaction with what the group's subscribers get, so a subscriber gets an event if and only if it
//! was written. What a write costs does not depend on how much there is.
//!
//! Readers walk an index from where the last page ended, and keep no more than one page: see
//! `ops/reading.rs`.
//!
//! # Left out
//! Policies of destinations and resources are kept and shown. So are keys: what lies on disk is the operator's to
//! encrypt; and deliveries and anomaly detectors, which nobody here performs. `docs/services/logs.md` lists where this
//! service deliberately differs from AWS's.

pub mod domain;
mod error;
pub mod invariants;
mod meters;
mod ops;
mod ports;
mod service;
pub mod store;
mod wire;
mod workers;

pub use error::Error;
pub use service::CloudWatchLogs;
pub use wire::COVERAGE;
