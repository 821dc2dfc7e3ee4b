use tidegate_api_sqs::{
    ChangeMessageVisibilityBatchRequest, ChangeMessageVisibilityBatchRequestEntry, ChangeMessageVisibilityBatchResult,
    ChangeMessageVisibilityBatchResultEntry,
};
use tidegate_protocol::Call;

use super::receipts::Handle;
use super::{Fates, Wish, carry_out_batch, split, unless_empty};
use crate::error::Error;
use crate::service::Sqs;
use crate::wire;

/// Changes the visibility of up to ten messages in one transaction; what is wrong with one entry
/// fails that one alone.
pub(crate) async fn change_message_visibility_batch(
    sqs: &Sqs,
    call: &Call,
    input: ChangeMessageVisibilityBatchRequest,
) -> Result<ChangeMessageVisibilityBatchResult, Error> {
    let queue = sqs.queue(call, input.queue_url)?;
    let entries = input.entries.unwrap_or_default();
    wire::check_entries(wire::CHANGE_ENTRY, &entries, |entry| &entry.id)?;
    let open = |entry: ChangeMessageVisibilityBatchRequestEntry| {
        let seconds = entry.visibility_timeout.ok_or(Error::Missing("VisibilityTimeout"))?;
        Ok((Handle::open(sqs, &queue, entry.receipt_handle)?, Wish::Hide { seconds }))
    };
    let wishes = entries.into_iter().map(|mut entry| (entry.id.take().unwrap_or_default(), open(entry)));
    let Fates { done, failed } = carry_out_batch(sqs, call, split(wire::CHANGE_ENTRY, wishes)).await?;
    let successful = done.into_iter().map(|id| ChangeMessageVisibilityBatchResultEntry { id: Some(id) }).collect();
    Ok(ChangeMessageVisibilityBatchResult { successful: unless_empty(successful), failed: unless_empty(failed) })
}
