//! Whether a caller is who it says it is.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use tidegate_env::Env;
use tidegate_protocol::{ServiceError, ServiceModel, errors};
use tidegate_sigv4::{Expected, Keys, Refused, Request, Secret, Style, verify};
use tidegate_types::Timestamp;

use crate::directory::Directory;
use crate::identity::Identity;
use crate::keys::AccessKeys;
use tidegate_sigv4::Claimed;

/// Whether signatures are verified.
#[derive(Clone)]
pub enum Auth {
    /// Any credentials are taken for what they claim. Only for loopback.
    Local,
    /// Signatures are verified against these keys; all else is refused.
    Enforce(Arc<AccessKeys>),
}

/// A request whose service is known, and what it claims.
pub(crate) struct Claim<'a> {
    pub parts: &'a Parts,
    pub body: &'a Bytes,
    pub host: Option<&'a str>,
    pub scope: Option<&'a Claimed<'a>>,
    pub model: &'static ServiceModel,
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
    pub(crate) fn identify(
        &self,
        env: &Env,
        directory: &Directory,
        claim: &Claim<'_>,
    ) -> Result<Identity, ServiceError> {
        match self {
            Auth::Local => Identity::claimed(claim.scope, claim.host, directory),
            Auth::Enforce(keys) => verified(keys, env.real_now(), directory, claim),
        }
    }
}

fn verified(
    keys: &AccessKeys,
    now: Timestamp,
    directory: &Directory,
    claim: &Claim<'_>,
) -> Result<Identity, ServiceError> {
    let style = if claim.model.signing_name == "s3" { Style::S3 } else { Style::Standard };
    let service = claim.model.signing_name;
    let expected = Expected { style, service, body: Some(claim.body), now };
    verify(&Request::from_parts(claim.parts), &expected, keys).map_err(|error| error.to_service_error(style))?;
    let key = claim.scope.and_then(|scope| Some((scope, keys.get(&scope.access_key)?)));
    // Both were there a moment ago, unless the key was deleted in between.
    let (scope, key) = key.ok_or_else(|| {
        ServiceError::new(errors::UNRECOGNIZED_CLIENT, "The security token included in the request is invalid.")
    })?;
    Identity::verified(scope, key.account, claim.host, directory)
}

impl Keys for AccessKeys {
    fn secret(&self, access_key: &str, token: Option<&str>, _now: Timestamp) -> Result<Secret, Refused> {
        match (self.get(access_key), token) {
            (Some(key), None) => Ok(Secret::new(&*key.secret)),
            // Our keys are not temporary: a token belongs to some other key.
            (Some(_), Some(_)) | (None, _) => Err(Refused::Unknown),
        }
    }
}
