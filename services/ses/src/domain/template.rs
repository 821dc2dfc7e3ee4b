//! Templates of mails.

use serde::{Deserialize, Serialize};

use super::tags::Tags;

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// What it is made of.
    pub parts: Parts,
    /// Its tags.
    pub tags: Tags,
}

/// The parts of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Parts {
    pub subject: Option<String>,
    pub text: Option<String>,
    pub html: Option<String>,
}

/// A template of verification mails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomTemplate {
    /// Its name.
    pub name: String,
    /// Whom such mails come from.
    pub from: String,
    /// Their subject.
    pub subject: String,
    /// Their body, HTML.
    pub content: String,
    /// Where the browser goes when the address was verified.
    pub success_url: String,
    /// Where it goes otherwise.
    pub failure_url: String,
    /// Its tags.
    pub tags: Tags,
}
