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

//!
//! [`EmbeddedStore`] is the store of one process. Its committer is a state machine that a thread
//! steps in production and the simulator steps by hand; under it lies an [`engine::Engine`]: fjall on
//! disk, or memory.

mod audit;
mod backup;
mod batch;
mod committer;
mod driver;
mod embedded;
pub mod engine;
mod error;
mod fold;
mod folder;
mod folds;
mod latches;
mod latest;
mod loss;
mod marker;
mod overlay;
mod platform;
mod read;
mod recent;
mod sequencer;
mod store;
mod stored;
mod transaction;
mod views;
mod waits;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

pub use audit::{AuditReport, Auditor, Problem, verify};
pub use backup::{BackupError, BackupReport, backup, restore};
pub use batch::{Batch, Check, Op, Position, Sequence, Slot, Stamped};
pub use committer::{Step, Stepper};
pub use embedded::{Durability, EmbeddedStore, Options, Status};
pub use error::{CommitError, OpenError, StoreError};
pub use fold::{Change, Committed, Fold};
pub use latches::{Held, LatchKey, Latches};
pub use read::{Each, Entry, KeyRange, Order, Page, Record, Snapshot, Space};
pub use store::{Store, Ticket};
pub use transaction::{TransactError, Transacted, Tx, transact};

/// Runs a future to its end on this thread. Reads of an embedded store are ready at once; this is
/// for the commit thread, which belongs to no runtime.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        std::thread::park();
    }
}
