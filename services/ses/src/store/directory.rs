use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tidegate_policy::{Document, Version};
use tidegate_record::{DecodeError, Stored};
use tidegate_store::{Change, Fold, KeyRange, Order, Page, Sequence, Snapshot, Space, StoreError};
use tidegate_types::{AccountId, Region};
use tidegate_workers::Hint;

use super::keys;
use super::row::{Kept, Row};
use super::shelf::Place;
use crate::domain::account::Settings;
use crate::domain::configuration_set::{ConfigurationSet, EventTarget};
use crate::domain::identity::{Identity, verifying};
use crate::domain::import::{ImportJob, JobStatus};

/// What must be known without reading the store: policies of identities, where events may go, where a link of
/// a verification mail leads, and who takes mail that comes in.
#[derive(Default)]
pub(crate) struct Directory {
    memory: RwLock<Memory>,
    /// Given when a file is to be taken over.
    pub(crate) imports: Hint,
}

#[derive(Default)]
struct Memory {
    /// Policies by the identity's ARN.
    policies: HashMap<String, Arc<Document>>,
    /// Whom a token verifies.
    tokens: HashMap<String, (Place, String)>,
    /// By their places and names: the token of an identity, to be forgotten with it.
    token_of: HashMap<(Place, String), String>,
    /// Topics and buses, by who sends to them.
    targets: HashMap<(Place, u8, String), Vec<String>>,
    /// Places with an active rule set.
    receiving: HashMap<Place, String>,
    /// Jobs that wait, by when they were made.
    importing: BTreeMap<(u64, String), Place>,
}

impl Directory {
    /// The policy of an identity.
    pub(crate) fn policy(&self, arn: &str) -> Option<Arc<Document>> {
        self.memory.read().policies.get(arn).cloned()
    }

    /// Whose token it is.
    pub(crate) fn token(&self, token: &str) -> Option<(Place, String)> {
        self.memory.read().tokens.get(token).cloned()
    }

    /// The nearest identity of an address.
    pub(crate) fn nearest(&self, place: &Place, address: &str) -> Option<String> {
        let memory = self.memory.read();
        verifying(address).into_iter().find(|name| memory.token_of.contains_key(&(place.clone(), name.clone())))
    }

    /// Everywhere that events of this place may go.
    pub(crate) fn targets(&self, place: &Place) -> Vec<String> {
        let memory = self.memory.read();
        let of_place = memory.targets.iter().filter(|((own, ..), _)| own == place);
        let mut all: Vec<String> = of_place.flat_map(|(_, targets)| targets.iter().cloned()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Where anybody has identities.
    pub(crate) fn regions(&self) -> Vec<Region> {
        let all: BTreeSet<Region> = self.memory.read().token_of.keys().map(|(place, _)| place.region.clone()).collect();
        all.into_iter().collect()
    }

    /// The job that has waited longest for its file to be taken over.
    pub(crate) fn import(&self) -> Option<(Place, String)> {
        self.memory.read().importing.iter().next().map(|((_, id), place)| (place.clone(), id.clone()))
    }

    /// Where mail that comes in may be taken.
    pub(crate) fn receiving(&self) -> Vec<Place> {
        let mut places: Vec<Place> = self.memory.read().receiving.keys().cloned().collect();
        places.sort_unstable_by(|a, b| (a.account, &a.region).cmp(&(b.account, &b.region)));
        places
    }
}

impl Memory {
    fn load(&mut self, key: &Bytes, value: Option<&Bytes>) -> Result<(), DecodeError> {
        let (account, region, kind, name) = keys::parse_row(key)?;
        let place = Place { account, region };
        match kind {
            Identity::KIND => self.load_identity(place, name, read(value)?),
            ConfigurationSet::KIND => self.load_set(place, name, read(value)?),
            ImportJob::KIND => self.load_import(place, &name, read(value)?),
            Settings::KIND => {
                let settings: Option<Settings> = read(value)?;
                match settings.and_then(|settings| settings.active_rule_set) {
                    Some(active) => drop(self.receiving.insert(place, active)),
                    None => drop(self.receiving.remove(&place)),
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn load_identity(&mut self, place: Place, name: String, identity: Option<Identity>) {
        let arn = place.arn(&format!("identity/{name}"));
        if let Some(old) = self.token_of.remove(&(place.clone(), name.clone())) {
            self.tokens.remove(&old);
        }
        self.policies.remove(&arn);
        let key = (place.clone(), Identity::KIND, name.clone());
        self.targets.remove(&key);
        let Some(identity) = identity else { return };
        self.tokens.insert(identity.token.clone(), (place.clone(), name.clone()));
        self.token_of.insert((place.clone(), name), identity.token.clone());
        let topics: Vec<String> = identity.notices.values().filter_map(|notice| notice.topic.clone()).collect();
        if !topics.is_empty() {
            self.targets.insert(key, topics);
        }
        if !identity.policies.is_empty() {
            self.policies.insert(arn, Arc::new(together(&identity, place.account)));
        }
    }

    fn load_import(&mut self, place: Place, id: &str, job: Option<ImportJob>) {
        self.importing.retain(|(_, own), _| own != id);
        if let Some(job) = job.filter(|job| job.status == JobStatus::Created) {
            self.importing.insert((job.created_at, job.id), place);
        }
    }

    fn load_set(&mut self, place: Place, name: String, set: Option<ConfigurationSet>) {
        let key = (place, ConfigurationSet::KIND, name);
        let targets =
            set.iter().flat_map(|set| &set.destinations).filter_map(|destination| match &destination.target {
                EventTarget::Sns(arn) | EventTarget::EventBridge(arn) => Some(arn.clone()),
                EventTarget::CloudWatch(_) | EventTarget::Firehose { .. } | EventTarget::Pinpoint(_) => None,
            });
        let targets: Vec<String> = targets.collect();
        match targets.is_empty() {
            true => drop(self.targets.remove(&key)),
            false => drop(self.targets.insert(key, targets)),
        }
    }
}

/// All policies of an identity as one. A statement means the same wherever it stands.
fn together(identity: &Identity, owner: AccountId) -> Document {
    let all = identity.policies.values().map(|text| Document::of_resource(text, owner));
    Document { version: Version::V2012, id: None, statements: all.flat_map(|document| document.statements).collect() }
}

fn read<T: Row>(value: Option<&Bytes>) -> Result<Option<T>, DecodeError> {
    Ok(value.map(Kept::<T>::decode).transpose()?.map(|kept| kept.0))
}

impl Fold for Directory {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, keys::rows())
    }

    fn apply(&self, _: Sequence, changes: &[Change]) {
        let mut memory = self.memory.write();
        for Change { key, value } in changes {
            memory.load(key, value.as_ref()).expect("this service wrote it");
        }
        if !memory.importing.is_empty() {
            self.imports.give();
        }
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            let prefix = keys::rows();
            let mut range = KeyRange::prefix(&prefix);
            let mut memory = Memory::default();
            loop {
                let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
                let Some(last) = page.last() else { break };
                range = KeyRange::prefix_from(&prefix, [&last.key[..], b"\0"].concat().into());
                for found in &page {
                    match memory.load(&found.key, Some(&found.record.value)) {
                        Ok(()) => {}
                        Err(error @ DecodeError::Newer { .. }) => return Err(corrupt(&found.key, &error)),
                        // Whoever names it is told; everybody else is served.
                        Err(error) => tracing::error!(%error, "a stored record of SES cannot be read"),
                    }
                }
            }
            *self.memory.write() = memory;
            self.imports.give();
            Ok(())
        }
        .boxed()
    }
}

fn corrupt(key: &Bytes, error: &DecodeError) -> StoreError {
    StoreError::Corrupt { space: Space::Map, key: key.clone(), what: error.to_string().into() }
}
