//! The engine against queues, streams and functions that a test controls: what is delivered, in which order,
//! how often, and when the engine says that it is idle.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::result_large_err, reason = "the port chose the size of its refusals")]

mod bed;
mod fake_queue;
mod fake_stream;
mod lifecycle;
mod queue_models;
mod queues;
mod stream_models;
mod streams;
