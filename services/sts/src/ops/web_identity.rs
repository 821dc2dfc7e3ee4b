use tidegate_api_sts::{AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse};
use tidegate_policy::{Policies, Principal, PrincipalKind, Request, evaluate};
use tidegate_ports::{AssumableRole, ResourcePolicies};
use tidegate_protocol::Call;
use tidegate_types::Timestamp;

use super::assume::{self, Made, role_account};
use super::draw::iso;
use super::{limits, text};
use crate::error::Error;
use crate::oidc::{KeyFault, Token};
use crate::service::Sts;

/// Where a token carries the session's tags and its source identity.
const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

/// Makes a session of a role for whoever a token of an OpenID Connect provider names. The token is the proof,
/// so its signature and the role's trust policy are held against it whether or not the server checks
/// callers.
pub(crate) async fn assume_role_with_web_identity(
    sts: &Sts,
    _: &Call,
    input: AssumeRoleWithWebIdentityRequest,
) -> Result<AssumeRoleWithWebIdentityResponse, Error> {
    let role_arn = text(&input.role_arn);
    let account = role_account(role_arn)?;
    let token = Token::read(text(&input.web_identity_token)).ok_or(Error::NoToken)?;
    let claimed = Claimed::read(&token)?;
    let place = claimed.issuer.split_once("://").map_or(claimed.issuer, |(_, place)| place).trim_end_matches('/');
    let provider_arn = format!("arn:aws:iam::{account}:oidc-provider/{place}");
    let provider = sts.iam.oidc_provider(&provider_arn);
    let provider = provider.ok_or_else(|| Error::NoProvider(claimed.issuer.to_owned()))?;
    if !claimed.audiences.iter().any(|audience| provider.client_ids.iter().any(|known| known == audience)) {
        return Err(Error::Audience);
    }
    let now = sts.env.real_now();
    let keys = sts.issuer_keys.of(&sts.env, claimed.issuer, &provider.thumbprints, &token).await;
    let keys = keys.map_err(|fault| {
        tracing::info!(provider = provider_arn, %fault, "a web identity cannot be verified");
        match fault {
            KeyFault::Unreachable(_) => Error::IdpUnreachable,
            KeyFault::NoKey(_) => Error::Unverifiable,
        }
    })?;
    if !token.is_signed_by(&keys) {
        return Err(Error::BadSignature);
    }
    if now >= claimed.end {
        return Err(Error::TokenExpired { now: iso(now), end: iso(claimed.end) });
    }
    if token.time("nbf").is_some_and(|begin| now < begin) {
        return Err(Error::TokenTooEarly);
    }
    let role = sts.iam.role(role_arn).ok_or(Error::Untrusted)?;
    let session_name = text(&input.role_session_name);
    let brought = Brought::read(&token)?;
    for action in brought.actions() {
        let asked = Asked { place, provider: &provider_arn, claimed: &claimed, token: &token, brought: &brought };
        if !asked.is_trusted(sts, &role, role_arn, session_name, action) {
            return Err(Error::Untrusted);
        }
    }
    let seconds = assume::duration(&role, input.duration_seconds, false)?;
    let policies = limits::policies(sts, role.account, &input.policy, &input.policy_arns)?;
    let packed = limits::packed(&policies, &brought.tags)?;
    let mut keys = vec![
        ("aws:TokenIssueTime".to_owned(), vec![iso(now)]),
        ("aws:FederatedProvider".to_owned(), vec![provider_arn.clone()]),
        (format!("{place}:sub"), vec![claimed.subject.to_owned()]),
        (format!("{place}:aud"), claimed.audiences.iter().map(|&audience| audience.to_owned()).collect()),
    ];
    let source_identity = brought.source_identity;
    keys.extend(source_identity.iter().map(|identity| ("aws:SourceIdentity".to_owned(), vec![identity.clone()])));
    let made = Made { seconds, policies, tags: brought.tags, transitive: brought.transitive, keys };
    let (credentials, user) = assume::session(sts, &role, role_arn, session_name, made).await?;
    Ok(AssumeRoleWithWebIdentityResponse {
        credentials: Some(credentials),
        subject_from_web_identity_token: Some(claimed.subject.to_owned()),
        assumed_role_user: Some(user),
        packed_policy_size: packed,
        provider: Some(provider_arn),
        audience: claimed.audiences.first().map(|&audience| audience.to_owned()),
        source_identity,
    })
}

/// What every token says.
struct Claimed<'a> {
    issuer: &'a str,
    subject: &'a str,
    /// Whom it is for: the party that it was made for, if it says so.
    audiences: Vec<&'a str>,
    end: Timestamp,
}

impl<'a> Claimed<'a> {
    fn read(token: &'a Token) -> Result<Claimed<'a>, Error> {
        let required = |claim| token.text(claim).ok_or(Error::NoClaim(claim));
        let audiences = match token.text("azp") {
            Some(party) => vec![party],
            None => token.texts("aud"),
        };
        Ok(Claimed {
            issuer: required("iss")?,
            subject: required("sub")?,
            audiences: Some(audiences).filter(|all| !all.is_empty()).ok_or(Error::NoClaim("aud"))?,
            end: token.time("exp").ok_or(Error::NoClaim("exp"))?,
        })
    }
}

/// What a token sets for the session.
struct Brought {
    tags: Vec<(String, String)>,
    transitive: Vec<String>,
    source_identity: Option<String>,
}

impl Brought {
    fn read(token: &Token) -> Result<Brought, Error> {
        let claim = token.claim(TAGS);
        let tags = claim.and_then(|claim| claim.get("principal_tags")?.as_object());
        // A tag has one value, which may stand in a list.
        let value = |value: &serde_json::Value| value.as_array().and_then(|list| list.first()).unwrap_or(value).clone();
        let tags: Vec<_> = tags
            .into_iter()
            .flatten()
            .filter_map(|(key, given)| Some((key.clone(), value(given).as_str()?.to_owned())))
            .collect();
        limits::check_tags(&tags)?;
        let transitive = claim.and_then(|claim| claim.get("transitive_tag_keys")?.as_array());
        let transitive = transitive.into_iter().flatten().filter_map(|key| Some(key.as_str()?.to_owned()));
        let source_identity = token.text(SOURCE_IDENTITY).map(str::to_owned);
        Ok(Brought { tags, transitive: transitive.collect(), source_identity })
    }

    fn actions(&self) -> Vec<&'static str> {
        let mut actions = vec!["sts:AssumeRoleWithWebIdentity"];
        if !self.tags.is_empty() {
            actions.push("sts:TagSession");
        }
        if self.source_identity.is_some() {
            actions.push("sts:SetSourceIdentity");
        }
        actions
    }
}

/// What trust policies see.
struct Asked<'a> {
    place: &'a str,
    provider: &'a str,
    claimed: &'a Claimed<'a>,
    token: &'a Token,
    brought: &'a Brought,
}

impl Asked<'_> {
    fn is_trusted(&self, sts: &Sts, role: &AssumableRole, role_arn: &str, session: &str, action: &str) -> bool {
        let kind = PrincipalKind::FederatedSession;
        let principal = Principal { kind, arn: self.provider.to_owned(), role_arn: None, account: None };
        let mut request = Request::new(principal, action, role_arn, Some(role.account));
        sts.describe(&mut request);
        request.set("aws:FederatedProvider", self.provider);
        request.set("sts:RoleSessionName", session);
        let mut set = |claim: &str, values: Vec<&str>| {
            let values: Vec<String> = values.into_iter().map(str::to_owned).collect();
            request.set_all(&format!("{}:{claim}", self.place), values);
        };
        set("sub", vec![self.claimed.subject]);
        set("aud", self.claimed.audiences.clone());
        if self.token.text("azp").is_some() {
            set("oaud", self.token.texts("aud"));
        }
        for claim in ["amr", "email"] {
            let values = self.token.texts(claim);
            if !values.is_empty() {
                set(claim, values);
            }
        }
        for (key, value) in &self.brought.tags {
            request.set(&format!("aws:RequestTag/{key}"), value.clone());
        }
        request.set_all("aws:TagKeys", self.brought.tags.iter().map(|(key, _)| key.clone()).collect());
        request.set_all("sts:TransitiveTagKeys", self.brought.transitive.clone());
        if let Some(identity) = &self.brought.source_identity {
            request.set("sts:SourceIdentity", identity.clone());
        }
        let trust = ResourcePolicies::policy_of(&*sts.iam, role_arn);
        let policies = Policies { resource: trust.as_deref(), resource_must_allow: true, ..Policies::default() };
        evaluate(&request, &policies).is_allowed()
    }
}
