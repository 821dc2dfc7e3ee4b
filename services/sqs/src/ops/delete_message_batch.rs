use tidegate_api_sqs::{DeleteMessageBatchRequest, DeleteMessageBatchResult, DeleteMessageBatchResultEntry};
use tidegate_protocol::Call;
use tidegate_store::Tx;

use super::receipts::{Context, Handle, delete};
use super::{Outcome, split, unless_empty};
use crate::error::Error;
use crate::service::Sqs;
use crate::wire;

/// Deletes up to ten messages in one transaction; what is wrong with one handle fails that one alone.
pub(crate) async fn delete_message_batch(
    sqs: &Sqs,
    call: &Call,
    input: DeleteMessageBatchRequest,
) -> Result<DeleteMessageBatchResult, Error> {
    let queue = sqs.queue(call, input.queue_url)?;
    let entries = input.entries.unwrap_or_default();
    wire::check_entries(wire::DELETE_ENTRY, &entries, |entry| &entry.id)?;
    let open = |handle| Handle::open(sqs, &queue, handle);
    let handles: Vec<_> =
        entries.into_iter().map(|entry| (entry.id.unwrap_or_default(), open(entry.receipt_handle))).collect();
    let (opened, mut failed) = split(wire::DELETE_ENTRY, handles);
    let fifo = queue.record.settings.fifo.is_some();
    let context = Context { protocol: call.protocol, now: sqs.now() };
    let opened = &opened;
    let transacted = sqs
        .transact(&[], async |tx: &mut Tx| {
            let mut outcomes = Vec::with_capacity(opened.len());
            for (_, handle) in opened {
                outcomes.push(Outcome::of(delete(tx, fifo, handle, context).await)?);
            }
            Ok(outcomes)
        })
        .await?;
    let mut successful = Vec::new();
    for ((id, _), outcome) in opened.iter().zip(transacted.value) {
        match outcome {
            Outcome::Done => successful.push(DeleteMessageBatchResultEntry { id: Some(id.clone()) }),
            Outcome::Refused(error) => failed.push(wire::failed_entry(id.clone(), error)),
        }
    }
    sqs.meters.deleted.increment(successful.len() as u64);
    Ok(DeleteMessageBatchResult { successful: unless_empty(successful), failed: unless_empty(failed) })
}
