use std::future::Future;

use bytes::Bytes;
use tidegate_store::{LatchKey, StoreError, Tx};
use tidegate_types::Timestamp;

/// Something to be done outside the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// To whom: what its kind calls it, such as a function's ARN.
    pub target: String,
    /// What its kind enqueued.
    pub body: Bytes,
    /// When it was raised: product time.
    pub raised_at: Timestamp,
    /// How many attempts have failed so far.
    pub failures: u32,
}

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt<O> {
    /// It has ended, well or badly: nothing more will be tried.
    Over(O),
    /// It failed, and is tried again from this time on.
    Again {
        /// From when on: product time.
        at: Timestamp,
        /// Whether it counts as one of the attempts. What never reached the target does not.
        counts: bool,
    },
}

/// One kind of effect: how it is performed, and what follows.
///
/// All futures must bear being dropped at any await: the server may stop without patience.
pub trait Kind: Send + Sync + 'static {
    /// What logs, metrics and the idle barrier call it, such as `function events`.
    const NAME: &'static str;
    /// Its part of the key space. Never used again for another.
    const TAG: u8;
    /// A place among the attempts that may go on at once.
    type Permit: Send + 'static;
    /// How an effect ended.
    type Outcome: Send + Sync + 'static;

    /// Resolves when one more attempt at this target may begin.
    fn admit(&self, target: &str) -> impl Future<Output = Self::Permit> + Send;

    /// Tries it once.
    fn attempt(&self, permit: Self::Permit, effect: &Effect) -> impl Future<Output = Attempt<Self::Outcome>> + Send;

    /// The latches that [`Kind::conclude`] needs.
    fn latches(&self, effect: &Effect, outcome: &Self::Outcome) -> Vec<LatchKey>;

    /// Writes what follows from the outcome, in the transaction that takes the effect from its queue. It
    /// may run several times.
    ///
    /// # Errors
    /// The store's: the transaction is then tried again, not the effect.
    fn conclude(
        &self,
        tx: &mut Tx,
        effect: &Effect,
        outcome: &Self::Outcome,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
