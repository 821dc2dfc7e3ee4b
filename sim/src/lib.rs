//! The store, the queues, SQS and DynamoDB under a simulated clock, disk and crash.
//!
//! A *world* is one seed: a disk in memory, a clock that stands until it is moved, and chance that
//! repeats. In it live *machines*, one after the other, each a whole SQS and DynamoDB on the same disk, until one
//! is killed in the middle of what it was doing; of what it had not synced, the disk keeps a random
//! first part. Clients (the crate's own, through the service's real interface, in its JSON) send,
//! receive, delete and purge, and keep a [`model::Model`] of what they were told. Auditors compare:
//! nothing acknowledged is lost, nothing deleted comes back, no message has two holders, a group's
//! of a table, nothing acknowledged is lost, no transaction is half there, and its stream replayed makes the
//! same table; of queues, a group's
//! order holds, an identifier that was sent twice is there once, counts are exact, and memory equals
//! what a rebuild from the disk makes of it.
//!
//! Everything runs on one thread. What happens next (let tasks run, step the committer, move the
//! clock, break the disk, kill the machine) is drawn from the seed, so that a failing seed fails
//! again, at the same place, for as long as the code is the same; [`world::World::run`] also answers a
//! digest of everything that happened, which shows it.
//!
//! What is left out: HTTP, and the real disk (`testing/powercut` has that).

#![allow(clippy::disallowed_methods, reason = "spawning on the simulation's own single thread is the simulation")]

pub mod audit;
pub mod chance;
pub mod clients;
pub mod clock;
pub mod history;
mod lies;
pub mod machine;
pub mod model;
pub mod queues;
pub mod tables;
pub mod world;

pub use world::{Crashes, Failed, Plan, Summary, World};
