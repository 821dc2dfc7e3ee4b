//! What must hold in every store, whatever happened to it. Tests and `tidegate check` ask the same questions.
//!
//! - IAM-1: every record can be read, and lies under its own name.
//! - IAM-2: an access key has one owner, and nobody has more than two.
//! - IAM-3: what is named is there: a user's groups, a profile's role, a device's user.
//! - IAM-4: attached policies and boundaries are there.
//! - IAM-5: every document that is kept is one that the evaluator reads.

use std::collections::BTreeSet;

use tidegate_policy::Document;
use tidegate_store::{Fold, Snapshot, StoreError};
use tidegate_types::AccountId;

use crate::domain::{Grants, Row, State, Table, managed, name_key};
use crate::ops::policies::place;
use crate::store::Directory;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant does not hold, such as `IAM-3`.
    pub invariant: &'static str,
    /// What was found.
    pub what: String,
}

/// Checks all records of IAM.
///
/// # Errors
/// What reading the store answers, and [`StoreError::Corrupt`] for records of a later release.
pub async fn check_store(snapshot: &dyn Snapshot) -> Result<Vec<Violation>, StoreError> {
    let directory = Directory::default();
    directory.rebuild(snapshot).await?;
    let mut check = Check { found: Vec::new(), keys: BTreeSet::new(), account: AccountId::DEFAULT };
    let mut accounts = directory.accounts();
    accounts.sort();
    for account in accounts {
        check.account = account;
        check.account(&directory.state(account));
    }
    Ok(check.found)
}

struct Check {
    found: Vec<Violation>,
    /// All access keys so far.
    keys: BTreeSet<String>,
    account: AccountId,
}

impl Check {
    fn holds(&mut self, invariant: &'static str, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            let what = format!("account {}: {}", self.account, what());
            self.found.push(Violation { invariant, what });
        }
    }

    fn account(&mut self, state: &State) {
        self.table(&state.users);
        self.table(&state.groups);
        self.table(&state.roles);
        self.table(&state.policies);
        self.table(&state.profiles);
        self.table(&state.oidc);
        self.table(&state.saml);
        self.table(&state.devices);
        self.table(&state.certificates);
        self.table(&state.reports);
        self.table(&state.account);
        self.users(state);
        for (name, group) in state.groups.all() {
            self.grants(state, &format!("group {name}"), &group.grants);
        }
        for (name, role) in state.roles.all() {
            self.grants(state, &format!("role {name}"), &role.grants);
            self.document(&format!("the trust policy of role {name}"), &role.trust);
        }
        for (name, policy) in state.policies.all() {
            for version in &policy.versions {
                self.document(&format!("version {} of policy {name}", version.number), &version.document);
            }
        }
        for (name, profile) in state.profiles.all() {
            let there = profile.role.as_ref().is_none_or(|role| state.roles.find(role).is_some());
            self.holds("IAM-3", there, || format!("instance profile {name} has a role that is not there"));
        }
        for (name, device) in state.devices.all() {
            let there = device.owner.as_ref().is_none_or(|(user, _)| state.users.find(user).is_some());
            self.holds("IAM-3", there, || format!("device {name} has an owner who is not there"));
        }
    }

    fn table<T: Row>(&mut self, table: &Table<T>) {
        for key in table.unreadable() {
            self.holds("IAM-1", false, || format!("the record of {:?} {key} cannot be read", T::THING));
        }
        for (key, row) in table.all() {
            self.holds("IAM-1", *key == name_key(row.name()), || {
                format!("{:?} {} lies under {key}", T::THING, row.name())
            });
        }
    }

    fn users(&mut self, state: &State) {
        for (name, user) in state.users.all() {
            self.grants(state, &format!("user {name}"), &user.grants);
            self.holds("IAM-2", user.keys.len() <= 2, || format!("user {name} has {} access keys", user.keys.len()));
            for key in &user.keys {
                let is_new = self.keys.insert(key.id.clone());
                self.holds("IAM-2", is_new, || format!("access key {} has another owner than user {name}", key.id));
            }
            for group in &user.groups {
                let there = state.groups.find(group).is_some();
                self.holds("IAM-3", there, || format!("user {name} is in group {group}, which is not there"));
            }
        }
    }

    fn grants(&mut self, state: &State, owner: &str, grants: &Grants) {
        let account = self.account;
        let is_there = |arn: &String| {
            let own = || state.policies.find(place(arn).1).is_some_and(|one| one.header.arn(account, "policy") == *arn);
            managed(arn).is_some() || own()
        };
        for arn in grants.attached.iter().chain(&grants.boundary) {
            self.holds("IAM-4", is_there(arn), || format!("{owner} has policy {arn}, which is not there"));
        }
        for (name, text) in &grants.inline {
            self.document(&format!("policy {name} of {owner}"), text);
        }
    }

    fn document(&mut self, what: &str, text: &str) {
        if let Err(error) = Document::parse(text) {
            self.holds("IAM-5", false, || format!("{what}: {error}"));
        }
    }
}
