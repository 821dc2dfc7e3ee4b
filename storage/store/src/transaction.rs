use std::sync::Arc;

use bytes::Bytes;

use crate::latest::Latest;
use crate::{
    Batch, Check, CommitError, Committed, Entry, KeyRange, LatchKey, Op, Order, Page, Record, Sequence, Slot, Snapshot,
    Space, Store, StoreError,
};

/// How often a transaction is run before its last conflict is reported.
const MAX_RUNS: usize = 64;

/// A transaction in the making: reads of accepted state, and the batch they lead to.
///
/// Reads by [`Tx::get`] are checked when the batch is offered, so a transaction that read something
/// which has changed since runs again. [`Tx::scan`] is not checked: whoever depends on a range
/// holding still takes a latch, or checks a record that every writer of the range rewrites.
pub struct Tx {
    view: Arc<dyn Snapshot>,
    batch: Batch,
    /// How many of the batch's checks come from [`Tx::get`]; the others from [`Tx::check`].
    reads: usize,
    /// Where the batch's checks and writes of a key are.
    checked: Latest,
    written: Latest,
    /// Everything is read in a state that contains this commit.
    read_at: Sequence,
    /// What was read first: often the record that everything else hangs on, asked for again with each
    /// message of a batch.
    first: Option<(Space, Bytes, Option<Record>)>,
}

fn key_of_check(check: &Check) -> Option<(Space, &Bytes)> {
    Some((check.space, &check.key))
}

/// The key of a write, if it is known before the write is accepted.
fn key_of_write(op: &Op) -> Option<(Space, &Bytes)> {
    match op {
        Op::Put { space, key, .. } | Op::Delete { space, key } | Op::PutStampedValue { space, key, .. } => {
            Some((*space, key))
        }
        Op::PutStampedKey { .. } => None,
    }
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
/// `body` is cloned for each run, so it may not change what it captures. (`AsyncFnMut` would say the
/// same with less, but a future that holds such a closure with a captured reference is not `Send` to
/// today's compilers.)
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
    body: impl AsyncFnOnce(&mut Tx) -> Result<T, E> + Clone,
) -> Result<Transacted<T>, TransactError<E>>
where
    E: From<StoreError>,
{
    let mut runs = 1;
    loop {
        let held = store.latches().take(latches).await;
        let view = store.accepted().map_err(CommitError::from)?;
        let mut tx = Tx::new(view.clone());
        let answer = body.clone()(&mut tx).await;
        let from_memory = tx.batch.checks.len() > tx.reads;
        let conflict = match answer {
            Ok(value) => match store.commit(tx.batch, held).await {
                Ok(committed) => return Ok(Transacted { value, committed }),
                Err(error) => error,
            },
            // What was read separately may never have been true together: a refusal that depends on
            // several reads is checked like a commit.
            Err(refusal) => match store.submit(tx.batch.checks_only()).await {
                Ok(ticket) => {
                    drop(held);
                    ticket.durable().await?;
                    return Err(TransactError::Refused(refusal));
                }
                // The refusal says why the store cannot be read, or is as good an answer as that.
                Err(CommitError::Store(_)) => return Err(TransactError::Refused(refusal)),
                Err(error) => error,
            },
        };
        if runs == MAX_RUNS || !matches!(conflict, CommitError::Conflict { .. }) {
            return Err(conflict.into());
        }
        runs += 1;
        // Memory follows what is durable: decisions taken from it would be the same until then.
        if from_memory {
            store.durable(view.sequence()).await?;
        }
    }
}

impl Tx {
    fn new(view: Arc<dyn Snapshot>) -> Tx {
        let read_at = view.sequence();
        let (checked, written) = (Latest::default(), Latest::default());
        Tx { view, batch: Batch::new(), reads: 0, checked, written, read_at, first: None }
    }

    /// The record under `key`, as this transaction leaves it so far.
    ///
    /// A record that the transaction itself wrote has the version 0.
    ///
    /// # Errors
    /// What the store answers.
    ///
    /// # Panics
    /// If this transaction has put a value with a position under `key`: it is not known yet.
    pub async fn get(&mut self, space: Space, key: &[u8]) -> Result<Option<Record>, StoreError> {
        self.written.catch_up(&self.batch.ops, key_of_write);
        if let Some(own) = self.own(space, key) {
            return Ok(own);
        }
        if let Some((_, _, record)) = self.first.as_ref().filter(|(s, k, _)| *s == space && k == key) {
            return Ok(record.clone());
        }
        let record = self.view.get(space, key).await?;
        self.first.get_or_insert_with(|| (space, Bytes::copy_from_slice(key), record.clone()));
        let expected = record.as_ref().map(|record| record.version);
        self.checked.catch_up(&self.batch.checks, key_of_check);
        let known = self.checked.find(&self.batch.checks, (space, key), key_of_check);
        // A second read that found something else adds a second check, and one of them will fail.
        if known.is_none_or(|known| known.expected != expected) {
            self.batch.check_as_read(space, Bytes::copy_from_slice(key), expected, self.read_at);
            self.reads += 1;
        }
        Ok(record)
    }

    /// What this transaction does to `key`, if anything. Values into which a position is still to
    /// be written cannot be read back, and their keys are not known yet.
    fn own(&self, space: Space, key: &[u8]) -> Option<Option<Record>> {
        match self.written.find(&self.batch.ops, (space, key), key_of_write)? {
            Op::Put { value, .. } => Some(Some(Record { version: Sequence(0), value: value.clone() })),
            Op::Delete { .. } => Some(None),
            Op::PutStampedValue { .. } => {
                panic!("a value is read whose position is assigned when the transaction is accepted")
            }
            Op::PutStampedKey { .. } => unreachable!("its key is not known"),
        }
    }

    /// As [`Tx::get`], without a check: for reads whose change would not change the outcome.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn peek(&self, space: Space, key: &[u8]) -> Result<Option<Record>, StoreError> {
        match self.own(space, key) {
            Some(own) => Ok(own),
            None => self.view.get(space, key).await,
        }
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
        self.view.scan(space, range, order, page).await
    }

    /// Demands that `key` holds the version `expected` when this transaction is accepted: for
    /// decisions taken from memory that names the version it was made of.
    pub fn check(&mut self, space: Space, key: impl Into<Bytes>, expected: Option<Sequence>) {
        self.batch.check(space, key, expected);
    }

    /// As [`Tx::check`], for what was read in a state that contained the commit `read_at`.
    pub fn check_as_read(
        &mut self,
        space: Space,
        key: impl Into<Bytes>,
        expected: Option<Sequence>,
        read_at: Sequence,
    ) {
        self.batch.check_as_read(space, key, expected, read_at);
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
