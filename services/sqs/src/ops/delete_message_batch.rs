use tidegate_api_sqs::{DeleteMessageBatchRequest, DeleteMessageBatchResult, DeleteMessageBatchResultEntry};
use tidegate_protocol::Call;

use super::receipts::Handle;
use super::{Fates, Wish, carry_out_batch, split, unless_empty};
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
    let open = |handle| Ok((Handle::open(sqs, &queue, handle)?, Wish::Delete));
    let wishes = entries.into_iter().map(|entry| (entry.id.unwrap_or_default(), open(entry.receipt_handle)));
    let Fates { done, failed } = carry_out_batch(sqs, call, split(wire::DELETE_ENTRY, wishes)).await?;
    let successful = done.into_iter().map(|id| DeleteMessageBatchResultEntry { id: Some(id) }).collect();
    Ok(DeleteMessageBatchResult { successful: unless_empty(successful), failed: unless_empty(failed) })
}
