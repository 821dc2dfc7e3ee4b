//! Whether a caller is who it says it is, and whether it may do what it asks for.
//!
//! Three modes. `local` takes any credentials for what they claim, and only looks up whose key it is if it
//! could be one of ours. `enforce` verifies every signature and gives the call a [`guard::Door`], which holds
//! what the operation needs against the policies of identity, resource, boundary and session. `observe`
//! does all of that and refuses nothing: what would have been refused is written down ([`denied`]).

mod context;
mod credentials;
mod denied;
mod forms;
mod guard;
mod refusal;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use tidegate_env::Env;
use tidegate_policy::Principal;
use tidegate_ports::{AdminRoute, Credentials, KeyUse, PrincipalPolicies, ResourcePolicies};
use tidegate_protocol::{FormSigners, Permissions, ServiceError, ServiceModel};
use tidegate_sigv4::{Claimed, Expected, Payload, Request, SignatureError, Style, verify};

use crate::directory::Directory;
use crate::identity::Identity;
use crate::server::Origin;
use context::Circumstances;
use credentials::Lookup;
use denied::Denied;
use forms::Forms;
use guard::{Authority, Door};

/// How strict the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Any credentials are taken for what they claim. Only for loopback.
    Local,
    /// The same, but what [`Mode::Enforce`] would refuse is written down.
    Observe,
    /// Signatures are verified, permissions evaluated; all else is refused.
    Enforce,
}

/// Whom to ask about keys and policies.
#[derive(Clone, Default)]
pub struct Sources {
    /// Whose key is this? Asked in this order.
    pub credentials: Vec<Arc<dyn Credentials>>,
    /// What holds for a user or a role? Without anybody to ask, only roots are allowed anything.
    pub principals: Option<Arc<dyn PrincipalPolicies>>,
    /// Which policy has this resource?
    pub resources: Vec<Arc<dyn ResourcePolicies>>,
}

/// Identifies callers, and guards their calls.
#[derive(Clone)]
pub struct Auth {
    mode: Mode,
    credentials: Vec<Arc<dyn Credentials>>,
    authority: Arc<Authority>,
    denied: Arc<Denied>,
    trust_proxy: bool,
}

/// A request whose service is known, and what it claims.
pub(crate) struct Claim<'a> {
    pub parts: &'a Parts,
    /// The body, where it was read.
    pub body: Option<&'a Bytes>,
    pub host: Option<&'a str>,
    pub scope: Option<&'a Claimed<'a>>,
    pub model: &'static ServiceModel,
    pub operation: &'static str,
    /// Whether the service can say what the operation needs: without that, nobody is let in unsigned.
    pub knows_needs: bool,
    pub origin: Origin,
}

impl Auth {
    /// An auth of this mode.
    pub fn new(mode: Mode, sources: Sources) -> Auth {
        let denied = Arc::new(Denied::new(mode));
        let authority = Authority::new(sources.principals, sources.resources, denied.clone(), mode == Mode::Enforce);
        let credentials = sources.credentials;
        Auth { mode, credentials, authority: Arc::new(authority), denied, trust_proxy: false }
    }

    /// The same, which believes `X-Forwarded-For`: a proxy in front sets it.
    #[must_use]
    pub fn behind_proxy(self, trust_proxy: bool) -> Auth {
        Auth { trust_proxy, ..self }
    }

    /// Whether requests are refused.
    pub fn is_enforced(&self) -> bool {
        self.mode == Mode::Enforce
    }

    /// The page of what was, or would have been, denied.
    pub fn denied_page(&self) -> Arc<dyn AdminRoute> {
        self.denied.clone()
    }

    /// Writes the counters in Prometheus' text format.
    pub(crate) fn write_metrics(&self, out: &mut String) -> std::fmt::Result {
        self.denied.write_metrics(out)
    }

    /// Who asks.
    ///
    /// # Errors
    /// Under [`Mode::Enforce`] AWS's errors for a missing, incomplete, wrong or expired signature and
    /// for an unknown key.
    pub(crate) fn identify(
        &self,
        env: &Env,
        directory: &Directory,
        claim: &Claim<'_>,
    ) -> Result<Identity, ServiceError> {
        let identity = match self.mode {
            Mode::Local => self.claimed(directory, claim),
            Mode::Observe => self.observed(env, directory, claim),
            Mode::Enforce => self.verified(env, directory, claim),
        }?;
        if let Some(scope) = claim.scope {
            self.tell_of_use(env, claim, scope);
        }
        Ok(identity)
    }

    /// Tells those who issued the key. What cannot be one of theirs is not asked about.
    fn tell_of_use(&self, env: &Env, claim: &Claim<'_>, scope: &Claimed<'_>) {
        if scope.access_key.starts_with('A') {
            let (service, operation) = (claim.model.signing_name, claim.operation);
            let used = KeyUse { at: env.now(), service, operation, region: &scope.region };
            self.credentials.iter().for_each(|source| source.used(&scope.access_key, used));
        }
    }

    fn lookup(&self) -> Lookup<'_> {
        Lookup::new(&self.credentials)
    }

    /// What the request claims. A key of ours stands for its owner, although nothing is proven.
    fn claimed(&self, directory: &Directory, claim: &Claim<'_>) -> Result<Identity, ServiceError> {
        let known = claim.scope.and_then(|scope| self.lookup().find(&scope.access_key));
        let identity = match (claim.scope, known) {
            (Some(scope), Some(known)) => {
                Identity::of_key(scope, &known.identity, false, Permissions::default(), claim.host, directory)
            }
            _ => Identity::claimed(claim.scope, claim.host, directory),
        };
        Ok(Identity { payload: stated_payload(claim), ..identity? })
    }

    fn observed(&self, env: &Env, directory: &Directory, claim: &Claim<'_>) -> Result<Identity, ServiceError> {
        match self.verified(env, directory, claim) {
            Ok(identity) => Ok(identity),
            Err(error) => {
                let key = claim.scope.map(|scope| &*scope.access_key);
                self.denied.signature(env.now(), claim.model.name, claim.operation, key, &error);
                self.claimed(directory, claim)
            }
        }
    }

    fn verified(&self, env: &Env, directory: &Directory, claim: &Claim<'_>) -> Result<Identity, ServiceError> {
        let style = if claim.model.signing_name == "s3" { Style::S3 } else { Style::Standard };
        let service = claim.model.signing_name;
        let expected = Expected { style, service, body: claim.body.map(|body| &body[..]), now: env.real_now() };
        let lookup = self.lookup();
        let payload = match verify(&Request::from_parts(claim.parts), &expected, &lookup) {
            Ok(verified) => verified.payload,
            Err(SignatureError::Missing) if claim.knows_needs => {
                let door = self.door(env, claim, None);
                let identity = Identity::anonymous(door, claim.host, directory)?;
                return Ok(Identity { payload: stated_payload(claim), ..identity });
            }
            Err(error) => return Err(error.to_service_error(style)),
        };
        match (claim.scope, lookup.found()) {
            (Some(scope), Some(known)) => {
                let identity = known.identity.clone();
                let door = self.door(env, claim, Some(identity.clone()));
                let identity = Identity::of_key(scope, &identity, true, door, claim.host, directory)?;
                Ok(Identity { payload, ..identity })
            }
            _ => Err(SignatureError::UnknownKey.to_service_error(style)),
        }
    }

    /// Whom to ask who signed the form that a request may bring. Only where signatures count.
    pub(crate) fn form_signers(
        &self,
        env: &Env,
        parts: &Parts,
        model: &'static ServiceModel,
        origin: Origin,
    ) -> Option<Arc<dyn FormSigners>> {
        if self.mode != Mode::Enforce {
            return None;
        }
        let circumstances = self.circumstances(env, parts, origin);
        Some(Arc::new(Forms { auth: self.clone(), env: env.clone(), model, circumstances }))
    }

    fn circumstances(&self, env: &Env, parts: &Parts, origin: Origin) -> Circumstances {
        Circumstances {
            now: env.now(),
            source: self.source_of(parts, origin),
            is_secure: origin.scheme == "https",
            user_agent: text(parts, "user-agent"),
            referer: text(parts, "referer"),
        }
    }

    fn door(&self, env: &Env, claim: &Claim<'_>, identity: Option<Arc<tidegate_ports::Identity>>) -> Permissions {
        let circumstances = self.circumstances(env, claim.parts, claim.origin);
        let principal = identity.as_ref().map_or_else(Principal::anonymous, |identity| identity.principal.clone());
        Permissions::guarded(Arc::new(Door {
            authority: self.authority.clone(),
            model: claim.model,
            access_key: claim.scope.map(|scope| scope.access_key.clone().into_owned()),
            identity,
            principal,
            circumstances,
        }))
    }

    /// Where a request came from.
    pub(crate) fn source(&self, claim: &Claim<'_>) -> IpAddr {
        self.source_of(claim.parts, claim.origin)
    }

    fn source_of(&self, parts: &Parts, origin: Origin) -> IpAddr {
        let forwarded = || {
            let value = self.trust_proxy.then(|| parts.headers.get("x-forwarded-for")).flatten()?.to_str().ok()?;
            // Proxies append; the first one is the client.
            value.split(',').next()?.trim().parse().ok()
        };
        forwarded().unwrap_or_else(|| origin.peer.ip().to_canonical())
    }
}

/// What an unverified request says of its body. Only S3's clients may say something.
fn stated_payload(claim: &Claim<'_>) -> Payload {
    if claim.model.signing_name == "s3" { Payload::stated(&claim.parts.headers) } else { Payload::Done }
}

fn text(parts: &Parts, name: &str) -> Option<String> {
    Some(parts.headers.get(name)?.to_str().ok()?.to_owned())
}
