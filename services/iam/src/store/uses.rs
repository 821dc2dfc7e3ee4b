use std::collections::{HashMap, HashSet};

use parking_lot::{Mutex, RwLock};
use tidegate_ports::KeyUse;
use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_store::{KeyRange, Order, Page, Space, Store, StoreError, Tx, transact};
use tidegate_types::Timestamp;

use super::{Directory, keys};
use crate::error::Error;

/// Uses that are closer together than this are one.
pub(super) const SAME_MS: u64 = 60_000;

/// What an access key or a role was last used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// When: product time.
    pub at: Timestamp,
    /// The service's name.
    pub service: String,
    /// Where.
    pub region: String,
}

impl Stored for Use {
    const NAME: &'static str = "iam last use";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.at);
        to.text(&self.service);
        to.text(&self.region);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Use { at: from.timestamp()?, service: from.text()?, region: from.text()? })
    }
}

/// When access keys and roles were last used, by their unique ids. In memory, because every request is a use;
/// what changed is written down once a minute, so a crash forgets the uses of the last one. AWS's are known
/// after minutes too.
#[derive(Default)]
pub struct Uses {
    last: RwLock<HashMap<String, Use>>,
    changed: Mutex<HashSet<String>>,
}

impl Uses {
    /// What was written down.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn open(store: &dyn Store) -> Result<Uses, StoreError> {
        let (prefix, snapshot) = (keys::uses(), store.snapshot()?);
        let mut range = KeyRange::prefix(&prefix);
        let mut last = HashMap::new();
        loop {
            let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
            let Some(end) = page.last() else { break };
            range = KeyRange::prefix_from(&prefix, [&end.key[..], b"\0"].concat().into());
            for found in &page {
                // Nothing depends on these: one that cannot be read is a use that is not known.
                match (keys::parse_use(&found.key), Use::decode(&found.record.value)) {
                    (Ok(id), Ok(one)) => drop(last.insert(id, one)),
                    (Err(error), _) | (_, Err(error)) => {
                        tracing::warn!(key = ?found.key, %error, "when a key was last used cannot be read");
                    }
                }
            }
        }
        Ok(Uses { last: RwLock::new(last), changed: Mutex::default() })
    }

    /// Notes a use. Most are the same as the one before, and take a shared lock.
    pub fn note(&self, id: &str, used: KeyUse<'_>) {
        let is_same = self.last.read().get(id).is_some_and(|last| {
            last.service == used.service && last.region == used.region && used.at < last.at.plus_millis(SAME_MS)
        });
        if !is_same {
            let one = Use { at: used.at, service: used.service.to_owned(), region: used.region.to_owned() };
            self.last.write().insert(id.to_owned(), one);
            self.changed.lock().insert(id.to_owned());
        }
    }

    /// The last use of an access key.
    pub fn of_key(&self, id: &str) -> Option<Use> {
        self.last.read().get(id).cloned()
    }

    /// The last use of a session of a role.
    pub fn of_role(&self, id: &str) -> Option<Use> {
        self.of_key(id)
    }

    /// Writes down what changed, and forgets keys and roles that are gone.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Commit`]; what changed then stays to be written.
    pub async fn keep(&self, store: &dyn Store, directory: &Directory) -> Result<(), Error> {
        let changed = std::mem::take(&mut *self.changed.lock());
        if changed.is_empty() {
            return Ok(());
        }
        let known = directory.ids();
        let gone: Vec<String> = self.last.read().keys().filter(|id| !known.contains(*id)).cloned().collect();
        let write: Vec<(String, Use)> = {
            let last = self.last.read();
            let kept = changed.iter().filter(|id| known.contains(*id));
            kept.filter_map(|id| Some((id.clone(), last.get(id)?.clone()))).collect()
        };
        let (write, gone) = (&write, &gone);
        let kept = transact(store, &[], async |tx: &mut Tx| -> Result<(), Error> {
            write.iter().for_each(|(id, one)| tx.put(Space::Map, keys::last_use(id), one.encode()));
            gone.iter().for_each(|id| tx.delete(Space::Map, keys::last_use(id)));
            Ok(())
        });
        if let Err(error) = kept.await {
            self.changed.lock().extend(changed);
            return Err(error.into());
        }
        let mut last = self.last.write();
        gone.iter().for_each(|id| drop(last.remove(id)));
        Ok(())
    }

    /// Forgets all of them.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Commit`].
    pub async fn forget(&self, store: &dyn Store) -> Result<(), Error> {
        self.changed.lock().clear();
        let ids: Vec<String> = std::mem::take(&mut *self.last.write()).into_keys().collect();
        for ids in ids.chunks(1000) {
            transact(store, &[], async |tx: &mut Tx| -> Result<(), Error> {
                ids.iter().for_each(|id| tx.delete(Space::Map, keys::last_use(id)));
                Ok(())
            })
            .await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        let one = Use { at: Timestamp::from_millis(300), service: "sqs".to_owned(), region: "eu".to_owned() };
        tidegate_record::testing::assert_golden("01ac02037371730265 75".replace(' ', "").as_str(), &one);
    }
}
