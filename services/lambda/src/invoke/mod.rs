//! Every way in which a function comes to run.
//!
//! Somebody waits for it (`now.rs`), or its event is queued (`events.rs`) and tried until it went well or may
//! not be tried any more. Either way it needs a place among the invocations that may go on ([`gate`]), a
//! specification of what is to be run ([`specs`]), and carries a trace that says where it has been
//! ([`lineage`]).

mod bucket_records;
mod credentials;
mod event;
mod events;
mod gate;
mod lineage;
mod now;
mod operations;
mod outcome;
mod provisioned;
mod pulls;
mod specs;

pub(crate) use bucket_records::{BucketRecord, BucketRecords};
pub(crate) use credentials::Credentials;
pub(crate) use event::EventRecord;
pub(crate) use events::Events;
pub(crate) use gate::{Gate, Place};
pub(crate) use now::{Answer, Asked, Began, Ran, pool};
pub(crate) use operations::{invoke, invoke_async, invoke_with_response_stream};
pub(crate) use provisioned::{Provisioned, Warming};
pub(crate) use pulls::{Pulling, Pulls};
pub(crate) use specs::Specs;

/// The key of a function's record in a bucket, as AWS has it: `PREFIX/2026/01/02/2026-01-02T03.04.05-UUID`.
fn object_key(prefix: &str, at: tidegate_types::Timestamp, id: uuid::Uuid) -> String {
    let instant = jiff::Timestamp::from_millisecond(i64::try_from(at.as_millis()).unwrap_or(i64::MAX));
    let at = instant.unwrap_or(jiff::Timestamp::MAX).strftime("%Y/%m/%d/%Y-%m-%dT%H.%M.%S");
    format!("{prefix}/{at}-{id}")
}

/// A time as the documents that destinations get write it.
fn rfc3339(at: tidegate_types::Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(i64::try_from(at.as_millis()).unwrap_or(i64::MAX));
    format!("{:.3}", instant.unwrap_or(jiff::Timestamp::MAX))
}
