//! Moving a message from one queue to another: to its dead-letter queue, and back.

use bytes::Bytes;
use tidegate_queue::{Lane, NewMessage, Reservation};
use tidegate_record::Stored;
use tidegate_store::{Space, StoreError, Tx};
use tidegate_types::Timestamp;
use uuid::Uuid;

use super::read_queue;
use crate::domain::{Message, Origin, QueueAddress, RedrivePolicy};
use crate::error::{AttributeTextError, Error, RedriveTextError};
use crate::store::corrupt;
use crate::wire;

/// Whether `source` may have this redrive policy.
pub(super) async fn check_target(tx: &mut Tx, source: &QueueAddress, policy: &RedrivePolicy) -> Result<(), Error> {
    let refused = |reason| Err(AttributeTextError::Redrive { text: wire::redrive_text(policy), reason }.into());
    let target = &policy.target;
    if (target.account, &target.region) != (source.account, &source.region) {
        return refused(RedriveTextError::OtherOwner);
    }
    if target.name.is_fifo() != source.name.is_fifo() {
        return refused(RedriveTextError::OtherType);
    }
    match read_queue(tx, target).await? {
        None => refused(RedriveTextError::NoSuchTarget),
        Some(queue) if queue.settings.redrive_allow.as_ref().is_some_and(|policy| !policy.allows(&source.arn())) => {
            refused(RedriveTextError::NotAllowed)
        }
        Some(_) => Ok(()),
    }
}

/// The message in a reservation.
pub(crate) fn message_of(reservation: &Reservation) -> Result<Message, StoreError> {
    decode_message(&reservation.body, reservation.key.position.0)
}

/// The message in a queue's body.
pub(crate) fn decode_message(body: &Bytes, position: u64) -> Result<Message, StoreError> {
    Message::decode(body).map_err(|error| corrupt(Space::Log, &position.to_be_bytes(), &error))
}

/// A message that `source` gives up, as it goes to the dead-letter queue: the same message, which
/// says where it comes from and goes on counting its receives.
///
/// In a standard queue it keeps the time at which it was sent, and with it its remaining retention;
/// in a FIFO queue it gets a new one. Both are as AWS documents them. It can be received at once,
/// whatever the delay of the dead-letter queue.
pub(crate) fn dead_letter(
    reservation: &Reservation,
    source: &QueueAddress,
    now: Timestamp,
) -> Result<NewMessage, StoreError> {
    let mut message = message_of(reservation)?;
    let earlier = message.origin.take();
    let lease = &reservation.lease;
    message.origin = Some(Origin {
        source: source.clone(),
        receive_count: lease.receive_count + earlier.as_ref().map_or(0, |origin| origin.receive_count),
        first_received_at: earlier.and_then(|origin| origin.first_received_at).or(lease.first_received_at),
    });
    let sent_at = if source.name.is_fifo() { now } else { lease.sent_at };
    Ok(NewMessage { lane: lane(reservation), body: message.encode(), sent_at, visible_at: sent_at })
}

/// A message that a message move task takes out of a dead-letter queue: a new message with the old
/// one's contents, as AWS documents it.
pub(crate) fn redriven(reservation: &Reservation, id: Uuid, now: Timestamp) -> Result<NewMessage, StoreError> {
    let message = Message { id, origin: None, ..message_of(reservation)? };
    Ok(NewMessage { lane: lane(reservation), body: message.encode(), sent_at: now, visible_at: now })
}

fn lane(reservation: &Reservation) -> Lane {
    reservation.key.lane.clone()
}
