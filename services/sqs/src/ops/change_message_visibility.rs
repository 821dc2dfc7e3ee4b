use tidegate_api_sqs::ChangeMessageVisibilityRequest;
use tidegate_protocol::Call;
use tidegate_store::Tx;

use super::receipts::{Context, Handle, change_visibility};
use crate::error::Error;
use crate::service::Sqs;

/// Changes for how long a received message stays hidden, counted from now.
pub(crate) async fn change_message_visibility(
    sqs: &Sqs,
    call: &Call,
    input: ChangeMessageVisibilityRequest,
) -> Result<(), Error> {
    let queue = sqs.queue(call, input.queue_url)?;
    let seconds = input.visibility_timeout.ok_or(Error::Missing("VisibilityTimeout"))?;
    let handle = &Handle::open(sqs, &queue, input.receipt_handle)?;
    let context = Context { protocol: call.protocol, now: sqs.now() };
    sqs.transact(&[], async |tx: &mut Tx| change_visibility(tx, handle, seconds, context).await).await?;
    Ok(())
}
