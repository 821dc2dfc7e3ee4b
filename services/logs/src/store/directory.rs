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
use tidegate_types::{AccountId, Region};
use tidegate_workers::Hint;

use super::keys::{self, Catalogued};
use super::{GroupId, GroupRecord, MetricFilterRecord, SubscriptionRecord, behind, corrupt};
use crate::domain::GroupAddress;

/// A group as it was at one commit, with its filters.
#[derive(Debug, Clone)]
pub struct Group {
    /// Where it is and what it is called.
    pub address: GroupAddress,
    /// Everything else.
    pub record: Arc<GroupRecord>,
    filters: Arc<Filters>,
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
}

/// A metric filter, ready to be used.
#[derive(Debug, Clone)]
pub struct MetricFilter {
    /// Its settings.
    pub record: MetricFilterRecord,
    /// Its pattern, understood.
    pub pattern: Pattern,
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
}

type Owned = BTreeMap<String, Result<Arc<GroupRecord>, StoreError>>;

#[derive(Default)]
struct Known {
    groups: HashMap<(AccountId, Region), Owned>,
    filters: HashMap<GroupId, Arc<Filters>>,
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
        Group { address, record, filters }
    }

    fn apply(&mut self, key: &Bytes, value: Option<&Bytes>) -> Result<(), StoreError> {
        let named = keys::read_catalogue(key).map_err(|error| corrupt(Space::Map, key, &error))?;
        match named {
            Catalogued::Group(address) => self.set_group(key, address, value),
            Catalogued::Subscription(group, name) => {
                let filter = value.and_then(|value| subscription(key, value));
                set(&mut self.filters_of(group).subscriptions, name, filter);
            }
            Catalogued::MetricFilter(group, name) => {
                let filter = value.and_then(|value| metric_filter(key, value));
                set(&mut self.filters_of(group).metrics, name, filter);
            }
        }
        Ok(())
    }

    fn set_group(&mut self, key: &Bytes, address: GroupAddress, value: Option<&Bytes>) {
        let GroupAddress { account, region, name } = address;
        let owned = self.groups.entry((account, region)).or_default();
        match value {
            Some(value) => {
                let record = GroupRecord::decode(value).map(Arc::new);
                owned.insert(name, record.map_err(|error| corrupt(Space::Map, key, &error)));
            }
            None => {
                if let Some(Ok(gone)) = owned.remove(&name) {
                    self.filters.remove(&gone.id);
                }
            }
        }
    }

    fn filters_of(&mut self, group: GroupId) -> &mut Filters {
        Arc::make_mut(self.filters.entry(group).or_default())
    }
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
    Some(Subscription { record, pattern })
}

fn metric_filter(key: &Bytes, value: &Bytes) -> Option<MetricFilter> {
    let record = readable::<MetricFilterRecord>(key, value)?;
    let pattern = understood(key, &record.pattern)?;
    Some(MetricFilter { record, pattern })
}

fn readable<T: Stored>(key: &Bytes, value: &Bytes) -> Option<T> {
    T::decode(value).map_err(|error| tracing_unreadable(key, &error)).ok()
}

fn understood(key: &Bytes, pattern: &str) -> Option<Pattern> {
    Pattern::parse(pattern).map_err(|error| tracing_unreadable(key, &error)).ok()
}

fn tracing_unreadable(key: &Bytes, error: &dyn std::error::Error) {
    tracing::error!(?key, %error, "a filter of a log group cannot be read and is left out");
}

impl Fold for Directory {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, keys::catalogue())
    }

    fn apply(&self, _sequence: Sequence, changes: &[Change]) {
        let mut known = self.known.write();
        for Change { key, value } in changes {
            known.apply(key, value.as_ref()).expect("we made the key");
        }
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
                    known.apply(&found.key, Some(&found.record.value))?;
                }
            }
            *self.known.write() = known;
            Ok(())
        }
        .boxed()
    }
}
