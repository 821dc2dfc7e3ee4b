//! The public face; the queue's owner splits this file into rooms as it fills.

use std::sync::Arc;

use bytes::Bytes;
use tidegate_env::Env;
use tidegate_store::{LatchKey, Position, Slot, Store, StoreError, Tx};
use tidegate_types::Timestamp;

/// The number of a queue, chosen by its creator and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(pub u64);

/// How a queue orders what it hands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discipline {
    /// Roughly in order of arrival; lanes take turns, so that a busy one starves nobody.
    Standard,
    /// In order within a lane; a lane with a leased message is locked until all its leases end.
    Fifo,
}

/// A message group. The empty lane is where messages without one lie.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lane(pub Bytes);

/// Where a message lies: its identity for receipts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageKey {
    /// Its queue.
    pub queue: QueueId,
    /// The queue's generation when it was sent: a purge makes older keys stale.
    pub generation: u32,
    /// Its lane.
    pub lane: Lane,
    /// Its place in the order of the store.
    pub position: Position,
}

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Its lane; empty if it has none.
    pub lane: Lane,
    /// What the service wants back: opaque here.
    pub body: Bytes,
    /// When it was sent: retention counts from here.
    pub sent_at: Timestamp,
    /// From when on it may be received; at most `sent_at` means at once.
    pub visible_at: Timestamp,
}

/// What became of an enqueue with a deduplication key.
#[derive(Debug, Clone)]
pub enum Enqueued {
    /// It is new; its position will be in this slot.
    New(Slot),
    /// A message with this key was sent less than the window ago.
    Duplicate {
        /// That message's position.
        position: Position,
        /// What the first sender noted with it.
        note: Bytes,
    },
}

/// What to reserve.
#[derive(Debug, Clone)]
pub struct Reserve {
    /// At most this many messages.
    pub max: usize,
    /// Product time.
    pub now: Timestamp,
    /// At most this many messages of the queue may be leased at once, reservations included.
    pub max_in_flight: usize,
    /// Messages sent before this are expired: they are skipped and left to [`Queues::expire`].
    pub sent_after: Timestamp,
    /// Stop once bodies exceed this many bytes (at least one message is reserved).
    pub max_bytes: usize,
}

/// A message set aside for one consumer. Dropping it unused makes it ready again in its place.
///
/// Used by [`lease_in_tx`] or [`take_in_tx`] inside a transaction, it is settled by the fold when
/// that transaction is durable; if the transaction fails, dropping it gives the message back.
#[derive(Debug)]
pub struct Reservation {
    /// Which message.
    pub key: MessageKey,
    /// Its lease as it was before this reservation.
    pub lease: Lease,
    /// What was sent.
    pub body: Bytes,
}

/// The small record of a message: rewritten at each receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// When it was sent.
    pub sent_at: Timestamp,
    /// From when on it may be received: the due time of a delay, or the end of a lease.
    pub visible_at: Timestamp,
    /// How often it has been received.
    pub receive_count: u32,
    /// When it was first received.
    pub first_received_at: Option<Timestamp>,
}

/// What a lease record says at a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseState {
    /// Never received and not yet due.
    Delayed,
    /// May be received.
    Ready,
    /// With a consumer.
    InFlight,
}

/// How many messages a queue holds, exactly, in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// May be received now.
    pub ready: u64,
    /// With consumers.
    pub in_flight: u64,
    /// Waiting for their first due time.
    pub delayed: u64,
}

/// A message looked at without consuming it.
#[derive(Debug, Clone)]
pub struct Peeked {
    /// Which message.
    pub key: MessageKey,
    /// Its lease.
    pub lease: Lease,
    /// Its state now.
    pub state: LeaseState,
    /// What was sent.
    pub body: Bytes,
}

/// Why a queue operation failed.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// No such queue, or it was deleted.
    #[error("queue {0:?} does not exist")]
    NoSuchQueue(QueueId),
    /// As many messages are in flight as may be.
    #[error("too many messages in flight")]
    InFlightLimit,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit of the queue's own (expiry, sweep, drop) failed.
    #[error(transparent)]
    Commit(#[from] tidegate_store::CommitError),
}

/// All queues of a store, and their index in memory.
pub struct Queues {
    _store: Arc<dyn Store>,
    _env: Env,
}

/// A place in line for the next ready message of a queue.
pub struct Waiter {}

impl Waiter {
    /// Resolves when a message may be ready. Each message that becomes ready wakes one waiter, in
    /// order of arrival; a woken waiter that is dropped before it looked passes the wake-up on.
    pub async fn woken(&mut self) {
        todo!()
    }
}

impl Queues {
    /// Builds the index from the store and keeps it up to date.
    ///
    /// # Errors
    /// What reading the store answers.
    pub async fn open(_store: Arc<dyn Store>, _env: Env) -> Result<Arc<Queues>, StoreError> {
        todo!()
    }

    /// Runs until dropped: makes delayed and expired-lease messages ready when their time comes and
    /// wakes waiters. Correctness does not depend on it (reserving looks at the time itself), only
    /// promptness does.
    pub async fn run_timers(self: Arc<Self>) {
        todo!()
    }

    /// One bounded step of reclaiming purged, dropped and deduplication records that are no longer
    /// needed. Returns whether there is more to do.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn sweep(&self) -> Result<bool, QueueError> {
        todo!()
    }

    /// Deletes up to a bounded number of messages of `queue` sent before `sent_before` that are not
    /// reserved. Returns how many.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn expire(&self, _queue: QueueId, _sent_before: Timestamp) -> Result<usize, QueueError> {
        todo!()
    }

    /// When the oldest message of the queue was sent, if there is one: what an expiry worker sleeps on.
    pub fn oldest_sent_at(&self, _queue: QueueId) -> Option<Timestamp> {
        todo!()
    }

    /// Sets aside up to `max` ready messages with their bodies: in [`Discipline::Fifo`], several of one
    /// lane in order, then of the lane with the next oldest head; in [`Discipline::Standard`], lanes in turn.
    ///
    /// # Errors
    /// [`QueueError::InFlightLimit`] if the limit leaves no room for a single one.
    pub async fn reserve(&self, _queue: QueueId, _what: Reserve) -> Result<Vec<Reservation>, QueueError> {
        todo!()
    }

    /// Gets in line for the queue's next ready message. Get in line first, then reserve, then wait:
    /// a message that becomes ready in between is not missed.
    pub fn wait(&self, _queue: QueueId) -> Waiter {
        todo!()
    }

    /// Exact counts of what is durable.
    pub fn counts(&self, _queue: QueueId, _now: Timestamp) -> Counts {
        todo!()
    }

    /// Looks at up to `max` messages in order of position, from behind `after`.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn peek(
        &self,
        _queue: QueueId,
        _after: Option<Position>,
        _max: usize,
    ) -> Result<Vec<Peeked>, QueueError> {
        todo!()
    }
}

/// Creates a queue. The number must be new.
pub fn create_in_tx(_tx: &mut Tx, _queue: QueueId, _discipline: Discipline) {
    todo!()
}

/// Deletes a queue and, in time, all that it held. In the same transaction nothing else of it may be used.
///
/// # Errors
/// [`QueueError::NoSuchQueue`].
pub async fn drop_in_tx(_tx: &mut Tx, _queue: QueueId) -> Result<(), QueueError> {
    todo!()
}

/// Empties a queue: what was sent before this commit is gone, what is sent after it is not.
///
/// # Errors
/// [`QueueError::NoSuchQueue`].
pub async fn purge_in_tx(_tx: &mut Tx, _queue: QueueId) -> Result<(), QueueError> {
    todo!()
}

/// Sends a message. The queue's existence is checked when the transaction is accepted.
///
/// # Errors
/// [`QueueError::NoSuchQueue`].
pub async fn enqueue_in_tx(_tx: &mut Tx, _queue: QueueId, _message: NewMessage) -> Result<Slot, QueueError> {
    todo!()
}

/// The latch under which [`enqueue_once_in_tx`] must run for this key.
pub fn deduplication_latch(_queue: QueueId, _key: &[u8]) -> LatchKey {
    todo!()
}

/// Sends a message unless one with the same `key` was sent to this queue less than `window_ms`
/// before. `note` is what a later duplicate is told (its message id, say); at most 1 KiB.
///
/// # Errors
/// [`QueueError::NoSuchQueue`].
pub async fn enqueue_once_in_tx(
    _tx: &mut Tx,
    _queue: QueueId,
    _key: &[u8],
    _note: Bytes,
    _window_ms: u64,
    _message: NewMessage,
) -> Result<Enqueued, QueueError> {
    todo!()
}

/// Hides a reserved message until `visible_at` and counts the receive. Returns the lease as it will be.
pub fn lease_in_tx(_tx: &mut Tx, _reservation: &Reservation, _now: Timestamp, _visible_at: Timestamp) -> Lease {
    todo!()
}

/// Consumes a reserved message.
pub fn take_in_tx(_tx: &mut Tx, _reservation: &Reservation) {
    todo!()
}

/// The present lease of a message in accepted state; `None` if it was deleted, purged or expired.
///
/// # Errors
/// What the store answers.
pub async fn lease_of(_tx: &mut Tx, _key: &MessageKey) -> Result<Option<Lease>, QueueError> {
    todo!()
}

/// Deletes a message by its key; nothing if it is gone already. Returns whether it was there.
///
/// # Errors
/// What the store answers.
pub async fn delete_in_tx(_tx: &mut Tx, _key: &MessageKey) -> Result<bool, QueueError> {
    todo!()
}

/// Moves the end of a message's lease to `visible_at` without counting a receive.
/// Returns whether the message was there.
///
/// # Errors
/// What the store answers.
pub async fn change_visibility_in_tx(
    _tx: &mut Tx,
    _key: &MessageKey,
    _visible_at: Timestamp,
) -> Result<bool, QueueError> {
    todo!()
}
