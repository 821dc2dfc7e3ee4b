//! One account as a whole: tables of entities that know which of their rows were changed.
//!
//! An operation gets a copy that shares all rows with the original, changes it like any value, and what it
//! touched is what its transaction writes. So operations are functions of an account and an input, and
//! know neither keys nor records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidegate_record::Stored;
use tidegate_store::Sequence;

use super::access::AccessReport;
use super::device::{MfaDevice, ServerCertificate};
use super::entity::{Account, Group, InstanceProfile, OidcProvider, Policy, Role, SamlProvider, User};
use crate::error::Error;

/// The kinds of things that may be missing or taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "IAM's own nouns")]
pub enum Thing {
    User,
    Group,
    Role,
    Policy,
    InstanceProfile,
    OidcProvider,
    SamlProvider,
    UserPolicy,
    GroupPolicy,
    RolePolicy,
    LoginProfile,
    AccessKey,
    Alias,
    PasswordPolicy,
    AttachablePolicy,
    PolicyVersion,
    Boundary,
    DeletionTask,
    AccessReport,
    /// A service, where the question was what a report says of it.
    ReportedService,
    MfaDevice,
    /// A device, where the question was whether a user has it.
    UsersMfaDevice,
    ServerCertificate,
    SigningCertificate,
    SshKey,
    ServiceCredential,
}

/// The key of a name: names that differ only in case are one name.
pub fn name_key(name: &str) -> String {
    name.to_lowercase()
}

/// A row of a table.
pub trait Row: Stored + Clone + PartialEq {
    /// What it is called when it is missing.
    const THING: Thing;
    /// Its byte in the keys of records; never reused.
    const KIND: u8;
    /// Its name.
    fn name(&self) -> &str;
}

/// Entities of one kind, by the keys of their names.
#[derive(Debug, Clone)]
pub struct Table<T> {
    rows: BTreeMap<String, Arc<T>>,
    /// Rows whose records cannot be read, and why: whoever names one is told so, and all others are served.
    unreadable: BTreeMap<String, Arc<str>>,
    touched: BTreeSet<String>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { rows: BTreeMap::new(), unreadable: BTreeMap::new(), touched: BTreeSet::new() }
    }
}

impl<T: Row> Table<T> {
    /// Refuses a name whose record cannot be read.
    fn readable(&self, key: &str) -> Result<(), Error> {
        match self.unreadable.get(key) {
            Some(what) => Err(Error::Unreadable { thing: T::THING, name: key.to_owned(), what: what.clone() }),
            None => Ok(()),
        }
    }

    /// The row of this name, if there is one that can be read.
    pub fn find(&self, name: &str) -> Option<&Arc<T>> {
        self.rows.get(&name_key(name))
    }

    /// The row of this name.
    ///
    /// # Errors
    /// [`Error::NoSuch`] and [`Error::Unreadable`].
    pub fn get(&self, name: &str) -> Result<&Arc<T>, Error> {
        self.readable(&name_key(name))?;
        self.find(name).ok_or_else(|| Error::NoSuch(T::THING, name.to_owned()))
    }

    /// The row of this name, to be changed.
    ///
    /// # Errors
    /// [`Error::NoSuch`] and [`Error::Unreadable`].
    pub fn edit(&mut self, name: &str) -> Result<&mut T, Error> {
        let key = name_key(name);
        self.readable(&key)?;
        let row = self.rows.get_mut(&key).ok_or_else(|| Error::NoSuch(T::THING, name.to_owned()))?;
        self.touched.insert(key);
        Ok(Arc::make_mut(row))
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`Error::Exists`] and [`Error::Unreadable`].
    pub fn add(&mut self, row: T) -> Result<(), Error> {
        let key = name_key(row.name());
        self.readable(&key)?;
        if self.rows.contains_key(&key) {
            return Err(Error::Exists(T::THING, row.name().to_owned()));
        }
        self.touched.insert(key.clone());
        self.rows.insert(key, Arc::new(row));
        Ok(())
    }

    /// Removes a row.
    ///
    /// # Errors
    /// [`Error::NoSuch`] and [`Error::Unreadable`].
    pub fn remove(&mut self, name: &str) -> Result<Arc<T>, Error> {
        let key = name_key(name);
        self.readable(&key)?;
        let row = self.rows.remove(&key).ok_or_else(|| Error::NoSuch(T::THING, name.to_owned()))?;
        self.touched.insert(key);
        Ok(row)
    }

    /// All rows, in order of name.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Arc<T>)> {
        self.rows.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows that were added, changed or (`None`) removed, by key.
    pub fn touched(&self) -> impl Iterator<Item = (&str, Option<&Arc<T>>)> {
        self.touched.iter().map(|key| (key.as_str(), self.rows.get(key)))
    }

    /// The keys of the rows that cannot be read.
    pub fn unreadable(&self) -> impl Iterator<Item = &String> {
        self.unreadable.keys()
    }

    /// Notes a stored row that cannot be read.
    pub(crate) fn load_unreadable(&mut self, key: String, what: &str) -> Option<Arc<T>> {
        self.unreadable.insert(key.clone(), what.into());
        self.rows.remove(&key)
    }

    /// Takes over a stored row.
    pub(crate) fn load(&mut self, key: String, row: Option<T>) -> Option<Arc<T>> {
        self.unreadable.remove(&key);
        match row {
            Some(row) => self.rows.insert(key, Arc::new(row)),
            None => self.rows.remove(&key),
        }
    }
}

/// An account as it was at one commit.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The commit that last changed it.
    pub version: Option<Sequence>,
    /// Its users.
    pub users: Table<User>,
    /// Its groups.
    pub groups: Table<Group>,
    /// Its roles.
    pub roles: Table<Role>,
    /// Its managed policies.
    pub policies: Table<Policy>,
    /// Its instance profiles.
    pub profiles: Table<InstanceProfile>,
    /// Its OpenID Connect providers.
    pub oidc: Table<OidcProvider>,
    /// Its SAML providers.
    pub saml: Table<SamlProvider>,
    /// Its virtual MFA devices.
    pub devices: Table<MfaDevice>,
    /// Its server certificates.
    pub certificates: Table<ServerCertificate>,
    /// Reports of last accesses that were asked for.
    pub reports: Table<AccessReport>,
    /// The one row about itself, once something was set.
    pub account: Table<Account>,
}

impl State {
    /// What the account itself has, to be changed.
    pub fn account_mut(&mut self) -> &mut Account {
        if self.account.is_empty() {
            self.account.add(Account::default()).expect("there is none");
        }
        self.account.edit("").expect("there is one now")
    }

    /// What the account itself has.
    pub fn account(&self) -> Account {
        self.account.find("").map(|account| (**account).clone()).unwrap_or_default()
    }
}
