//! The way in: a small, well-behaved ESMTP server.
//!
//! It takes mail for recipients that [`crate::Incoming`] knows, and, from who has logged in, mail for anybody
//! ([`crate::Submission`]: the SMTP interface of SES). A mail is answered with `250` once it is durable.
//!
//! What a client can make it hold is bounded: connections, the bytes of all mails being received, recipients,
//! lines, time. The end of a message is CR LF `.` CR LF and nothing else: where two servers disagree about
//! that, one mail can be made to look like two.

mod auth;
pub mod command;
pub mod data;
mod login;
mod server;
mod session;
mod wire;

pub use login::{PasswordError, smtp_password};
pub(crate) use server::Listener;
pub(crate) use session::Doors;
