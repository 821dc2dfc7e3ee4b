use std::sync::Arc;

use futures::future::BoxFuture;

use crate::{Batch, CommitError, Committed, Fold, Held, Latches, Position, Sequence, Snapshot, StoreError};

/// A durable ordered store. Object-safe, so that the embedded engine, the in-memory one and a
/// networked database stand behind the same services.
pub trait Store: Send + Sync {
    /// A consistent view of what is durable now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] while the store is closed or recovering.
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError>;

    /// A view of what is accepted now, durable or not: what transactions read. Every read answers
    /// the newest accepted record; use [`crate::transact`], whose checks turn that into isolation.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] while the store is closed or recovering.
    fn accepted(&self) -> Result<Arc<dyn Snapshot>, StoreError>;

    /// Offers a batch. If its checks hold, it is accepted: ordered behind everything accepted
    /// before, visible to [`Store::accepted`], its positions assigned.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] if a check fails; otherwise as named there.
    fn submit(&self, batch: Batch) -> BoxFuture<'_, Result<Ticket, CommitError>>;

    /// As [`Store::submit`], and then waits until the batch is durable. Lets go of `held` as soon as
    /// it is accepted. An idle store may write and sync it in the calling task: that blocks its
    /// thread for one sync, and spares the batch two changes of thread.
    ///
    /// # Errors
    /// As those of [`Store::submit`], and [`CommitError::Store`] if the sync failed.
    fn commit<'a>(&'a self, batch: Batch, held: Held) -> BoxFuture<'a, Result<Committed, CommitError>>;

    /// Resolves once every commit up to `sequence` is durable.
    ///
    /// # Errors
    /// [`CommitError::Store`] if the sync failed: what became of the commit is not known.
    fn durable(&self, sequence: Sequence) -> BoxFuture<'_, Result<(), CommitError>>;

    /// Builds `fold` from what is durable and keeps it told from then on.
    ///
    /// # Errors
    /// What reading answers.
    fn attach(&self, fold: Arc<dyn Fold>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The in-process key latches of this store.
    fn latches(&self) -> &Latches;
}

/// An accepted batch on its way to the disk.
pub struct Ticket {
    /// Its number in commit order.
    pub sequence: Sequence,
    /// The positions it was given.
    pub positions: Vec<Position>,
    /// Resolves once it is durable and folded.
    pub durable: BoxFuture<'static, Result<(), CommitError>>,
}

impl Ticket {
    /// Waits until the batch is durable.
    ///
    /// # Errors
    /// [`CommitError::Store`] if its sync failed.
    pub async fn durable(self) -> Result<Committed, CommitError> {
        self.durable.await?;
        Ok(Committed { sequence: self.sequence, positions: self.positions })
    }
}
