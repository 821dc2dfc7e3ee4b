//! What event source mappings and pipes ask of queues: to follow them without the wire.
//!
//! A follower receives messages, which hides them from everybody else, and deletes those that it has
//! dealt with. What it neither deletes nor makes visible comes back when its time is over: a follower
//! keeps no cursor, the queue remembers for it.

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use tidegate_store::{CommitError, StoreError};
use tidegate_types::Arn;

/// What a follower must know of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueDescription {
    /// For how long its messages are hidden if nothing else is said.
    pub visibility_timeout: Duration,
    /// Whether it keeps order within message groups.
    pub fifo: bool,
    /// How many receives its messages have before they go to its dead-letter queue, if it has one.
    pub max_receive_count: Option<u32>,
}

/// What one receive may return, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueReceive {
    /// At most so many messages; more than [`QueueReceive::MAX_MESSAGES`] are as many as those.
    pub messages: usize,
    /// It stops before the message with which their records would exceed this; one is always returned.
    pub bytes: usize,
    /// For how long they are hidden: at most twelve hours. `None`: for as long as the queue says.
    pub visibility_timeout: Option<Duration>,
    /// For how long to wait if there is none: real time. Any length will do.
    pub wait: Duration,
}

impl QueueReceive {
    /// The largest batch of a mapping.
    pub const MAX_MESSAGES: usize = 10_000;
}

/// A message that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage {
    /// What its sender was told that it is called.
    pub message_id: String,
    /// What it is deleted by.
    pub receipt_handle: String,
    /// What was sent.
    pub body: String,
    /// The digest of the body, in hexadecimal.
    pub md5_of_body: String,
    /// What SQS says about it, by SQS's names, those only that it has.
    pub attributes: Vec<(&'static str, String)>,
    /// What its sender said about it, in order of name.
    pub message_attributes: Vec<QueueMessageAttribute>,
    /// The message group: what must stay in order, in FIFO queues.
    pub group: Option<String>,
    /// The trace it belongs to, as an `X-Amzn-Trace-Id` header.
    pub trace: Option<String>,
    /// How many resources its event has passed through. A delivery that it leads to has one more.
    pub hops: u32,
}

/// An attribute of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessageAttribute {
    /// Its name.
    pub name: String,
    /// `String`, `Number` or `Binary`, perhaps with a label behind a dot.
    pub data_type: String,
    /// Its value.
    pub value: QueueAttributeValue,
}

/// The value of an attribute; numbers are text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueAttributeValue {
    /// Of the types `String` and `Number`.
    Text(String),
    /// Of the type `Binary`.
    Binary(Bytes),
}

/// Why a queue cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum QueueFollowError {
    /// There is no such queue (any more).
    #[error("there is no queue {0}")]
    NoSuchQueue(Arn),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not take the change: nothing of it has happened, or it is not known.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Why nothing was done about one receipt handle. The others of its batch are not concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandleRefusal {
    /// It is not a handle of this queue.
    #[error("not a receipt handle of this queue")]
    Invalid,
    /// The message is gone, is visible again, or was received by another: its timeout had passed.
    #[error("the receipt handle has expired")]
    Expired,
    /// The message would be hidden for longer than twelve hours since it was received.
    #[error("beyond the longest time that a message may be hidden")]
    BeyondLimit,
}

/// What became of each receipt handle of a batch, in its order.
pub type HandleOutcomes = Vec<Result<(), HandleRefusal>>;

/// A service whose resources are queues that others follow.
pub trait QueueSource: Send + Sync {
    /// The `service` part of the ARNs of its queues.
    fn service(&self) -> &'static str;

    /// The queue with this ARN, if there is one. It reads memory only.
    ///
    /// # Errors
    /// The store's, if the queue's record is damaged.
    fn describe(&self, queue: &Arn) -> Result<Option<QueueDescription>, StoreError>;

    /// Receives messages as ReceiveMessage does, those that were received too often going to the
    /// dead-letter queue, in one transaction. If there are none it waits until it is woken by one, and
    /// answers none when its time is over. Of a message group of a FIFO queue it takes any number in
    /// order, and the group is locked until all of them are deleted or visible again.
    ///
    /// A future that is dropped takes nothing with it, except that messages whose receive was being
    /// committed are hidden for as long as they would have been. While it waits, the server counts as
    /// idle; while it waits although a message could be had, as busy.
    ///
    /// # Errors
    /// Each [`QueueFollowError`].
    fn receive<'a>(
        &'a self,
        queue: &'a Arn,
        receive: QueueReceive,
    ) -> BoxFuture<'a, Result<Vec<QueueMessage>, QueueFollowError>>;

    /// Deletes messages in one commit. One that is gone already counts as deleted.
    ///
    /// # Errors
    /// Each [`QueueFollowError`]; what is wrong with single handles is among the outcomes.
    fn delete<'a>(
        &'a self,
        queue: &'a Arn,
        handles: &'a [String],
    ) -> BoxFuture<'a, Result<HandleOutcomes, QueueFollowError>>;

    /// Lets messages be hidden for so long from now on, in one commit: zero makes them visible.
    ///
    /// # Errors
    /// Each [`QueueFollowError`]; what is wrong with single handles is among the outcomes.
    fn change_visibility<'a>(
        &'a self,
        queue: &'a Arn,
        handles: &'a [String],
        timeout: Duration,
    ) -> BoxFuture<'a, Result<HandleOutcomes, QueueFollowError>>;
}
