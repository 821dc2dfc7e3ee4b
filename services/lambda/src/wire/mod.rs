//! Where AWS's shapes, names and texts live, and nowhere else: the routes, the error codes and words, and the
//! conversion between wire types and what is kept.

mod access;
mod coverage;
mod errors;
mod given;
mod layers;
mod limits;
mod mappings;
mod routes;
mod shown;

pub use coverage::COVERAGE;
pub(crate) use given::{Given, tags};
pub(crate) use layers::{layer_item, layer_version};
pub(crate) use limits::{body_limit, too_large};
pub(crate) use mappings::{created, mapping, updated};
pub(crate) use routes::router;
pub(crate) use shown::{
    alias, code_location, code_sha256, configuration, cors_record, invoke_config, number, time, url,
};
