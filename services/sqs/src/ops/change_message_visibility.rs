use tidegate_api_sqs::ChangeMessageVisibilityRequest;
use tidegate_protocol::Call;

use super::receipts::{Handle, Wish, carry_out_one};
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
    let handle = Handle::open(sqs, &queue, input.receipt_handle)?;
    carry_out_one(sqs, call.protocol, handle, Wish::Hide { seconds }).await
}
