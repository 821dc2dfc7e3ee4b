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
    let name = input.queue_name.ok_or(Error::Missing("QueueName"))?;
    let name = QueueName::parse(&name).map_err(|_| missing())?;
    let account = match input.queue_owner_aws_account_id {
        Some(owner) => owner.parse().map_err(|_| missing())?,
        None => call.account,
    };
    let address = QueueAddress { account, region: call.region.clone(), name };
    let queue = sqs.directory.get(&address)?.ok_or_else(missing)?;
    Ok(GetQueueUrlResult { queue_url: Some(wire::queue_url(call, &queue.address)) })
}
