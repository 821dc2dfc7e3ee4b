//! What STS asks IAM.

use tidegate_types::AccountId;

/// A role, as far as a session is made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumableRole {
    /// The account that it belongs to.
    pub account: AccountId,
    /// Its name, which is in its sessions' ARNs; its path is not.
    pub name: String,
    /// `AROA…`.
    pub id: String,
    /// The longest session, in seconds.
    pub max_session_seconds: u32,
}

/// Who knows roles, managed policies, identity providers and the owners of keys.
pub trait Roles: Send + Sync {
    /// The role with this ARN.
    fn role(&self, arn: &str) -> Option<AssumableRole>;

    /// The document that holds of a managed policy that this account can name.
    fn policy_text(&self, account: AccountId, arn: &str) -> Option<String>;

    /// The audiences that an OpenID Connect provider accepts, by the provider's ARN; `None` if there is
    /// no such provider.
    fn audiences(&self, provider: &str) -> Option<Vec<String>>;

    /// The account of the user who has this access key, active or not.
    fn owner_of_key(&self, access_key: &str) -> Option<AccountId>;
}
