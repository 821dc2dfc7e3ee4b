//! What the edge asks on each request, and what STS asks about roles.

use std::sync::Arc;

use tidegate_policy::Document;
use tidegate_ports::{
    AssumableRole, Credential, Credentials, IdentityPolicies, KeyUse, KnownProvider, NamedPolicy, PrincipalPolicies,
    ResourcePolicies, Roles,
};
use tidegate_types::{AccountId, Timestamp};

use crate::domain::{Grants, State, Tags, managed, name_key};
use crate::ops::policies::place;
use crate::service::Iam;

impl Credentials for Iam {
    fn find(&self, access_key: &str) -> Option<Arc<Credential>> {
        self.directory.credential(access_key)
    }

    fn used(&self, access_key: &str, used: KeyUse<'_>) {
        if let Some(credential) = self.directory.credential(access_key) {
            self.uses.note(access_key, used);
            self.accesses.note(&credential.identity.user_id, used);
        }
    }
}

impl PrincipalPolicies for Iam {
    fn policies(&self, arn: &str) -> Option<Arc<IdentityPolicies>> {
        self.directory.policies(arn, |state| policies(state, arn))
    }
}

/// Of roles: who may assume them.
impl ResourcePolicies for Iam {
    fn service(&self) -> &'static str {
        "iam"
    }

    fn policy_of(&self, arn: &str) -> Option<Arc<Document>> {
        self.directory.trust(arn, |state| {
            let (account, name) = of_kind(arn, "role")?;
            let role = state.roles.find(name).filter(|role| role.header.arn(account, "role") == arn)?;
            Some(Document::of_resource(&role.trust, account))
        })
    }
}

impl Roles for Iam {
    fn role(&self, arn: &str) -> Option<AssumableRole> {
        let (account, name) = of_kind(arn, "role")?;
        let state = self.directory.state(account);
        let role = state.roles.find(name).filter(|role| role.header.arn(account, "role") == arn)?;
        Some(AssumableRole {
            account,
            name: role.header.name.clone(),
            id: role.header.id.clone(),
            max_session_seconds: role.max_session_seconds,
        })
    }

    fn is_another(&self, arn: &str, id: &str) -> bool {
        let found = |kind| {
            let (account, name) = of_kind(arn, kind)?;
            let state = self.directory.state(account);
            let header = match kind {
                "user" => &state.users.find(name)?.header,
                _ => &state.roles.find(name)?.header,
            };
            Some(header.arn(account, kind) == arn && header.id != id)
        };
        found("user").or_else(|| found("role")).unwrap_or(false)
    }

    fn session_used(&self, id: &str, used: KeyUse<'_>) {
        self.uses.note(id, used);
        self.accesses.note(id, used);
    }

    fn policy_text(&self, account: AccountId, arn: &str) -> Option<String> {
        text_of(&self.directory.state(account), account, arn)
    }

    fn oidc_provider(&self, arn: &str) -> Option<KnownProvider> {
        let (account, url) = arn.strip_prefix("arn:aws:iam::")?.split_once(":oidc-provider/")?;
        let state = self.directory.state(account.parse().ok()?);
        let provider = state.oidc.find(url)?;
        Some(KnownProvider { client_ids: provider.client_ids.clone(), thumbprints: provider.thumbprints.clone() })
    }

    fn saml_provider(&self, arn: &str) -> Option<String> {
        let (account, name) = arn.strip_prefix("arn:aws:iam::")?.split_once(":saml-provider/")?;
        let state = self.directory.state(account.parse().ok()?);
        // Names of providers differ by case.
        state.saml.find(name).filter(|provider| provider.name == name).map(|provider| provider.metadata.clone())
    }

    fn mfa_code_holds(&self, user: &str, serial: &str, code: &str, now: Timestamp) -> Option<bool> {
        let (account, name) = of_kind(user, "user")?;
        let state = self.directory.state(account);
        let device = state.devices.find(serial.rsplit('/').next()?)?;
        let is_of_user = device.owner.as_ref().is_some_and(|(owner, _)| *owner == name_key(name));
        (is_of_user && device.header.arn(account, "mfa") == serial).then(|| device.shows(code, now))
    }

    fn owner_of_key(&self, access_key: &str) -> Option<AccountId> {
        self.directory.owner_of_key(access_key).map(|(account, _)| account)
    }
}

/// Account and name in the ARN of a user or role.
pub(crate) fn of_kind<'a>(arn: &'a str, kind: &str) -> Option<(AccountId, &'a str)> {
    let (account, rest) = arn.strip_prefix("arn:aws:iam::")?.split_once(':')?;
    let path = rest.strip_prefix(kind)?.strip_prefix('/')?;
    Some((account.parse().ok()?, path.rsplit('/').next()?))
}

/// The document that holds of a managed policy.
fn text_of(state: &State, account: AccountId, arn: &str) -> Option<String> {
    match managed(arn) {
        Some(policy) => Some(policy.document.clone()),
        None => {
            let policy = state.policies.find(place(arn).1)?;
            (policy.header.arn(account, "policy") == arn).then(|| policy.document().to_owned())
        }
    }
}

/// Documents are read before they are kept. One that this release cannot read denies, because what it was
/// to deny is not known.
fn read(text: &str, account: AccountId) -> Document {
    Document::of_resource(text, account)
}

/// In place of a policy that is attached and cannot be found, because its record cannot be read: it denies.
fn closed(name: &str, account: AccountId) -> NamedPolicy {
    NamedPolicy { name: name.to_owned(), document: Arc::new(read("", account)) }
}

/// What holds for the user or role with this ARN.
pub(crate) fn policies(state: &State, arn: &str) -> Option<IdentityPolicies> {
    if let Some((account, name)) = of_kind(arn, "user") {
        let user = state.users.find(name).filter(|user| user.header.arn(account, "user") == arn)?;
        let groups: Vec<_> = user.groups.iter().map(|name| (name, state.groups.find(name))).collect();
        let found = groups.iter().filter_map(|(_, group)| Some(&(*group)?.grants));
        let mut all = collect(state, account, &user.grants, found, &user.tags);
        let lost = groups.iter().filter(|(_, group)| group.is_none()).map(|(name, _)| closed(name, account));
        all.policies.extend(lost);
        return Some(all);
    }
    let (account, name) = of_kind(arn, "role")?;
    let role = state.roles.find(name).filter(|role| role.header.arn(account, "role") == arn)?;
    Some(collect(state, account, &role.grants, std::iter::empty(), &role.tags))
}

fn collect<'a>(
    state: &State,
    account: AccountId,
    own: &'a Grants,
    groups: impl Iterator<Item = &'a Grants>,
    tags: &Tags,
) -> IdentityPolicies {
    let managed = |arn: &String| match text_of(state, account, arn) {
        Some(text) => NamedPolicy { name: arn.clone(), document: Arc::new(read(&text, account)) },
        None => closed(arn, account),
    };
    let inline =
        |(name, text): (&String, &String)| NamedPolicy { name: name.clone(), document: Arc::new(read(text, account)) };
    let all = std::iter::once(own).chain(groups);
    let policies = all.flat_map(|grants| grants.inline.iter().map(inline).chain(grants.attached.iter().map(managed)));
    IdentityPolicies {
        policies: policies.collect(),
        boundary: own.boundary.as_ref().map(managed),
        tags: tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
    }
}
