//! How mail leaves and comes in.
//!
//! Who sends (the service SES) hands over an [`Outgoing`] within its own transaction
//! ([`Mail::send_in_tx`]). Then it is in the store, in the *mailbox*, which anybody can look into; with a
//! relay it is also on its way there, as a durable effect. So between the answer to `SendEmail` and the
//! relay's `250` no mail is ever lost, and none leaves whose sender's transaction did not commit.
//!
//! What becomes of each recipient is told to whoever implements [`Outcomes`], in the transaction that ends
//! the attempt. Without a relay the mailbox has every mail at once: [`Fate::Delivered`] is told within
//! [`Mail::send_in_tx`] itself.
//!
//! What comes in by SMTP goes to whoever implements [`Incoming`]; what a program sends by SMTP after a login,
//! to whoever implements [`Submission`].

mod incoming;
pub mod invariants;
mod keys;
pub mod listener;
mod mail;
mod mailbox;
mod outgoing;
mod pages;
mod records;
pub mod relay;

pub use incoming::{Incoming, Login, Received, Refusal, Submission};
pub use listener::smtp_password;
pub use mail::{KEPT, Mail, OpenError, Options, Parts};
pub use mailbox::{Kept, Listed, Search};
pub use outgoing::{Diagnosis, Fate, Outcomes, Outgoing};
pub use relay::{InvalidRelay, RelayAddress, TlsTrouble};
