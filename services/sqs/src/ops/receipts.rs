//! What deleting a message and changing its visibility share: both name it by a receipt handle.

use bytes::Bytes;
use tidegate_queue::{Lane, Lease, MessageKey, QueueError, QueueId, change_visibility_in_tx, delete_in_tx, lease_of};
use tidegate_store::{Position, Tx};
use tidegate_types::Timestamp;

use crate::domain::{
    Held, InvalidReceipt, Receipt, VisibilityError, check_delete, check_visibility_change, returns_to_flight,
    visibility_deadline,
};
use crate::error::Error;
use crate::service::Sqs;
use crate::store::Queue;
use tidegate_protocol::ProtocolId;

/// A receipt handle that this store gave out for a message of a certain queue.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    text: String,
    receipt: Receipt,
    key: MessageKey,
    /// Whether it is of a FIFO queue.
    fifo: bool,
}

impl Handle {
    /// Opens a handle for a message of `queue`.
    pub(super) fn open(sqs: &Sqs, queue: &Queue, text: Option<String>) -> Result<Handle, Error> {
        let text = text.ok_or(Error::Missing("ReceiptHandle"))?;
        let receipt = sqs.receipts.open(&text)?;
        if receipt.queue != queue.id().0 {
            return Err(InvalidReceipt(text).into());
        }
        let key = MessageKey {
            queue: QueueId(receipt.queue),
            generation: receipt.generation,
            lane: Lane(Bytes::copy_from_slice(&receipt.lane)),
            position: Position(receipt.position),
        };
        Ok(Handle { text, receipt, key, fifo: queue.is_fifo() })
    }

    fn refused(&self, reason: VisibilityError) -> Error {
        Error::Visibility { handle: self.text.clone(), reason }
    }
}

/// What is to become of a message that was received.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wish {
    /// It is deleted; one that is gone is no error.
    Delete,
    /// It is hidden for so many seconds from now on.
    Hide {
        /// How many; not yet checked.
        seconds: i32,
    },
}

/// Carries out all wishes in one transaction, and answers each one's refusal: it does not hold up the others. When
/// the store cannot be read, none can be answered.
pub(super) async fn carry_out(
    sqs: &Sqs,
    protocol: ProtocolId,
    wishes: &[(Handle, Wish)],
) -> Result<Vec<Option<Error>>, Error> {
    let now = sqs.now();
    let transacted = sqs.transact(&[], async |tx: &mut Tx| {
        let mut refusals = Vec::with_capacity(wishes.len());
        // How many messages this transaction puts back in flight.
        let mut returned = 0;
        for (handle, wish) in wishes {
            let carried_out = match *wish {
                Wish::Delete => delete(tx, handle, now).await,
                Wish::Hide { seconds } => hide(sqs, tx, handle, seconds, now, &mut returned).await,
            };
            refusals.push(match carried_out {
                Ok(()) => None,
                Err(Refused::Visibility(reason)) => Some(handle.refused(reason)),
                Err(Refused::Queue(error)) => match Error::of_queue(error, protocol) {
                    error @ (Error::Store(_) | Error::Commit(_)) => return Err(error),
                    error => Some(error),
                },
            });
        }
        Ok(refusals)
    });
    let refusals = transacted.await?.value;
    let done =
        wishes.iter().zip(&refusals).filter(|((_, wish), refusal)| matches!(wish, Wish::Delete) && refusal.is_none());
    sqs.meters.deleted.increment(done.count() as u64);
    Ok(refusals)
}

/// The same for one.
pub(super) async fn carry_out_one(sqs: &Sqs, protocol: ProtocolId, handle: Handle, wish: Wish) -> Result<(), Error> {
    let refusal = carry_out(sqs, protocol, &[(handle, wish)]).await?.pop().flatten();
    refusal.map_or(Ok(()), Err)
}

/// Why a wish is not carried out.
enum Refused {
    Visibility(VisibilityError),
    Queue(QueueError),
}

impl From<VisibilityError> for Refused {
    fn from(reason: VisibilityError) -> Refused {
        Refused::Visibility(reason)
    }
}

impl From<QueueError> for Refused {
    fn from(error: QueueError) -> Refused {
        Refused::Queue(error)
    }
}

async fn delete(tx: &mut Tx, handle: &Handle, now: Timestamp) -> Result<(), Refused> {
    if handle.fifo {
        let held = lease_of(tx, &handle.key).await?.map(held);
        check_delete(handle.fifo, &handle.receipt, held, now)?;
    }
    delete_in_tx(tx, &handle.key).await?;
    Ok(())
}

async fn hide(
    sqs: &Sqs,
    tx: &mut Tx,
    handle: &Handle,
    seconds: i32,
    now: Timestamp,
    returned: &mut u64,
) -> Result<(), Refused> {
    let deadline = visibility_deadline(now, seconds)?;
    let held = lease_of(tx, &handle.key).await?.map(held);
    check_visibility_change(handle.fifo, &handle.receipt, held, now, deadline)?;
    if held.is_some_and(|held| returns_to_flight(held, now, deadline)) {
        let in_flight = sqs.queues.counts(handle.key.queue, now).in_flight + *returned;
        if in_flight >= sqs.options.max_in_flight as u64 {
            return Err(QueueError::InFlightLimit.into());
        }
        *returned += 1;
    }
    change_visibility_in_tx(tx, &handle.key, deadline).await?;
    Ok(())
}

fn held(lease: Lease) -> Held {
    Held { receive_count: lease.receive_count, visible_at: lease.visible_at }
}
