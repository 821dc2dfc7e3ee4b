//! What the edge asks on each request about whoever signed it: whose key is this, which policies hold
//! for its owner, which policy does the resource have.
//!
//! These are plain calls into memory, because they are made for every single request: an implementation
//! folds its records into an index and hands out `Arc`s of what it has parsed already. The answers are of
//! durable state, as all folds are.
//!
//! [`Credentials`] is implemented by whoever issues keys: IAM (the keys of users), STS (sessions). The
//! gateway's own keys (`tidegate keys create`) stay roots of their accounts and are found before any of
//! these. [`PrincipalPolicies`] is implemented by IAM alone. [`ResourcePolicies`] is implemented by each
//! service whose resources have policies; for IAM's roles that is the trust policy.

use std::fmt;
use std::sync::Arc;

use tidegate_policy::{Document, Principal};
use tidegate_types::{AccountId, Timestamp};

/// Whoever issues access keys.
pub trait Credentials: Send + Sync {
    /// The key with this id, if it is one of these and is active. An expired one is found too: its
    /// caller is told so.
    fn find(&self, access_key: &str) -> Option<Arc<Credential>>;

    /// Whether the key, if it is one of these, still opens anything. One that does not still tells whose it was: asked
    /// only where callers must prove who they are.
    fn is_good(&self, _access_key: &str) -> bool {
        true
    }

    /// A request was signed with a key, perhaps one of these. Called for each request: whoever remembers it
    /// does so in memory.
    fn used(&self, _access_key: &str, _used: KeyUse<'_>) {}
}

/// What a key was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse<'a> {
    /// When: product time.
    pub at: Timestamp,
    /// The service's name, such as `sqs`.
    pub service: &'a str,
    /// What was asked of it.
    pub operation: &'a str,
    /// Where.
    pub region: &'a str,
}

/// An access key and whom it stands for.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// What signatures are made with.
    pub secret: String,
    /// The session token that must come with it; temporary keys have one, others must not be sent one.
    pub session_token: Option<String>,
    /// When it ends: real time, because clients live there.
    pub expires_at: Option<Timestamp>,
    /// Whose it is.
    pub identity: Arc<Identity>,
}

/// Secrets and tokens are never printed.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("expires_at", &self.expires_at).field("identity", &self.identity).finish()
    }
}

/// Who signs with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account it acts in.
    pub account: AccountId,
    /// The caller as policies see it. Its ARN is what `GetCallerIdentity` answers: for a session of a
    /// role `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`, and `role_arn` is then the role's.
    pub principal: Principal,
    /// `aws:userid`: `AIDA…` of a user, `AROA…:SESSION` of a role's session, `ACCOUNT:NAME` of a federated
    /// user, the account's number for its root.
    pub user_id: String,
    /// `aws:username`, which only users have.
    pub user_name: Option<String>,
    /// The ARN of the user or role whose policies hold, as [`PrincipalPolicies`] knows it. A federated
    /// user's session has those of the user who asked for it. `None`: a root, to which none apply.
    pub policies_of: Option<String>,
    /// What the session adds, if the key is one of a session.
    pub session: Option<Session>,
}

impl Identity {
    /// The root of an account.
    pub fn root(account: AccountId) -> Identity {
        Identity {
            account,
            principal: Principal::root(account),
            user_id: account.to_string(),
            user_name: None,
            policies_of: None,
            session: None,
        }
    }
}

/// What a session of temporary credentials was made with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// The policies that limit it; `None` if none were given. An empty list allows nothing, which is
    /// what a federated user without policies has.
    pub policies: Option<Vec<NamedPolicy>>,
    /// Its tags. They win over those of its role.
    pub tags: Vec<(String, String)>,
    /// Further condition keys that it brings along, such as `aws:TokenIssueTime`,
    /// `aws:MultiFactorAuthPresent`, `aws:SourceIdentity`, `aws:FederatedProvider`.
    pub keys: Vec<(String, Vec<String>)>,
}

/// Who knows the policies of users and roles.
pub trait PrincipalPolicies: Send + Sync {
    /// What holds for the user or role with this ARN; `None` if there is none (any more), which allows
    /// nothing.
    fn policies(&self, arn: &str) -> Option<Arc<IdentityPolicies>>;
}

/// The policies of a user or a role, parsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityPolicies {
    /// Its own, inline and attached, and those of its groups.
    pub policies: Vec<NamedPolicy>,
    /// Its permissions boundary.
    pub boundary: Option<NamedPolicy>,
    /// Its tags: `aws:PrincipalTag/…`.
    pub tags: Vec<(String, String)>,
}

/// A parsed policy and what it is called where a decision is explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPolicy {
    /// A managed policy's ARN, an inline policy's name, `PolicyInputList.1` for one that a caller brought.
    pub name: String,
    /// The policy.
    pub document: Arc<Document>,
}

/// A service whose resources have policies.
pub trait ResourcePolicies: Send + Sync {
    /// The `service` part of the ARNs that it answers for, such as `sqs`.
    fn service(&self) -> &'static str;

    /// The policy of the resource with this ARN; `None` if it has none or does not exist.
    fn policy_of(&self, arn: &str) -> Option<Arc<Document>>;
}
