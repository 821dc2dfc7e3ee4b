//! What is known of the standard queue.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::bodies;
use super::faults::Faults;

/// Every message of the standard queue, by its name.
#[derive(Debug)]
pub struct Ledger {
    faults: Arc<Faults>,
    /// Orders what the clients did: each tick is later than those that were taken before.
    clock: AtomicU64,
    entries: Mutex<HashMap<String, Entry>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    acknowledged: bool,
    received: u64,
    deletion: Deletion,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Deletion {
    #[default]
    None,
    /// Asked for; the answer is awaited or never came.
    InDoubt,
    /// Acknowledged at this tick.
    At(u64),
}

impl Ledger {
    /// An empty ledger.
    pub fn new(faults: Arc<Faults>) -> Ledger {
        Ledger { faults, clock: AtomicU64::new(0), entries: Mutex::default() }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A tick. A receive takes one before it is sent: what was deleted before must not come.
    pub fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// A message is about to be sent.
    pub fn sending(&self, name: &str) {
        self.entries().insert(name.to_owned(), Entry::default());
    }

    /// Its send was acknowledged.
    pub fn sent(&self, name: &str) {
        self.entries().entry(name.to_owned()).or_default().acknowledged = true;
    }

    /// A receive that was sent at `started` brought this body. Answers the message's name.
    pub fn received(&self, text: &str, started: u64) -> Option<String> {
        let Some(name) = bodies::name(text) else {
            self.faults.note(format!(
                "a body of {} bytes that nobody sent: {:?}",
                text.len(),
                text.chars().take(60).collect::<String>()
            ));
            return None;
        };
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(name) else {
            self.faults.note(format!("message {name}, which nobody sent"));
            return None;
        };
        entry.received += 1;
        if let Deletion::At(deleted) = entry.deletion
            && deleted < started
        {
            self.faults.note(format!("message {name} came back after its deletion was acknowledged"));
        }
        Some(name.to_owned())
    }

    /// Messages are about to be deleted.
    pub fn deleting(&self, names: &[String]) {
        let mut entries = self.entries();
        for name in names {
            entries.entry(name.clone()).or_default().deletion = Deletion::InDoubt;
        }
    }

    /// Their deletion was acknowledged.
    pub fn deleted(&self, names: &[String]) {
        let tick = self.tick();
        let mut entries = self.entries();
        for name in names {
            entries.entry(name.clone()).or_default().deletion = Deletion::At(tick);
        }
    }

    /// After the queue was drained: whatever was acknowledged must have come and been deleted.
    pub fn audit(&self) {
        for (name, entry) in self.entries().iter() {
            if entry.acknowledged && entry.deletion == Deletion::None {
                self.faults.note(format!(
                    "message {name} is lost: its send was acknowledged, it came {} times and was never deleted",
                    entry.received
                ));
            }
        }
    }

    /// For the record.
    pub fn summary(&self) -> String {
        let entries = self.entries();
        let acknowledged = entries.values().filter(|entry| entry.acknowledged).count();
        let again = entries.values().filter(|entry| entry.received > 1).count();
        let doubt = entries.values().filter(|entry| entry.deletion == Deletion::InDoubt).count();
        format!(
            "standard: {acknowledged} sends acknowledged, {} in doubt, {again} messages received again, {doubt} deletions in doubt",
            entries.len() - acknowledged
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        Ledger::new(Arc::new(Faults::default()))
    }

    #[test]
    fn a_deleted_message_may_come_only_to_a_receive_that_was_already_under_way() {
        for (started_before_deletion, sound) in [(true, true), (false, false)] {
            let ledger = ledger();
            ledger.sending("1");
            ledger.sent("1");
            let early = ledger.tick();
            ledger.deleting(&["1".to_owned()]);
            ledger.deleted(&["1".to_owned()]);
            let started = if started_before_deletion { early } else { ledger.tick() };
            ledger.received(&bodies::body("1"), started);
            assert_eq!(ledger.faults.verdict().is_ok(), sound);
        }
    }

    #[test]
    fn an_acknowledged_message_that_never_comes_is_lost_and_one_in_doubt_is_not() {
        let ledger = ledger();
        ledger.sending("1");
        ledger.audit();
        assert!(ledger.faults.verdict().is_ok());
        ledger.sent("1");
        ledger.audit();
        assert!(ledger.faults.verdict().is_err());
    }
}
