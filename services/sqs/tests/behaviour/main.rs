//! The service on the in-memory engine, called as the gateway calls it, with a clock that stands
//! still until a test moves it. One file for each behaviour; `misuse` is the table of what is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bed;

mod batches;
mod dead_letters;
mod deduplication;
mod delays;
mod failures;
mod fair;
mod fifo;
mod follow;
mod long_polls;
mod misuse;
mod model;
mod move_tasks;
mod peek;
mod permissions;
mod queues;
mod retention;
mod sink;
mod standard;
mod visibility;
