//! Leased messages in lanes, on the store's own transaction.
//!
//! A queue holds messages in *lanes* (SQS calls them message groups). A message is *waiting* until
//! its due time, then *ready*, and *leased* while a consumer works on it; a lease that runs out
//! makes it ready again with its receive count kept.
//!
//! Taking a message is in two steps. [`Queues::reserve`] picks messages in memory, so that no two
//! consumers pick the same one; the reservation is then used inside a transaction of the caller's:
//! [`lease_in_tx`] hides it until a deadline, [`take_in_tx`] consumes it, together with whatever
//! else that transaction writes. A reservation that is dropped unused goes back to its place.
//!
//! # Records
//! A message's body (immutable) and its lease (small, rewritten at each receive) are separate
//! records. Both lie under (queue, *generation*, …): purging a queue raises its generation in one
//! write, and a bounded sweeper reclaims what the old one held. Every transaction that touches a
//! message reads the queue's record, so none can write into a generation that is past.
//!
//! Bodies lie in order of position, leases by lane; a message that was sent to be had later also has
//! an entry in the due index until it is first received. `keys.rs` lists every key.
//!
//! # Memory
//! The index of a queue is a [`tidegate_store::Fold`] over queue records, leases and due entries,
//! which lie under one prefix so that it sees the changes of a batch in the order they were made:
//! a *window* over the ready messages of each lane, all leases, and the nearest due times. Everything
//! beyond the windows stays on disk and is read when the window drains, from a remembered watermark,
//! never from the head of the queue: a scan over deleted keys collapses. Messages are not in memory
//! each, but lanes that hold one are: a few hundred bytes for a lane.
//!
//! # Reservations and crashes
//! Memory follows what is *durable*, transactions read what is *accepted*, so a reservation is only
//! a hint: the transaction that uses it demands the lease's version. A reservation that was used and
//! dropped, its transaction's outcome unknown, is not given back before a rewrite of the lease has
//! shown what became of it; anything else would let a FIFO lane run out of order.

mod expire;
mod index;
pub mod invariants;
mod keys;
mod message;
mod once;
mod peek;
mod queues;
mod read;
mod rebuild;
mod records;
mod registry;
mod reserve;
mod state;
#[cfg(test)]
mod store_tests;
mod sweep;
mod types;
mod waiter;

pub use message::{
    change_visibility_in_tx, create_in_tx, delete_in_tx, drop_in_tx, enqueue_in_tx, lease_of, purge_in_tx,
};
pub use once::{deduplication_latch, enqueue_once_in_tx};
pub use queues::Queues;
pub use reserve::{Reservation, lease_in_tx, take_in_tx};
pub use types::{
    Counts, Discipline, Enqueued, Lane, Lease, LeaseState, MessageKey, NewMessage, Peeked, QueueError, QueueId, Reserve,
};
pub use waiter::Waiter;
