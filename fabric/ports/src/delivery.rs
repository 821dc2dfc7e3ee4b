use bytes::Bytes;
use futures::future::BoxFuture;
use tidegate_store::{CommitError, LatchKey, Store, StoreError, TransactError, Tx, transact};
use tidegate_types::{Arn, Timestamp};

/// One event on its way from one resource to another.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// What raised it.
    pub source: Arn,
    /// Where it goes.
    pub target: Arn,
    /// What must stay in order with what; the message group of a FIFO queue.
    pub lane: Option<String>,
    /// Two deliveries with the same id to one target within five minutes are one, where the target
    /// deduplicates.
    pub deduplication_id: Option<String>,
    /// The body, as the target will show it.
    pub payload: Bytes,
    /// What is said about the payload: the message attributes of a queue. Targets that have none leave
    /// them out.
    pub attributes: Vec<DeliveryAttribute>,
    /// The role whose permissions the delivery uses, if not the source's own.
    pub role: Option<Arn>,
    /// For effects: how often and how long to try.
    pub retry: RetryPolicy,
    /// Where it goes when it cannot be delivered.
    pub dead_letter: Option<Arn>,
    /// How many resources this event has passed through.
    pub hops: u32,
    /// The trace it belongs to, as an `X-Amzn-Trace-Id` header.
    pub trace: Option<String>,
    /// When it was raised: product time.
    pub raised_at: Timestamp,
}

/// A named value that goes with a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttribute {
    /// Its name, as the target will show it.
    pub name: String,
    /// `String` or `Number`.
    pub data_type: &'static str,
    /// Its value.
    pub value: String,
}

/// How often and how long an effect is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts after the first.
    pub max_retries: u32,
    /// No attempt starts later than this after `raised_at`.
    pub max_age_ms: u64,
}

/// Why a target did not accept a delivery. Never a string: the sender decides by it whether the
/// delivery goes to its dead letter, is counted as failed, or is tried again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// The target does not exist, or nothing serves its kind.
    #[error("{0} does not exist")]
    NoSuchTarget(Arn),
    /// A policy forbids it.
    #[error("{source_arn} may not send to {target}")]
    Denied {
        /// Who sends. Boxed: with two ARNs in it, the error would be larger than most answers.
        source_arn: Box<Arn>,
        /// To whom.
        target: Arn,
    },
    /// The event went round in circles.
    #[error("{target} refused an event after {hops} hops")]
    TooManyHops {
        /// To whom.
        target: Arn,
        /// After how many.
        hops: u32,
    },
    /// The target cannot take this payload, now or later (too large, characters it does not allow).
    #[error("{target} cannot take this: {what}")]
    Unacceptable {
        /// To whom.
        target: Arn,
        /// What is wrong.
        what: &'static str,
    },
    /// The store failed: the whole transaction fails with it.
    #[error(transparent)]
    Retry(#[from] StoreError),
}

/// A target whose state lives in our store: it accepts a delivery inside the sender's transaction.
pub trait Sink: Send + Sync {
    /// The `service` part of the ARNs it serves.
    fn service(&self) -> &'static str;

    /// The latches that accepting this delivery needs; the sender takes them before its transaction.
    fn latches(&self, delivery: &Delivery) -> Vec<LatchKey>;

    /// Writes the delivery into the target. Nothing is visible unless the transaction commits.
    ///
    /// # Errors
    /// A [`Refusal`]; the transaction may go on without this delivery unless it is `Retry`.
    fn accept<'a>(&'a self, tx: &'a mut Tx, delivery: Delivery) -> BoxFuture<'a, Result<(), Refusal>>;
}

/// Sends deliveries: what a service holds to reach any other.
pub trait Post: Send + Sync {
    /// The latches that these deliveries need together.
    fn latches(&self, deliveries: &[Delivery]) -> Vec<LatchKey>;

    /// Sends inside the sender's transaction.
    ///
    /// # Errors
    /// The target's [`Refusal`], or [`Refusal::NoSuchTarget`] if nothing serves its kind.
    fn post<'a>(&'a self, tx: &'a mut Tx, delivery: Delivery) -> BoxFuture<'a, Result<(), Refusal>>;
}

/// Sends one delivery in a transaction of its own, for senders that change nothing else.
///
/// # Errors
/// As [`Post::post`]; the store's failures are [`Refusal::Retry`].
pub async fn post_alone(store: &dyn Store, post: &dyn Post, delivery: Delivery) -> Result<(), Refusal> {
    let latches = post.latches(std::slice::from_ref(&delivery));
    let delivery = &delivery;
    match transact(store, &latches, async |tx: &mut Tx| post.post(tx, delivery.clone()).await).await {
        Ok(_committed) => Ok(()),
        Err(TransactError::Refused(refusal)) => Err(refusal),
        Err(TransactError::Commit(CommitError::Store(error))) => Err(error.into()),
        Err(TransactError::Commit(error)) => Err(StoreError::Unavailable { reason: error.to_string().into() }.into()),
    }
}
