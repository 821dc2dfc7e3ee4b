//! Whether a caller is who it says it is.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use tidegate_env::Env;
use tidegate_protocol::{ServiceError, errors};

use crate::directory::Directory;
use crate::identity::Identity;
use crate::keys::AccessKeys;
use crate::scope::Scope;

/// Whether signatures are verified.
#[derive(Clone)]
pub enum Auth {
    /// Any credentials are taken for what they claim. Only for loopback.
    Local,
    /// Signatures are verified against these keys; all else is refused.
    Enforce(Arc<AccessKeys>),
}

impl Auth {
    /// Whether signatures are verified.
    pub fn is_enforced(&self) -> bool {
        matches!(self, Auth::Enforce(_))
    }

    /// Who asks.
    ///
    /// # Errors
    /// Under [`Auth::Enforce`] AWS's errors for a missing, incomplete, wrong or expired signature and
    /// for an unknown key.
    pub fn identify(
        &self,
        env: &Env,
        directory: &Directory,
        parts: &Parts,
        body: &Bytes,
        scope: Option<&Scope<'_>>,
        host: Option<&str>,
    ) -> Result<Identity, ServiceError> {
        match self {
            Auth::Local => Identity::claimed(scope, host, directory),
            Auth::Enforce(keys) => {
                let scope = scope.ok_or_else(missing_token)?;
                let key = keys.get(&scope.access_key).ok_or_else(unknown_key)?;
                verify(env, parts, body, &key.secret)?;
                Identity::verified(scope, key.account, host, directory)
            }
        }
    }
}

fn missing_token() -> ServiceError {
    ServiceError::new(errors::MISSING_AUTHENTICATION_TOKEN, "Request is missing Authentication Token")
}

fn unknown_key() -> ServiceError {
    ServiceError::new(errors::UNRECOGNIZED_CLIENT, "The security token included in the request is invalid.")
}

fn verify(_env: &Env, _parts: &Parts, _body: &Bytes, _secret: &str) -> Result<(), ServiceError> {
    Err(missing_token())
}
