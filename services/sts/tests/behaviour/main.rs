//! What STS does, over its own boundaries, with an IAM that knows what the tests say.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod bed;
mod services;
