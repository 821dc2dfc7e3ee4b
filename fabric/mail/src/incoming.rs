use std::net::IpAddr;

use bytes::Bytes;
use futures::future::BoxFuture;
use tidegate_store::StoreError;
use tidegate_types::{AccountId, Region, Timestamp};

/// What takes mail that comes in by SMTP. SES's receipt rules implement it.
pub trait Incoming: Send + Sync {
    /// Whether there is anybody by this address (`local@domain`). Asked at each `RCPT TO`.
    fn accepts<'a>(&'a self, recipient: &'a str) -> BoxFuture<'a, bool>;

    /// Takes a mail. When it answers, it is durable: the client is told `250` then.
    fn receive(&self, mail: Received) -> BoxFuture<'_, Result<(), Refusal>>;
}

/// What takes mail that is sent by SMTP: SES's SMTP interface.
pub trait Submission: Send + Sync {
    /// Who this is, if user and password are right: an access key id, and [`crate::smtp_password`].
    fn login<'a>(&'a self, user: &'a str, password: &'a str) -> BoxFuture<'a, Option<Login>>;

    /// Sends a mail in the name of who has logged in. When it answers, it is durable. Answers the message id.
    fn submit<'a>(&'a self, login: &'a Login, mail: Received) -> BoxFuture<'a, Result<String, Refusal>>;
}

/// Who has logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The access key id.
    pub key_id: String,
    /// Its account.
    pub account: AccountId,
    /// The region that the password is for.
    pub region: Region,
}

/// A mail that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Who handed it over.
    pub peer: IpAddr,
    /// What it called itself at `EHLO`.
    pub helo: String,
    /// Whether it came over TLS.
    pub tls: bool,
    /// `MAIL FROM`. Empty: a notification, which must not be answered.
    pub envelope_from: String,
    /// `RCPT TO`, each of which was accepted.
    pub recipients: Vec<String>,
    /// The whole message as it came, without a `Received` header of ours; lines ended by CR LF.
    pub mime: Bytes,
    /// When it was complete.
    pub at: Timestamp,
}

/// Why a mail that came in is not taken. The client is told so; `5xx`: it will not try again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// Refused with this answer: a code from 400 to 599, its enhanced status such as `5.7.1`, and why.
    #[error("{code} {status} {text}")]
    Answer {
        /// The code.
        code: u16,
        /// The enhanced status code of RFC 3463.
        status: String,
        /// Why: one line.
        text: String,
    },
    /// The store failed: the client shall try again.
    #[error(transparent)]
    Store(#[from] StoreError),
}
