//! Simple Queue Service: standard, fair and FIFO queues, complete, over JSON and query.
//!
//! # How it is built
//! A message lies in a queue of `storage/queue`; this crate says what its body holds, who may receive
//! it when, and what clients are told. Five rooms:
//!
//! - [`domain`]: SQS's rules, pure. A queue's settings and their ranges, what a message may be, what
//!   a receipt allows, how fast a task moves. It takes `now` and knows neither store nor protocol.
//! - [`store`]: what is kept, one file for each kind of record, and the [`store::Directory`]: all queues
//!   in memory, a fold over their records, so that sending and receiving read no settings from disk.
//! - `ops`: one file for each operation: validate, decide, one transaction, answer.
//! - `wire`: AWS's shapes, names, codes and words. Nobody else knows them.
//! - `workers`: expiry, message move tasks, and the removal of what nobody will ask for any more.
//!
//! Beside them `ports` (what other services send, and the page to look at a queue with) and
//! [`invariants`] (what must hold in every store).
//!
//! # The hot path
//! SendMessage looks its queue up in memory, checks and encodes the message, and enqueues it in one
//! transaction whose position is assigned when it is accepted; the answer leaves when it is durable.
//! ReceiveMessage sets messages aside in memory, hides them (and moves those that were received too
//! often to the dead-letter queue) in one transaction, and answers. If that transaction fails, or the
//! client goes away, the messages go back or their timeouts run out: none is lost.
//!
//! # Left out
//! Policies are kept, shown and edited, and evaluated once there are identities. Encryption settings
//! are kept and shown: what lies on disk is the operator's to encrypt. AWS's throughput quotas are not
//! imitated. `docs/services/sqs.md` lists where this service deliberately differs from AWS's.

pub mod domain;
mod error;
pub mod invariants;
mod meters;
mod ops;
mod ports;
mod reset;
mod service;
pub mod store;
mod wire;
mod workers;

pub use error::{
    AttributeTextError, BatchFailure, Error, MoveTaskError, RangeError, RedriveAllowTextError, RedriveTextError,
    TagFailure,
};
pub use service::{Options, Sqs};
pub use wire::COVERAGE;
