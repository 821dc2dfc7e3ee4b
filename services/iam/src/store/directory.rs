use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tidegate_policy::{Document, Principal};
use tidegate_ports::{Credential, Identity, IdentityPolicies};
use tidegate_record::DecodeError;
use tidegate_store::{Change, Fold, KeyRange, Order, Page, Sequence, Snapshot, Space, StoreError};
use tidegate_types::AccountId;

use super::keys;
use crate::domain::{
    AccessReport, Account, Group, InstanceProfile, MfaDevice, OidcProvider, Policy, Role, Row, SamlProvider,
    ServerCertificate, State, Table, User,
};

/// All durable accounts in memory, and what the edge asks of them on each request.
#[derive(Default)]
pub struct Directory {
    memory: RwLock<Memory>,
}

#[derive(Default)]
struct Memory {
    accounts: HashMap<AccountId, Arc<State>>,
    /// Active access keys of users.
    credentials: HashMap<String, Arc<Credential>>,
    /// What was made of policies since the last change: by the ARN of a user or role.
    policies: HashMap<String, Arc<IdentityPolicies>>,
    /// Trust policies that were parsed since the last change, by the role's ARN.
    trusts: HashMap<String, Arc<Document>>,
}

impl Directory {
    /// The account, as of its last durable commit.
    pub fn state(&self, account: AccountId) -> Arc<State> {
        self.memory.read().accounts.get(&account).cloned().unwrap_or_default()
    }

    /// All accounts that have anything.
    pub fn accounts(&self) -> Vec<AccountId> {
        self.memory.read().accounts.keys().copied().collect()
    }

    /// An active access key.
    pub fn credential(&self, id: &str) -> Option<Arc<Credential>> {
        self.memory.read().credentials.get(id).cloned()
    }

    /// The account and user of an access key, active or not.
    pub fn owner_of_key(&self, id: &str) -> Option<(AccountId, Arc<User>)> {
        let memory = self.memory.read();
        memory.accounts.iter().find_map(|(account, state)| {
            let user = state.users.all().map(|(_, user)| user).find(|user| user.keys.iter().any(|key| key.id == id))?;
            Some((*account, user.clone()))
        })
    }

    /// The ids of all access keys, users and roles.
    pub fn ids(&self) -> HashSet<String> {
        let memory = self.memory.read();
        let keys = |state: &State| {
            let keys = state.users.all().flat_map(|(_, user)| user.keys.iter().map(|key| key.id.clone()));
            let users = state.users.all().map(|(_, user)| user.header.id.clone());
            keys.chain(users).chain(state.roles.all().map(|(_, role)| role.header.id.clone())).collect::<Vec<_>>()
        };
        memory.accounts.values().flat_map(|state| keys(state)).collect()
    }

    /// What `make` makes of the account for this ARN; remembered until something changes.
    pub fn policies(
        &self,
        arn: &str,
        make: impl FnOnce(&State) -> Option<IdentityPolicies>,
    ) -> Option<Arc<IdentityPolicies>> {
        self.remembered(arn, |memory| &memory.policies, |memory| &mut memory.policies, make)
    }

    /// The same for trust policies.
    pub fn trust(&self, arn: &str, make: impl FnOnce(&State) -> Option<Document>) -> Option<Arc<Document>> {
        self.remembered(arn, |memory| &memory.trusts, |memory| &mut memory.trusts, make)
    }

    fn remembered<T>(
        &self,
        arn: &str,
        cache: fn(&Memory) -> &HashMap<String, Arc<T>>,
        keep: fn(&mut Memory) -> &mut HashMap<String, Arc<T>>,
        make: impl FnOnce(&State) -> Option<T>,
    ) -> Option<Arc<T>> {
        if let Some(found) = cache(&self.memory.read()).get(arn) {
            return Some(found.clone());
        }
        // Made under the lock, so that it cannot be of a state that has changed meanwhile. This is as rare
        // as changes of policies.
        let mut memory = self.memory.write();
        let account = arn.split(':').nth(4)?.parse().ok()?;
        let made = Arc::new(make(&memory.accounts.get(&account)?.clone())?);
        keep(&mut memory).insert(arn.to_owned(), made.clone());
        Some(made)
    }
}

impl Memory {
    fn load(&mut self, sequence: Sequence, key: &Bytes, value: Option<&Bytes>) -> Result<(), DecodeError> {
        let (account, kind, name) = keys::parse(key)?;
        let state = Arc::make_mut(self.accounts.entry(account).or_default());
        match kind {
            keys::STAMP => state.version = value.map(|_| sequence),
            User::KIND => {
                let before = load(&mut state.users, name.clone(), value)?;
                let after = state.users.find(&name).cloned();
                before.iter().flat_map(|user| &user.keys).for_each(|key| drop(self.credentials.remove(&key.id)));
                if let Some(user) = after {
                    self.credentials.extend(credentials(account, &user));
                }
            }
            Group::KIND => drop(load(&mut state.groups, name, value)?),
            Role::KIND => drop(load(&mut state.roles, name, value)?),
            Policy::KIND => drop(load(&mut state.policies, name, value)?),
            InstanceProfile::KIND => drop(load(&mut state.profiles, name, value)?),
            OidcProvider::KIND => drop(load(&mut state.oidc, name, value)?),
            SamlProvider::KIND => drop(load(&mut state.saml, name, value)?),
            MfaDevice::KIND => drop(load(&mut state.devices, name, value)?),
            ServerCertificate::KIND => drop(load(&mut state.certificates, name, value)?),
            AccessReport::KIND => drop(load(&mut state.reports, name, value)?),
            Account::KIND => drop(load(&mut state.account, name, value)?),
            _ => return Err(DecodeError::Malformed { at: 0, what: "an entity of an unknown kind" }),
        }
        Ok(())
    }
}

/// Takes a record over. One that is damaged is noted, so that whoever names it is told, and everybody else is
/// served. One of a later release is refused: this one would not understand the others either.
fn load<T: Row>(table: &mut Table<T>, name: String, value: Option<&Bytes>) -> Result<Option<Arc<T>>, DecodeError> {
    match value.map(T::decode).transpose() {
        Ok(row) => Ok(table.load(name, row)),
        Err(error @ DecodeError::Newer { .. }) => Err(error),
        Err(error) => {
            tracing::error!(record = T::NAME, name, %error, "a stored record cannot be read");
            Ok(table.load_unreadable(name, &error.to_string()))
        }
    }
}

fn credentials(account: AccountId, user: &User) -> Vec<(String, Arc<Credential>)> {
    let arn = user.header.arn(account, "user");
    let identity = Arc::new(Identity {
        account,
        principal: Principal::user(account, arn.clone()),
        user_id: user.header.id.clone(),
        user_name: Some(user.header.name.clone()),
        policies_of: Some(arn),
        session: None,
    });
    let active = user.keys.iter().filter(|key| key.active);
    active
        .map(|key| {
            let secret = key.secret.clone();
            let identity = identity.clone();
            (key.id.clone(), Arc::new(Credential { secret, session_token: None, expires_at: None, identity }))
        })
        .collect()
}

impl Fold for Directory {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, keys::everything())
    }

    fn apply(&self, sequence: Sequence, changes: &[Change]) {
        let mut memory = self.memory.write();
        for Change { key, value } in changes {
            memory.load(sequence, key, value.as_ref()).expect("this service wrote it");
        }
        memory.policies.clear();
        memory.trusts.clear();
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            let prefix = keys::everything();
            let mut range = KeyRange::prefix(&prefix);
            let mut memory = Memory::default();
            loop {
                let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
                let Some(last) = page.last() else { break };
                range = KeyRange::prefix_from(&prefix, [&last.key[..], b"\0"].concat().into());
                for found in &page {
                    let record = &found.record;
                    memory.load(record.version, &found.key, Some(&record.value)).map_err(|error| {
                        StoreError::Corrupt {
                            space: Space::Map,
                            key: found.key.clone(),
                            what: error.to_string().into(),
                        }
                    })?;
                }
            }
            *self.memory.write() = memory;
            Ok(())
        }
        .boxed()
    }
}
