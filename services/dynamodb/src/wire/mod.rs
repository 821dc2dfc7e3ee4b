//! Where AWS's shapes, names and codes live, and nowhere else: the routes, the errors, and the
//! conversion between wire types and the domain's.

mod access;
mod answers;
mod attributes;
pub(crate) mod backups;
mod capacity;
mod changes;
mod coverage;
mod errors;
pub(crate) mod events;
pub(crate) mod inputs;
mod routes;
pub(crate) mod schema;
pub(crate) mod streams;
pub(crate) mod tables;
pub(crate) mod throughput;
pub(crate) mod update;
mod values;
mod wording;

pub(crate) use answers::{Answered, BatchAnswer, ItemAnswer, ItemsAnswer, TransactAnswer};
pub(crate) use capacity::{Consumed, Kind, consumed_capacity};
pub(crate) use changes::{Changes, ChangesAnswer, Page as ChangesPage};
pub use coverage::{COVERAGE, STREAMS_COVERAGE};
pub(crate) use errors::statement_error;
pub(crate) use routes::{router, streams_router};
pub(crate) use streams::stream_label;
pub(crate) use tables::{Counted, Measure};
pub(crate) use values::{WireItem, item, value, wire_item};
pub(crate) use wording::reworded;

/// A count for an answer.
pub(crate) fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
