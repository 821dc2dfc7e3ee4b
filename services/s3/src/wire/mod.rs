//! AWS's shapes, names, codes and words, and what they mean here.

mod coverage;
mod errors;
mod routes;

pub use coverage::COVERAGE;
pub(crate) use routes::router;
