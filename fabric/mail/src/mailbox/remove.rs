use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, StoreError, Tx};

use super::{corrupt, decode, pieces};
use crate::keys;
use crate::records::{Body, JourneyRecord, MessageRecord};

/// Takes a mail out of the mailbox. One that a relay is still to get is kept for it, unseen. Returns whether
/// it was there.
pub(crate) async fn remove_in_tx(tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
    let key = keys::message(id);
    let Some(found) = tx.get(Space::Log, &key).await? else { return Ok(false) };
    let message: MessageRecord = decode(Space::Log, &key, &found.value)?;
    let journey_key = keys::journey(id);
    let journey = match tx.get(Space::Map, &journey_key).await? {
        Some(found) => Some(decode::<JourneyRecord>(Space::Map, &journey_key, &found.value)?),
        None => None,
    };
    match journey {
        Some(journey) if journey.unlisted => return Ok(false),
        Some(journey) if !journey.waiting().is_empty() => {
            tx.put(Space::Map, journey_key, JourneyRecord { unlisted: true, ..journey }.encode());
        }
        Some(_) => {
            tx.delete(Space::Map, journey_key);
            remove_pieces(tx, id, &message);
        }
        None => remove_pieces(tx, id, &message),
    }
    tx.delete(Space::Log, keys::entry(message.position));
    Ok(true)
}

/// Deletes a mail that the mailbox has let go of.
pub(crate) async fn remove_message(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    let key = keys::message(id);
    if let Some(found) = tx.get(Space::Log, &key).await? {
        let message: MessageRecord = decode(Space::Log, &key, &found.value)?;
        remove_pieces(tx, id, &message);
    }
    Ok(())
}

/// Deletes a mail and its MIME.
fn remove_pieces(tx: &mut Tx, id: &str, message: &MessageRecord) {
    if let Body::Pieces(size) = message.body {
        for piece in 0..pieces(size) {
            tx.delete(Space::Log, keys::piece(id, piece));
        }
    }
    tx.delete(Space::Log, keys::message(id));
}

/// Forgets that mails were to be relayed, some at a time, and those that were kept for the relay alone.
/// Returns how many there were.
pub(crate) async fn end_journeys(tx: &mut Tx) -> Result<usize, StoreError> {
    let range = KeyRange::prefix(&keys::journeys());
    let some = tx.scan(Space::Map, &range, Order::Ascending, Page::of(100)).await?;
    for entry in &some {
        let journey: JourneyRecord = decode(Space::Map, &entry.key, &entry.record.value)?;
        let id = keys::read_journey(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
        tx.delete(Space::Map, entry.key.clone());
        if journey.unlisted {
            remove_message(tx, &id).await?;
        }
    }
    Ok(some.len())
}
