use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use tidegate_types::{AccountId, Region};

use super::Scanned;

/// Which query.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QueryKey {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub region: Region,
    /// Which.
    pub id: String,
}

/// How a query goes that has not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Whether it has begun.
    pub has_begun: bool,
    /// What it looked at so far.
    pub scanned: Scanned,
}

/// The queries that have not ended. Memory only: what is not here after a restart is found in the store.
#[derive(Debug, Default)]
pub struct Board(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    waiting: VecDeque<QueryKey>,
    progress: HashMap<QueryKey, Progress>,
}

impl Board {
    /// Notes a query that waits; nothing if it is known.
    pub fn add(&self, key: QueryKey) {
        let mut entries = self.0.lock();
        if entries.progress.insert(key.clone(), Progress::default()).is_none() {
            entries.waiting.push_back(key);
        }
    }

    /// The query that has waited longest, from now on begun.
    pub fn begin(&self) -> Option<QueryKey> {
        let mut entries = self.0.lock();
        loop {
            let key = entries.waiting.pop_front()?;
            // One that was stopped while it waited is not here any more.
            if let Some(progress) = entries.progress.get_mut(&key) {
                progress.has_begun = true;
                return Some(key);
            }
        }
    }

    /// Notes how a query goes. Returns whether anybody still wants it.
    pub fn advance(&self, key: &QueryKey, scanned: Scanned) -> bool {
        match self.0.lock().progress.get_mut(key) {
            Some(progress) => {
                progress.scanned = scanned;
                true
            }
            None => false,
        }
    }

    /// Puts a query back whose run failed and is to be repeated.
    pub fn repeat(&self, key: QueryKey) {
        let mut entries = self.0.lock();
        if entries.progress.contains_key(&key) {
            entries.waiting.push_back(key);
        }
    }

    /// Forgets a query that has ended or was stopped.
    pub fn remove(&self, key: &QueryKey) {
        self.0.lock().progress.remove(key);
    }

    /// Forgets all.
    pub fn clear(&self) {
        *self.0.lock() = Entries::default();
    }

    /// How a query goes.
    pub fn progress(&self, key: &QueryKey) -> Option<Progress> {
        self.0.lock().progress.get(key).copied()
    }

    /// How many queries an account has here that have not ended.
    pub fn count(&self, account: AccountId, region: &Region) -> usize {
        self.0.lock().progress.keys().filter(|key| key.account == account && key.region == *region).count()
    }
}
