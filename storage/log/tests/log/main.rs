//! The log on a store in memory whose commits are driven by hand.

#![allow(clippy::unwrap_used, reason = "a test's preparations fail loudly")]

mod behaviour;
mod model;
mod world;
