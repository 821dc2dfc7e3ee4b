use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tidegate_record::{DecodeError, KeyReader, Stored};
use tidegate_store::{Change, Fold, KeyRange, Order, Page, Sequence, Snapshot, Space, StoreError};
use tidegate_types::{AccountId, Arn, Region};
use tidegate_workers::Hint;

use super::keys::{self, Catalogued};
use super::{
    AliasRecord, FunctionRecord, InvokeConfigRecord, PolicyRecord, ProvisionedRecord, RuntimeManagementRecord,
    SignedByRecord, UrlRecord, VersionRecord,
};
use crate::domain::{FunctionRef, Qualifier};

/// Which function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub region: Region,
    /// Its name.
    pub name: String,
}

impl Address {
    /// Of the function that a request names.
    pub fn of(named: &FunctionRef) -> Address {
        Address { account: named.account, region: named.region.clone(), name: named.name.clone() }
    }

    /// Its ARN, without a version.
    pub fn arn(&self) -> Arn {
        Arn::new("lambda", &self.region, self.account, format!("function:{}", self.name))
    }

    pub(super) fn read(reader: &mut KeyReader<'_>) -> Result<Address, DecodeError> {
        let account = format!("{:012}", reader.u64()?);
        let account = account.parse().map_err(|_| DecodeError::Malformed { at: 0, what: "an account" })?;
        let region = reader.text()?.parse().map_err(|_| DecodeError::Malformed { at: 0, what: "a region" })?;
        Ok(Address { account, region, name: reader.text()? })
    }
}

/// A function with all that belongs to it.
#[derive(Debug, Clone)]
pub struct Function {
    /// Which.
    pub address: Address,
    /// What its versions have in common.
    pub record: FunctionRecord,
    /// Its versions: 0 is `$LATEST`.
    pub versions: BTreeMap<u64, Arc<VersionRecord>>,
    /// Its aliases.
    pub aliases: BTreeMap<String, AliasRecord>,
    /// Its policies, by qualifier: empty for the function itself.
    pub policies: BTreeMap<String, PolicyRecord>,
    /// How its events are tried, by qualifier: `$LATEST` for the function itself.
    pub invoke_configs: BTreeMap<String, InvokeConfigRecord>,
    /// Its addresses, by qualifier: empty for the function itself.
    pub urls: BTreeMap<String, UrlRecord>,
    /// How many environments are kept ready, by version or alias.
    pub provisioned: BTreeMap<String, ProvisionedRecord>,
    /// When its versions get other versions of their runtime, by qualifier: `$LATEST` for the function itself.
    pub runtime_management: BTreeMap<String, RuntimeManagementRecord>,
    /// Its code signing configuration.
    pub signed_by: Option<SignedByRecord>,
}

impl Function {
    /// The version that a qualifier stands for, with its number. For an alias with weights `chance` decides,
    /// which is evenly spread over all numbers.
    pub fn version(&self, qualifier: &Qualifier, chance: u64) -> Option<(u64, Arc<VersionRecord>)> {
        let number = match qualifier {
            Qualifier::Latest => 0,
            Qualifier::Version(number) if *number > 0 => *number,
            Qualifier::Version(_) => return None,
            Qualifier::Alias(name) => {
                let alias = self.aliases.get(name)?;
                let mut drawn = (chance % u64::from(super::WHOLE)) as u32;
                let other = alias.routing.iter().find(|(_, share)| match drawn.checked_sub(**share) {
                    Some(rest) => {
                        drawn = rest;
                        false
                    }
                    None => true,
                });
                other.map_or(alias.version, |(version, _)| *version)
            }
        };
        Some((number, self.versions.get(&number)?.clone()))
    }

    /// `$LATEST`.
    pub fn latest(&self) -> Option<&Arc<VersionRecord>> {
        self.versions.get(&0)
    }
}

/// Every function, in memory: a fold over their records.
pub struct Directory {
    known: RwLock<Known>,
    /// Given after each change.
    changed: [Hint; 2],
}

#[derive(Default)]
struct Known {
    functions: BTreeMap<Address, Arc<Function>>,
    by_id: HashMap<u64, Address>,
    by_url: HashMap<String, (Address, String)>,
}

impl Directory {
    pub(crate) fn new(changed: [Hint; 2]) -> Directory {
        Directory { known: RwLock::default(), changed }
    }

    /// The function at an address.
    pub fn get(&self, address: &Address) -> Option<Arc<Function>> {
        self.known.read().functions.get(address).cloned()
    }

    /// Every function of an account in a region, by name.
    pub fn of_account(&self, account: AccountId, region: &Region) -> Vec<Arc<Function>> {
        let first = Address { account, region: region.clone(), name: String::new() };
        let known = self.known.read();
        let own = known.functions.range(first..).take_while(|(at, _)| at.account == account && at.region == *region);
        own.map(|(_, function)| function.clone()).collect()
    }

    /// Every function.
    pub fn all(&self) -> Vec<Arc<Function>> {
        self.known.read().functions.values().cloned().collect()
    }

    /// The function with an address for HTTP, and the qualifier of that.
    pub fn by_url(&self, id: &str) -> Option<(Arc<Function>, String)> {
        let known = self.known.read();
        let (address, qualifier) = known.by_url.get(id)?;
        Some((known.functions.get(address)?.clone(), qualifier.clone()))
    }

    /// What the functions of an account in a region have reserved together.
    pub fn reserved(&self, account: AccountId, region: &Region) -> u32 {
        self.of_account(account, region).iter().filter_map(|function| function.record.reserved).sum()
    }

    /// How many environments are kept ready of the functions that share what is not reserved.
    pub(crate) fn unreserved_provisioned(&self, account: AccountId, region: &Region) -> u32 {
        let all = self.of_account(account, region);
        let shared = all.iter().filter(|function| function.record.reserved.is_none());
        shared.map(|function| function.provisioned_together()).sum()
    }
}

impl Known {
    fn apply(&mut self, key: &Bytes, value: Option<&Bytes>) -> Result<(), StoreError> {
        let named = keys::read_catalogue(key).map_err(|error| corrupt(key, &error))?;
        match named {
            Catalogued::Function(address) => self.set_function(key, address, value),
            Catalogued::Version(id, number) => {
                let record = decode::<VersionRecord>(key, value)?.map(Arc::new);
                self.change(id, |function| set(&mut function.versions, number, record));
                Ok(())
            }
            Catalogued::Alias(id, name) => {
                let record = decode(key, value)?;
                self.change(id, |function| set(&mut function.aliases, name, record));
                Ok(())
            }
            Catalogued::Policy(id, qualifier) => {
                let record = decode(key, value)?;
                self.change(id, |function| set(&mut function.policies, qualifier, record));
                Ok(())
            }
            Catalogued::InvokeConfig(id, qualifier) => {
                let record = decode(key, value)?;
                self.change(id, |function| set(&mut function.invoke_configs, qualifier, record));
                Ok(())
            }
            Catalogued::Provisioned(id, qualifier) => {
                let record = decode(key, value)?;
                self.change(id, |function| set(&mut function.provisioned, qualifier, record));
                Ok(())
            }
            Catalogued::RuntimeManagement(id, qualifier) => {
                let record = decode(key, value)?;
                self.change(id, |function| set(&mut function.runtime_management, qualifier, record));
                Ok(())
            }
            Catalogued::SignedBy(id) => {
                let record = decode(key, value)?;
                self.change(id, |function| function.signed_by = record);
                Ok(())
            }
            Catalogued::Url(id, qualifier) => {
                let record = decode::<UrlRecord>(key, value)?;
                let Some(address) = self.by_id.get(&id).cloned() else { return Ok(()) };
                let old = self.functions.get(&address).and_then(|function| function.urls.get(&qualifier));
                if let Some(old) = old {
                    self.by_url.remove(&old.id);
                }
                if let Some(record) = &record {
                    self.by_url.insert(record.id.clone(), (address, qualifier.clone()));
                }
                self.change(id, |function| set(&mut function.urls, qualifier, record));
                Ok(())
            }
        }
    }

    fn set_function(&mut self, key: &Bytes, address: Address, value: Option<&Bytes>) -> Result<(), StoreError> {
        let Some(record) = decode::<FunctionRecord>(key, value)? else {
            if let Some(gone) = self.functions.remove(&address) {
                self.by_id.remove(&gone.record.id);
                gone.urls.values().for_each(|url| drop(self.by_url.remove(&url.id)));
            }
            return Ok(());
        };
        self.by_id.insert(record.id, address.clone());
        match self.functions.get_mut(&address) {
            Some(function) if function.record.id == record.id => Arc::make_mut(function).record = record,
            _ => {
                let function = Function {
                    address: address.clone(),
                    record,
                    versions: BTreeMap::new(),
                    aliases: BTreeMap::new(),
                    policies: BTreeMap::new(),
                    invoke_configs: BTreeMap::new(),
                    urls: BTreeMap::new(),
                    provisioned: BTreeMap::new(),
                    runtime_management: BTreeMap::new(),
                    signed_by: None,
                };
                self.functions.insert(address, Arc::new(function));
            }
        }
        Ok(())
    }

    /// Changes what belongs to a function. What is left of one that is gone changes nothing.
    fn change(&mut self, id: u64, change: impl FnOnce(&mut Function)) {
        let function = self.by_id.get(&id).and_then(|address| self.functions.get_mut(address));
        if let Some(function) = function {
            change(Arc::make_mut(function));
        }
    }
}

fn set<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => drop(map.insert(key, value)),
        None => drop(map.remove(&key)),
    }
}

fn decode<T: Stored>(key: &Bytes, value: Option<&Bytes>) -> Result<Option<T>, StoreError> {
    value.map(|value| T::decode(value).map_err(|error| corrupt(key, &error))).transpose()
}

fn corrupt(key: &Bytes, error: &DecodeError) -> StoreError {
    StoreError::Corrupt { space: Space::Map, key: key.clone(), what: error.to_string().into() }
}

impl Fold for Directory {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, keys::catalogue())
    }

    fn apply(&self, _sequence: Sequence, changes: &[Change]) {
        let mut known = self.known.write();
        for Change { key, value } in changes {
            known.apply(key, value.as_ref()).expect("this crate wrote the record in this process");
        }
    }

    fn announce(&self) {
        self.changed.iter().for_each(Hint::give);
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            let mut range = KeyRange::prefix(&keys::catalogue());
            let mut known = Known::default();
            loop {
                let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
                let Some(last) = page.last() else { break };
                range.start = [&last.key[..], &[0]].concat().into();
                for found in &page {
                    // One that cannot be read takes nothing else with it; `tidegate check` names it.
                    if let Err(error) = known.apply(&found.key, Some(&found.record.value)) {
                        tracing::error!(%error, "a record of Lambda cannot be read and is left out");
                    }
                }
            }
            *self.known.write() = known;
            Ok(())
        }
        .boxed()
    }
}
