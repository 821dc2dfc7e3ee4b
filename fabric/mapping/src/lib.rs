//! Event source mappings: the engine that follows a queue or a stream and calls a function with what it
//! finds there.
//!
//! The engine is told which mappings there are ([`Engine::apply`]), and keeps one task for each. Who stores
//! mappings, checks them and shows them is no matter of its own: Lambda does for event source mappings, and
//! pipes may. It keeps only what following needs: for each lane of a stream a durable *checkpoint*; queues
//! need none, since they remember what was received.
//!
//! Everything is at least once. A message is deleted, and a checkpoint written, after the function has
//! answered, never before; what was under way when the server was killed is processed again.
//!
//! Nothing polls. A receive is woken by the message, and a lane by the commit that brings its record; windows,
//! back-off and tumbling windows end at product times, so that moving the clock moves them. What an
//! invocation itself may take is real time, and its own matter.
//!
//! Each mapping has tasks and places for calls of its own, so that a slow function holds up nobody else.
//! Each is part of the idle barrier: busy while something goes on or could, waiting where a time must come.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod answer;
mod board;
mod call;
mod engine;
mod keys;
mod limits;
mod mapping;
mod queue;
mod stream;

pub use engine::{Engine, Parts};
pub use mapping::{Filter, Kind, LastResult, Mapping, Phase, QueueOptions, Standing, StreamOptions};
pub use stream::checkpoint::{follow_in_tx, forget_in_tx};
