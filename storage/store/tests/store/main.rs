//! The store as its users see it, on every engine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod conformance;
mod driven;
mod folder;
mod journal;
mod machines;
mod model;
mod stepped;
mod support;
