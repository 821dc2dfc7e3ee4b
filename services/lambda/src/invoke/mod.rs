//! Every way in which a function comes to run.
//!
//! Somebody waits for it (`now.rs`), or its event is queued (`events.rs`) and tried until it went well or may
//! not be tried any more. Either way it needs a place among the invocations that may go on ([`gate`]), a
//! specification of what is to be run ([`specs`]), and carries a trace that says where it has been
//! ([`lineage`]).

mod credentials;
mod event;
mod events;
mod gate;
mod lineage;
mod now;
mod operations;
mod outcome;
mod provisioned;
mod specs;

pub(crate) use credentials::Credentials;
pub(crate) use event::EventRecord;
pub(crate) use events::Events;
pub(crate) use gate::{Gate, Place};
pub(crate) use now::{Answer, Asked, Began, Ran};
pub(crate) use operations::{invoke, invoke_async, invoke_with_response_stream};
pub(crate) use provisioned::{Provisioned, Warming};
pub(crate) use specs::Specs;

/// A time as the documents that destinations get write it.
fn rfc3339(at: tidegate_types::Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(i64::try_from(at.as_millis()).unwrap_or(i64::MAX));
    format!("{:.3}", instant.unwrap_or(jiff::Timestamp::MAX))
}
