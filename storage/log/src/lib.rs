//! Logs: ordered records with cursors and trimming, on the store's own transaction.
//!
//! A record is appended inside the transaction of what it tells of, and gets its [`Position`] when
//! that transaction is accepted; positions follow commit order and have gaps. Readers see durable
//! records only, so a reader that has seen a position has seen every earlier one that will ever be:
//! a cursor is a single number.
//!
//! - **append**: [`append_in_tx`]. Appends never conflict with each other, nor with trimming.
//! - **read**: [`Logs::read`], a page from a position on. No memory, no session.
//! - **wait**: [`Logs::follow`]; a fold over durable commits wakes it, nothing polls.
//! - **cursors**: [`advance_in_tx`] moves a named cursor in the transaction of what the reader made
//!   of the records, so each is processed exactly once, and two readers with one cursor conflict.
//! - **trim**: [`Logs::trim_while`], from the front, in bounded steps.
//!
//! # The front of a log
//! Deleted records lie in the engine for a while, and a scan over them collapses. The position of
//! the first record that may still be there is therefore a record of its own (the *watermark*);
//! every scan begins at it or behind it.
//!
//! # Invariants
//! - LOG-1: no record lies before its log's watermark.
//! - LOG-2: the watermark and the cursors never go back.
//! - LOG-3: records lie under their log's current generation, or under one that a garbage record
//!   names.
//!
//! What this crate leaves out: what a record says (its owner's versioned encoding), when it was
//! appended (likewise), and how long it is kept ([`Logs::trim_while`] is told by its caller).

mod append;
mod cursor;
mod error;
mod follow;
mod invariants;
mod keys;
mod lifecycle;
mod logs;
mod records;
mod sweep;
mod trim;

pub use append::append_in_tx;
pub use cursor::{advance_in_tx, cursor_in_tx, forget_cursor_in_tx, start_cursor_in_tx};
pub use error::LogError;
pub use follow::Follower;
pub use invariants::violations;
pub use keys::position_of;
pub use lifecycle::{clear_in_tx, create_in_tx, drop_in_tx};
pub use logs::{LogPage, LogRecord, Logs};
pub use tidegate_store::{Page, Position};
pub use trim::Trimmed;

/// The number of a log, chosen by its creator and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId(pub u64);
