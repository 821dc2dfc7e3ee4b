//! The words of this crate.

use bytes::Bytes;
use tidegate_store::{CommitError, Position, Slot, StoreError};
use tidegate_types::{ErrorKind, Timestamp};

/// The number of a queue, chosen by its creator and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(pub u64);

/// How a queue orders what it hands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discipline {
    /// Roughly in order of arrival; lanes take turns, so that a busy one starves nobody.
    Standard,
    /// In order within a lane; a lane with a leased message is locked until all its leases end.
    /// A delayed message does not lock its lane: services that need order give all messages of a
    /// lane the same delay.
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
#[derive(Debug, Clone, Copy)]
pub struct Reserve {
    /// At most this many messages.
    pub max: usize,
    /// Product time.
    pub now: Timestamp,
    /// At most this many messages of the queue may be leased at once, reservations included.
    pub max_in_flight: usize,
    /// Messages sent before this are expired: they are skipped and left to [`crate::Queues::expire`].
    pub sent_after: Timestamp,
    /// Stop once bodies exceed this many bytes (at least one message is reserved).
    pub max_bytes: usize,
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

impl Lease {
    /// What the lease says at `now`.
    pub fn state(&self, now: Timestamp) -> LeaseState {
        match self.receive_count {
            _ if self.visible_at <= now => LeaseState::Ready,
            0 if self.has_due_entry() => LeaseState::Delayed,
            0 => LeaseState::Ready,
            _ => LeaseState::InFlight,
        }
    }

    /// Whether the due index has an entry for this message: if it was never received, and was not
    /// to be had at once when it was sent.
    pub(crate) fn has_due_entry(&self) -> bool {
        self.receive_count == 0 && self.visible_at > self.sent_at
    }
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
    Commit(#[from] CommitError),
}

impl QueueError {
    /// What the error means to its caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            QueueError::NoSuchQueue(_) => ErrorKind::NotFound,
            QueueError::InFlightLimit => ErrorKind::Throttled,
            QueueError::Store(error) => error.kind(),
            QueueError::Commit(error) => error.kind(),
        }
    }
}
