use tidegate_api_sqs::DeleteMessageRequest;
use tidegate_protocol::Call;

use super::receipts::{Handle, Wish, carry_out_one};
use crate::error::Error;
use crate::service::Sqs;

/// Deletes a message that was received.
pub(crate) async fn delete_message(sqs: &Sqs, call: &Call, input: DeleteMessageRequest) -> Result<(), Error> {
    let queue = sqs.queue(call, input.queue_url)?;
    let handle = Handle::open(sqs, &queue, input.receipt_handle)?;
    carry_out_one(sqs, call.protocol, handle, Wish::Delete).await
}
