//! The log on a store in memory: commits driven by hand, and by a commit thread under many writers.

#![allow(clippy::unwrap_used, reason = "a test's preparations fail loudly")]

mod behaviour;
mod concurrency;
mod model;
mod world;
