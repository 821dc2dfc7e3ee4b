use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{Position, Sequence, Snapshot, Space, StoreError};

/// A durable commit, as its writer is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its number.
    pub sequence: Sequence,
    /// The positions that were asked for, in order.
    pub positions: Vec<Position>,
}

/// One record that a durable batch changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The whole key.
    pub key: Bytes,
    /// The new value; `None`: deleted.
    pub value: Option<Bytes>,
}

/// Memory state that follows the store.
///
/// # Invariant Q-1
/// After any sequence of `apply`, memory equals what `rebuild` makes of the same store.
pub trait Fold: Send + Sync {
    /// The part of the key space that this fold follows. No two folds of a store may overlap.
    fn watches(&self) -> (Space, Bytes);

    /// Takes over the changes of one durable batch under the prefix, in the order the batch made
    /// them. Called in commit order, after the sync and before the acknowledgement, on the commit
    /// thread: it must be quick, must not do I/O, and cannot fail.
    fn apply(&self, sequence: Sequence, changes: &[Change]);

    /// Wakes whoever works on what has changed. Called after [`Fold::apply`] and [`Fold::rebuild`], when all
    /// folds have been told: who is woken may look at any of them and finds the whole batch. It must be
    /// quick too; being called in vain must do no harm.
    fn announce(&self) {}

    /// Forgets everything and reads it anew. No `apply` runs meanwhile.
    ///
    /// # Errors
    /// What the snapshot answers; the store then stays unavailable.
    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>>;
}
