//! S3: buckets, objects and their versions, and who hears of them.
//!
//! # How it is built
//! - [`domain`]: the rules, pure. Names, checksums, conditions, lifecycle, notifications, and so on.
//! - [`store`]: what is kept, one file for each kind of record, and [`store::Directory`]: buckets and their
//!   configurations in memory, a fold over their records. Objects are not in memory.
//! - `ops`: the operations: validate, decide, one transaction, answer.
//! - `wire`: AWS's shapes, names, codes and words. Nobody else knows them.
//! - `workers`: lifecycle, and the removal of what nothing refers to.
//!
//! # Objects
//! The newest version of a key lies apart from the older ones, so that listing a bucket reads nothing else.
//! A body of up to 64 KiB lies in the store, under the version's number; a larger one is a file of
//! `storage/blob`, written and synced before the commit that makes the version visible; a multipart upload
//! becomes an object by naming its parts' bodies, without copying them. What events a change raises is posted
//! in its own transaction.
//!
//! # Left out
//! Encryption is recorded and shown; what lies on disk is the operator's to encrypt. `docs/services/s3.md`
//! lists where this service deliberately differs from AWS's.

pub mod domain;
mod error;
pub mod invariants;
mod ops;
mod ports;
mod service;
pub mod store;
mod wire;
mod workers;

pub use error::Error;
pub use service::{Parts, S3};
pub use wire::COVERAGE;
