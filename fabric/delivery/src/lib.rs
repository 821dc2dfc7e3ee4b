//! Brings a delivery to its target inside the sender's transaction.
//!
//! Senders hold `Arc<dyn Post>` and know nobody; [`Dispatcher`] finds the [`Sink`](tidegate_ports::Sink)
//! that serves the target's ARN and lets it write into the same transaction. Sent and received are
//! therefore one commit: there is no moment at which a delivery could be lost or doubled.
//!
//! An event that has passed through [`MAX_HOPS`](tidegate_types::limits::MAX_HOPS) resources is
//! refused: two resources that send to each other would otherwise fill the disk. Every acceptance
//! and every refusal is counted (`tidegate_deliveries_total`, `tidegate_delivery_refusals_total`);
//! what becomes of a refused delivery, dead letter or visible failure, is the sender's to decide.

mod dispatcher;
mod permission;
mod tally;

pub use dispatcher::{Dispatcher, ServiceTaken};
pub use permission::DeliveryPermission;
