use tidegate_api_sqs::{SendMessageBatchRequest, SendMessageBatchResult, SendMessageBatchResultEntry};
use tidegate_protocol::Call;
use tidegate_store::{LatchKey, Tx};

use super::sending::{Placed, Sender, Sending, Sent, enqueue};
use super::{split, unless_empty};
use crate::domain::{Draft, MessageError, check_batch_bytes, md5_of_bodies};
use crate::error::Error;
use crate::service::Sqs;
use crate::store::Queue;
use crate::wire;

/// Sends up to ten messages in one transaction. What is wrong with one of them fails that one alone;
/// a failure of the store fails them all.
pub(crate) async fn send_message_batch(
    sqs: &Sqs,
    call: &Call,
    input: SendMessageBatchRequest,
) -> Result<SendMessageBatchResult, Error> {
    let queue = &*sqs.queue(call, input.queue_url)?;
    let entries = input.entries.unwrap_or_default();
    wire::check_entries(wire::SEND_ENTRY, &entries, |entry| &entry.id)?;
    let drafts: Vec<(String, Draft)> =
        entries.into_iter().map(|mut entry| (entry.id.take().unwrap_or_default(), wire::entry_draft(entry))).collect();
    check_batch_bytes(drafts.iter().map(|(_, draft)| draft.bytes()).sum()).map_err(wire::too_large)?;
    check_fifo_parameters(queue, &drafts)?;

    let account = call.account.to_string();
    let sender = Sender { name: &account, trace: call.trace.as_deref(), hops: 0, now: sqs.now() };
    let bodies: Vec<&[u8]> = drafts.iter().map(|(_, draft)| draft.body.as_bytes()).collect();
    let digests = md5_of_bodies(&bodies);
    let sendings = drafts.into_iter().zip(digests).map(|((id, draft), digest)| {
        let outgoing = draft.check_digested(digest, &queue.record.settings).map_err(Error::from);
        (id, outgoing.map(|outgoing| Sending::new(queue, outgoing, sqs.env.uuid(), sender)))
    });
    let (sendings, failed) = split(wire::SEND_ENTRY, sendings);
    let successful = send_all(sqs, call, queue, &sendings).await?;
    Ok(SendMessageBatchResult { successful: unless_empty(successful), failed: unless_empty(failed) })
}

/// AWS refuses the whole batch if one entry lacks what its FIFO queue demands, and calls both cases
/// an invalid value.
fn check_fifo_parameters(queue: &Queue, drafts: &[(String, Draft)]) -> Result<(), Error> {
    let Some(fifo) = queue.record.settings.fifo else { return Ok(()) };
    for (_, draft) in drafts {
        match draft.check_fifo_parameters(fifo) {
            Err(MessageError::NoGroup) => return Err(Error::GroupMissingInBatch),
            other => other?,
        }
    }
    Ok(())
}

async fn send_all(
    sqs: &Sqs,
    call: &Call,
    queue: &Queue,
    sendings: &[(String, Sending)],
) -> Result<Vec<SendMessageBatchResultEntry>, Error> {
    if sendings.is_empty() {
        return Ok(Vec::new());
    }
    let latches: Vec<LatchKey> = sendings.iter().filter_map(|(_, sending)| sending.latch(queue)).collect();
    let transacted = sqs
        .transact(&latches, async |tx: &mut Tx| {
            let mut placed: Vec<Option<Placed>> = Vec::with_capacity(sendings.len());
            for (at, (_, sending)) in sendings.iter().enumerate() {
                // The position of the first of two equal messages is not known before the commit, so
                // the second is not even offered.
                let repeats = sendings[..at].iter().any(|(_, earlier)| sending.is_duplicate_of(earlier));
                placed.push(match repeats {
                    true => None,
                    false => {
                        let one = enqueue(tx, queue, sending).await;
                        Some(one.map_err(|error| Error::of_queue(error, call.protocol))?)
                    }
                });
            }
            Ok(placed)
        })
        .await?;
    let new = transacted.value.iter().flatten().filter(|placed| placed.is_new()).count();
    sqs.meters.sent.increment(new as u64);
    let answer = |(at, (id, sending)): (usize, &(String, Sending))| {
        let first = sendings.iter().position(|(_, earlier)| sending.is_duplicate_of(earlier)).unwrap_or(at);
        let placed = transacted.value[first].as_ref().expect("the first of equal messages was offered");
        let settled = sendings[first].1.settled(placed, &transacted.committed);
        result_entry(id.clone(), sending.answer(settled))
    };
    Ok(sendings.iter().enumerate().map(answer).collect())
}

fn result_entry(id: String, sent: Sent) -> SendMessageBatchResultEntry {
    SendMessageBatchResultEntry {
        id: Some(id),
        message_id: Some(sent.id),
        md5_of_message_body: Some(sent.body_md5),
        md5_of_message_attributes: sent.attributes_md5,
        md5_of_message_system_attributes: sent.trace_md5,
        sequence_number: sent.sequence_number,
    }
}
