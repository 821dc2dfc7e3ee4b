use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tidegate_policy::Document;
use tidegate_record::Stored;
use tidegate_store::{Change, Fold, KeyRange, Order, Page, Sequence, Snapshot, Space, StoreError, Tx};
use tidegate_types::{AccountId, Region};
use tidegate_workers::Hint;
use tokio::sync::watch;

use super::{Traffic, corrupt, keys};
use crate::domain::{Table, TableAddress};

/// A table as it was at one commit.
#[derive(Debug, Clone)]
pub struct Known {
    /// Where it is and what it is called.
    pub address: TableAddress,
    /// Everything else.
    pub table: Table,
    /// Its policy, as requests are held against it.
    pub policy: Option<Arc<Document>>,
    /// The same of its stream.
    pub stream_policy: Option<Arc<Document>>,
    /// The commit.
    pub version: Sequence,
    /// The largest item collection, if it has local indexes.
    pub max_collection: u64,
    /// How busy its stream's shards are since.
    pub traffic: Arc<Traffic>,
}

impl Known {
    /// A table as it was at a commit.
    pub fn new(address: TableAddress, table: Table, version: Sequence, max_collection: u64, busy: &Hint) -> Known {
        let parsed = |policy: Option<&(String, String)>| {
            policy.map(|(text, _revision)| Arc::new(Document::of_resource(text, address.account)))
        };
        let policy = parsed(table.policy.as_ref());
        let stream_policy = parsed(table.stream.as_ref().and_then(|stream| stream.policy.as_ref()));
        let shards = table.stream.as_ref().map_or(0, |stream| stream.shards.len());
        Known {
            traffic: Arc::new(Traffic::new(shards, busy.clone())),
            address,
            table,
            policy,
            stream_policy,
            max_collection,
            version,
        }
    }
}

impl Known {
    /// Makes a transaction's outcome depend on the table still being as it is known: a write that
    /// does not know of a new index would leave a hole in it.
    pub fn check_in_tx(&self, tx: &mut Tx) {
        tx.check(Space::Map, keys::table(&self.address), Some(self.version));
    }
}

type Tables = HashMap<TableAddress, Result<Arc<Known>, StoreError>>;

/// All durable tables, in memory: an operation looks its table up without reading the store.
pub struct Directory {
    /// An undecodable record is kept as the error that whoever needs the table gets.
    tables: RwLock<Tables>,
    /// Given when a table changes: there may be something to backfill, to sweep or to expire.
    changed: Vec<Hint>,
    /// Given when a shard of a stream has become busy.
    busy: Hint,
    /// The largest item collection of a table with local indexes.
    max_collection: u64,
    /// Told when a table changes, for those who wait for a shard to be closed.
    changes: watch::Sender<()>,
}

impl Directory {
    /// An empty directory that gives these hints when a table changes, and one when a shard of a stream
    /// has become busy.
    pub fn new(changed: Vec<Hint>, busy: Hint, max_collection: u64) -> Directory {
        Directory { tables: RwLock::default(), changed, busy, max_collection, changes: watch::Sender::default() }
    }

    /// The table of this address, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if its record cannot be read.
    pub fn get(&self, address: &TableAddress) -> Result<Option<Arc<Known>>, StoreError> {
        self.tables.read().get(address).cloned().transpose()
    }

    /// Every table, in no order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a record cannot be read.
    pub fn all(&self) -> Result<Vec<Arc<Known>>, StoreError> {
        self.tables.read().values().cloned().collect()
    }

    /// Changes of tables from now on. Subscribe first, then look.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// The names of the tables of an account and region, in order.
    pub fn names(&self, account: AccountId, region: &Region) -> Vec<String> {
        let tables = self.tables.read();
        let own = tables.keys().filter(|address| address.account == account && address.region == *region);
        let mut names: Vec<String> = own.map(|address| address.name.clone()).collect();
        names.sort();
        names
    }
}

fn insert(
    tables: &mut Tables,
    key: &Bytes,
    value: &Bytes,
    version: Sequence,
    directory: &Directory,
) -> Result<(), StoreError> {
    let Directory { max_collection, busy, .. } = directory;
    let address = keys::address_of(key).map_err(|error| corrupt(Space::Map, key, &error))?;
    let known = match Table::decode(value) {
        Ok(table) => Ok(Arc::new(Known::new(address.clone(), table, version, *max_collection, busy))),
        Err(error) => Err(corrupt(Space::Map, key, &error)),
    };
    tables.insert(address, known);
    Ok(())
}

impl Fold for Directory {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, keys::tables())
    }

    fn apply(&self, sequence: Sequence, changes: &[Change]) {
        let mut tables = self.tables.write();
        for Change { key, value } in changes {
            match (value, keys::address_of(key)) {
                (Some(value), _) => {
                    insert(&mut tables, key, value, sequence, self).expect("we wrote this key ourselves");
                }
                (None, Ok(address)) => {
                    tables.remove(&address);
                }
                (None, Err(_)) => {}
            }
        }
    }

    fn announce(&self) {
        self.changed.iter().for_each(Hint::give);
        self.changes.send_replace(());
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            let mut tables = Tables::new();
            let mut range = KeyRange::prefix(&keys::tables());
            loop {
                let entries = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
                let Some(last) = entries.last() else { break };
                range.start = [&last.key[..], &[0]].concat().into();
                for entry in &entries {
                    insert(&mut tables, &entry.key, &entry.record.value, entry.record.version, self)?;
                }
            }
            *self.tables.write() = tables;
            Ok(())
        }
        .boxed()
    }
}
