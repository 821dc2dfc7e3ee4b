use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tidegate_protocol::Shape;
use tidegate_protocol::rest_xml::XmlReader;
use tidegate_record::Stored;
use tidegate_store::{Change, Fold, KeyRange, Order, Page, Sequence, Snapshot, Space, StoreError};
use tidegate_types::{AccountId, Arn};
use tidegate_workers::Hint;

use super::keys::{self, Catalogued};
use super::{BucketId, BucketRecord, ConfigKey, ConfigKind, ConfigRecord, behind, corrupt};

type Configs = BTreeMap<ConfigKey, Arc<Configured>>;

/// A configuration, and what it says once somebody has asked: each write into a bucket asks several.
#[derive(Debug)]
struct Configured {
    record: ConfigRecord,
    read: OnceLock<Option<Box<dyn Any + Send + Sync>>>,
}

impl Configured {
    /// What it says, if it can be read.
    fn read<T: Shape + Clone>(&self, bucket: &str, kind: ConfigKind) -> Option<T> {
        let read = || {
            let read = XmlReader::new(self.record.document.as_bytes()).and_then(|mut reader| T::read(&mut reader));
            read.map_err(|error| tracing::error!(bucket, ?kind, %error, "a configuration cannot be read")).ok()
        };
        let kept = self.read.get_or_init(|| read().map(|said| Box::new(said) as Box<dyn Any + Send + Sync>));
        // One kind is read as one type; whoever should read it as another has to read it himself.
        kept.as_ref().and_then(|said| said.downcast_ref::<T>().cloned().or_else(read))
    }
}

/// A bucket as it was at one commit, with its configurations.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub record: Arc<BucketRecord>,
    configs: Arc<Configs>,
}

impl Bucket {
    /// The number under which its objects lie.
    pub fn id(&self) -> BucketId {
        self.record.id
    }

    /// Its ARN, which names neither region nor account.
    pub fn arn(&self) -> String {
        format!("arn:aws:s3:::{}", self.name)
    }

    /// The document of the only configuration of a kind.
    pub fn document(&self, kind: ConfigKind) -> Option<&str> {
        self.configs.get(&ConfigKey::of(kind)).map(|kept| kept.record.document.as_str())
    }

    /// The configurations of a kind of which there may be several, by their ids.
    pub fn documents(&self, kind: ConfigKind) -> impl Iterator<Item = (&str, &str)> {
        let first = ConfigKey::of(kind);
        let of_kind = self.configs.range(first..).take_while(move |(key, _)| key.kind == kind);
        of_kind.map(|(key, kept)| (key.id.as_str(), kept.record.document.as_str()))
    }

    /// The only configuration of a kind, read. One that cannot be read is as good as none; it was read before
    /// it was kept, and `tidegate check` names it.
    pub fn config<T: Shape + Clone>(&self, kind: ConfigKind) -> Option<T> {
        self.configs.get(&ConfigKey::of(kind))?.read(&self.name, kind)
    }
}

#[derive(Default)]
struct Known {
    buckets: BTreeMap<String, Result<Arc<BucketRecord>, StoreError>>,
    configs: HashMap<BucketId, Arc<Configs>>,
}

/// All durable buckets, in memory: a request looks its bucket up without reading the store.
///
/// What an operation decides from it may be out of date by the time its transaction commits; whatever writes
/// into a bucket checks its record once more in the transaction.
pub struct Directory {
    known: RwLock<Known>,
    /// Given when a bucket changes: what lifecycle has to do may be another thing now.
    changed: Hint,
    /// Whether requests of some bucket are logged, or were since the server started: most servers have no logs, and
    /// need not look.
    has_logs: AtomicBool,
}

impl Directory {
    /// An empty directory, which tells `changed` of every change.
    pub fn new(changed: Hint) -> Directory {
        Directory { known: RwLock::default(), changed, has_logs: AtomicBool::new(false) }
    }

    /// Whether there may be buckets whose requests are logged.
    pub(crate) fn has_logs(&self) -> bool {
        self.has_logs.load(Ordering::Relaxed)
    }

    fn note_logs(&self, key: &[u8]) {
        let is_log = |found| matches!(found, Catalogued::Config(_, config) if config.kind == ConfigKind::Logging);
        if keys::read_catalogue(key).is_ok_and(is_log) {
            self.has_logs.store(true, Ordering::Relaxed);
        }
    }

    /// The bucket of this name, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if its record cannot be read.
    pub fn get(&self, name: &str) -> Result<Option<Bucket>, StoreError> {
        let known = self.known.read();
        known.buckets.get(name).map(|record| known.bucket(name, record.clone()?)).map_or(Ok(None), |b| b.map(Some))
    }

    /// The buckets of an account, or all of them, in order of their names.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a record cannot be read.
    pub fn of_account(&self, account: Option<AccountId>) -> Result<Vec<Bucket>, StoreError> {
        let known = self.known.read();
        let mut all = Vec::new();
        for (name, record) in &known.buckets {
            let record = record.clone()?;
            if account.is_none_or(|account| account == record.account) {
                all.push(known.bucket(name, record)?);
            }
        }
        Ok(all)
    }

    /// The bucket of an ARN such as `arn:aws:s3:::bucket/key`.
    pub fn of_arn(&self, arn: &Arn) -> Option<Bucket> {
        let name = arn.resource.split('/').next()?;
        self.get(name).ok().flatten()
    }
}

impl Known {
    fn bucket(&self, name: &str, record: Arc<BucketRecord>) -> Result<Bucket, StoreError> {
        let configs = self.configs.get(&record.id).cloned().unwrap_or_default();
        Ok(Bucket { name: name.to_owned(), record, configs })
    }

    fn apply(&mut self, key: &Bytes, value: Option<&Bytes>) -> Result<(), StoreError> {
        match keys::read_catalogue(key).map_err(|error| corrupt(Space::Map, key, &error))? {
            Catalogued::Bucket(name) => match value {
                Some(value) => {
                    let record = BucketRecord::decode(value).map(Arc::new);
                    self.buckets.insert(name, record.map_err(|error| corrupt(Space::Map, key, &error)));
                }
                None => {
                    if let Some(Ok(gone)) = self.buckets.remove(&name) {
                        self.configs.remove(&gone.id);
                    }
                }
            },
            Catalogued::Config(bucket, config) => match value {
                Some(value) => match ConfigRecord::decode(value) {
                    Ok(record) => {
                        Arc::make_mut(self.configs.entry(bucket).or_default())
                            .insert(config, Arc::new(Configured { record, read: OnceLock::new() }));
                    }
                    Err(error) => tracing::error!(?key, %error, "a bucket's configuration cannot be read"),
                },
                // The bucket may have gone first, with all that it had.
                None => {
                    if let Some(configs) = self.configs.get_mut(&bucket) {
                        Arc::make_mut(configs).remove(&config);
                    }
                }
            },
        }
        Ok(())
    }
}

impl Fold for Directory {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, keys::catalogue())
    }

    fn apply(&self, _sequence: Sequence, changes: &[Change]) {
        let mut known = self.known.write();
        for Change { key, value } in changes {
            known.apply(key, value.as_ref()).expect("we made the key");
            self.note_logs(key);
        }
    }

    fn announce(&self) {
        self.changed.give();
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            let mut known = Known::default();
            let mut range = KeyRange::prefix(&keys::catalogue());
            loop {
                let entries = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
                let Some(last) = entries.last() else { break };
                range.start = behind(&last.key);
                for entry in &entries {
                    known.apply(&entry.key, Some(&entry.record.value))?;
                    self.note_logs(&entry.key);
                }
            }
            *self.known.write() = known;
            Ok(())
        }
        .boxed()
    }
}
