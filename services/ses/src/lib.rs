//! Simple Email Service: both of its APIs over the same identities, templates and mails.
//!
//! # How it is built
//! An operation is a function of a desk ([`desk`](crate)) and its input: it reads and writes what the account
//! has within one transaction, in which the mail is handed over to `tidegate-mail` and its events to whoever
//! wants them. So a mail that was answered with its id is in the store, and one that was not is not; and no
//! event tells of a mail that was not sent.
//!
//! What becomes of a mail is told by `tidegate-mail` in the transaction that ends the attempt
//! (`ops/outcomes.rs`): events, counters, the suppression list. Mail that comes in goes through the receipt
//! rules (`ports/inbound.rs`).
//!
//! - [`domain`]: addresses, identities, templates, mails, receipt rules; pure.
//! - [`store`]: records and keys; the little that must be known without reading them.
//! - `ops`: what is done, whichever API asked for it.
//! - `wire`: both APIs' shapes, codes and words, the events' JSON, and which permissions operations need.
//! - `workers`: forgets old mails' facts and counters.
//!
//! # Left out
//! `docs/services/ses.md` says what and why.

mod chance;
mod desk;
pub mod domain;
mod error;
mod events;
mod ops;
mod ports;
mod service;
pub mod store;
mod wire;
mod workers;

pub use error::{Error, Target, Thing};
pub use ops::signing::WantedKey;
pub use service::{Options, Parts, Ses, Verification};
