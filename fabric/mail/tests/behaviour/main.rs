//! Mail against a store in memory and a relay that does as it is told.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "the relay is a program of its own and runs on tokio alone")]

mod bed;
mod fake_relay;
mod listener;
mod mailbox;
mod pages;
mod relay;
