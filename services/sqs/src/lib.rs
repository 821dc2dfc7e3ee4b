//! Simple Queue Service.
pub mod domain;
mod error;
pub mod invariants;
mod ops;
mod ports;
mod reset;
mod service;
pub mod store;
mod wire;
mod workers;

pub use error::Error;
pub use service::{Options, Sqs};
pub use wire::COVERAGE;
