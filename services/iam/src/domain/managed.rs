//! The policies that AWS itself keeps, as far as templates name them: facts of each, in `managed.json`. Each has
//! the version that was the default when the file was made, under its own number and times.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tidegate_types::Timestamp;

/// A policy that every account has and none can change.
#[derive(Debug)]
pub struct ManagedPolicy {
    /// Its name.
    pub name: String,
    /// Its path, such as `/service-role/`.
    pub path: String,
    /// `ANPA…`, derived from the name: AWS's own are known to nobody who does not ask it.
    pub id: String,
    /// The version that is here, such as `v3`; earlier ones are not.
    pub version: String,
    /// When the policy was made.
    pub created_at: Timestamp,
    /// When this version was.
    pub updated_at: Timestamp,
    /// The document.
    pub document: String,
    /// What it is for.
    pub description: String,
}

static POLICIES: LazyLock<BTreeMap<String, ManagedPolicy>> = LazyLock::new(|| {
    let facts: Value = serde_json::from_str(include_str!("managed.json")).expect("a test reads it");
    let facts = facts.as_object().expect("a test reads it");
    facts.iter().map(|(place, fact)| policy(place, fact)).collect()
});

fn policy(place: &str, fact: &Value) -> (String, ManagedPolicy) {
    let (path, name) =
        place.rsplit_once('/').map_or(("/".to_owned(), place), |(path, name)| (format!("/{path}/"), name));
    let document = serde_json::json!({ "Version": "2012-10-17", "Statement": fact["Statement"] });
    let policy = ManagedPolicy {
        name: name.to_owned(),
        path,
        id: id_of(name),
        version: fact["VersionId"].as_str().unwrap_or_default().to_owned(),
        created_at: time(&fact["Created"]),
        updated_at: time(&fact["Updated"]),
        // AWS shows them on several lines, and its simulator counts those.
        document: format!("{document:#}"),
        description: fact["Description"].as_str().unwrap_or_default().to_owned(),
    };
    (format!("arn:aws:iam::aws:policy{}{name}", policy.path), policy)
}

fn time(fact: &Value) -> Timestamp {
    let time = fact.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    Timestamp::from_secs(time.and_then(|time| u64::try_from(time.as_second()).ok()).unwrap_or_default())
}

fn id_of(name: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(name.as_bytes());
    let letters = digest.iter().take(17).map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    format!("ANPA{}", letters.collect::<String>())
}

/// All of them, by ARN.
pub fn managed_policies() -> &'static BTreeMap<String, ManagedPolicy> {
    &POLICIES
}

/// The one with this ARN.
pub fn managed(arn: &str) -> Option<&'static ManagedPolicy> {
    POLICIES.get(arn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check_identity;

    #[test]
    fn every_one_is_a_policy() {
        for (arn, policy) in managed_policies() {
            assert_eq!(check_identity(&policy.document), Ok(()), "{arn}");
            assert_eq!(policy.id.len(), 21, "{arn}");
            assert!(policy.version.starts_with('v') && !policy.description.is_empty(), "{arn}");
            assert!(policy.created_at > Timestamp::EPOCH && policy.updated_at >= policy.created_at, "{arn}");
        }
        assert!(managed("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole").is_some());
    }
}
