//! Taking messages from a queue: those that are handed out are hidden, those that have been received
//! too often go to the dead-letter queue, all in one transaction.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tidegate_protocol::ProtocolId;
use tidegate_queue::{
    Lease, MessageKey, QueueError, Reservation, Reserve, change_visibility_in_tx, enqueue_in_tx, lease_in_tx, lease_of,
    take_in_tx,
};
use tidegate_record::Stored;
use tidegate_store::{Position, Space, Tx};
use tidegate_types::Timestamp;

use super::dead_letters::{dead_letter, decode_message, message_of};
use crate::domain::{DEDUPLICATION_WINDOW_MS, MAX_MESSAGE_BYTES, Message, Receipt};
use crate::error::Error;
use crate::service::Sqs;
use crate::store::{AttemptRecord, AttemptedMessage, Queue, decode, keys};
use crate::wire::Received;

/// The most bytes of bodies that one receive reads: ten messages of the largest size and what is
/// stored with them.
pub(super) const MAX_RECEIVE_BYTES: usize = 10 * (MAX_MESSAGE_BYTES + 4096);

/// What a receive asks for.
#[derive(Debug, Clone)]
pub(super) struct Receive {
    /// At most this many messages.
    pub max: usize,
    /// At most this many bytes of them as they are stored; one is always received.
    pub max_bytes: usize,
    /// For how long they are hidden, if not for as long as the queue says.
    pub visibility_seconds: Option<u32>,
    /// The name that the client gave this attempt.
    pub attempt: Option<String>,
}

/// What was found.
pub(super) enum Taken {
    /// These, or nothing.
    Messages(Vec<Received>),
    /// Only messages that went to the dead-letter queue.
    DeadLettersOnly,
}

/// One look into the queue.
pub(super) async fn take(sqs: &Sqs, protocol: ProtocolId, queue: &Queue, receive: &Receive) -> Result<Taken, Error> {
    let now = sqs.now();
    let settings = &queue.record.settings;
    let hidden_ms = u64::from(receive.visibility_seconds.unwrap_or(settings.visibility_timeout_seconds)) * 1000;
    let taking = Taking { sqs, protocol, queue, now, visible_at: now.plus_millis(hidden_ms) };
    if let Some(attempt) = &receive.attempt
        && let Some(received) = taking.repeat(attempt).await?
    {
        return Ok(Taken::Messages(received));
    }
    let reserve = Reserve {
        max: receive.max,
        now,
        max_in_flight: sqs.options.max_in_flight,
        sent_after: queue.sent_after(now),
        max_bytes: receive.max_bytes,
    };
    let reserved = match sqs.queues.reserve(queue.id(), reserve).await {
        Ok(reserved) => reserved,
        // AWS: a standard queue answers an error, a FIFO queue nothing.
        Err(QueueError::InFlightLimit) if queue.is_fifo() => Vec::new(),
        Err(error) => return Err(Error::of_queue(error, protocol)),
    };
    if reserved.is_empty() {
        return Ok(Taken::Messages(Vec::new()));
    }
    let received = taking.settle(&reserved, receive.attempt.as_deref()).await?;
    Ok(if received.is_empty() { Taken::DeadLettersOnly } else { Taken::Messages(received) })
}

/// What becomes of a message that was set aside.
enum Fate {
    /// It is the receiver's for as long as this says.
    HandedOut(Lease),
    /// It went to the dead-letter queue.
    GivenUp,
    /// It had been deleted, hidden or purged meanwhile.
    Gone,
}

impl Fate {
    fn lease(&self) -> Option<Lease> {
        match self {
            Fate::HandedOut(lease) => Some(*lease),
            Fate::GivenUp | Fate::Gone => None,
        }
    }
}

/// A look into a queue under way.
struct Taking<'a> {
    sqs: &'a Sqs,
    protocol: ProtocolId,
    queue: &'a Queue,
    now: Timestamp,
    visible_at: Timestamp,
}

impl Taking<'_> {
    fn failed(&self, error: QueueError) -> Error {
        Error::of_queue(error, self.protocol)
    }

    /// Hands out what is reserved. If this is never awaited to its end, the reservations go back, or
    /// the commit stands and the messages are hidden for as long as if their answer had been lost.
    async fn settle(&self, reserved: &[Reservation], attempt: Option<&str>) -> Result<Vec<Received>, Error> {
        let dead_letter_queue = self.dead_letter_queue()?;
        let fates = match self.commit(reserved, dead_letter_queue.as_deref(), attempt).await {
            // The dead-letter queue was deleted this very moment: its messages stay here.
            Err(Error::NoDeadLetterQueue) => self.commit(reserved, None, attempt).await?,
            other => other?,
        };
        if let Some(target) = &dead_letter_queue {
            self.note_dead_letters(target, reserved, &fates);
        }
        self.sqs.meters.received.increment(fates.iter().filter_map(Fate::lease).count() as u64);
        let received = reserved.iter().zip(&fates).filter_map(|(reservation, fate)| Some((reservation, fate.lease()?)));
        received
            .map(|(reservation, lease)| Ok(self.received(&reservation.key, lease, message_of(reservation)?)))
            .collect()
    }

    /// Counts dead letters. One of a standard queue keeps its age, so it may expire sooner than
    /// anything that is sent now: sooner than the expiry worker would look by itself.
    fn note_dead_letters(&self, target: &Queue, reserved: &[Reservation], fates: &[Fate]) {
        let looks_at = Timestamp::from_millis(self.sqs.expiry_looks_at.load(Ordering::SeqCst));
        for (reservation, fate) in reserved.iter().zip(fates) {
            if let Fate::GivenUp = fate {
                self.sqs.meters.dead_lettered.increment(1);
                if target.expires_at(reservation.lease.sent_at) < looks_at {
                    self.sqs.expiry_due.give();
                }
            }
        }
    }

    /// The queue that takes this one's dead letters, if there is one.
    fn dead_letter_queue(&self) -> Result<Option<Arc<Queue>>, Error> {
        match &self.queue.record.settings.redrive {
            Some(policy) => Ok(self.sqs.directory.get(&policy.target)?),
            None => Ok(None),
        }
    }

    /// What becomes of each reservation.
    async fn commit(
        &self,
        reserved: &[Reservation],
        dead_letters: Option<&Queue>,
        attempt: Option<&str>,
    ) -> Result<Vec<Fate>, Error> {
        let transacted = self.sqs.transact(&[], async |tx: &mut Tx| {
            let mut fates = Vec::with_capacity(reserved.len());
            for reservation in reserved {
                fates.push(match dead_letters.filter(|_| self.is_exhausted(reservation)) {
                    Some(target) => self.give_up(tx, reservation, target).await?,
                    None => {
                        let leased = lease_in_tx(tx, reservation, self.now, self.visible_at).await;
                        leased.map_err(|error| self.failed(error))?.map_or(Fate::Gone, Fate::HandedOut)
                    }
                });
            }
            if let Some(attempt) = attempt {
                self.remember(tx, attempt, reserved, &fates);
            }
            Ok(fates)
        });
        let fates = transacted.await?.value;
        if attempt.is_some() {
            self.sqs.leftovers.note();
        }
        Ok(fates)
    }

    fn is_exhausted(&self, reservation: &Reservation) -> bool {
        let policy = &self.queue.record.settings.redrive;
        policy.as_ref().is_some_and(|policy| policy.is_exhausted(reservation.lease.receive_count))
    }

    /// Moves a message to the dead-letter queue, if it is still there.
    async fn give_up(&self, tx: &mut Tx, reservation: &Reservation, target: &Queue) -> Result<Fate, Error> {
        if !take_in_tx(tx, reservation).await.map_err(|error| self.failed(error))? {
            return Ok(Fate::Gone);
        }
        let letter = dead_letter(reservation, &self.queue.address, self.now)?;
        match enqueue_in_tx(tx, target.id(), letter).await {
            Ok(_slot) => Ok(Fate::GivenUp),
            Err(QueueError::NoSuchQueue(_)) => Err(Error::NoDeadLetterQueue),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn received(&self, key: &MessageKey, lease: Lease, message: Message) -> Received {
        let receipt = Receipt {
            queue: key.queue.0,
            generation: key.generation,
            position: key.position.0,
            lane: key.lane.0.to_vec(),
            receive_count: lease.receive_count,
            received_at: self.now,
        };
        let earlier = message.origin.as_ref();
        let first = earlier.and_then(|origin| origin.first_received_at).or(lease.first_received_at);
        Received {
            receive_count: lease.receive_count + earlier.map_or(0, |origin| origin.receive_count),
            first_received_at: first.unwrap_or(self.now),
            group: String::from_utf8_lossy(&key.lane.0).into_owned(),
            position: key.position.0,
            fifo: self.queue.is_fifo(),
            sent_at: lease.sent_at,
            receipt_handle: self.sqs.receipts.seal(&receipt),
            message,
        }
    }

    /// Notes what an attempt is handed.
    fn remember(&self, tx: &mut Tx, attempt: &str, reserved: &[Reservation], fates: &[Fate]) {
        let handed = reserved.iter().zip(fates).filter_map(|(reservation, fate)| {
            fate.lease().map(|lease| AttemptedMessage::new(&reservation.key, lease.receive_count))
        });
        let record = AttemptRecord { made_at: self.now, messages: handed.collect() };
        tx.put(Space::Map, keys::attempt(self.queue.id(), attempt), record.encode());
    }

    /// What an earlier attempt of this name was handed, if it still holds all of it: the client has
    /// lost the answer. The messages are hidden anew from now on; their receipts do not change.
    async fn repeat(&self, attempt: &str) -> Result<Option<Vec<Received>>, Error> {
        let key = &keys::attempt(self.queue.id(), attempt)[..];
        let transacted = self.sqs.transact(&[], async |tx: &mut Tx| {
            let Some(record) = tx.get(Space::Map, key).await? else { return Ok(None) };
            let record: AttemptRecord = decode(Space::Map, key, &record)?;
            if record.messages.is_empty() || record.made_at.plus_millis(DEDUPLICATION_WINDOW_MS) <= self.now {
                return Ok(None);
            }
            let mut held = Vec::with_capacity(record.messages.len());
            for message in &record.messages {
                match self.hold(tx, message).await? {
                    Some(lease) => held.push((message.key(self.queue.id()), lease)),
                    None => return Ok(None),
                }
            }
            for (key, _) in &held {
                let hidden = change_visibility_in_tx(tx, key, self.visible_at).await;
                hidden.map_err(|error| self.failed(error))?;
            }
            Ok(Some((record.made_at, held)))
        });
        let Some((made_at, held)) = transacted.await?.value else { return Ok(None) };
        let mut received = Vec::with_capacity(held.len());
        for (key, lease) in held {
            let Some(message) = self.read(&key).await? else { return Ok(None) };
            received.push(Taking { now: made_at, ..*self }.received(&key, lease, message));
        }
        Ok(Some(received))
    }

    /// The lease of a message that is still with the attempt that was handed it.
    async fn hold(&self, tx: &mut Tx, message: &AttemptedMessage) -> Result<Option<Lease>, Error> {
        let lease = lease_of(tx, &message.key(self.queue.id())).await.map_err(|error| self.failed(error))?;
        Ok(lease.filter(|lease| lease.receive_count == message.receive_count && lease.visible_at > self.now))
    }

    async fn read(&self, key: &MessageKey) -> Result<Option<Message>, Error> {
        let before = Position(key.position.0.saturating_sub(1));
        let peeked = self.sqs.queues.peek(key.queue, Some(before), 1).await.map_err(|error| self.failed(error))?;
        let found = peeked.into_iter().find(|peeked| peeked.key == *key);
        Ok(found.map(|found| decode_message(&found.body, key.position.0)).transpose()?)
    }
}
