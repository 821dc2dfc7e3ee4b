//! What holds for an account in a region.

use serde::{Deserialize, Serialize};

use super::configuration_set::{Reason, Vdm};

/// The account's settings. A record is written with the first change; until then it is as new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether anything is sent.
    pub sending_enabled: bool,
    /// What puts addresses onto the suppression list.
    pub suppression: Vec<Reason>,
    /// The active receipt rule set.
    pub active_rule_set: Option<String>,
    /// What was told to AWS when production access was asked for.
    pub details: Option<Details>,
    /// Whether the deliverability manager is on. Kept.
    pub vdm_enabled: Option<String>,
    /// Its settings. Kept.
    pub vdm: Vdm,
    /// Whether dedicated addresses are warmed up. Kept.
    pub auto_warmup: bool,
}

/// What was told to AWS when production access was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "AWS's words, which are only kept")]
pub struct Details {
    pub mail_type: String,
    pub website: String,
    pub language: Option<String>,
    pub use_case: Option<String>,
    pub contacts: Vec<String>,
    pub asked_for_production: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            sending_enabled: true,
            suppression: vec![Reason::Bounce, Reason::Complaint],
            active_rule_set: None,
            details: None,
            vdm_enabled: None,
            vdm: Vdm::default(),
            auto_warmup: false,
        }
    }
}

/// How much an account may send.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quota {
    /// Recipients within 24 hours.
    pub per_day: f64,
    /// Recipients a second.
    pub per_second: f64,
}

impl Quota {
    /// Of accounts that AWS has let out of the sandbox, to begin with.
    pub const PRODUCTION: Quota = Quota { per_day: 50_000.0, per_second: 14.0 };
    /// Of all others.
    pub const SANDBOX: Quota = Quota { per_day: 200.0, per_second: 1.0 };
}

/// An address that gets no mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// Which, in lower case.
    pub address: String,
    /// Why.
    pub reason: Reason,
    /// Since when: milliseconds since the epoch.
    pub at: u64,
    /// The mail that did it.
    pub message_id: Option<String>,
    /// The event that said so.
    pub feedback_id: Option<String>,
}

/// A pool of dedicated addresses. Kept; there are no addresses in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// `STANDARD`, `MANAGED`.
    pub scaling: String,
    /// Its tags.
    pub tags: super::tags::Tags,
}
