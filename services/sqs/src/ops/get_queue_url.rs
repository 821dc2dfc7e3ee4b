use tidegate_api_sqs::{GetQueueUrlRequest, GetQueueUrlResult};
use tidegate_protocol::Call;

use crate::domain::{QueueAddress, QueueName};
use crate::error::Error;
use crate::service::Sqs;
use crate::wire;

/// The URL of the queue of this name.
pub(crate) async fn get_queue_url(
    sqs: &Sqs,
    call: &Call,
    input: GetQueueUrlRequest,
) -> Result<GetQueueUrlResult, Error> {
    // No queue has a name that is not one.
    let missing = || Error::NoSuchQueue { protocol: call.protocol };
    let name = QueueName::parse(input.queue_name.as_deref().unwrap_or_default()).map_err(|_| missing())?;
    let account = match input.queue_owner_aws_account_id {
        Some(owner) => owner.parse().map_err(|_| missing())?,
        None => call.account,
    };
    let address = QueueAddress { account, region: call.region.clone(), name };
    let queue = sqs.directory.get(&address)?.ok_or_else(missing)?;
    Ok(GetQueueUrlResult { queue_url: Some(wire::queue_url(call, &queue.address)) })
}
