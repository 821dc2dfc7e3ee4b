use bytes::Bytes;
use futures::future::BoxFuture;
use tidegate_store::{LatchKey, StoreError, Tx};
use tidegate_types::{AccountId, Region, Timestamp};

/// A message ready to leave: whole MIME, its envelope, and who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The sender's id for it (SES's message id). Unique for ever.
    pub id: String,
    /// Whose it is.
    pub account: AccountId,
    /// Where it was sent.
    pub region: Region,
    /// `MAIL FROM`: where bounces go. Empty: nowhere.
    pub envelope_from: String,
    /// `RCPT TO`, each once, bare addresses.
    pub recipients: Vec<String>,
    /// The whole message, headers and body, lines ended by CR LF. Without its `Bcc`.
    pub mime: Bytes,
    /// What events are told by.
    pub configuration_set: Option<String>,
    /// What events are marked with.
    pub tags: Vec<(String, String)>,
    /// The trace it belongs to, as an `X-Amzn-Trace-Id` header.
    pub trace: Option<String>,
}

/// What became of some of a mail's recipients.
///
/// One attempt can end differently for different recipients: each outcome is told by itself. A recipient
/// is told of as delayed any number of times, and then either as delivered or as bounced, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The relay has taken it over (or, without one, the mailbox has it).
    Delivered {
        /// Which recipients.
        recipients: Vec<String>,
        /// What took it over, as its greeting calls it.
        reporting_mta: String,
        /// What the relay answered, such as `250 2.0.0 Ok: queued as 12345`.
        response: String,
        /// How long it took, from the sender's call on: milliseconds.
        took_ms: u64,
        /// When.
        at: Timestamp,
    },
    /// It will never be delivered to these.
    Bounced {
        /// Whether they are refused for good (`5xx`); otherwise patience ran out.
        permanent: bool,
        /// Which recipients, and why.
        recipients: Vec<Diagnosis>,
        /// Who refused, as its greeting calls it.
        reporting_mta: String,
        /// When.
        at: Timestamp,
    },
    /// It could not be delivered yet, and is tried again.
    Delayed {
        /// Which recipients, and why.
        recipients: Vec<Diagnosis>,
        /// Who refused, as its greeting calls it.
        reporting_mta: String,
        /// How many attempts there were, from 1.
        attempts: u32,
        /// When patience will run out.
        expires_at: Timestamp,
        /// When.
        at: Timestamp,
    },
}

/// Why a recipient did not get a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Who.
    pub recipient: String,
    /// The enhanced status code of RFC 3463, such as `5.1.1`.
    pub status: String,
    /// As a delivery status notification says it, such as `smtp; 550 5.1.1 no such user`.
    pub diagnostic: String,
}

/// What the sender is told of each recipient's fate. SES implements it.
pub trait Outcomes: Send + Sync {
    /// The latches that [`Outcomes::concluded`] needs, if the relay ends the attempt. (Without a relay the
    /// sender's own transaction holds what it needs.)
    fn latches(&self, mail: &Outgoing, fate: &Fate) -> Vec<LatchKey>;

    /// Writes what follows, in the transaction that ends the attempt. It may run several times. `mail` has
    /// no `mime` here: it is not read again only to be told of.
    fn concluded<'a>(
        &'a self,
        tx: &'a mut Tx,
        mail: &'a Outgoing,
        fate: &'a Fate,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}
