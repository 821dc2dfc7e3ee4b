use std::sync::Arc;

use bytes::Bytes;

use crate::{
    Batch, CommitError, Committed, Entry, KeyRange, Order, Page, Record, Sequence, Slot, Snapshot, Space, Store,
    StoreError,
};

/// A key that transactions of this process take in turn.
pub type LatchKey = Bytes;

/// The in-process latches of a store. A latch is held from before a transaction's first read until
/// its batch is accepted, not until it is durable: writers of one hot key share a sync.
#[derive(Default)]
pub struct Latches {}

/// A transaction in the making: reads of accepted state, and the batch they lead to.
///
/// Reads by [`Tx::get`] are checked when the batch is offered, so a transaction that read something
/// which has changed since runs again. [`Tx::scan`] is not checked: whoever depends on a range
/// holding still takes a latch, or checks a record that every writer of the range rewrites.
pub struct Tx {
    view: Arc<dyn Snapshot>,
    batch: Batch,
}

/// What a transaction's closure answered, and the commit that made it true.
#[derive(Debug, Clone)]
pub struct Transacted<T> {
    /// The closure's answer.
    pub value: T,
    /// The commit. A transaction without writes has no positions, and the sequence of what it read.
    pub committed: Committed,
}

/// Why a transaction came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum TransactError<E> {
    /// The closure refused. What it read to decide so is durable.
    #[error("refused")]
    Refused(E),
    /// The store did not take the batch; conflicts were tried again.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Runs `body` until its batch is accepted, then waits until it is durable.
///
/// Takes `latches` in sorted order and lets them go when the batch is accepted. `body` may run
/// several times: draw identifiers and the time outside of it. A refusal is answered only once
/// everything that `body` read is durable.
///
/// # Errors
/// [`TransactError::Refused`] with the closure's error; [`TransactError::Commit`] if the store
/// fails, or with the last conflict after 64 of them.
pub async fn transact<T, E>(
    store: &dyn Store,
    latches: &[LatchKey],
    body: impl AsyncFnMut(&mut Tx) -> Result<T, E>,
) -> Result<Transacted<T>, TransactError<E>>
where
    E: From<StoreError>,
{
    todo!()
}

impl Tx {
    /// The record under `key`, as this transaction leaves it so far.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn get(&mut self, space: Space, key: &[u8]) -> Result<Option<Record>, StoreError> {
        todo!()
    }

    /// As [`Tx::get`], without a check: for reads whose change would not change the outcome.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn peek(&self, space: Space, key: &[u8]) -> Result<Option<Record>, StoreError> {
        todo!()
    }

    /// Entries of a range in accepted state, without this transaction's own writes and without checks.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn scan(
        &self,
        space: Space,
        range: &KeyRange,
        order: Order,
        page: Page,
    ) -> Result<Vec<Entry>, StoreError> {
        todo!()
    }

    /// Demands that `key` holds the version `expected` when this transaction is accepted: for
    /// decisions taken from memory that names the version it was made of.
    pub fn check(&mut self, space: Space, key: impl Into<Bytes>, expected: Option<Sequence>) {
        self.batch.check(space, key, expected);
    }

    /// See [`Batch::put`].
    pub fn put(&mut self, space: Space, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.batch.put(space, key, value);
    }

    /// See [`Batch::delete`].
    pub fn delete(&mut self, space: Space, key: impl Into<Bytes>) {
        self.batch.delete(space, key);
    }

    /// See [`Batch::position`].
    pub fn position(&mut self) -> Slot {
        self.batch.position()
    }

    /// See [`Batch::put_at`].
    pub fn put_at(
        &mut self,
        space: Space,
        before: impl Into<Bytes>,
        slot: Slot,
        after: impl Into<Bytes>,
        value: impl Into<Bytes>,
    ) {
        self.batch.put_at(space, before, slot, after, value);
    }

    /// See [`Batch::put_with_position`].
    pub fn put_with_position(
        &mut self,
        space: Space,
        key: impl Into<Bytes>,
        before: impl Into<Bytes>,
        slot: Slot,
        after: impl Into<Bytes>,
    ) {
        self.batch.put_with_position(space, key, before, slot, after);
    }

    /// The bytes that this transaction would write.
    pub fn bytes(&self) -> usize {
        self.batch.bytes()
    }
}
