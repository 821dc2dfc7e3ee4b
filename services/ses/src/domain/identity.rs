//! Addresses and domains that an account may send from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::address::{self, domain_of, without_label};
use super::tags::Tags;

/// Whether something was verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Nobody has tried.
    #[default]
    NotStarted,
    /// It is waited for.
    Pending,
    /// It is.
    Success,
    /// It was not within three days.
    Failed,
}

/// What SES tells the owner of an identity by topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "AWS's words")]
pub enum Notification {
    Bounce,
    Complaint,
    Delivery,
}

/// Where one kind of notification goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The topic's ARN.
    pub topic: Option<String>,
    /// Whether it has the mail's headers.
    pub headers: bool,
}

/// How mails are signed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dkim {
    /// Whether they are.
    pub enabled: bool,
    /// Whether the keys were found in the domain's records.
    pub status: Status,
    /// SES's three tokens, or the selector of a key that was brought along.
    pub tokens: Vec<String>,
    /// Whether the key was brought along.
    pub external: bool,
    /// The length of the next key: `RSA_1024_BIT`, `RSA_2048_BIT`.
    pub next_key: Option<String>,
    /// Since when the key is used: milliseconds since the epoch.
    pub key_made_at: Option<u64>,
}

/// The domain of envelopes' senders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailFrom {
    /// The domain.
    pub domain: String,
    /// Whether its records are right.
    pub status: Status,
    /// Whether mail is refused if they are not; otherwise SES's own domain is used.
    pub rejects: bool,
}

/// An address or a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `local@domain` or `domain`.
    pub name: String,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// Whether it is verified.
    pub status: Status,
    /// Since when: milliseconds since the epoch.
    pub verified_at: Option<u64>,
    /// What a domain's `_amazonses` record holds, or what a verification mail's link ends with.
    pub token: String,
    /// How its mails are signed.
    pub dkim: Dkim,
    /// The domain of its envelopes' senders.
    pub mail_from: Option<MailFrom>,
    /// Whether bounces and complaints are mailed to it.
    pub forwards_feedback: bool,
    /// Where notifications go.
    pub notices: BTreeMap<Notification, Notice>,
    /// Who else may send with it: policies by name.
    pub policies: BTreeMap<String, String>,
    /// The configuration set of mails that name none.
    pub configuration_set: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

impl Identity {
    /// A new one, not verified.
    pub fn new(name: &str, created_at: u64, token: String) -> Identity {
        Identity {
            name: name.to_owned(),
            created_at,
            status: Status::Pending,
            verified_at: None,
            token,
            dkim: Dkim::default(),
            mail_from: None,
            forwards_feedback: true,
            notices: BTreeMap::new(),
            policies: BTreeMap::new(),
            configuration_set: None,
            tags: Tags::new(),
        }
    }

    /// Whether it is an address.
    pub fn is_address(&self) -> bool {
        self.name.contains('@')
    }

    /// Whether it is verified.
    pub fn is_verified(&self) -> bool {
        self.status == Status::Success
    }

    /// From now on it is.
    pub fn verify(&mut self, now: u64) {
        if !self.is_verified() {
            (self.status, self.verified_at) = (Status::Success, Some(now));
        }
        if self.dkim.status == Status::Pending {
            self.dkim.status = Status::Success;
        }
        if let Some(mail_from) = &mut self.mail_from {
            mail_from.status = Status::Success;
        }
    }

    /// Where a kind of notification goes.
    pub fn notice(&mut self, kind: Notification) -> &mut Notice {
        self.notices.entry(kind).or_default()
    }
}

/// The name under which an identity is kept: domains are the same in any case, addresses have their domain so.
pub fn canonical(name: &str) -> String {
    match name.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_ascii_lowercase()),
        None => name.to_ascii_lowercase(),
    }
}

/// The identities that could verify an address, the nearest first: the address, without its label, its domain
/// and the domains above that.
pub fn verifying(address: &str) -> Vec<String> {
    let address = canonical(address);
    let mut names = vec![address.clone()];
    let plain = without_label(&address);
    if plain != address {
        names.push(plain);
    }
    let mut domain = domain_of(&address);
    loop {
        names.push(domain.to_owned());
        match domain.split_once('.') {
            Some((_, above)) if above.contains('.') => domain = above,
            _ => return names,
        }
    }
}

/// Whether a domain may be an identity.
pub fn is_domain(name: &str) -> bool {
    name.contains('.') && name.len() <= 253 && address::check_domain(name).is_ok() && !name.starts_with('[')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_identity_comes_first() {
        assert_eq!(
            verifying("U+x@Mail.Example.com"),
            ["U+x@mail.example.com", "U@mail.example.com", "mail.example.com", "example.com"]
        );
        assert_eq!(verifying("u@localhost"), ["u@localhost", "localhost"]);
    }

    #[test]
    fn domains() {
        for (name, is) in [("example.com", true), ("a.b.example.com", true), ("example", false), ("a b.com", false)] {
            assert_eq!(is_domain(name), is, "{name}");
        }
    }

    #[test]
    fn what_waits_is_verified_together() {
        let mut identity = Identity::new("example.com", 1, String::new());
        identity.dkim.status = Status::Pending;
        identity.verify(2);
        assert!(identity.is_verified());
        assert_eq!((identity.dkim.status, identity.verified_at), (Status::Success, Some(2)));
        identity.verify(3);
        assert_eq!(identity.verified_at, Some(2));
    }
}
