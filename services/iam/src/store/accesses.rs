use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use tidegate_ports::KeyUse;
use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_store::{KeyRange, Order, Page, Space, Store, StoreError, Tx, transact};
use tidegate_types::Timestamp;

use super::uses::{SAME_MS, Use};
use super::{Directory, keys};
use crate::domain::{AccessReport, Row, Thing, manages};
use crate::error::Error;

impl Row for AccessReport {
    const THING: Thing = Thing::AccessReport;
    const KIND: u8 = 11;
    fn name(&self) -> &str {
        &self.id
    }
}

impl Stored for AccessReport {
    const NAME: &'static str = "iam access report";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.text(&self.id);
        to.text(&self.arn);
        to.bool(self.with_actions);
        to.timestamp(self.created_at);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(AccessReport {
            id: from.text()?,
            arn: from.text()?,
            with_actions: from.bool()?,
            created_at: from.timestamp()?,
        })
    }
}

/// The uses of one service: of an operation by its name, of any by the empty one.
type Operations = HashMap<String, Use>;

/// Whose use of what: an id, a service and an operation.
type Place = (String, String, String);

/// What is to be written down.
struct Due {
    write: Vec<(Bytes, Use)>,
    delete: Vec<Bytes>,
    /// The ids of users and roles that are no more.
    gone: HashSet<String>,
}

/// Which services users and roles last asked for what, by their unique ids. Like [`super::Uses`] in memory, and
/// written down once a minute: every request is an access, and takes a shared lock where it is nothing new.
#[derive(Default)]
pub struct Accesses {
    last: RwLock<HashMap<String, HashMap<String, Operations>>>,
    changed: Mutex<HashSet<Place>>,
}

fn is_fresh(last: Option<&Use>, used: &KeyUse<'_>) -> bool {
    last.is_some_and(|last| last.region == used.region && used.at < last.at.plus_millis(SAME_MS))
}

impl Accesses {
    /// What was written down.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn open(store: &dyn Store) -> Result<Accesses, StoreError> {
        let (prefix, snapshot) = (keys::accesses(), store.snapshot()?);
        let mut range = KeyRange::prefix(&prefix);
        let accesses = Accesses::default();
        loop {
            let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
            let Some(end) = page.last() else { break };
            range = KeyRange::prefix_from(&prefix, [&end.key[..], b"\0"].concat().into());
            let mut last = accesses.last.write();
            for found in &page {
                // Nothing depends on these: one that cannot be read is an access that is not known.
                match (keys::parse_access(&found.key), Use::decode(&found.record.value)) {
                    (Ok((id, service, operation)), Ok(one)) => {
                        last.entry(id).or_default().entry(service).or_default().insert(operation, one);
                    }
                    (Err(error), _) | (_, Err(error)) => {
                        tracing::warn!(key = ?found.key, %error, "who last used a service cannot be read");
                    }
                }
            }
        }
        Ok(accesses)
    }

    /// Notes that the user or role of this id asked for something.
    pub fn note(&self, id: &str, used: KeyUse<'_>) {
        let is_managing = manages(used.service, used.operation);
        let is_same = self.last.read().get(id).and_then(|services| services.get(used.service)).is_some_and(|known| {
            is_fresh(known.get(""), &used) && (!is_managing || is_fresh(known.get(used.operation), &used))
        });
        if is_same {
            return;
        }
        let one = Use { at: used.at, service: used.service.to_owned(), region: used.region.to_owned() };
        let mut last = self.last.write();
        let known = last.entry(id.to_owned()).or_default().entry(used.service.to_owned()).or_default();
        let mut changed = self.changed.lock();
        for operation in [Some(""), Some(used.operation).filter(|_| is_managing)].into_iter().flatten() {
            known.insert(operation.to_owned(), one.clone());
            changed.insert((id.to_owned(), used.service.to_owned(), operation.to_owned()));
        }
    }

    /// When a user or role last asked a service for anything.
    pub fn of_service(&self, id: &str, service: &str) -> Option<Use> {
        self.last.read().get(id)?.get(service)?.get("").cloned()
    }

    /// Which of a service's operations that manage something a user or role last asked for, and when.
    pub fn of_operations(&self, id: &str, service: &str) -> Vec<(String, Use)> {
        let last = self.last.read();
        let known = last.get(id).and_then(|services| services.get(service)).into_iter().flatten();
        known.filter(|(name, _)| !name.is_empty()).map(|(name, one)| (name.clone(), one.clone())).collect()
    }

    /// Writes down what changed, and forgets users and roles that are gone.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Commit`]; what changed then stays to be written.
    pub async fn keep(&self, store: &dyn Store, directory: &Directory) -> Result<(), Error> {
        let changed = std::mem::take(&mut *self.changed.lock());
        if changed.is_empty() {
            return Ok(());
        }
        let due = &self.due(&changed, || directory.ids());
        let kept = transact(store, &[], async |tx: &mut Tx| -> Result<(), Error> {
            due.write.iter().for_each(|(key, one)| tx.put(Space::Map, key.clone(), one.encode()));
            due.delete.iter().for_each(|key| tx.delete(Space::Map, key.clone()));
            Ok(())
        });
        if let Err(error) = kept.await {
            self.changed.lock().extend(changed);
            return Err(error.into());
        }
        // Users who came while it was written are neither among these nor among those who were known before.
        self.last.write().retain(|id, _| !due.gone.contains(id));
        Ok(())
    }

    /// What is to be written down. Whoever had asked for something before `known` says who there is, and is not among
    /// them, is gone.
    fn due(&self, changed: &HashSet<Place>, known: impl FnOnce() -> HashSet<String>) -> Due {
        let noted: Vec<String> = self.last.read().keys().cloned().collect();
        let known = known();
        let gone: HashSet<String> = noted.into_iter().filter(|id| !known.contains(id)).collect();
        let last = self.last.read();
        let find = |(id, service, operation): &Place| last.get(id)?.get(service)?.get(operation).cloned();
        let kept = changed.iter().filter(|(id, ..)| !gone.contains(id));
        let write = kept.filter_map(|key| Some((keys::access(&key.0, &key.1, &key.2), find(key)?))).collect();
        let mut delete = Vec::new();
        for id in &gone {
            for (service, known) in last.get(id).into_iter().flatten() {
                delete.extend(known.keys().map(|name| keys::access(id, service, name)));
            }
        }
        Due { write, delete, gone }
    }

    /// Forgets all of them.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Commit`].
    pub async fn forget(&self, store: &dyn Store) -> Result<(), Error> {
        self.changed.lock().clear();
        let last = std::mem::take(&mut *self.last.write());
        let mut gone = Vec::new();
        for (id, services) in &last {
            for (service, known) in services {
                gone.extend(known.keys().map(|name| keys::access(id, service, name)));
            }
        }
        for gone in gone.chunks(1000) {
            transact(store, &[], async |tx: &mut Tx| -> Result<(), Error> {
                gone.iter().for_each(|key| tx.delete(Space::Map, key.clone()));
                Ok(())
            })
            .await?;
        }
        Ok(())
    }
}

/// When: the newest of several uses, and whose it was.
pub fn newest<T>(uses: impl IntoIterator<Item = (T, Use)>, since: Timestamp) -> Option<(T, Use)> {
    uses.into_iter().filter(|(_, one)| one.at >= since).max_by_key(|(_, one)| one.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        let report = AccessReport {
            id: "i".to_owned(),
            arn: "a".to_owned(),
            with_actions: true,
            created_at: Timestamp::from_millis(300),
        };
        tidegate_record::testing::assert_golden("01016901610 1ac02".replace(' ', "").as_str(), &report);
    }

    #[test]
    fn who_comes_while_it_is_written_is_not_forgotten() {
        let accesses = Accesses::default();
        let note = |id| {
            let at = Timestamp::from_millis(1);
            accesses.note(id, KeyUse { at, service: "sqs", operation: "CreateQueue", region: "r" });
        };
        note("here");
        note("gone");
        let changed = accesses.changed.lock().clone();
        // Somebody is made, and asks for something, right after it was read who there is.
        let due = accesses.due(&changed, || {
            note("new");
            HashSet::from(["here".to_owned()])
        });
        assert_eq!(due.gone, HashSet::from(["gone".to_owned()]));
        assert_eq!((due.write.len(), due.delete.len()), (2, 2));
        assert!(due.write.iter().all(|(key, _)| keys::parse_access(key).unwrap().0 == "here"));
    }

    #[test]
    fn keys_come_back() {
        let key = keys::access("AIDA", "sqs", "CreateQueue");
        let parts = ("AIDA".to_owned(), "sqs".to_owned(), "CreateQueue".to_owned());
        assert_eq!(keys::parse_access(&key).unwrap(), parts);
    }
}
