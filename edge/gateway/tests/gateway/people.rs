//! Users and sessions as IAM and STS would know them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use tidegate_policy::{Document, Principal};
use tidegate_ports::{Credential, Credentials, Identity, IdentityPolicies, NamedPolicy, PrincipalPolicies, Session};
use tidegate_types::{AccountId, Timestamp};

/// The secret of everybody's key.
pub const SECRET: &str = "everybody's secret";
/// The token of every session.
pub const TOKEN: &str = "a session's token";

#[derive(Default)]
pub struct People {
    keys: Mutex<HashMap<String, Arc<Credential>>>,
    policies: Mutex<HashMap<String, Arc<IdentityPolicies>>>,
}

pub fn policy(name: &str, document: &Value) -> NamedPolicy {
    NamedPolicy { name: name.to_owned(), document: Arc::new(Document::parse(&document.to_string()).unwrap()) }
}

impl People {
    /// A user with a key `AKIA` and its name.
    pub fn user(&self, account: AccountId, name: &str) -> String {
        let arn = format!("arn:aws:iam::{account}:user/{name}");
        let identity = Identity {
            account,
            principal: Principal::user(account, &arn),
            user_id: format!("AIDA{name}"),
            user_name: Some(name.to_owned()),
            policies_of: Some(arn.clone()),
            session: None,
        };
        self.key(format!("AKIA{name}"), None, None, identity);
        arn
    }

    /// A session of a role, with a key `ASIA` and the role's name.
    pub fn session(&self, account: AccountId, role: &str, expires_at: Timestamp, session: Session) -> String {
        let role_arn = format!("arn:aws:iam::{account}:role/{role}");
        let arn = format!("arn:aws:sts::{account}:assumed-role/{role}/s");
        let identity = Identity {
            account,
            principal: Principal::role_session(account, arn, &role_arn),
            user_id: format!("AROA{role}:s"),
            user_name: None,
            policies_of: Some(role_arn.clone()),
            session: Some(session),
        };
        self.key(format!("ASIA{role}"), Some(TOKEN), Some(expires_at), identity);
        role_arn
    }

    fn key(&self, id: String, token: Option<&str>, expires_at: Option<Timestamp>, identity: Identity) {
        let credential = Credential {
            secret: SECRET.to_owned(),
            session_token: token.map(str::to_owned),
            expires_at,
            identity: Arc::new(identity),
        };
        self.keys.lock().insert(id, Arc::new(credential));
    }

    /// What holds for a user or a role from now on.
    pub fn set(&self, arn: &str, policies: IdentityPolicies) {
        self.policies.lock().insert(arn.to_owned(), Arc::new(policies));
    }
}

impl Credentials for People {
    fn find(&self, access_key: &str) -> Option<Arc<Credential>> {
        self.keys.lock().get(access_key).cloned()
    }
}

impl PrincipalPolicies for People {
    fn policies(&self, arn: &str) -> Option<Arc<IdentityPolicies>> {
        self.policies.lock().get(arn).cloned()
    }
}
