//! Lists of contacts, and what each of them wants to get.

use serde::{Deserialize, Serialize};

use super::tags::Tags;

/// A list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactList {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What contacts may want.
    pub topics: Vec<Topic>,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// Milliseconds since the epoch.
    pub updated_at: u64,
    /// Its tags.
    pub tags: Tags,
}

/// Something that contacts may want.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// As contacts see it.
    pub display_name: String,
    /// What it is about.
    pub description: Option<String>,
    /// Whether those want it who said nothing.
    pub opted_in: bool,
}

/// A contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Its list.
    pub list: String,
    /// Its address.
    pub address: String,
    /// What it said it wants, or not, by topic.
    pub preferences: Vec<(String, bool)>,
    /// Whether it wants nothing at all.
    pub unsubscribed: bool,
    /// What the list's owner knows of it, as JSON.
    pub attributes: Option<String>,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// Milliseconds since the epoch.
    pub updated_at: u64,
}

impl Contact {
    /// Whether it wants mails of this topic.
    pub fn wants(&self, list: &ContactList, topic: &str) -> bool {
        let said = self.preferences.iter().find(|(name, _)| name == topic).map(|(_, wants)| *wants);
        let default = || list.topics.iter().any(|own| own.name == topic && own.opted_in);
        !self.unsubscribed && said.unwrap_or_else(default)
    }

    /// Under which name a contact of a list is kept.
    pub fn key(list: &str, address: &str) -> String {
        format!("{list}\0{}", address.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_wins_over_the_default_and_unsubscribing_over_both() {
        let topic = |name: &str, opted_in| Topic {
            name: name.to_owned(),
            display_name: String::new(),
            description: None,
            opted_in,
        };
        let list = ContactList {
            name: "l".to_owned(),
            description: None,
            topics: vec![topic("in", true), topic("out", false)],
            created_at: 0,
            updated_at: 0,
            tags: Tags::new(),
        };
        let mut contact = Contact {
            list: "l".to_owned(),
            address: "a@example.com".to_owned(),
            preferences: vec![],
            unsubscribed: false,
            attributes: None,
            created_at: 0,
            updated_at: 0,
        };
        assert!(contact.wants(&list, "in") && !contact.wants(&list, "out"));
        contact.preferences = vec![("in".to_owned(), false), ("out".to_owned(), true)];
        assert!(!contact.wants(&list, "in") && contact.wants(&list, "out"));
        contact.unsubscribed = true;
        assert!(!contact.wants(&list, "out"));
    }
}
