//! DynamoDB and its streams.
//!
//! A table's record, its items and its index entries are records of the map; the records of a stream
//! lie in a log. A write of an item is one transaction: it reads the item, checks the condition,
//! writes the item, every index entry that changes, when the item expires, and the stream record. A
//! latch on the item lets the writers of a hot key share a sync instead of conflicting. Reads see
//! what is durable and block nobody.
//!
//! A write holds the table as it is known in memory ([`store::Known`]) to its version. So an index
//! that is being added is maintained by every write that commits behind it, and the backfill
//! ([`workers`]) only has to enter what was there before, a bounded step in each transaction.
//!
//! Throughput is stored and shown; requests beyond it are refused only where that was asked for
//! ([`Options`]).
//!
//! Left out: global tables, import and export, Kinesis destinations.

pub mod domain;
mod error;
pub mod invariants;
mod ops;
mod ports;
mod service;
pub mod store;
mod wire;
mod workers;

pub use error::{Error, Reason};
pub use service::{DynamoDb, DynamoDbStreams, Options};
pub use wire::{COVERAGE, STREAMS_COVERAGE};
