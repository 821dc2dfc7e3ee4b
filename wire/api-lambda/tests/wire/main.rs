//! Lambda's requests and answers: what travels where, and that whatever is written is read back.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing fails, as it should")]

mod all;
mod bindings;
#[path = "../../../protocol/tests/made_up/mod.rs"]
mod made_up;
mod round_trip;
