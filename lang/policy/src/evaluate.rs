//! Whether a request may go through, and why.

use crate::context::{PrincipalKind, Request};
use crate::document::{Action, Document, Effect, PrincipalMatch, Principals, Resources, Statement, Version};
use crate::pattern;

/// The policies that apply to a request.
#[derive(Debug, Clone, Default)]
pub struct Policies<'a> {
    /// Of the identity: its own, inline and attached, and those of its groups.
    pub identity: Vec<&'a Document>,
    /// Of the resource, if it has one.
    pub resource: Option<&'a Document>,
    /// The identity's permissions boundary, if it has one.
    pub boundary: Option<&'a Document>,
    /// The policies given when the session was made; none if it is no session or has none.
    pub session: Option<Vec<&'a Document>>,
    /// Whether the resource's policy must allow it even within one account, as the trust policy of a role
    /// must: an identity's policy alone is not enough.
    pub resource_must_allow: bool,
}

/// Where a deciding statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// In one of the identity's policies, by its index.
    Identity(usize),
    /// In the resource's policy.
    Resource,
    /// In the permissions boundary.
    Boundary,
    /// In one of the session's policies, by its index.
    Session(usize),
}

/// Allowed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It may go through.
    Allow,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement allows it, where one had to.
    ImplicitDeny,
}

/// What decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// This statement.
    Statement {
        /// Where it stands.
        source: Source,
        /// Its index in its document.
        index: usize,
        /// Its id, if it has one.
        sid: Option<String>,
    },
    /// The caller is the account that owns the resource.
    AccountRoot,
    /// No identity policy allows it, and the resource's policy does not do so either.
    NoIdentityAllow,
    /// The resource's policy would have to allow it, and does not.
    NoResourceAllow,
    /// The permissions boundary does not allow it.
    NoBoundaryAllow,
    /// The session's policies do not allow it.
    NoSessionAllow,
}

/// The answer, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Allowed or not.
    pub outcome: Outcome,
    /// What decided.
    pub reason: Reason,
}

impl Decision {
    /// Whether the request may go through.
    pub fn is_allowed(&self) -> bool {
        self.outcome == Outcome::Allow
    }
}

/// How exactly the resource's policy names the caller: what the other policies may still limit
/// depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grant {
    /// The account is named; it may pass the permission on by identity policies.
    Account,
    /// The session's role is named: boundary and session policies still limit the session.
    Role,
    /// The caller itself, or everybody: nothing but an explicit deny limits it.
    Caller,
}

struct Found {
    reason: Reason,
    grant: Grant,
}

/// Decides a request.
pub fn evaluate(request: &Request, policies: &Policies<'_>) -> Decision {
    if let Some(reason) = explicit_deny(request, policies) {
        return Decision { outcome: Outcome::ExplicitDeny, reason };
    }
    let granted = policies.resource.and_then(|document| granted(request, document));
    let outcome = match request.principal.kind {
        PrincipalKind::Service | PrincipalKind::Anonymous => match granted {
            Some(found) => Ok(found.reason),
            None => Err(Reason::NoResourceAllow),
        },
        _ if policies.resource_must_allow && granted.is_none() => Err(Reason::NoResourceAllow),
        PrincipalKind::Root => root(request, granted),
        _ if request.crosses_accounts() => across_accounts(request, policies, granted),
        _ => within_account(request, policies, granted),
    };
    match outcome {
        Ok(reason) => Decision { outcome: Outcome::Allow, reason },
        Err(reason) => Decision { outcome: Outcome::ImplicitDeny, reason },
    }
}

fn root(request: &Request, granted: Option<Found>) -> Result<Reason, Reason> {
    if !request.crosses_accounts() {
        return Ok(Reason::AccountRoot);
    }
    granted.map(|found| found.reason).ok_or(Reason::NoResourceAllow)
}

/// "Cross-account policy evaluation logic": the resource's policy must allow it, and so must the
/// identity's, within boundary and session.
fn across_accounts(request: &Request, policies: &Policies<'_>, granted: Option<Found>) -> Result<Reason, Reason> {
    if granted.is_none() {
        return Err(Reason::NoResourceAllow);
    }
    let identity = identity_allow(request, policies).ok_or(Reason::NoIdentityAllow)?;
    within_boundary(request, policies)?;
    within_session(request, policies)?;
    Ok(identity)
}

fn within_account(request: &Request, policies: &Policies<'_>, granted: Option<Found>) -> Result<Reason, Reason> {
    match granted {
        Some(Found { reason, grant: Grant::Caller }) => return Ok(reason),
        // A resource's policy that names the role gives the role something, of which the session
        // has what boundary and session policies leave.
        Some(Found { reason, grant: Grant::Role }) => {
            within_boundary(request, policies)?;
            within_session(request, policies)?;
            return Ok(reason);
        }
        // Naming the account allows its identity policies to allow; it grants nothing by itself.
        Some(Found { grant: Grant::Account, .. }) | None => {}
    }
    let identity = identity_allow(request, policies).ok_or(Reason::NoIdentityAllow)?;
    within_boundary(request, policies)?;
    within_session(request, policies)?;
    Ok(identity)
}

fn explicit_deny(request: &Request, policies: &Policies<'_>) -> Option<Reason> {
    let identity = policies.identity.iter().enumerate().map(|(index, document)| (Source::Identity(index), *document));
    let session = policies.session.iter().flatten().enumerate();
    let session = session.map(|(index, document)| (Source::Session(index), *document));
    let resource = policies.resource.map(|document| (Source::Resource, document));
    let boundary = policies.boundary.map(|document| (Source::Boundary, document));
    identity.chain(resource).chain(boundary).chain(session).find_map(|(source, document)| {
        find(request, document, Effect::Deny).map(|(index, statement)| at(source, index, statement))
    })
}

fn identity_allow(request: &Request, policies: &Policies<'_>) -> Option<Reason> {
    allow_in(request, &policies.identity, Source::Identity)
}

fn within_boundary(request: &Request, policies: &Policies<'_>) -> Result<(), Reason> {
    match policies.boundary {
        Some(document) if find(request, document, Effect::Allow).is_none() => Err(Reason::NoBoundaryAllow),
        _ => Ok(()),
    }
}

fn within_session(request: &Request, policies: &Policies<'_>) -> Result<(), Reason> {
    match &policies.session {
        Some(documents) if allow_in(request, documents, Source::Session).is_none() => Err(Reason::NoSessionAllow),
        _ => Ok(()),
    }
}

fn allow_in(request: &Request, documents: &[&Document], source: fn(usize) -> Source) -> Option<Reason> {
    documents.iter().enumerate().find_map(|(which, document)| {
        find(request, document, Effect::Allow).map(|(index, statement)| at(source(which), index, statement))
    })
}

/// The widest grant of the resource's policy to the caller.
fn granted(request: &Request, document: &Document) -> Option<Found> {
    let matching =
        document.statements.iter().enumerate().filter(|(_, statement)| {
            statement.effect == Effect::Allow && applies(request, document.version, statement)
        });
    matching
        .filter_map(|(index, statement)| {
            let grant = grant_of(request, Effect::Allow, statement.principals.as_ref()?)?;
            Some(Found { reason: at(Source::Resource, index, statement), grant })
        })
        .max_by_key(|found| found.grant)
}

fn grant_of(request: &Request, effect: Effect, principals: &Principals) -> Option<Grant> {
    match principals {
        Principals::In(list) => list.iter().filter_map(|entry| names(request, entry)).max(),
        // An allow with NotPrincipal grants to everybody else.
        Principals::NotIn(list) => {
            let is_spared = match effect {
                Effect::Allow => list.iter().any(|entry| names(request, entry).is_some()),
                Effect::Deny => spares(request, list),
            };
            (!is_spared).then_some(Grant::Caller)
        }
    }
}

/// Whether a denial of all but these spares the caller: account, role and the caller itself must be among them. "AWS
/// might validate the account first, then the role, and then the assumed-role user" (IAM User Guide, "NotPrincipal"),
/// so that who is named without its account, or a session without its role and the other way round, may be denied
/// there and is here.
fn spares(request: &Request, list: &[PrincipalMatch]) -> bool {
    let principal = &request.principal;
    let named: Vec<Grant> = list.iter().filter_map(|entry| names(request, entry)).collect();
    let is_in_account = principal.account.is_some() && principal.kind != PrincipalKind::Root;
    list.contains(&PrincipalMatch::Everybody)
        || (named.contains(&Grant::Caller)
            && (principal.role_arn.is_none() || named.contains(&Grant::Role))
            && (!is_in_account || named.contains(&Grant::Account)))
}

/// Whether, and how exactly, an entry names the caller.
fn names(request: &Request, entry: &PrincipalMatch) -> Option<Grant> {
    let principal = &request.principal;
    match entry {
        PrincipalMatch::Everybody => Some(Grant::Caller),
        PrincipalMatch::Account(number) => {
            let same = principal.account.is_some_and(|account| account.to_string() == *number);
            same.then_some(if principal.kind == PrincipalKind::Root { Grant::Caller } else { Grant::Account })
        }
        PrincipalMatch::Arn(arn) if *arn == principal.arn => Some(Grant::Caller),
        PrincipalMatch::Arn(arn) => (principal.role_arn.as_ref() == Some(arn)).then_some(Grant::Role),
        PrincipalMatch::Service(name) => {
            (principal.kind == PrincipalKind::Service && *name == principal.arn).then_some(Grant::Caller)
        }
        PrincipalMatch::Federated(provider) => {
            (principal.kind == PrincipalKind::FederatedSession && *provider == principal.arn).then_some(Grant::Caller)
        }
        // Canonical ids are S3's; nothing here has one.
        PrincipalMatch::CanonicalUser(_) => None,
    }
}

fn find<'a>(request: &Request, document: &'a Document, effect: Effect) -> Option<(usize, &'a Statement)> {
    let mut statements = document.statements.iter().enumerate();
    statements.find(|(_, one)| one.effect == effect && concerns(request, document.version, one))
}

/// Whether a statement is about this request, its caller included.
pub(crate) fn concerns(request: &Request, version: Version, statement: &Statement) -> bool {
    statement.principals.as_ref().is_none_or(|principals| grant_of(request, statement.effect, principals).is_some())
        && applies(request, version, statement)
}

/// Whether a statement is about this action, resource and circumstance; principals aside.
fn applies(request: &Request, version: Version, statement: &Statement) -> bool {
    let variables = version == Version::V2012;
    let action = |list: &[String]| list.iter().any(|pattern| pattern::action_matches(pattern, &request.action));
    let resource = |list: &[String]| list.iter().any(|pattern| resource_matches(pattern, request, variables));
    let action_applies = match &statement.actions {
        Action::In(list) => action(list),
        Action::NotIn(list) => !action(list),
    };
    let resource_applies = match &statement.resources {
        Some(Resources::In(list)) => resource(list),
        Some(Resources::NotIn(list)) => !resource(list),
        None => true,
    };
    action_applies
        && resource_applies
        && statement.conditions.iter().all(|condition| condition.holds(request, variables))
}

/// Resources are matched as one text: in IAM a `*` does reach over colons.
fn resource_matches(pattern: &str, request: &Request, variables: bool) -> bool {
    if variables {
        pattern::matches_with_variables(pattern, &request.resource, request)
    } else {
        pattern::wildcard_matches(pattern, &request.resource)
    }
}

fn at(source: Source, index: usize, statement: &Statement) -> Reason {
    Reason::Statement { source, index, sid: statement.sid.clone() }
}
