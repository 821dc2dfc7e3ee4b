use std::collections::BTreeMap;

use tidegate_types::AccountId;

/// What kind of identity asks. It decides which policies limit what a resource's policy grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The account itself: no identity policy applies, everything in its account is allowed unless a
    /// policy of the resource denies it.
    Root,
    /// An IAM user.
    User,
    /// A session of a role.
    RoleSession,
    /// A session of a federated user.
    FederatedSession,
    /// An AWS service acting for itself, such as `events.amazonaws.com`.
    Service,
    /// Nobody in particular.
    Anonymous,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// What kind of identity it is.
    pub kind: PrincipalKind,
    /// Its ARN; for a service its name, such as `events.amazonaws.com`; `*` if anonymous.
    pub arn: String,
    /// For a session of a role: the role's ARN.
    pub role_arn: Option<String>,
    /// The account it belongs to; a service and nobody belong to none.
    pub account: Option<AccountId>,
}

impl Principal {
    /// The root of an account.
    pub fn root(account: AccountId) -> Principal {
        Principal {
            kind: PrincipalKind::Root,
            arn: format!("arn:aws:iam::{account}:root"),
            role_arn: None,
            account: Some(account),
        }
    }

    /// A user, by its ARN.
    pub fn user(account: AccountId, arn: impl Into<String>) -> Principal {
        Principal { kind: PrincipalKind::User, arn: arn.into(), role_arn: None, account: Some(account) }
    }

    /// A session of a role, by the ARNs of both.
    pub fn role_session(account: AccountId, arn: impl Into<String>, role_arn: impl Into<String>) -> Principal {
        let kind = PrincipalKind::RoleSession;
        Principal { kind, arn: arn.into(), role_arn: Some(role_arn.into()), account: Some(account) }
    }

    /// A service that acts for itself, by its name, such as `events.amazonaws.com`.
    pub fn service(name: impl Into<String>) -> Principal {
        Principal { kind: PrincipalKind::Service, arn: name.into(), role_arn: None, account: None }
    }

    /// Somebody who did not sign.
    pub fn anonymous() -> Principal {
        Principal { kind: PrincipalKind::Anonymous, arn: "*".to_owned(), role_arn: None, account: None }
    }
}

/// A request as policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// What is asked for, such as `sqs:SendMessage`.
    pub action: String,
    /// On what: an ARN, or `*` for actions that name no resource.
    pub resource: String,
    /// The account that owns the resource; `None` if it is the caller's own by definition.
    pub resource_account: Option<AccountId>,
    keys: BTreeMap<String, Vec<String>>,
}

impl Request {
    /// A request without condition keys.
    pub fn new(
        principal: Principal,
        action: impl Into<String>,
        resource: impl Into<String>,
        resource_account: Option<AccountId>,
    ) -> Request {
        Request { principal, action: action.into(), resource: resource.into(), resource_account, keys: BTreeMap::new() }
    }

    /// Gives a condition key its single value. Keys are compared without regard to case.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.set_all(key, vec![value.into()]);
    }

    /// Gives a condition key several values.
    pub fn set_all(&mut self, key: &str, values: Vec<String>) {
        self.keys.insert(key.to_ascii_lowercase(), values);
    }

    /// The values of a condition key; `None` if it is not in the request.
    pub fn values(&self, key: &str) -> Option<&[String]> {
        self.keys.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }

    /// Whether caller and resource are of different accounts.
    pub fn crosses_accounts(&self) -> bool {
        match (self.principal.account, self.resource_account) {
            (Some(caller), Some(owner)) => caller != owner,
            _ => false,
        }
    }

    #[cfg(test)]
    pub(crate) fn for_test() -> Request {
        let account = AccountId::DEFAULT;
        let principal = Principal {
            kind: PrincipalKind::User,
            arn: format!("arn:aws:iam::{account}:user/ann"),
            role_arn: None,
            account: Some(account),
        };
        let resource = format!("arn:aws:sqs:us-east-1:{account}:orders");
        Request::new(principal, "sqs:SendMessage", resource, Some(account))
    }
}
