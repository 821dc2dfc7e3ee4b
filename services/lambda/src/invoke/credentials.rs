use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_env::Env;
use tidegate_ports::{RoleCredentials, RoleRefusal, RoleUse, ServiceRoles};
use tidegate_runtime::{CredentialSource, FunctionSpec};

/// How long the credentials of a worker last.
const LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// Gives functions the credentials of their roles.
pub(crate) struct Credentials {
    pub env: Env,
    pub roles: std::sync::Arc<dyn ServiceRoles>,
    /// Whether the role must exist.
    pub strict: bool,
}

impl CredentialSource for Credentials {
    fn issue<'a>(&'a self, function: &'a FunctionSpec) -> BoxFuture<'a, Result<RoleCredentials, String>> {
        async move {
            let used = RoleUse {
                role: function.role.clone(),
                service: "lambda.amazonaws.com".to_owned(),
                source: Some(function.arn.clone()),
                session: function.name.clone(),
            };
            match self.roles.issue(used, LIFETIME).await {
                Ok(credentials) => Ok(credentials),
                // Where permissions are not checked, credentials only say whose they are.
                Err(RoleRefusal::NoSuchRole(_)) if !self.strict => Ok(RoleCredentials {
                    access_key: function.account.to_string(),
                    secret: "unchecked".to_owned(),
                    session_token: "unchecked".to_owned(),
                    expires_at: self.env.real_now().plus(LIFETIME),
                }),
                Err(refusal) => Err(refusal.to_string()),
            }
        }
        .boxed()
    }
}
