use std::fmt::Write;

use sha2::{Digest, Sha256};
use tidegate_types::Timestamp;

use super::{DeduplicationScope, is_graphic_id};

/// How long a deduplication id is remembered, and a receive attempt can be repeated.
pub const DEDUPLICATION_WINDOW_MS: u64 = 5 * 60 * 1000;

/// Sequence numbers have twenty digits, the first of them not zero, as AWS's have.
const FIRST_SEQUENCE_NUMBER: u128 = 18_850_000_000_000_000_000;

/// A message group: 1 to 128 letters, digits and punctuation marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupId(String);

/// What makes two sends one: 1 to 128 letters, digits and punctuation marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeduplicationId(String);

/// A text that is not a [`GroupId`], a [`DeduplicationId`] or a receive attempt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{parameter} is 1 to 128 letters, digits and punctuation marks, not {value:?}")]
pub struct IdError {
    /// Which parameter it was to be.
    pub parameter: &'static str,
    /// What it was.
    pub value: String,
}

/// Hands back a text that is a graphic id.
fn graphic(parameter: &'static str, value: String) -> Result<String, IdError> {
    if is_graphic_id(&value) { Ok(value) } else { Err(IdError { parameter, value }) }
}

impl GroupId {
    /// The group that this text names.
    ///
    /// # Errors
    /// [`IdError`] if it cannot be a group's name.
    pub fn parse(text: String) -> Result<GroupId, IdError> {
        graphic("MessageGroupId", text).map(GroupId)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DeduplicationId {
    /// The id that this text is.
    ///
    /// # Errors
    /// [`IdError`] if it cannot be one.
    pub fn parse(text: String) -> Result<DeduplicationId, IdError> {
        graphic("MessageDeduplicationId", text).map(DeduplicationId)
    }

    /// The id of a body in a queue with content-based deduplication: its SHA-256, in hexadecimal.
    /// Attributes do not count.
    pub fn of_content(body: &str) -> DeduplicationId {
        let mut hex = String::with_capacity(64);
        for byte in Sha256::digest(body) {
            write!(hex, "{byte:02x}").expect("writing to a string does not fail");
        }
        DeduplicationId(hex)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The key under which a send is remembered: the id within its scope. A purge of the queue forgets what was sent
/// before it, so what is sent after it has other keys; the old ones run out by themselves.
pub fn deduplication_key(
    scope: DeduplicationScope,
    group: &GroupId,
    id: &DeduplicationId,
    purged_at: Option<Timestamp>,
) -> Vec<u8> {
    // No part contains a space, so no two of them share a key.
    let mut key = match scope {
        DeduplicationScope::Queue => [b"q", id.0.as_bytes()].concat(),
        DeduplicationScope::MessageGroup => [b"g", group.0.as_bytes(), b" ", id.0.as_bytes()].concat(),
    };
    if let Some(purged_at) = purged_at {
        key.extend(format!("  {}", purged_at.as_millis()).bytes());
    }
    key
}

/// The sequence number of the message at a position: larger than that of any message before it.
pub fn sequence_number(position: u64) -> String {
    (FIRST_SEQUENCE_NUMBER + u128::from(position)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ids_are_sha_256() {
        let id = DeduplicationId::of_content("abc");
        assert_eq!(id.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn sequence_numbers_have_twenty_digits_and_sort_as_texts() {
        let numbers: Vec<_> = [0, 1, 9, 10, 1 << 60].map(sequence_number).into();
        assert!(numbers.iter().all(|number| number.len() == 20), "{numbers:?}");
        assert!(numbers.is_sorted());
    }

    #[test]
    fn scopes_do_not_mix() {
        let (a, b) = (GroupId::parse("a".to_owned()).unwrap(), GroupId::parse("b".to_owned()).unwrap());
        let id = DeduplicationId::parse("x".to_owned()).unwrap();
        let key = |scope, group| deduplication_key(scope, group, &id, None);
        assert_eq!(key(DeduplicationScope::Queue, &a), key(DeduplicationScope::Queue, &b));
        assert_ne!(key(DeduplicationScope::MessageGroup, &a), key(DeduplicationScope::MessageGroup, &b));
    }

    #[test]
    fn a_purge_begins_anew() {
        let (group, id) = (GroupId::parse("a".to_owned()).unwrap(), DeduplicationId::parse("x".to_owned()).unwrap());
        for scope in [DeduplicationScope::Queue, DeduplicationScope::MessageGroup] {
            let keys = [None, Some(Timestamp::from_millis(7)), Some(Timestamp::from_millis(8))]
                .map(|purged_at| deduplication_key(scope, &group, &id, purged_at));
            assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2], "{keys:?}");
        }
    }
}
