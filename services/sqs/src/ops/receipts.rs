//! What deleting a message and changing its visibility share: both name it by a receipt handle.

use bytes::Bytes;
use tidegate_queue::{Lane, Lease, MessageKey, QueueId, change_visibility_in_tx, delete_in_tx, lease_of};
use tidegate_store::{Position, Tx};
use tidegate_types::Timestamp;

use crate::domain::{
    Held, InvalidReceipt, Receipt, VisibilityError, check_delete, check_visibility_change, visibility_deadline,
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
        Ok(Handle { text, receipt, key })
    }

    fn refused(&self, reason: VisibilityError) -> Error {
        Error::Visibility { handle: self.text.clone(), reason }
    }
}

/// How a request is to be answered if the queue is gone, and when it was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    pub protocol: ProtocolId,
    pub now: Timestamp,
}

/// Deletes the message of a handle; one that is gone is no error.
pub(super) async fn delete(tx: &mut Tx, fifo: bool, handle: &Handle, context: Context) -> Result<(), Error> {
    let Context { protocol, now } = context;
    let failed = |error| Error::of_queue(error, protocol);
    if fifo {
        let held = lease_of(tx, &handle.key).await.map_err(failed)?.map(held);
        check_delete(fifo, &handle.receipt, held, now).map_err(|reason| handle.refused(reason))?;
    }
    delete_in_tx(tx, &handle.key).await.map_err(failed)?;
    Ok(())
}

/// Lets the message of a handle be hidden for so many seconds from now on.
pub(super) async fn change_visibility(
    tx: &mut Tx,
    handle: &Handle,
    seconds: i32,
    context: Context,
) -> Result<(), Error> {
    let Context { protocol, now } = context;
    let failed = |error| Error::of_queue(error, protocol);
    let refused = |reason| handle.refused(reason);
    let deadline = visibility_deadline(now, seconds).map_err(refused)?;
    let held = lease_of(tx, &handle.key).await.map_err(failed)?.map(held);
    check_visibility_change(&handle.receipt, held, now, deadline).map_err(refused)?;
    change_visibility_in_tx(tx, &handle.key, deadline).await.map_err(failed)?;
    Ok(())
}

fn held(lease: Lease) -> Held {
    Held { receive_count: lease.receive_count, visible_at: lease.visible_at }
}
