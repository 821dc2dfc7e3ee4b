//! What must hold when nothing moves, and at the end of a world.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_queue::invariants;
use tidegate_store::Store;

use crate::clients::Clients;
use crate::clock::SimClock;
use crate::machine::Machine;
use crate::model::Fate;
use crate::queues::Queue;
use crate::tables;

/// Longer than every lease, delay and short retention; shorter than the long retention.
const LONG: Duration = Duration::from_secs(2 * 3600);

/// Checks the numbered invariants of queues and service: what is stored, and that memory equals a rebuild.
pub async fn invariants(machine: &Machine, clients: &Clients) {
    let snapshot = match machine.store.snapshot() {
        Ok(snapshot) => snapshot,
        Err(error) => return clients.model.borrow_mut().violate(format!("the store is not there: {error}")),
    };
    let stored = invariants::check_store(&*snapshot).await;
    let memory = invariants::check_memory(&machine.queues).await;
    let services = tidegate_sqs::invariants::check_store(&*snapshot).await;
    let violations: Vec<String> = match (stored, memory, services) {
        (Ok(stored), Ok(memory), Ok(services)) => {
            let queues =
                [stored, memory].concat().into_iter().map(|found| format!("{}: {}", found.invariant, found.what));
            queues.chain(services.into_iter().map(|found| format!("{}: {}", found.invariant, found.what))).collect()
        }
        (stored, memory, services) => vec![format!(
            "the invariants could not be checked: {:?} {:?} {:?}",
            stored.err(),
            memory.err(),
            services.err()
        )],
    };
    violations.into_iter().for_each(|violation| clients.model.borrow_mut().violate(violation));
    tables::invariants(machine, clients).await;
}

/// Takes everything out of every queue and compares it with what the clients were told. Returns how
/// many messages and items there were.
pub async fn everything(machine: &Machine, clients: &Clients, clock: &SimClock) -> u64 {
    let items = tables::everything(machine, clients).await;
    invariants(machine, clients).await;
    let counted = counts(machine, clients).await;
    clock.advance(LONG);
    let mut found: BTreeMap<String, u32> = BTreeMap::new();
    // The dead-letter queue last: taking from the other may move messages there.
    let order = [Queue::Work, Queue::Late, Queue::Order, Queue::Swept, Queue::Brief, Queue::Dead];
    let mut taken: BTreeMap<Queue, u64> = BTreeMap::new();
    for queue in order {
        while let Some(batch) = clients.receive(&machine.sqs, queue, 0).await {
            if batch.is_empty() || clients.model.borrow().violation.is_some() {
                break;
            }
            for message in batch {
                clients.delete(&machine.sqs, queue, &message).await;
                *found.entry(message.body).or_default() += 1;
                *taken.entry(queue).or_default() += 1;
            }
        }
    }
    compare_counts(clients, &counted, &taken);
    compare(clients, &found);
    let left = counts(machine, clients).await;
    if left.iter().any(|(queue, count)| *count > 0 && *queue != Queue::Brief) {
        clients.model.borrow_mut().violate(format!("everything was taken, but the counts say {left:?}"));
    }
    invariants(machine, clients).await;
    items + found.values().map(|count| u64::from(*count)).sum::<u64>()
}

/// Nothing acknowledged is lost; nothing is there more often than it may.
fn compare(clients: &Clients, found: &BTreeMap<String, u32>) {
    let mut model = clients.model.borrow_mut();
    let mut violations = Vec::new();
    for (body, message) in &model.messages {
        let count = found.get(body).copied().unwrap_or(0);
        // What was found has been deleted by the audit itself: what is still stored was not found.
        let must_be_there = message.fate == Fate::Stored && message.queue != Queue::Brief;
        if must_be_there && count == 0 {
            violations.push(format!("{body:?} was acknowledged, but is lost"));
        }
        if count > message.copies {
            violations.push(format!("{body:?} is there {count} times, but may be {} times", message.copies));
        }
    }
    violations.into_iter().for_each(|violation| model.violate(violation));
}

/// Counts are exact: what they said is what was there. Messages that expire are not compared, and
/// those of the two queues between which messages move are compared together.
fn compare_counts(clients: &Clients, counted: &BTreeMap<Queue, u64>, taken: &BTreeMap<Queue, u64>) {
    let of = |counts: &BTreeMap<Queue, u64>, queues: &[Queue]| -> u64 {
        queues.iter().filter_map(|queue| counts.get(queue)).sum()
    };
    let together: [&[Queue]; 4] = [&[Queue::Work, Queue::Dead], &[Queue::Late], &[Queue::Order], &[Queue::Swept]];
    for queues in together {
        let (said, was) = (of(counted, queues), of(taken, queues));
        if said != was {
            clients.model.borrow_mut().violate(format!("{queues:?} counted {said} messages, but held {was}"));
        }
    }
}

async fn counts(machine: &Machine, clients: &Clients) -> BTreeMap<Queue, u64> {
    let mut counts = BTreeMap::new();
    for queue in Queue::ALL {
        let input = json!({ "QueueUrl": queue.url(), "AttributeNames": ["All"] });
        if let (_, Ok(output)) = clients.call(&machine.sqs, "GetQueueAttributes", &input).await {
            let number = |name: &str| -> u64 {
                let text = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
                text(&output["Attributes"][name]).unwrap_or(0)
            };
            let total = number("ApproximateNumberOfMessages")
                + number("ApproximateNumberOfMessagesNotVisible")
                + number("ApproximateNumberOfMessagesDelayed");
            counts.insert(queue, total);
        }
    }
    counts
}
