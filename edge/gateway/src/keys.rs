//! Access keys: made by `tidegate keys create`, asked for at every request under `--auth enforce`.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tidegate_env::Env;
use tidegate_ports::{Credential, Credentials, Identity};
use tidegate_record::Stored;
use tidegate_store::{
    Batch, Change, CommitError, Fold, KeyRange, Order, Page, Sequence, Snapshot, Space, Store, StoreError,
};
use tidegate_types::AccountId;

use crate::stored::{self, AccessKey};

/// The letters of access key ids, as AWS has them: base 32.
const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The letters of secrets: base 64.
const SECRET_LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Keys read at once when memory is rebuilt.
const PAGE: Page = Page::of(1000);

/// All access keys, in the store and, for verification, in memory.
pub struct AccessKeys {
    store: Arc<dyn Store>,
    env: Env,
    index: Arc<Index>,
}

/// The fold: keys by id.
#[derive(Default)]
struct Index {
    by_id: RwLock<HashMap<String, Arc<AccessKey>>>,
}

impl AccessKeys {
    /// Reads all keys and follows their changes.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn open(store: Arc<dyn Store>, env: Env) -> Result<AccessKeys, StoreError> {
        let index = Arc::new(Index::default());
        store.attach(index.clone()).await?;
        Ok(AccessKeys { store, env, index })
    }

    /// The key with this id.
    pub fn get(&self, id: &str) -> Option<Arc<AccessKey>> {
        self.index.by_id.read().get(id).cloned()
    }

    /// All keys, by id.
    pub fn list(&self) -> Vec<Arc<AccessKey>> {
        let mut keys: Vec<_> = self.index.by_id.read().values().cloned().collect();
        keys.sort_by(|a, b| a.id.cmp(&b.id));
        keys
    }

    /// Makes a key for the root of `account`. It is durable when this returns.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn create(&self, account: AccountId) -> Result<AccessKey, CommitError> {
        let id = format!("AKIA{}", self.letters(ID_LETTERS, 16));
        let secret = self.letters(SECRET_LETTERS, 40);
        let key = AccessKey { id, secret, account, created_at: self.env.now() };
        let mut batch = Batch::new();
        batch.check(Space::Map, stored::access_key(&key.id), None);
        batch.put(Space::Map, stored::access_key(&key.id), key.encode());
        self.store.submit(batch).await?.durable().await?;
        Ok(key)
    }

    /// Deletes a key. Returns whether there was one.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn delete(&self, id: &str) -> Result<bool, CommitError> {
        if self.get(id).is_none() {
            return Ok(false);
        }
        let mut batch = Batch::new();
        batch.delete(Space::Map, stored::access_key(id));
        self.store.submit(batch).await?.durable().await?;
        Ok(true)
    }

    fn letters<const N: usize>(&self, alphabet: &[u8; N], count: usize) -> String {
        let mut random = vec![0; count];
        self.env.fill_random(&mut random);
        // Both alphabets have a power of two letters, so the remainder favours none.
        random.iter().map(|&byte| char::from(alphabet[usize::from(byte) % N])).collect()
    }
}

/// Whoever has such a key is the root of its account.
impl Credentials for AccessKeys {
    fn find(&self, access_key: &str) -> Option<Arc<Credential>> {
        let key = self.get(access_key)?;
        let identity = Arc::new(Identity::root(key.account));
        Some(Arc::new(Credential { secret: key.secret.clone(), session_token: None, expires_at: None, identity }))
    }
}

impl Fold for Index {
    fn watches(&self) -> (Space, Bytes) {
        (Space::Map, stored::access_keys())
    }

    fn apply(&self, _sequence: Sequence, changes: &[Change]) {
        let mut by_id = self.by_id.write();
        for change in changes {
            match change.value.as_ref().map(AccessKey::decode) {
                Some(Ok(key)) => drop(by_id.insert(key.id.clone(), Arc::new(key))),
                Some(Err(error)) => tracing::error!(%error, "an access key cannot be read; it is not accepted"),
                None => by_id.retain(|id, _| stored::access_key(id) != change.key),
            }
        }
    }

    fn rebuild<'a>(&'a self, snapshot: &'a dyn Snapshot) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut by_id = HashMap::new();
            let prefix = stored::access_keys();
            let mut range = KeyRange::prefix(&prefix);
            loop {
                let entries = snapshot.scan(Space::Map, &range, Order::Ascending, PAGE).await?;
                let Some(last) = entries.last() else { break };
                let next = [&last.key[..], &[0]].concat();
                for entry in &entries {
                    let key = AccessKey::decode(&entry.record.value).map_err(|error| StoreError::Corrupt {
                        space: Space::Map,
                        key: entry.key.clone(),
                        what: error.to_string().into(),
                    })?;
                    by_id.insert(key.id.clone(), Arc::new(key));
                }
                range = KeyRange::prefix_from(&prefix, next.into());
            }
            *self.by_id.write() = by_id;
            Ok(())
        })
    }
}
