//! What must hold in every store, whatever happened to it. Tests, the simulator and `tidegate check`
//! ask the same questions.
//!
//! - SQS-1: every record of SQS can be read.
//! - SQS-2: a queue's settings are ones that a client could have made, and its name says its kind.
//! - SQS-3: no two queues share the number under which their messages lie.
//! - SQS-4: a redrive policy names a queue of the same kind, account and region.
//! - SQS-5: at most one message move task runs for a source.
//! - SQS-6: a receive attempt names messages of a FIFO queue, each once.

use std::collections::{HashMap, HashSet};

use tidegate_queue::QueueId;
use tidegate_record::Stored;
use tidegate_store::{Entry, KeyRange, Order, Page, Snapshot, Space, StoreError};

use crate::domain::{MoveTask, QueueAddress};
use crate::store::{AttemptRecord, DeletedQueueRecord, QueueRecord, SecretRecord, keys};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant does not hold, such as `SQS-3`.
    pub invariant: &'static str,
    /// What was found.
    pub what: String,
}

fn violation(invariant: &'static str, what: impl Into<String>) -> Violation {
    Violation { invariant, what: what.into() }
}

/// How many records one scan reads.
const PAGE: usize = 1000;

/// Checks all records of SQS.
///
/// # Errors
/// What reading the store answers.
pub async fn check_store(snapshot: &dyn Snapshot) -> Result<Vec<Violation>, StoreError> {
    let mut found = Vec::new();
    if let Some(record) = snapshot.get(Space::Map, &keys::secret()).await? {
        readable::<SecretRecord>(&Entry { key: keys::secret(), record }, &mut found);
    }
    check_queues(&all(snapshot, keys::queues()).await?, &mut found);
    for entry in all(snapshot, keys::deleted_queues()).await? {
        readable::<DeletedQueueRecord>(&entry, &mut found);
    }
    for entry in all(snapshot, keys::attempts()).await? {
        if let Some(attempt) = readable::<AttemptRecord>(&entry, &mut found) {
            check_attempt(&attempt, &mut found);
        }
    }
    check_tasks(&all(snapshot, keys::move_tasks()).await?, &mut found);
    Ok(found)
}

async fn all(snapshot: &dyn Snapshot, prefix: bytes::Bytes) -> Result<Vec<Entry>, StoreError> {
    let mut range = KeyRange::prefix(&prefix);
    let mut entries = Vec::new();
    loop {
        let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(PAGE)).await?;
        let Some(last) = page.last() else { return Ok(entries) };
        range = KeyRange::prefix_from(&prefix, [&last.key[..], b"\0"].concat().into());
        entries.extend(page);
    }
}

fn readable<T: Stored>(entry: &Entry, found: &mut Vec<Violation>) -> Option<T> {
    let record = T::decode(&entry.record.value);
    record.map_err(|error| found.push(violation("SQS-1", format!("{} {:02x?}: {error}", T::NAME, entry.key)))).ok()
}

fn check_queues(entries: &[Entry], found: &mut Vec<Violation>) {
    let mut ids: HashMap<QueueId, QueueAddress> = HashMap::new();
    for entry in entries {
        let Some(queue) = readable::<QueueRecord>(entry, found) else { continue };
        let address = match keys::address_of(&entry.key) {
            Ok(address) => address,
            Err(error) => {
                found.push(violation("SQS-1", format!("the key {:02x?} of a queue: {error}", entry.key)));
                continue;
            }
        };
        let settings = &queue.settings;
        if !settings.is_valid() || settings.fifo.is_some() != address.name.is_fifo() {
            found.push(violation("SQS-2", format!("{} has {settings:?}", address.arn())));
        }
        if let Some(policy) = &settings.redrive {
            let target = &policy.target;
            let same_owner = (target.account, &target.region) == (address.account, &address.region);
            if !same_owner || target.name.is_fifo() != address.name.is_fifo() {
                found.push(violation("SQS-4", format!("{} redrives to {}", address.arn(), target.arn())));
            }
        }
        let arn = address.arn();
        if let Some(other) = ids.insert(queue.id, address) {
            found.push(violation("SQS-3", format!("{arn} and {} are both {:?}", other.arn(), queue.id)));
        }
    }
}

fn check_attempt(attempt: &AttemptRecord, found: &mut Vec<Violation>) {
    let mut seen = HashSet::new();
    for message in &attempt.messages {
        if !seen.insert((message.generation, message.position)) || message.lane.is_empty() {
            found.push(violation("SQS-6", format!("an attempt names {message:?}")));
        }
    }
}

fn check_tasks(entries: &[Entry], found: &mut Vec<Violation>) {
    let mut running = HashSet::new();
    for entry in entries {
        let Some(task) = readable::<MoveTask>(entry, found) else { continue };
        if task.is_running() && !running.insert(task.source.clone()) {
            found.push(violation("SQS-5", format!("two tasks run for {}", task.source.arn())));
        }
    }
}
