//! Ordered keys with one durable commit: the ground under maps, queues and logs.
//!
//! A [`Store`] gives consistent [`Snapshot`]s and takes [`Batch`]es. A batch commits as a whole or
//! not at all; [`Store::submit`] *accepts* it (its checks hold against everything accepted before
//! it, and its positions are assigned) and hands back a [`Ticket`] that resolves once it is
//! *durable*. [`transact`] is the way to use both: a closure that reads, decides and writes, run
//! again if another writer was faster.
//!
//! *Accepted* and *durable* are kept apart on purpose. Transactions read accepted state, so that a
//! hundred writes to one hot key share a single sync instead of conflicting; no answer leaves the
//! server before everything it was computed from is durable, a refusal included. Plain client
//! reads see durable state only.
//!
//! Memory state (queue indexes, caches of settings) is a [`Fold`] over durable batches: told of
//! each one in commit order, after the sync and before its acknowledgement.

mod batch;
mod error;
mod fold;
mod read;
mod store;
mod transaction;

pub use batch::{Batch, Check, Op, Position, Sequence, Slot, Stamped};
pub use error::{CommitError, StoreError};
pub use fold::{Change, Committed, Fold};
pub use read::{Entry, KeyRange, Order, Page, Record, Snapshot, Space};
pub use store::{Store, Ticket};
pub use transaction::{LatchKey, Latches, TransactError, Transacted, Tx, transact};
