//! DynamoDB as a whole, over a store in memory and a clock that stands still until it is moved.
//! Files are named by behaviour.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod backups;
mod bed;
mod collections;
mod composite;
mod concurrency;
mod damage;
mod following;
mod formats;
mod indexes;
mod misuse;
mod model;
mod partiql;
mod reads;
mod settings;
mod shards;
mod streams;
mod throughput;
mod watched;
