//! Where AWS's shapes, names and texts live, and nowhere else: the routes, the error codes and words,
//! and the conversion between wire types and the domain's.

mod access;
mod attributes;
mod batches;
mod coverage;
mod errors;
mod messages;
mod paging;
mod policy;
mod redrive;
mod routes;
mod tasks;

pub(crate) use attributes::{render_attributes, requested_attributes, settings};
pub(crate) use batches::{CHANGE_ENTRY, DELETE_ENTRY, SEND_ENTRY, check_entries, failed_entry, too_large};
pub use coverage::COVERAGE;
pub(crate) use messages::{Received, Requested, draft, entry_draft, received_message, system_attribute};
pub(crate) use paging::Listing;
pub(crate) use policy::{Permission, with_permission, without_permission};
pub(crate) use redrive::redrive_text;
pub(crate) use routes::router;
pub(crate) use tasks::{open_task_handle, queue_of_arn, task_entry, task_handle};

use tidegate_protocol::Call;

use crate::domain::QueueAddress;

/// The URL of a queue, at the host that the caller reached us by.
pub(crate) fn queue_url(call: &Call, address: &QueueAddress) -> String {
    format!("{}/{}/{}", call.base_url, address.account, address.name)
}
