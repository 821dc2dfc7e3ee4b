use tidegate_api_sqs::{SendMessageRequest, SendMessageResult};
use tidegate_protocol::Call;
use tidegate_store::Tx;

use super::sending::{Sender, Sending, enqueue};
use crate::error::Error;
use crate::service::Sqs;
use crate::wire;

/// Sends a message. It is answered once the message is durable.
pub(crate) async fn send_message(
    sqs: &Sqs,
    call: &Call,
    mut input: SendMessageRequest,
) -> Result<SendMessageResult, Error> {
    let queue = &*sqs.queue(call, input.queue_url.take())?;
    let outgoing = wire::draft(input).check(&queue.record.settings)?;
    let account = call.account.to_string();
    let sender = Sender { name: &account, trace: call.trace.as_deref(), hops: 0, now: sqs.now() };
    let sending = &Sending::new(queue, outgoing, sqs.env.uuid(), sender);
    let latch = sending.latch(queue);
    let transacted = sqs
        .transact(latch.as_slice(), async |tx: &mut Tx| {
            enqueue(tx, queue, sending).await.map_err(|error| Error::of_queue(error, call.protocol))
        })
        .await?;
    sqs.meters.sent.increment(transacted.value.is_new().into());
    let sent = sending.answer(sending.settled(&transacted.value, &transacted.committed));
    Ok(SendMessageResult {
        md5_of_message_body: Some(sent.body_md5),
        md5_of_message_attributes: sent.attributes_md5,
        md5_of_message_system_attributes: sent.trace_md5,
        message_id: Some(sent.id),
        sequence_number: sent.sequence_number,
    })
}
