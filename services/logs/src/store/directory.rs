use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tidegate_logfilter::Pattern;
use tidegate_record::Stored;
use tidegate_store::{Change, Fold, KeyRange, Order, Page, Sequence, Snapshot, Space, StoreError};
use tidegate_transform::Transformer;
use tidegate_types::{AccountId, Region};
use tidegate_workers::Hint;

use super::keys::{self, Catalogued};
use super::rulebook::{AccountPolicies, AccountPolicy, Effect, Rule, Rules, about};
use super::{
    GroupClass, GroupId, GroupRecord, MetricFilterRecord, RuleKind, RuleRecord, SubscriptionRecord, behind, corrupt,
};
use crate::domain::{AccountPolicyKind, Criteria, GroupAddress, IndexedField, Masks};
use crate::error::Error;

/// A group as it was at one commit, with its filters.
#[derive(Debug, Clone)]
pub struct Group {
    /// Where it is and what it is called.
    pub address: GroupAddress,
    /// Everything else.
    pub record: Arc<GroupRecord>,
    filters: Arc<Filters>,
    rules: Arc<Rules>,
    account: Arc<AccountPolicies>,
}

#[derive(Debug, Default, Clone)]
struct Filters {
    subscriptions: BTreeMap<String, Subscription>,
    metrics: BTreeMap<String, MetricFilter>,
}

/// A subscription filter, ready to be used.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Its settings.
    pub record: SubscriptionRecord,
    /// Its pattern, understood.
    pub pattern: Pattern,
    /// Which events beside it.
    pub criteria: Option<Criteria>,
}

/// A metric filter, ready to be used.
#[derive(Debug, Clone)]
pub struct MetricFilter {
    /// Its settings.
    pub record: MetricFilterRecord,
    /// Its pattern, understood.
    pub pattern: Pattern,
    /// Which events beside it.
    pub criteria: Option<Criteria>,
}

impl Group {
    /// The number under which its streams lie.
    pub fn id(&self) -> GroupId {
        self.record.id
    }

    /// Its subscription filters by name.
    pub fn subscriptions(&self) -> &BTreeMap<String, Subscription> {
        &self.filters.subscriptions
    }

    /// Its metric filters by name.
    pub fn metric_filters(&self) -> &BTreeMap<String, MetricFilter> {
        &self.filters.metrics
    }

    /// Its account's subscription filter with its name, if that is about it.
    pub fn account_subscription(&self) -> Option<(&String, &Subscription)> {
        self.policies(AccountPolicyKind::Subscription).into_iter().find_map(|(name, policy)| match &policy.effect {
            Effect::Subscription(filter) => Some((name, &**filter)),
            _ => None,
        })
    }

    /// A rule of its own.
    pub fn rule(&self, kind: RuleKind) -> Option<&RuleRecord> {
        self.rules.records.get(&kind)
    }

    /// Its account's policies of a kind that are about it, the most particular first.
    pub fn policies(&self, kind: AccountPolicyKind) -> Vec<(&String, &AccountPolicy)> {
        about(&self.account, kind, &self.address.name)
    }

    /// Refuses what only groups of the standard class have.
    pub(crate) fn must_be_standard(&self) -> Result<(), Error> {
        if self.record.class == GroupClass::Standard { Ok(()) } else { Err(Error::OnlyStandard) }
    }

    /// What its events become. Its own transformer counts before its account's.
    pub fn transformer(&self) -> Option<Transformer> {
        if self.record.class != GroupClass::Standard {
            return None;
        }
        let of_account = |(_, policy): (&String, &AccountPolicy)| match &policy.effect {
            Effect::Transformer(transformer) => Some(transformer.clone()),
            _ => None,
        };
        let own = self.rules.transformer.clone();
        own.or_else(|| self.policies(AccountPolicyKind::Transformer).into_iter().find_map(of_account))
    }

    /// What is masked in its events: its own policy and its account's add up.
    pub fn masks(&self) -> Masks {
        let mut masks: Vec<_> = self.rules.masking.clone().into_iter().collect();
        for (_, policy) in self.policies(AccountPolicyKind::DataProtection) {
            if let Effect::Masking(masking) = &policy.effect {
                masks.push((policy.record.created_at, masking.clone()));
            }
        }
        Masks(masks)
    }

    /// The fields that its own policy indexes.
    pub fn indexed_fields(&self) -> &[IndexedField] {
        &self.rules.fields
    }
}

type Owned = BTreeMap<String, Result<Arc<GroupRecord>, StoreError>>;

#[derive(Default)]
struct Known {
    groups: HashMap<(AccountId, Region), Owned>,
    filters: HashMap<GroupId, Arc<Filters>>,
    rules: HashMap<GroupId, Arc<Rules>>,
    policies: HashMap<(AccountId, Region), Arc<AccountPolicies>>,
}

/// All durable groups and their filters, in memory: a write looks its group up without reading the store.
///
/// What an operation decides from it may be out of date by the time its transaction commits. That is as
/// if it had come a moment earlier; whether its stream is still there is checked in the transaction.
pub struct Directory {
    known: RwLock<Known>,
    /// Given when a group changes: it may keep its events for another time now.
    changed: Hint,
}

impl Directory {
    /// An empty directory, which tells `changed` of every change.
    pub fn new(changed: Hint) -> Directory {
        Directory { known: RwLock::default(), changed }
    }

    /// The group of this address, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if its record cannot be read.
    pub fn get(&self, address: &GroupAddress) -> Result<Option<Group>, StoreError> {
        let known = self.known.read();
        let owned = known.groups.get(&(address.account, address.region.clone()));
        let Some(record) = owned.and_then(|owned| owned.get(&address.name)) else { return Ok(None) };
        Ok(Some(known.group(address.clone(), record.clone()?)))
    }

    /// The groups of an account and region from behind `after` on, in order of name.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a record cannot be read.
    pub fn of_account(
        &self,
        account: AccountId,
        region: &Region,
        after: Option<&str>,
    ) -> Result<Vec<Group>, StoreError> {
        let known = self.known.read();
        let Some(owned) = known.groups.get(&(account, region.clone())) else { return Ok(Vec::new()) };
        let first = after.map_or(Bound::Unbounded, Bound::Excluded);
        let group = |(name, record): (&String, &Result<Arc<GroupRecord>, StoreError>)| {
            let address = GroupAddress { account, region: region.clone(), name: name.clone() };
            Ok(known.group(address, record.clone()?))
        };
        owned.range::<str, _>((first, Bound::Unbounded)).map(group).collect()
    }

    /// The policies of an account in a region.
    pub fn account_policies(&self, account: AccountId, region: &Region) -> Arc<AccountPolicies> {
        self.known.read().policies.get(&(account, region.clone())).cloned().unwrap_or_default()
    }

    /// Every group.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a record cannot be read.
    pub fn all(&self) -> Result<Vec<Group>, StoreError> {
        let owners: Vec<_> = self.known.read().groups.keys().cloned().collect();
        let mut all = Vec::new();
        for (account, region) in owners {
            all.extend(self.of_account(account, &region, None)?);
        }
        Ok(all)
    }
}

impl Known {
    fn group(&self, address: GroupAddress, record: Arc<GroupRecord>) -> Group {
        let filters = self.filters.get(&record.id).cloned().unwrap_or_default();
        let rules = self.rules.get(&record.id).cloned().unwrap_or_default();
        let account = self.policies.get(&(address.account, address.region.clone())).cloned().unwrap_or_default();
        Group { address, record, filters, rules, account }
    }

    fn set_group(&mut self, address: GroupAddress, record: Option<Result<Arc<GroupRecord>, StoreError>>) {
        let GroupAddress { account, region, name } = address;
        let owned = self.groups.entry((account, region)).or_default();
        match record {
            Some(record) => drop(owned.insert(name, record)),
            None => {
                if let Some(Ok(gone)) = owned.remove(&name) {
                    self.filters.remove(&gone.id);
                    self.rules.remove(&gone.id);
                }
            }
        }
    }

    fn filters_of(&mut self, group: GroupId) -> &mut Filters {
        Arc::make_mut(self.filters.entry(group).or_default())
    }
}

/// A change of what is known, ready to be made.
type Ready = Box<dyn FnOnce(&mut Known)>;

/// Understands a change of a record: what takes long, such as to compile expressions, is done here.
fn ready(key: &Bytes, value: Option<&Bytes>) -> Result<Ready, StoreError> {
    let named = keys::read_catalogue(key).map_err(|error| corrupt(Space::Map, key, &error))?;
    Ok(match named {
        Catalogued::Group(address) => {
            let decoded = |value| GroupRecord::decode(value).map_err(|error| corrupt(Space::Map, key, &error));
            let record = value.map(|value| decoded(value).map(Arc::new));
            Box::new(move |known| known.set_group(address, record))
        }
        Catalogued::Subscription(group, name) => {
            let filter = value.and_then(|value| subscription(key, value));
            Box::new(move |known| set(&mut known.filters_of(group).subscriptions, name, filter))
        }
        Catalogued::MetricFilter(group, name) => {
            let filter = value.and_then(|value| metric_filter(key, value));
            Box::new(move |known| set(&mut known.filters_of(group).metrics, name, filter))
        }
        Catalogued::Rule(group, kind) => {
            let rule = Rule::read(key, kind, value);
            Box::new(move |known| Arc::make_mut(known.rules.entry(group).or_default()).set(kind, rule))
        }
        Catalogued::AccountPolicy(account, region, kind, name) => {
            let policy = value.and_then(|value| AccountPolicy::read(key, kind, value));
            Box::new(move |known| {
                let policies = Arc::make_mut(known.policies.entry((account, region)).or_default());
                match policy {
                    Some(policy) => drop(policies.insert((kind, name), policy)),
                    None => drop(policies.remove(&(kind, name))),
                }
            })
        }
    })
}

fn set<T>(filters: &mut BTreeMap<String, T>, name: String, filter: Option<T>) {
    match filter {
        Some(filter) => drop(filters.insert(name, filter)),
        None => drop(filters.remove(&name)),
    }
}

/// A filter that cannot be read chooses nothing; `tidegate check` names it.
fn subscription(key: &Bytes, value: &Bytes) -> Option<Subscription> {
    let record = readable::<SubscriptionRecord>(key, value)?;
    let pattern = understood(key, &record.pattern)?;
    let criteria = selected(key, record.options.criteria.as_deref())?;
    Some(Subscription { record, pattern, criteria })
}

fn metric_filter(key: &Bytes, value: &Bytes) -> Option<MetricFilter> {
    let record = readable::<MetricFilterRecord>(key, value)?;
    let pattern = understood(key, &record.pattern)?;
    let criteria = selected(key, record.options.criteria.as_deref())?;
    Some(MetricFilter { record, pattern, criteria })
}

/// The fields that a filter's selection may be about.
pub const SYSTEM_FIELDS: [&str; 2] = ["@aws.account", "@aws.region"];

/// A filter's selection; `None` if it cannot be read.
fn selected(key: &Bytes, criteria: Option<&str>) -> Option<Option<Criteria>> {
    let Some(text) = criteria.filter(|text| !text.is_empty()) else { return Some(None) };
    let parsed = Criteria::parse(text, &SYSTEM_FIELDS);
    parsed.map_err(|at| unreadable(key, &format!("its selection cannot be read at {at}"))).ok().map(Some)
}

fn readable<T: Stored>(key: &Bytes, value: &Bytes) -> Option<T> {
    T::decode(value).map_err(|error| unreadable(key, &error)).ok()
}

fn understood(key: &Bytes, pattern: &str) -> Option<Pattern> {
    Pattern::parse(pattern).map_err(|error| unreadable(key, &error)).ok()
}

pub(super) fn unreadable(key: &Bytes, error: &dyn std::fmt::Display) {
    tracing::error!(?key, %error, "a filter or rule of log groups cannot be read");
}

impl Fold for Directory {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, keys::catalogue())
    }

    fn apply(&self, _sequence: Sequence, changes: &[Change]) {
        let understood = |Change { key, value }: &Change| ready(key, value.as_ref()).expect("we made the key");
        let changes: Vec<Ready> = changes.iter().map(understood).collect();
        let mut known = self.known.write();
        changes.into_iter().for_each(|change| change(&mut known));
    }

    fn announce(&self) {
        self.changed.give();
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            let mut range = KeyRange::prefix(&keys::catalogue());
            let mut known = Known::default();
            loop {
                let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
                let Some(last) = page.last() else { break };
                range.start = behind(&last.key);
                for found in &page {
                    ready(&found.key, Some(&found.record.value))?(&mut known);
                }
            }
            *self.known.write() = known;
            Ok(())
        }
        .boxed()
    }
}
