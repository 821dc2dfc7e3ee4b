//! Effects: what happens outside the store because of a commit, at least once.
//!
//! Running a function for an event, calling an HTTP endpoint, handing a mail to a relay: none of them can
//! be part of a transaction. So the transaction that causes an effect enqueues it ([`enqueue_in_tx`]), and
//! [`Effects`] performs it afterwards, tries again as its [`Kind`] says, and ends it in one transaction
//! with whatever follows from it ([`Kind::conclude`]): an answer on its way to a destination, or the event
//! on its way to a dead letter.
//!
//! Each target (a function, an endpoint, a relay) has a queue of its own, made with its first effect, and a
//! task that takes from it. A target that is slow, dead or out of capacity keeps nobody else waiting.
//!
//! # Crashes
//! An effect that is being performed is reserved in memory only, so nothing is written before it is tried,
//! and after a `kill -9` it is ready again at once. Its attempt was not counted; it may be performed
//! twice, which is what *at least once* says. An attempt that failed is counted in the transaction that
//! puts the effect back with its next time.
//!
//! # The idle barrier
//! An effect that is due, or that is being performed, is work; one whose next attempt is later is waiting.
//!
//! Metrics: `tidegate_effects_attempts_total{kind, outcome}`, `tidegate_effects_unreadable_total{kind}`.

mod effects;
mod keys;
mod kind;
mod lane;
mod records;
mod targets;

pub use effects::{EffectError, Effects, enqueue_in_tx, forget_in_tx};
pub use kind::{Attempt, Effect, Kind};
