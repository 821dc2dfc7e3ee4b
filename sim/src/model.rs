//! What the clients of a world were told, and what follows from it.
//!
//! Every check here is one-sided: it fails only where no order of events that the clients could have
//! seen explains an answer. What a client has not been told stays in doubt until it shows itself.

use std::collections::BTreeMap;

use tidegate_types::Timestamp;

use crate::history::Moment;
use crate::queues::{BRIEF_SECONDS, DELAY_SECONDS, Queue, VISIBILITY_SECONDS};

const DEDUPLICATED_FOR_MS: u64 = 5 * 60 * 1000;

/// What is known of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was offered; nobody knows whether it was taken.
    Offered,
    /// It was acknowledged: it must be there.
    Stored,
    /// Somebody asked for its deletion, or purged its queue; nobody knows what became of that.
    Leaving,
    /// Its deletion was acknowledged, at this moment: it must not come back.
    Deleted(Moment),
}

/// A message, named by its body.
#[derive(Debug, Clone)]
pub struct Message {
    /// Where it was sent to.
    pub queue: Queue,
    /// Its group, in the FIFO queue.
    pub group: Option<String>,
    /// What is known of it.
    pub fate: Fate,
    /// Its place in its group, once known.
    pub sequence: Option<u128>,
    /// When it was first offered.
    pub offered_at: Timestamp,
    /// When its being stored was last told, if it was.
    pub stored_at: Option<Timestamp>,
    /// How many of it there may be: more than one only if it was sent again after the five minutes in
    /// which that does nothing.
    pub copies: u32,
    open_again: bool,
    offered: Moment,
}

/// A message as a consumer gets it.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its body.
    pub body: String,
    /// What it is deleted with.
    pub receipt: String,
    /// Its group, in the FIFO queue.
    pub group: Option<String>,
    /// Its place in its group, in the FIFO queue.
    pub sequence: Option<u128>,
}

/// When a request was made: by number of event, and by the clock.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// The number.
    pub moment: Moment,
    /// The time.
    pub time: Timestamp,
}

/// A consumer has a message for itself.
#[derive(Debug, Clone)]
struct Holding {
    receipt: String,
    group: Option<String>,
    since: Moment,
    until: Timestamp,
}

/// Changes of a message's visibility. In a standard queue whoever once received it may change for whom it is visible, so
/// that nobody is sure to have it who received it meanwhile.
#[derive(Debug, Default)]
struct Changes {
    /// How many are asked for and not answered.
    open: u32,
    /// When the last one was answered.
    answered: Moment,
}

impl Changes {
    fn are_before(&self, moment: Moment) -> bool {
        self.open == 0 && self.answered < moment
    }
}

/// All that is known.
#[derive(Debug, Default)]
pub struct Model {
    /// Every message that was ever offered, by its body.
    pub messages: BTreeMap<String, Message>,
    holdings: BTreeMap<String, Holding>,
    changes: BTreeMap<String, Changes>,
    /// Purges that nobody was told the end of, by the moment of their start.
    purging: Vec<Moment>,
    /// The first thing that cannot be.
    pub violation: Option<String>,
}

impl Model {
    /// Notes what cannot be.
    pub fn violate(&mut self, what: String) {
        self.violation.get_or_insert(what);
    }

    fn demand(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.violate(what());
        }
    }

    /// A producer offers a message.
    pub fn offer(&mut self, body: &str, queue: Queue, group: Option<&str>, start: Start) {
        let message = Message {
            queue,
            group: group.map(str::to_owned),
            fate: Fate::Offered,
            sequence: None,
            offered_at: start.time,
            stored_at: None,
            copies: 1,
            open_again: false,
            offered: start.moment,
        };
        self.messages.insert(body.to_owned(), message);
    }

    /// A producer offers a message again, under the same deduplication id.
    pub fn offer_again(&mut self, body: &str) {
        if let Some(message) = self.messages.get_mut(body) {
            message.open_again = true;
        }
    }

    /// A message that may still be sent again without becoming two, if the answer comes soon.
    pub fn repeatable(&self, now: Timestamp) -> Vec<(String, String)> {
        let recent = |message: &Message| !message.open_again && now < message.offered_at.plus_millis(60_000);
        let fifo = self.messages.iter().filter(|(_, message)| recent(message));
        fifo.filter_map(|(body, message)| Some((body.clone(), message.group.clone()?))).collect()
    }

    /// The producer was told that its message is stored.
    pub fn stored(&mut self, body: &str, sequence: Option<u128>, now: Timestamp) {
        let purging = self.purging.clone();
        let Some(message) = self.messages.get_mut(body) else { return };
        let again = std::mem::take(&mut message.open_again);
        let late = now >= message.offered_at.plus_millis(DEDUPLICATED_FOR_MS);
        if again && late {
            message.copies += 1;
            message.sequence = None;
        } else if message.copies == 1 {
            let known = message.sequence;
            if known.is_some() && sequence.is_some() && known != sequence {
                let what = format!("{body:?} was sent twice within five minutes and got {known:?}, then {sequence:?}");
                return self.violate(what);
            }
            message.sequence = known.or(sequence);
        }
        message.stored_at = Some(now);
        if message.fate == Fate::Offered {
            // A purge that runs meanwhile may have been before it or after it.
            let swept = message.queue == Queue::Swept && !purging.is_empty();
            message.fate = if swept { Fate::Leaving } else { Fate::Stored };
        }
    }

    /// Nobody will learn what became of offering `body`.
    pub fn in_doubt(&mut self, body: &str, now: Timestamp) {
        if let Some(message) = self.messages.get_mut(body)
            && std::mem::take(&mut message.open_again)
            && now >= message.offered_at.plus_millis(DEDUPLICATED_FOR_MS)
        {
            message.copies += 1;
            message.sequence = None;
        }
    }

    /// The machine was killed: every request in flight is in doubt.
    pub fn crashed(&mut self, now: Timestamp) {
        let open: Vec<String> =
            self.messages.iter().filter(|(_, m)| m.open_again).map(|(body, _)| body.clone()).collect();
        open.iter().for_each(|body| self.in_doubt(body, now));
        // Purges that were cut off have happened or not; they do not happen later.
        self.purging.clear();
    }

    /// A consumer was given messages of `queue`, in this order.
    pub fn received(&mut self, queue: Queue, batch: &[Received], start: Start, moment: Moment, now: Timestamp) {
        for (index, received) in batch.iter().enumerate() {
            self.may_be_received(queue, received, start, now);
            if queue == Queue::Order {
                self.is_first_of_group(received, &batch[..index]);
                self.group_is_free(received, &batch[..index], start, now);
            }
        }
        for received in batch {
            let until = start.time.plus_millis(VISIBILITY_SECONDS * 1000);
            let holding =
                Holding { receipt: received.receipt.clone(), group: received.group.clone(), since: moment, until };
            if queue == Queue::Order || self.changes.get(&received.body).is_none_or(|it| it.are_before(start.moment)) {
                self.holdings.insert(received.body.clone(), holding);
            } else {
                self.holdings.remove(&received.body);
            }
        }
    }

    fn may_be_received(&mut self, queue: Queue, received: &Received, start: Start, now: Timestamp) {
        let body = &received.body;
        let Some(message) = self.messages.get(body).cloned() else {
            return self.violate(format!("{body:?} was never sent, but received"));
        };
        let home = message.queue == queue || (message.queue == Queue::Work && queue == Queue::Dead);
        self.demand(home, || format!("{body:?} was sent to {:?}, but received from {queue:?}", message.queue));
        if let Fate::Deleted(moment) = message.fate {
            self.demand(moment > start.moment, || format!("{body:?} was deleted, but came back"));
        }
        let due = message.offered_at.plus_millis(DELAY_SECONDS * 1000);
        self.demand(queue != Queue::Late || now >= due, || format!("{body:?} was received before it was due"));
        if let (Queue::Brief, Some(stored_at)) = (queue, message.stored_at) {
            let expired = stored_at.plus_millis(BRIEF_SECONDS * 1000);
            self.demand(start.time <= expired, || format!("{body:?} was received after it had expired"));
        }
        if let (Some(known), Some(sequence), 1) = (message.sequence, received.sequence, message.copies) {
            self.demand(known == sequence, || format!("{body:?} was sent as {known}, but received as {sequence}"));
        }
        let held = self.holdings.get(body).filter(|held| held.since < start.moment && now < held.until).is_some();
        self.demand(!held || message.copies > 1, || format!("{body:?} was received while another consumer had it"));
    }

    /// Of a group, nothing is handed out before what comes before it.
    fn is_first_of_group(&mut self, received: &Received, before: &[Received]) {
        let Some(sequence) = received.sequence else {
            return self.violate(format!("{:?} has no sequence number", received.body));
        };
        let skipped = self.messages.iter().find(|(body, message)| {
            message.fate == Fate::Stored
                && message.group == received.group
                && message.sequence.is_some_and(|other| other < sequence)
                && !before.iter().any(|earlier| earlier.body == **body)
        });
        if let Some((body, _)) = skipped {
            let what = format!("{:?} was received before {body:?}, which comes before it in its group", received.body);
            self.violate(what);
        }
        let in_order = before
            .iter()
            .filter(|earlier| earlier.group == received.group)
            .all(|earlier| earlier.sequence < Some(sequence));
        self.demand(in_order, || format!("{:?} is out of order within its batch", received.body));
    }

    /// Of a group, nothing is handed out while a consumer has something of it.
    fn group_is_free(&mut self, received: &Received, before: &[Received], start: Start, now: Timestamp) {
        let holder = self.holdings.iter().find(|(body, held)| {
            held.group == received.group
                && held.since < start.moment
                && now < held.until
                && !before.iter().any(|earlier| earlier.body == **body)
        });
        if let Some((body, _)) = holder {
            let what = format!("{:?} was received while another consumer had {body:?} of its group", received.body);
            self.violate(what);
        }
    }

    /// A consumer asks for a message's deletion. Answers until when that is sure to do something: with
    /// the receipt of a lease that has run out, the message may be in another's hands or in the
    /// dead-letter queue, and AWS says of such a deletion only that it succeeds.
    pub fn leaving(&mut self, received: &Received) -> Option<Timestamp> {
        let held = self.holdings.remove(&received.body);
        if let Some(message) = self.messages.get_mut(&received.body)
            && matches!(message.fate, Fate::Offered | Fate::Stored)
        {
            message.fate = Fate::Leaving;
        }
        held.filter(|held| held.receipt == received.receipt).map(|held| held.until)
    }

    /// A consumer changes how long it has a message: nothing is certain of that any more.
    pub fn releasing(&mut self, body: &str) {
        self.holdings.remove(body);
        self.changes.entry(body.to_owned()).or_default().open += 1;
    }

    /// The change was answered, or never will be.
    pub fn released(&mut self, body: &str, moment: Moment) {
        let changes = self.changes.entry(body.to_owned()).or_default();
        *changes = Changes { open: changes.open.saturating_sub(1), answered: moment };
    }

    /// The consumer was told that the message is deleted.
    pub fn deleted(&mut self, body: &str, moment: Moment) {
        if let Some(message) = self.messages.get_mut(body)
            && message.copies == 1
        {
            message.fate = Fate::Deleted(moment);
        }
    }

    /// Somebody purges [`Queue::Swept`].
    pub fn purging(&mut self, start: Start) {
        self.purging.push(start.moment);
        for message in self.messages.values_mut() {
            if message.queue == Queue::Swept && matches!(message.fate, Fate::Offered | Fate::Stored) {
                message.fate = Fate::Leaving;
            }
        }
    }

    /// The purge that began at `start` was answered; `done` if it was told to have happened.
    pub fn purged(&mut self, start: Start, done: bool, moment: Moment) {
        self.purging.retain(|purge| *purge != start.moment);
        for message in self.messages.values_mut() {
            let before = message.stored_at.is_some_and(|_| message.offered < start.moment);
            if done
                && before
                && message.queue == Queue::Swept
                && message.fate == Fate::Leaving
                && message.stored_by(start)
            {
                message.fate = Fate::Deleted(moment);
            }
        }
    }
}

impl Message {
    /// Whether it was known to be stored before `start`.
    fn stored_by(&self, start: Start) -> bool {
        self.stored_at.is_some_and(|stored_at| stored_at < start.time)
    }
}
