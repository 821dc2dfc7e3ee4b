//! What STS asks IAM about roles, and what services that act by roles ask STS.

use std::time::Duration;

use futures::future::BoxFuture;
use tidegate_store::CommitError;
use tidegate_types::{AccountId, Timestamp};

use crate::identity::KeyUse;

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

/// An OpenID Connect provider, as far as its tokens are verified with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownProvider {
    /// The audiences that it accepts.
    pub client_ids: Vec<String>,
    /// SHA-1 of certificates, in hexadecimal digits: its server shows one of these, or one that it vouches for.
    pub thumbprints: Vec<String>,
}

/// Who knows roles, managed policies, identity providers and the owners of keys.
pub trait Roles: Send + Sync {
    /// The role with this ARN.
    fn role(&self, arn: &str) -> Option<AssumableRole>;

    /// Whether the role or user who has this ARN now is another than the one with this unique id: the name was
    /// given anew.
    fn is_another(&self, _arn: &str, _id: &str) -> bool {
        false
    }

    /// A session of the role or user with this unique id was used. Called for each request that a session makes.
    fn session_used(&self, _id: &str, _used: KeyUse<'_>) {}

    /// The document that holds of a managed policy that this account can name.
    fn policy_text(&self, account: AccountId, arn: &str) -> Option<String>;

    /// The OpenID Connect provider with this ARN.
    fn oidc_provider(&self, arn: &str) -> Option<KnownProvider>;

    /// The metadata of the SAML provider with this ARN.
    fn saml_provider(&self, _arn: &str) -> Option<String> {
        None
    }

    /// Whether this is a code that the user's MFA device shows at this moment, in real time; `None` if the
    /// user with this ARN has no such device.
    fn mfa_code_holds(&self, user: &str, serial: &str, code: &str, now: Timestamp) -> Option<bool>;

    /// The account of the user who has this access key, active or not.
    fn owner_of_key(&self, access_key: &str) -> Option<AccountId>;
}

/// A service that uses a role, such as Lambda one of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleUse {
    /// The role's ARN.
    pub role: String,
    /// The service that the role must trust, such as `lambda.amazonaws.com`.
    pub service: String,
    /// The ARN of what it is used for, which trust policies see as `aws:SourceArn`; perhaps none yet.
    pub source: Option<String>,
    /// The session's name: what it is used for, such as the function's name.
    pub session: String,
}

/// Temporary credentials of a role.
#[derive(Clone, PartialEq, Eq)]
pub struct RoleCredentials {
    /// `ASIA…`.
    pub access_key: String,
    /// What signatures are made with.
    pub secret: String,
    /// What comes along with each request.
    pub session_token: String,
    /// When they end: real time.
    pub expires_at: Timestamp,
}

/// Secrets and tokens are never printed.
impl std::fmt::Debug for RoleCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoleCredentials")
            .field("access_key", &self.access_key)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Why a service cannot act by a role. How strict to be about it is the service's own matter: without
/// `--auth enforce` many name roles that were never made.
#[derive(Debug, thiserror::Error)]
pub enum RoleRefusal {
    /// There is no such role.
    #[error("there is no role {0}")]
    NoSuchRole(String),
    /// Its trust policy does not let the service assume it.
    #[error("role {role} does not trust {service}")]
    NotTrusted {
        /// Which.
        role: String,
        /// Whom.
        service: String,
    },
    /// The credentials could not be kept.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// How policies answer whether a role may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleVerdict {
    /// It may.
    Allowed,
    /// A statement denies it.
    Denied,
    /// No statement allows it, or there is no such role.
    NotAllowed,
}

impl RoleVerdict {
    /// Whether it may.
    pub fn is_allowed(self) -> bool {
        self == RoleVerdict::Allowed
    }
}

/// Acts by roles on behalf of services: what Lambda asks for its functions, pipes and rules for their
/// targets.
pub trait ServiceRoles: Send + Sync {
    /// Whether the role exists and trusts the service.
    ///
    /// # Errors
    /// [`RoleRefusal::NoSuchRole`] and [`RoleRefusal::NotTrusted`].
    fn check(&self, used: &RoleUse) -> Result<(), RoleRefusal>;

    /// Credentials of a session of the role, which may be used when this returns. They last as long as
    /// asked, at most twelve hours: the role's own limit is for sessions that people ask for.
    ///
    /// # Errors
    /// What [`ServiceRoles::check`] answers, and the store's.
    fn issue(&self, used: RoleUse, lifetime: Duration) -> BoxFuture<'_, Result<RoleCredentials, RoleRefusal>>;

    /// Whether a session of the role may perform an action, such as `sqs:ReceiveMessage`, on the resource
    /// with this ARN, by the role's policies and boundary and by the policy of the resource, whether or not
    /// the server checks callers. It reads memory only.
    fn may(&self, used: &RoleUse, action: &str, resource: &str) -> RoleVerdict;
}
