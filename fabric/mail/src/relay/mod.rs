//! The way out: mails go to one SMTP relay, which knows the rest of the world.
//!
//! Every mail is an effect of `fabric/effects`, in the relay's own queue. An attempt tries all recipients
//! that are still to be served, on a connection of a small pool; each recipient's answer counts for itself:
//! `250` after the data is delivery, `5xx` is a bounce, and whatever else (`4xx`, a relay that cannot be
//! reached, hangs or breaks off) is tried again, later each time, until patience runs out. What the relay
//! refuses because of *our* settings (a login, a certificate) is tried for ever and said loudly: no mail is
//! given up for it.
//!
//! # Why not a mail crate's transport
//! `lettre` stops at the first recipient that is refused, and keeps of an answer of several lines only the
//! first. The conversation itself is short; its answers are parsed in [`reply`], which is fuzzed.

pub(crate) mod address;
mod breaker;
mod connection;
mod extensions;
mod kind;
pub(crate) mod lines;
mod pool;
pub mod reply;
mod schedule;
mod tls;

pub use address::{InvalidRelay, RelayAddress, Security};
pub(crate) use kind::{Relay, Shared, enqueue, forget};
pub(crate) use pool::Pool;
pub use tls::TlsTrouble;
pub(crate) use tls::client_config;

pub(crate) fn describe() {
    metrics::describe_counter!("tidegate_mail_recipients_total", "What attempts to relay mail came to, by recipient.");
    metrics::describe_counter!(
        "tidegate_mail_relay_failures_total",
        "Attempts that failed for all recipients: the relay was away, broke off, or refused our settings."
    );
}
