//! What runs beside the requests. Workers take no input: they look at what is stored, do a bounded piece of
//! what is due, and say when to look again.

mod exports;
mod queries;
mod retention;
mod sweep;

pub(crate) use exports::Exports;
pub(crate) use queries::Queries;
pub(crate) use retention::Retention;
pub(crate) use sweep::Sweep;
