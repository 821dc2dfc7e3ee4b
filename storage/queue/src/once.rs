//! Sending at most once within a window: deduplication.
//!
//! A record under the deduplication key says until when it holds; an entry under its expiry lets the
//! sweeper find it without looking at the others. The two are written and deleted together.

use bytes::Bytes;
use tidegate_record::Stored;
use tidegate_store::{LatchKey, Position, Space, Tx};
use tidegate_types::Timestamp;

use crate::message::enqueue_in_tx;
use crate::records::{Dedup, decode};
use crate::{Enqueued, NewMessage, QueueError, QueueId, keys};

/// The latch under which [`enqueue_once_in_tx`] must run for this key.
pub fn deduplication_latch(queue: QueueId, key: &[u8]) -> LatchKey {
    keys::dedup(queue, key)
}

/// Sends a message unless one with the same `key` was sent to this queue less than `window_ms`
/// before. `note` is what a later duplicate is told (its message id, say); at most 1 KiB.
///
/// The keys that one transaction sends must differ from each other: the position of the first is
/// not known before the commit.
///
/// # Errors
/// [`QueueError::NoSuchQueue`].
pub async fn enqueue_once_in_tx(
    tx: &mut Tx,
    queue: QueueId,
    key: &[u8],
    note: Bytes,
    window_ms: u64,
    message: NewMessage,
) -> Result<Enqueued, QueueError> {
    let at = keys::dedup(queue, key);
    if let Some(record) = tx.get(Space::Queue, &at).await? {
        let Dedup { expires_at, position, note } = decode(Space::Queue, &at, &record)?;
        if message.sent_at < expires_at {
            return Ok(Enqueued::Duplicate { position: Position(position), note });
        }
        tx.delete(Space::Queue, keys::dedup_expiry(expires_at, queue, key));
    }
    let expires_at = message.sent_at.plus_millis(window_ms);
    let slot = enqueue_in_tx(tx, queue, message).await?;
    let (before, after) = Dedup { expires_at, position: 0, note }.encode_around_position();
    tx.put_with_position(Space::Queue, at, before, slot, after);
    tx.put(Space::Queue, keys::dedup_expiry(expires_at, queue, key), Vec::new());
    Ok(Enqueued::New(slot))
}

/// Deletes a deduplication record that expired at `expires_at`, unless it was renewed since.
pub(crate) async fn forget_in_tx(
    tx: &mut Tx,
    queue: QueueId,
    key: &[u8],
    expires_at: Timestamp,
) -> Result<(), QueueError> {
    let at = keys::dedup(queue, key);
    if let Some(record) = tx.get(Space::Queue, &at).await?
        && decode::<Dedup>(Space::Queue, &at, &record)?.expires_at == expires_at
    {
        tx.delete(Space::Queue, at);
        tx.delete(Space::Queue, keys::dedup_expiry(expires_at, queue, key));
    }
    Ok(())
}
