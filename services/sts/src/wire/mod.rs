//! Routes, permissions, error codes and words.

mod coverage;
mod errors;
mod routes;

pub use coverage::COVERAGE;
pub(crate) use routes::router;
