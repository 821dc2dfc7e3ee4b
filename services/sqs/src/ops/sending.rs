//! What SendMessage, SendMessageBatch and deliveries from other services share.

use bytes::Bytes;
use tidegate_queue::{Enqueued, Lane, NewMessage, QueueError, deduplication_latch, enqueue_in_tx, enqueue_once_in_tx};
use tidegate_record::Stored;
use tidegate_store::{Committed, LatchKey, Position, Slot, Tx};
use tidegate_types::Timestamp;
use uuid::Uuid;

use crate::domain::{
    DEDUPLICATION_WINDOW_MS, Md5Digest, Outgoing, deduplication_key, md5_of_attributes, md5_of_trace_header,
    sequence_number,
};
use crate::store::Queue;

/// A message on its way into a queue: what is written, and what its sender will be told.
#[derive(Debug, Clone)]
pub(crate) struct Sending {
    id: Uuid,
    body_md5: Md5Digest,
    attributes_md5: Option<Md5Digest>,
    trace_md5: Option<Md5Digest>,
    /// In FIFO queues, under what it is remembered.
    deduplication: Option<Vec<u8>>,
    message: NewMessage,
}

/// Who sends, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender<'a> {
    /// What receivers see as the sender.
    pub name: &'a str,
    /// The trace of the request.
    pub trace: Option<&'a str>,
    /// How many resources the event has passed through.
    pub hops: u32,
    /// Product time.
    pub now: Timestamp,
}

/// Where a message was put.
#[derive(Debug, Clone)]
pub(crate) enum Placed {
    /// At the position of this slot.
    New(Slot),
    /// It was there already.
    Duplicate { position: Position, id: Uuid },
}

impl Placed {
    /// Whether it was not there before.
    pub(crate) fn is_new(&self) -> bool {
        matches!(self, Placed::New(_))
    }
}

/// Where a message lies that was sent, perhaps before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settled {
    position: Position,
    id: Uuid,
}

/// What became of a message.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub id: String,
    pub body_md5: String,
    pub attributes_md5: Option<String>,
    pub trace_md5: Option<String>,
    /// In FIFO queues.
    pub sequence_number: Option<String>,
}

impl Sending {
    /// A checked message, ready to be written.
    pub(crate) fn new(queue: &Queue, outgoing: Outgoing, id: Uuid, sender: Sender<'_>) -> Sending {
        let Sender { name, trace, hops, now } = sender;
        let settings = &queue.record.settings;
        let visible_at = now.plus_millis(u64::from(outgoing.delay_seconds) * 1000);
        let deduplication = match (settings.fifo, &outgoing.group, &outgoing.deduplication) {
            (Some(fifo), Some(group), Some(id)) => {
                Some(deduplication_key(fifo.deduplication_scope, group, id, queue.record.purged_at))
            }
            _ => None,
        };
        let visible_at =
            if settings.fifo.is_some() { visible_at.max(queue.record.shown_not_before) } else { visible_at };
        let lane = outgoing
            .group
            .as_ref()
            .map_or_else(Lane::default, |group| Lane(Bytes::copy_from_slice(group.as_str().as_bytes())));
        let body_md5 = outgoing.body_md5;
        let attributes_md5 = md5_of_attributes(&outgoing.attributes);
        let trace_md5 = outgoing.trace_header.as_deref().map(md5_of_trace_header);
        let message = outgoing.into_message(id, name.to_owned(), trace.map(str::to_owned), hops);
        let message = NewMessage { lane, body: message.encode(), sent_at: now, visible_at };
        Sending { id, body_md5, attributes_md5, trace_md5, deduplication, message }
    }

    /// The latch that writing it needs.
    pub(crate) fn latch(&self, queue: &Queue) -> Option<LatchKey> {
        self.deduplication.as_ref().map(|key| deduplication_latch(queue.id(), key))
    }

    /// Whether sending it after `other` in one transaction would be sending the same twice.
    pub(crate) fn is_duplicate_of(&self, other: &Sending) -> bool {
        self.deduplication.is_some() && self.deduplication == other.deduplication
    }

    /// Where it came to lie, now that positions are known, and under what id.
    pub(crate) fn settled(&self, placed: &Placed, committed: &Committed) -> Settled {
        match placed {
            Placed::New(slot) => Settled { position: committed.positions[slot.0 as usize], id: self.id },
            Placed::Duplicate { position, id } => Settled { position: *position, id: *id },
        }
    }

    /// What its sender is told. The digests are those of what was sent this time.
    pub(crate) fn answer(&self, settled: Settled) -> Sent {
        Sent {
            id: settled.id.to_string(),
            body_md5: self.body_md5.to_hex(),
            attributes_md5: self.attributes_md5.map(Md5Digest::to_hex),
            trace_md5: self.trace_md5.map(Md5Digest::to_hex),
            sequence_number: self.deduplication.is_some().then(|| sequence_number(settled.position.0)),
        }
    }
}

/// Writes a message into its queue, unless it is a duplicate.
pub(crate) async fn enqueue(tx: &mut Tx, queue: &Queue, sending: &Sending) -> Result<Placed, QueueError> {
    let message = sending.message.clone();
    let Some(key) = &sending.deduplication else {
        return enqueue_in_tx(tx, queue.id(), message).await.map(Placed::New);
    };
    // A later duplicate is told the first message's id.
    let note = Bytes::copy_from_slice(sending.id.as_bytes());
    match enqueue_once_in_tx(tx, queue.id(), key, note, DEDUPLICATION_WINDOW_MS, message).await? {
        Enqueued::New(slot) => Ok(Placed::New(slot)),
        Enqueued::Duplicate { position, note } => {
            let id = Uuid::from_slice(&note).expect("the note of a deduplicated message is its id");
            Ok(Placed::Duplicate { position, id })
        }
    }
}
