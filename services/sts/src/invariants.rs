//! What must hold in every store, whatever happened to it. Tests and `tidegate check` ask the same questions.
//!
//! - STS-1: every session can be read, and lies under an access key.
//! - STS-2: a session's policies are ones that the evaluator reads.
//! - STS-3: a session of a role has the role's policies, in the role's account.

use tidegate_policy::Document;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Snapshot, Space, StoreError};

use crate::store::{SessionRecord, access_key, prefix};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant does not hold, such as `STS-1`.
    pub invariant: &'static str,
    /// What was found.
    pub what: String,
}

/// How many records one scan reads.
const PAGE: usize = 1000;

/// Checks all records of STS.
///
/// # Errors
/// What reading the store answers.
pub async fn check_store(snapshot: &dyn Snapshot) -> Result<Vec<Violation>, StoreError> {
    let prefix = prefix();
    let mut range = KeyRange::prefix(&prefix);
    let mut found = Vec::new();
    loop {
        let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(PAGE)).await?;
        let Some(last) = page.last() else { return Ok(found) };
        range = KeyRange::prefix_from(&prefix, [&last.key[..], b"\0"].concat().into());
        for entry in &page {
            match (access_key(&entry.key), SessionRecord::decode(&entry.record.value)) {
                (Ok(key), Ok(session)) => found.extend(of_session(&key, &session)),
                (Err(error), _) | (_, Err(error)) => {
                    let what = format!("the session at {:02x?} cannot be read: {error}", entry.key);
                    found.push(Violation { invariant: "STS-1", what });
                }
            }
        }
    }
}

fn of_session(key: &str, session: &SessionRecord) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut holds = |invariant, holds: bool, what: String| {
        if !holds {
            found.push(Violation { invariant, what: format!("session {key}: {what}") });
        }
    };
    holds("STS-1", key.starts_with("ASIA"), "its key is not one of a session".to_owned());
    for (name, text) in session.policies.iter().flatten() {
        holds("STS-2", Document::parse(text).is_ok(), format!("policy {name} cannot be read"));
    }
    if let Some(role) = &session.role_arn {
        let is_of_role = session.policies_of.as_ref() == Some(role);
        let is_of_account = role.split(':').nth(4) == Some(session.account.as_str());
        holds("STS-3", is_of_role && is_of_account, format!("it is not one of {role}"));
    }
    found
}
