//! What is done with mail that comes in.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A rule set. At most one is active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSet {
    /// Its name.
    pub name: String,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Whether it is followed.
    pub enabled: bool,
    /// Whether it is for mails only that came over TLS.
    pub requires_tls: bool,
    /// Whom it is for: addresses, domains, `.domain` for all below; empty: everybody of a verified domain.
    pub recipients: Vec<String>,
    /// What is done, in order.
    pub actions: Vec<Action>,
    /// Whether mails are looked through for spam and viruses. Kept; nothing is.
    pub scan: bool,
}

/// One thing that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// The topic that is told of it.
    pub topic: Option<String>,
    /// What.
    pub what: What,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "AWS's words")]
pub enum What {
    S3 { bucket: String, prefix: Option<String>, kms_key: Option<String>, role: Option<String> },
    Bounce { reply_code: String, status: Option<String>, message: String, sender: String },
    WorkMail { organization: String },
    Lambda { function: String, waits: bool },
    Stop,
    AddHeader { name: String, value: String },
    Sns { base64: bool },
    Connect { instance: String, role: String },
}

impl What {
    /// Its name in events.
    pub fn in_events(&self) -> &'static str {
        match self {
            What::S3 { .. } => "S3",
            What::Bounce { .. } => "Bounce",
            What::WorkMail { .. } => "WorkMail",
            What::Lambda { .. } => "Lambda",
            What::Stop => "Stop",
            What::AddHeader { .. } => "AddHeader",
            What::Sns { .. } => "SNS",
            What::Connect { .. } => "Connect",
        }
    }
}

/// Who may hand mail in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Its name.
    pub name: String,
    /// Whether these are let in; otherwise they are kept out.
    pub allows: bool,
    /// Which addresses: one, or a range such as `10.0.0.0/8`.
    pub cidr: String,
}

impl Filter {
    /// Whether it is about this address.
    pub fn matches(&self, peer: IpAddr) -> bool {
        Range::parse(&self.cidr).is_some_and(|range| range.contains(peer))
    }
}

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    first: IpAddr,
    bits: u8,
}

impl Range {
    /// `10.0.0.1`, `10.0.0.0/8` and so on.
    pub fn parse(text: &str) -> Option<Range> {
        let (first, bits) = text.split_once('/').map_or((text, None), |(first, bits)| (first, Some(bits)));
        let first: IpAddr = first.parse().ok()?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Range { first, bits })
    }

    fn contains(self, address: IpAddr) -> bool {
        let (first, address, width) = match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                (u128::from(first.to_bits()), u128::from(address.to_bits()), 32)
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => (first.to_bits(), address.to_bits(), 128),
            _ => return false,
        };
        let free = width - u32::from(self.bits);
        first.checked_shr(free).unwrap_or(0) == address.checked_shr(free).unwrap_or(0)
    }
}

/// Whether mail from this address is taken: the narrowest filter that is about it decides; without one it is.
pub fn lets_in(filters: &[Filter], peer: IpAddr) -> bool {
    let bits = |filter: &&Filter| Range::parse(&filter.cidr).map_or(0, |range| range.bits);
    let nearest = filters.iter().filter(|filter| filter.matches(peer)).max_by_key(bits);
    nearest.is_none_or(|filter| filter.allows)
}

impl Rule {
    /// Which of these recipients it is for.
    pub fn matching<'a>(&self, recipients: &'a [String]) -> Vec<&'a str> {
        let all = recipients.iter().map(String::as_str);
        match self.enabled {
            true => all.filter(|recipient| self.is_for(recipient)).collect(),
            false => Vec::new(),
        }
    }

    /// Whether it is for this recipient.
    pub fn is_for(&self, recipient: &str) -> bool {
        let address = recipient.to_ascii_lowercase();
        let domain = super::address::domain_of(&address);
        let plain = super::address::without_label(&address);
        self.recipients.is_empty()
            || self.recipients.iter().any(|wanted| {
                let wanted = wanted.to_ascii_lowercase();
                match wanted.strip_prefix('.') {
                    Some(above) => domain.strip_suffix(above).is_some_and(|below| below.ends_with('.')),
                    None => wanted == address || wanted == plain || wanted == domain,
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(recipients: &[&str]) -> Rule {
        Rule {
            name: "r".to_owned(),
            enabled: true,
            requires_tls: false,
            recipients: recipients.iter().map(|text| (*text).to_owned()).collect(),
            actions: vec![],
            scan: false,
        }
    }

    #[test]
    fn whom_a_rule_is_for() {
        for (wanted, recipient, is) in [
            ("user@example.com", "user@example.com", true),
            ("user@example.com", "User@Example.com", true),
            ("user@example.com", "user+x@example.com", true),
            ("user@example.com", "other@example.com", false),
            ("example.com", "a@example.com", true),
            ("example.com", "a@sub.example.com", false),
            (".example.com", "a@sub.example.com", true),
            (".example.com", "a@example.com", false),
            (".example.com", "a@badexample.com", false),
        ] {
            assert_eq!(rule(&[wanted]).is_for(recipient), is, "{wanted} {recipient}");
        }
        assert!(rule(&[]).is_for("anybody@anywhere"));
    }

    #[test]
    fn the_narrowest_filter_decides() {
        let filter = |allows, cidr: &str| Filter { name: cidr.to_owned(), allows, cidr: cidr.to_owned() };
        let filters = [filter(false, "10.0.0.0/8"), filter(true, "10.1.0.0/16"), filter(false, "10.1.2.3")];
        for (peer, lets) in
            [("10.2.0.1", false), ("10.1.0.1", true), ("10.1.2.3", false), ("192.0.2.1", true), ("::1", true)]
        {
            assert_eq!(lets_in(&filters, peer.parse().unwrap()), lets, "{peer}");
        }
        assert!(!lets_in(&[filter(false, "0.0.0.0/0")], "192.0.2.1".parse().unwrap()));
        assert!(Range::parse("10.0.0.0/33").is_none() && Range::parse("a").is_none());
    }
}
