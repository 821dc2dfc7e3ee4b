//! The store as its users see it, on every engine.

mod conformance;
mod support;
