//! What an account holds. These are the stored types as well; `store/records.rs` says how they are written.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_types::{AccountId, Timestamp};

use super::device::{ServiceCredential, SigningCertificate, SshKey};

/// Tags, by key.
pub type Tags = BTreeMap<String, String>;

/// What every entity has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name, in the letters it was created with; names differ by more than case.
    pub name: String,
    /// Begins and ends with a slash.
    pub path: String,
    /// Never used again, unlike the name: `AIDA…`, `AROA…`.
    pub id: String,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Header {
    /// The ARN of an entity of this kind, such as `user`.
    pub fn arn(&self, account: AccountId, kind: &str) -> String {
        format!("arn:aws:iam::{account}:{kind}{}{}", self.path, self.name)
    }
}

/// The policies of a user, group or role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Inline policies, by name.
    pub inline: BTreeMap<String, String>,
    /// The ARNs of managed policies, in the order in which they were attached.
    pub attached: Vec<String>,
    /// The ARN of the permissions boundary. Groups have none.
    pub boundary: Option<String>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Name, path, id.
    pub header: Header,
    /// Its policies.
    pub grants: Grants,
    /// Its tags.
    pub tags: Tags,
    /// The groups that it is in, by the keys of their names.
    pub groups: BTreeSet<String>,
    /// Its access keys, at most two.
    pub keys: Vec<AccessKey>,
    /// Its password.
    pub login: Option<Login>,
    /// The certificates that it signs with.
    pub certificates: Vec<SigningCertificate>,
    /// Its SSH public keys.
    pub ssh_keys: Vec<SshKey>,
    /// Its names and passwords for single services.
    pub service_credentials: Vec<ServiceCredential>,
}

/// An access key of a user.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// `AKIA…`.
    pub id: String,
    /// What signatures are made with; it must be recoverable, or none could be verified.
    pub secret: String,
    /// Whether it can be used.
    pub active: bool,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Secrets are never printed.
impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).field("active", &self.active).finish_non_exhaustive()
    }
}

/// The password of a user; only what tells whether another text is the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Drawn for this password.
    pub salt: [u8; 16],
    /// Derived from salt and password.
    pub verifier: [u8; 32],
    /// When it was first set.
    pub created_at: Timestamp,
    /// Whether the user must choose another one.
    pub reset_required: bool,
}

/// A group. Its members know that they are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Name, path, id.
    pub header: Header,
    /// Its policies.
    pub grants: Grants,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Name, path, id.
    pub header: Header,
    /// Its policies.
    pub grants: Grants,
    /// Its tags.
    pub tags: Tags,
    /// Who may assume it: the trust policy.
    pub trust: String,
    /// What its owner says of it.
    pub description: Option<String>,
    /// The longest session, in seconds.
    pub max_session_seconds: u32,
    /// The service that it is linked to, such as `ecs.amazonaws.com`.
    pub linked_service: Option<String>,
}

/// A version of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Counts from 1 and is never used again.
    pub number: u32,
    /// The document, as it was given.
    pub document: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A customer's managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Name, path, id.
    pub header: Header,
    /// What its owner says of it; never changed.
    pub description: Option<String>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The oldest first; never empty.
    pub versions: Vec<Version>,
    /// The number of the version that holds.
    pub default_version: u32,
    /// The number of the next version.
    pub next_version: u32,
    /// Its tags.
    pub tags: Tags,
}

impl Policy {
    /// The document that holds.
    pub fn document(&self) -> &str {
        let version = self.versions.iter().find(|version| version.number == self.default_version);
        &version.expect("the default version is never deleted").document
    }
}

/// An instance profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceProfile {
    /// Name, path, id.
    pub header: Header,
    /// The key of its role's name.
    pub role: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcProvider {
    /// Its URL without the scheme, which is its name.
    pub url: String,
    /// The audiences that are accepted.
    pub client_ids: Vec<String>,
    /// Of its certificates.
    pub thumbprints: Vec<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

/// A SAML provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamlProvider {
    /// Its name.
    pub name: String,
    /// Drawn for it.
    pub id: String,
    /// Its metadata document.
    pub metadata: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// Whether assertions must be encrypted: `Required` or `Allowed`.
    pub encryption_mode: Option<String>,
    /// The keys that open assertions: their ids and when they were added. The keys themselves are not kept,
    /// because no assertion is read here.
    pub private_keys: Vec<(String, Timestamp)>,
    /// Its tags.
    pub tags: Tags,
}

/// What the account itself has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Another name of the account.
    pub alias: Option<String>,
    /// What passwords must be like.
    pub password_policy: Option<PasswordPolicy>,
    /// When the credential report was generated, and its text.
    pub report: Option<(Timestamp, String)>,
}

/// What passwords must be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The least number of characters.
    pub minimum_length: u32,
    /// Whether a symbol must be in it.
    pub symbols: bool,
    /// Whether a digit must be in it.
    pub numbers: bool,
    /// Whether a capital letter must be in it.
    pub uppercase: bool,
    /// Whether a small letter must be in it.
    pub lowercase: bool,
    /// Whether users may change their own.
    pub users_may_change: bool,
    /// Days after which one expires.
    pub max_age_days: Option<u32>,
    /// How many earlier ones may not come again.
    pub reuse_prevention: Option<u32>,
    /// Whether an expired one can no longer be changed by its user.
    pub hard_expiry: Option<bool>,
}

impl PasswordPolicy {
    /// What holds where none was set.
    pub const DEFAULT: PasswordPolicy = PasswordPolicy {
        minimum_length: 6,
        symbols: false,
        numbers: false,
        uppercase: false,
        lowercase: false,
        users_may_change: false,
        max_age_days: None,
        reuse_prevention: None,
        hard_expiry: None,
    };

    /// Whether a password is like this.
    pub fn admits(&self, password: &str) -> bool {
        let has = |needed: bool, class: fn(char) -> bool| !needed || password.chars().any(class);
        password.chars().count() >= self.minimum_length as usize
            && has(self.symbols, |c| "!@#$%^&*()_+-=[]{}|'".contains(c))
            && has(self.numbers, |c| c.is_ascii_digit())
            && has(self.uppercase, |c| c.is_ascii_uppercase())
            && has(self.lowercase, |c| c.is_ascii_lowercase())
    }
}
