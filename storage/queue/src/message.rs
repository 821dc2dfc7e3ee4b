//! Sending, and changing or deleting a message by its key.

use tidegate_record::Stored;
use tidegate_store::{Sequence, Slot, Space, StoreError, Tx};
use tidegate_types::Timestamp;

use crate::records::{Body, Due, QueueRecord, decode};
use crate::{Discipline, Lease, MessageKey, NewMessage, QueueError, QueueId, keys};

/// Creates a queue. The number must be new.
pub fn create_in_tx(tx: &mut Tx, queue: QueueId, discipline: Discipline) {
    let key = keys::queue(queue);
    tx.check(Space::Queue, key.clone(), None);
    tx.put(Space::Queue, key, QueueRecord { discipline, generation: 0 }.encode());
}

/// Deletes a queue and, in time, all that it held. In the same transaction nothing else of it may be used.
///
/// # Errors
/// [`QueueError::NoSuchQueue`].
pub async fn drop_in_tx(tx: &mut Tx, queue: QueueId) -> Result<(), QueueError> {
    let record = read_queue(tx, queue).await?;
    tx.delete(Space::Queue, keys::queue(queue));
    tx.put(Space::Queue, keys::garbage(queue, record.generation), Vec::new());
    Ok(())
}

/// Empties a queue: what was sent before this commit is gone, what is sent after it is not.
///
/// # Errors
/// [`QueueError::NoSuchQueue`].
pub async fn purge_in_tx(tx: &mut Tx, queue: QueueId) -> Result<(), QueueError> {
    let record = read_queue(tx, queue).await?;
    let generation = record.generation + 1;
    tx.put(Space::Queue, keys::queue(queue), QueueRecord { generation, ..record }.encode());
    tx.put(Space::Queue, keys::garbage(queue, record.generation), Vec::new());
    Ok(())
}

/// Sends a message. The queue's existence is checked when the transaction is accepted.
///
/// # Errors
/// [`QueueError::NoSuchQueue`].
pub async fn enqueue_in_tx(tx: &mut Tx, queue: QueueId, message: NewMessage) -> Result<Slot, QueueError> {
    let QueueRecord { generation, .. } = read_queue(tx, queue).await?;
    let NewMessage { lane, body, sent_at, visible_at } = message;
    let lease = Lease { sent_at, visible_at: visible_at.max(sent_at), receive_count: 0, first_received_at: None };
    let slot = tx.position();
    let nothing = bytes::Bytes::new();
    if lease.has_due_entry() {
        let before = keys::due_before_position(queue, generation, visible_at);
        let entry = Due { lane: lane.0.clone(), sent_at };
        tx.put_at(Space::Queue, before, slot, nothing.clone(), entry.encode());
    }
    tx.put_at(Space::Queue, keys::lane(queue, generation, &lane.0), slot, nothing.clone(), lease.encode());
    let body = Body { lane: lane.0, body }.encode();
    tx.put_at(Space::Log, keys::bodies(queue, generation), slot, nothing, body);
    Ok(slot)
}

/// The present lease of a message in accepted state; `None` if it was deleted, purged or expired.
///
/// # Errors
/// What the store answers.
pub async fn lease_of(tx: &mut Tx, key: &MessageKey) -> Result<Option<Lease>, QueueError> {
    Ok(versioned_lease(tx, key).await?.map(|(_, lease)| lease))
}

/// Deletes a message by its key; nothing if it is gone already. Returns whether it was there.
///
/// # Errors
/// What the store answers.
pub async fn delete_in_tx(tx: &mut Tx, key: &MessageKey) -> Result<bool, QueueError> {
    let Some((_, lease)) = versioned_lease(tx, key).await? else { return Ok(false) };
    erase(tx, key, &lease);
    Ok(true)
}

/// Moves the end of a message's lease to `visible_at` without counting a receive; a message that
/// was never received is delayed until then. Returns whether the message was there.
///
/// # Errors
/// What the store answers.
pub async fn change_visibility_in_tx(tx: &mut Tx, key: &MessageKey, visible_at: Timestamp) -> Result<bool, QueueError> {
    let Some((_, lease)) = versioned_lease(tx, key).await? else { return Ok(false) };
    rewrite(tx, key, &lease, Lease { visible_at, ..lease });
    Ok(true)
}

/// The lease of a message and the commit that wrote it, unless the queue or its generation is gone.
pub(crate) async fn versioned_lease(tx: &mut Tx, key: &MessageKey) -> Result<Option<(Sequence, Lease)>, StoreError> {
    if !is_live(tx, key).await? {
        return Ok(None);
    }
    let at = keys::lease(key);
    match tx.get(Space::Queue, &at).await? {
        Some(record) => Ok(Some((record.version, decode(Space::Queue, &at, &record)?))),
        None => Ok(None),
    }
}

/// Whether the queue of a message is there, in the message's generation.
pub(crate) async fn is_live(tx: &mut Tx, key: &MessageKey) -> Result<bool, StoreError> {
    Ok(find_queue(tx, key.queue).await?.is_some_and(|queue| queue.generation == key.generation))
}

/// Replaces a lease and keeps the due index true to it.
///
/// The old due entry is deleted before the lease is written: the fold learns from it which state
/// an unread message was in.
pub(crate) fn rewrite(tx: &mut Tx, key: &MessageKey, old: &Lease, new: Lease) {
    delete_due(tx, key, old);
    tx.put(Space::Queue, keys::lease(key), new.encode());
    if new.has_due_entry() {
        let at = keys::due(key.queue, key.generation, new.visible_at, key.position.0);
        tx.put(Space::Queue, at, Due { lane: key.lane.0.clone(), sent_at: new.sent_at }.encode());
    }
}

/// Deletes all records of a message.
pub(crate) fn erase(tx: &mut Tx, key: &MessageKey, lease: &Lease) {
    delete_due(tx, key, lease);
    tx.delete(Space::Queue, keys::lease(key));
    tx.delete(Space::Log, keys::body(key.queue, key.generation, key.position.0));
}

fn delete_due(tx: &mut Tx, key: &MessageKey, lease: &Lease) {
    if lease.has_due_entry() {
        tx.delete(Space::Queue, keys::due(key.queue, key.generation, lease.visible_at, key.position.0));
    }
}

/// The queue's record in accepted state. It is always read, never remembered: a read of accepted
/// state costs about a microsecond, and memory that lags behind it would make transactions conflict
/// with themselves.
async fn read_queue(tx: &mut Tx, queue: QueueId) -> Result<QueueRecord, QueueError> {
    find_queue(tx, queue).await?.ok_or(QueueError::NoSuchQueue(queue))
}

async fn find_queue(tx: &mut Tx, queue: QueueId) -> Result<Option<QueueRecord>, StoreError> {
    let key = keys::queue(queue);
    match tx.get(Space::Queue, &key).await? {
        Some(record) => decode(Space::Queue, &key, &record).map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamped_keys_are_the_keys_that_are_read() {
        let queue = QueueId(3);
        let stamp = |before: bytes::Bytes| [&before[..], &9u64.to_be_bytes()].concat();
        assert_eq!(stamp(keys::bodies(queue, 1)), *keys::body(queue, 1, 9));
        assert_eq!(stamp(keys::lane(queue, 1, b"g")), *keys::lane_from(queue, 1, b"g", 9));
        let due = Timestamp::from_millis(4);
        assert_eq!(stamp(keys::due_before_position(queue, 1, due)), keys::due(queue, 1, due, 9));
    }
}
