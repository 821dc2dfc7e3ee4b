use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tidegate_api_sts::{AssumeRoleWithSAMLRequest, AssumeRoleWithSAMLResponse};
use tidegate_policy::{Policies, Principal, PrincipalKind, Request, evaluate};
use tidegate_ports::{AssumableRole, ResourcePolicies};
use tidegate_protocol::Call;

use super::assume::{self, Made, role_account};
use super::draw::iso;
use super::{limits, text};
use crate::error::Error;
use crate::saml::{Assertion, Metadata, read};
use crate::service::Sts;

const ROLE: &str = "https://aws.amazon.com/SAML/Attributes/Role";
const SESSION_NAME: &str = "https://aws.amazon.com/SAML/Attributes/RoleSessionName";
const SESSION_DURATION: &str = "https://aws.amazon.com/SAML/Attributes/SessionDuration";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/SAML/Attributes/SourceIdentity";
const TRANSITIVE: &str = "https://aws.amazon.com/SAML/Attributes/TransitiveTagKeys";
const TAG: &str = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:";

/// How long a session is that an assertion asks for.
const DURATIONS: std::ops::RangeInclusive<i32> = 900..=43_200;

/// Attributes by which directories know people (eduPerson, eduOrg, X.500), and the keys that policies know them by.
const KEYS: [(&str, &str); 22] = [
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "saml:edupersonaffiliation"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.2", "saml:edupersonnickname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.3", "saml:edupersonorgdn"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.4", "saml:edupersonorgunitdn"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.5", "saml:edupersonprimaryaffiliation"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "saml:edupersonprincipalname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.7", "saml:edupersonentitlement"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.8", "saml:edupersonprimaryorgunitdn"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.9", "saml:edupersonscopedaffiliation"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", "saml:edupersontargetedid"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.11", "saml:edupersonassurance"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.2", "saml:eduorghomepageuri"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.3", "saml:eduorgidentityauthnpolicyuri"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.4", "saml:eduorglegalname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.5", "saml:eduorgsuperioruri"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.6", "saml:eduorgwhitepagesuri"),
    ("urn:oid:2.5.4.3", "saml:cn"),
    ("urn:oid:2.5.4.4", "saml:surname"),
    ("urn:oid:2.5.4.42", "saml:givenName"),
    ("urn:oid:2.5.4.45", "saml:x500UniqueIdentifier"),
    ("urn:oid:0.9.2342.19200300.100.1.1", "saml:uid"),
    ("urn:oid:0.9.2342.19200300.100.1.3", "saml:mail"),
];

/// Makes a session of a role for whoever an assertion of a SAML provider names. The assertion is the proof: nobody
/// signs the request, and it is verified whether or not the server checks callers.
pub(crate) async fn assume_role_with_saml(
    sts: &Sts,
    _: &Call,
    input: AssumeRoleWithSAMLRequest,
) -> Result<AssumeRoleWithSAMLResponse, Error> {
    let (role_arn, provider) = (text(&input.role_arn), text(&input.principal_arn));
    let account = role_account(role_arn)?;
    let metadata = sts.iam.saml_provider(provider).ok_or(Error::NoSamlProvider)?;
    let metadata = Metadata::read(&metadata).map_err(Error::SamlMetadata)?;
    let now = sts.env.real_now();
    let said = read(text(&input.saml_assertion), &metadata, now).map_err(|fault| {
        tracing::info!(provider, %fault, "an assertion is not believed");
        Error::Saml(fault)
    })?;
    let role = sts.iam.role(role_arn).ok_or(Error::UntrustedSaml)?;
    if !names(&said, role_arn, provider) {
        return Err(Error::UntrustedSaml);
    }
    let asked = Asked::read(&said, provider, account.to_string())?;
    for action in asked.actions() {
        if !asked.is_trusted(sts, &role, role_arn, action) {
            return Err(Error::UntrustedSaml);
        }
    }
    let stated = said
        .attribute(SESSION_DURATION)
        .map_err(Error::Saml)?
        .map(|seconds| seconds.parse().ok().filter(|seconds| DURATIONS.contains(seconds)).ok_or(Error::SamlDuration));
    // "DurationSeconds and the assertion's SessionDuration: the shorter one counts."
    let seconds = match (input.duration_seconds, stated.transpose()?) {
        (Some(asked), Some(stated)) => Some(asked.min(stated)),
        (one, other) => one.or(other),
    };
    let seconds = assume::duration(&role, seconds, false)?;
    // Neither outlives the session that the person has with the provider.
    let seconds = said.session_end.map_or(seconds, |end| seconds.min(end.as_secs().saturating_sub(now.as_secs())));
    let policies = limits::policies(sts, role.account, &input.policy, &input.policy_arns)?;
    let packed = limits::packed(&policies, &asked.tags)?;
    let mut keys = vec![
        ("aws:TokenIssueTime".to_owned(), vec![iso(now)]),
        ("aws:FederatedProvider".to_owned(), vec![provider.to_owned()]),
        ("saml:namequalifier".to_owned(), vec![asked.qualifier.clone()]),
        ("saml:sub".to_owned(), vec![said.subject.clone()]),
        ("saml:sub_type".to_owned(), vec![said.subject_type.clone()]),
    ];
    let source_identity = asked.source_identity.map(str::to_owned);
    keys.extend(source_identity.iter().map(|identity| ("aws:SourceIdentity".to_owned(), vec![identity.clone()])));
    let (session_name, qualifier) = (asked.session_name, asked.qualifier.clone());
    let made = Made { seconds, policies, tags: asked.tags, transitive: asked.transitive, keys };
    let (credentials, user) = assume::session(sts, &role, role_arn, session_name, made).await?;
    Ok(AssumeRoleWithSAMLResponse {
        credentials: Some(credentials),
        assumed_role_user: Some(user),
        packed_policy_size: packed,
        subject: Some(said.subject.clone()),
        subject_type: Some(said.subject_type.clone()),
        issuer: Some(said.issuer.clone()),
        audience: Some(said.recipient.clone()),
        name_qualifier: Some(qualifier),
        source_identity,
    })
}

/// Whether an assertion lets its subject have this role by this provider: the two stand together, in either order.
fn names(said: &Assertion, role: &str, provider: &str) -> bool {
    said.attributes.get(ROLE).into_iter().flatten().filter_map(|pair| pair.split_once(',')).any(|(one, other)| {
        let pair = (one.trim(), other.trim());
        pair == (role, provider) || pair == (provider, role)
    })
}

/// `[\w+=,.@-]{2,64}`
fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    (2..=64).contains(&text.len()) && text.chars().all(is_letter)
}

/// What the session is to be, and what trust policies see.
struct Asked<'a> {
    said: &'a Assertion,
    provider: &'a str,
    /// What makes the subject's name one of its own: of the issuer, the account and the provider.
    qualifier: String,
    session_name: &'a str,
    source_identity: Option<&'a str>,
    tags: Vec<(String, String)>,
    transitive: Vec<String>,
}

impl<'a> Asked<'a> {
    fn read(said: &'a Assertion, provider: &'a str, account: String) -> Result<Asked<'a>, Error> {
        let session_name = said.attribute(SESSION_NAME).map_err(Error::Saml)?.ok_or(Error::NoSamlSessionName)?;
        if !is_name(session_name) {
            return Err(Error::SamlSessionName);
        }
        let source_identity = said.attribute(SOURCE_IDENTITY).map_err(Error::Saml)?;
        if source_identity.is_some_and(|identity| !is_name(identity) || identity.starts_with("aws:")) {
            return Err(Error::SamlSourceIdentity);
        }
        let mut tags = Vec::new();
        for name in said.attributes.keys() {
            if let Some(key) = name.strip_prefix(TAG) {
                let value = said.attribute(name).map_err(Error::Saml)?.unwrap_or_default();
                tags.push((key.to_owned(), value.to_owned()));
            }
        }
        limits::check_tags(&tags)?;
        let transitive = said.attributes.get(TRANSITIVE).cloned().unwrap_or_default();
        if let Some(key) = transitive.iter().find(|key| !tags.iter().any(|(name, _)| name == *key)) {
            return Err(Error::TransitiveKey(key.clone()));
        }
        let friendly = provider.rsplit('/').next().unwrap_or_default();
        let qualified = format!("{}{account}/{friendly}", said.issuer);
        let qualifier = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, qualified.as_bytes()));
        Ok(Asked { said, provider, qualifier, session_name, source_identity, tags, transitive })
    }

    fn actions(&self) -> Vec<&'static str> {
        let mut actions = vec!["sts:AssumeRoleWithSAML"];
        if !self.tags.is_empty() {
            actions.push("sts:TagSession");
        }
        if self.source_identity.is_some() {
            actions.push("sts:SetSourceIdentity");
        }
        actions
    }

    fn is_trusted(&self, sts: &Sts, role: &AssumableRole, role_arn: &str, action: &str) -> bool {
        let kind = PrincipalKind::FederatedSession;
        let principal = Principal { kind, arn: self.provider.to_owned(), role_arn: None, account: None };
        let mut request = Request::new(principal, action, role_arn, Some(role.account));
        sts.describe(&mut request);
        let doc = self.provider.strip_prefix("arn:aws:iam::").unwrap_or_default().replace(":saml-provider", "");
        for (key, value) in [
            ("aws:FederatedProvider", self.provider),
            ("sts:RoleSessionName", self.session_name),
            ("saml:aud", &self.said.recipient),
            ("saml:iss", &self.said.issuer),
            ("saml:sub", &self.said.subject),
            ("saml:sub_type", &self.said.subject_type),
            ("saml:namequalifier", &self.qualifier),
            ("saml:doc", &doc),
        ] {
            request.set(key, value.to_owned());
        }
        for (attribute, key) in KEYS {
            if let Some(values) = self.said.attributes.get(attribute).filter(|values| !values.is_empty()) {
                request.set_all(key, values.clone());
            }
        }
        for (key, value) in &self.tags {
            request.set(&format!("aws:RequestTag/{key}"), value.clone());
        }
        request.set_all("aws:TagKeys", self.tags.iter().map(|(key, _)| key.clone()).collect());
        request.set_all("sts:TransitiveTagKeys", self.transitive.clone());
        if let Some(identity) = self.source_identity {
            request.set("sts:SourceIdentity", identity.to_owned());
        }
        let trust = ResourcePolicies::policy_of(&*sts.iam, role_arn);
        let policies = Policies { resource: trust.as_deref(), resource_must_allow: true, ..Policies::default() };
        evaluate(&request, &policies).is_allowed()
    }
}
