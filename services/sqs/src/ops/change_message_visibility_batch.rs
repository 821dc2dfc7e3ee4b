use tidegate_api_sqs::{
    ChangeMessageVisibilityBatchRequest, ChangeMessageVisibilityBatchRequestEntry, ChangeMessageVisibilityBatchResult,
    ChangeMessageVisibilityBatchResultEntry,
};
use tidegate_protocol::Call;
use tidegate_store::Tx;

use super::receipts::{Context, Handle, change_visibility};
use super::{Outcome, split, unless_empty};
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
        Ok((Handle::open(sqs, &queue, entry.receipt_handle)?, seconds))
    };
    let changes: Vec<_> =
        entries.into_iter().map(|mut entry| (entry.id.take().unwrap_or_default(), open(entry))).collect();
    let (opened, mut failed) = split(wire::CHANGE_ENTRY, changes);
    let context = Context { protocol: call.protocol, now: sqs.now() };
    let opened = &opened;
    let transacted = sqs
        .transact(&[], async |tx: &mut Tx| {
            let mut outcomes = Vec::with_capacity(opened.len());
            for (_, (handle, seconds)) in opened {
                outcomes.push(Outcome::of(change_visibility(tx, handle, *seconds, context).await)?);
            }
            Ok(outcomes)
        })
        .await?;
    let mut successful = Vec::new();
    for ((id, _), outcome) in opened.iter().zip(transacted.value) {
        match outcome {
            Outcome::Done => successful.push(ChangeMessageVisibilityBatchResultEntry { id: Some(id.clone()) }),
            Outcome::Refused(error) => failed.push(wire::failed_entry(id.clone(), error)),
        }
    }
    Ok(ChangeMessageVisibilityBatchResult { successful: unless_empty(successful), failed: unless_empty(failed) })
}
