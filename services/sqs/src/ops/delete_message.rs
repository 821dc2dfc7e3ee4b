use tidegate_api_sqs::DeleteMessageRequest;
use tidegate_protocol::Call;
use tidegate_store::Tx;

use super::receipts::{Context, Handle, delete};
use crate::error::Error;
use crate::service::Sqs;

/// Deletes a message that was received.
pub(crate) async fn delete_message(sqs: &Sqs, call: &Call, input: DeleteMessageRequest) -> Result<(), Error> {
    let queue = sqs.queue(call, input.queue_url)?;
    let handle = &Handle::open(sqs, &queue, input.receipt_handle)?;
    let fifo = queue.record.settings.fifo.is_some();
    let context = Context { protocol: call.protocol, now: sqs.now() };
    sqs.transact(&[], async |tx: &mut Tx| delete(tx, fifo, handle, context).await).await?;
    sqs.meters.deleted.increment(1);
    Ok(())
}
