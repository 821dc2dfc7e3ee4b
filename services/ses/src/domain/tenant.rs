//! Tenants: those for whom an account sends, each with identities, sets and templates of its own.

use serde::{Deserialize, Serialize};

use super::tags::Tags;

/// Somebody for whom an account sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// Its tags.
    pub tags: Tags,
    /// What it may use: ARNs, and since when, in milliseconds since the epoch.
    pub resources: Vec<(String, u64)>,
}

impl Tenant {
    /// Whether it may use this.
    pub fn uses(&self, arn: &str) -> bool {
        self.resources.iter().any(|(own, _)| own == arn)
    }
}

/// What kind of thing an ARN of a resource names, as AWS calls it.
pub fn resource_type(arn: &str) -> Option<&'static str> {
    let (kind, name) = arn.splitn(6, ':').nth(5)?.split_once('/')?;
    match kind {
        _ if name.is_empty() => None,
        "identity" => Some("EMAIL_IDENTITY"),
        "configuration-set" => Some("CONFIGURATION_SET"),
        "template" => Some("EMAIL_TEMPLATE"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_resources() {
        for (resource, kind) in [
            ("identity/a@b.c", Some("EMAIL_IDENTITY")),
            ("configuration-set/s", Some("CONFIGURATION_SET")),
            ("template/t", Some("EMAIL_TEMPLATE")),
            ("contact-list/l", None),
            ("identity/", None),
        ] {
            assert_eq!(resource_type(&format!("arn:aws:ses:r:000000000000:{resource}")), kind, "{resource}");
        }
        assert_eq!(resource_type("nothing"), None);
    }
}
