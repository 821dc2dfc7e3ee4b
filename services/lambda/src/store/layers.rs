use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tidegate_record::{DecodeError, Stored};
use tidegate_store::{Change, Fold, KeyRange, Order, Page, Sequence, Snapshot, Space, StoreError};
use tidegate_types::{AccountId, Region};

use super::LayerVersionRecord;
use super::keys;
use crate::domain::LayerName;

/// The versions of one layer, by number. Those that were deleted are among them while functions may use them.
pub type LayerVersions = BTreeMap<u64, Arc<LayerVersionRecord>>;

/// Every layer, in memory: a fold over the records of their versions.
#[derive(Default)]
pub struct Layers {
    known: RwLock<BTreeMap<LayerName, LayerVersions>>,
}

impl Layers {
    /// A version, deleted or not.
    pub fn get(&self, name: &LayerName, version: u64) -> Option<Arc<LayerVersionRecord>> {
        self.known.read().get(name)?.get(&version).cloned()
    }

    /// A version that was not deleted.
    pub fn present(&self, name: &LayerName, version: u64) -> Option<Arc<LayerVersionRecord>> {
        self.get(name, version).filter(|version| !version.is_deleted)
    }

    /// The versions of a layer.
    pub fn versions(&self, name: &LayerName) -> LayerVersions {
        self.known.read().get(name).cloned().unwrap_or_default()
    }

    /// Every layer of an account in a region, by name.
    pub fn of_account(&self, account: AccountId, region: &Region) -> Vec<(LayerName, LayerVersions)> {
        let first = LayerName { account, region: region.clone(), name: String::new() };
        let known = self.known.read();
        let own = known.range(first..).take_while(|(at, _)| at.account == account && at.region == *region);
        own.map(|(name, versions)| (name.clone(), versions.clone())).collect()
    }

    /// Every version of every layer.
    pub fn all(&self) -> Vec<(LayerName, u64, Arc<LayerVersionRecord>)> {
        let known = self.known.read();
        let each = known.iter().flat_map(|(name, versions)| versions.iter().map(move |version| (name, version)));
        each.map(|(name, (number, record))| (name.clone(), *number, record.clone())).collect()
    }
}

fn apply(known: &mut BTreeMap<LayerName, LayerVersions>, key: &Bytes, value: Option<&Bytes>) -> Result<(), StoreError> {
    let corrupt = |error: DecodeError| StoreError::Corrupt {
        space: Space::Map,
        key: key.clone(),
        what: error.to_string().into(),
    };
    let (name, number) = keys::read_layer_version(key).map_err(corrupt)?;
    match value {
        Some(value) => {
            let record = LayerVersionRecord::decode(value).map_err(corrupt)?;
            known.entry(name).or_default().insert(number, Arc::new(record));
        }
        None => {
            if let Some(versions) = known.get_mut(&name) {
                versions.remove(&number);
                if versions.is_empty() {
                    known.remove(&name);
                }
            }
        }
    }
    Ok(())
}

impl Fold for Layers {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, keys::layer_versions())
    }

    fn apply(&self, _sequence: Sequence, changes: &[Change]) {
        let mut known = self.known.write();
        for Change { key, value } in changes {
            apply(&mut known, key, value.as_ref()).expect("this crate wrote the record in this process");
        }
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            let mut range = KeyRange::prefix(&keys::layer_versions());
            let mut known = BTreeMap::new();
            loop {
                let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
                let Some(last) = page.last() else { break };
                range.start = [&last.key[..], &[0]].concat().into();
                for found in &page {
                    // As with functions: one that cannot be read takes nothing else with it.
                    if let Err(error) = apply(&mut known, &found.key, Some(&found.record.value)) {
                        tracing::error!(%error, "a record of a layer cannot be read and is left out");
                    }
                }
            }
            *self.known.write() = known;
            Ok(())
        }
        .boxed()
    }
}
