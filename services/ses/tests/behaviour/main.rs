//! What SES does, over its own service boundary, with a mailbox and a post that remembers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod bed;
mod events;
mod inbound;
mod restarts;
mod sending;
mod smtp;
mod templates;
