use tidegate_api_sqs::{ListQueueTagsRequest, ListQueueTagsResult};
use tidegate_protocol::Call;

use crate::error::Error;
use crate::service::Sqs;

/// A queue's tags.
pub(crate) async fn list_queue_tags(
    sqs: &Sqs,
    call: &Call,
    input: ListQueueTagsRequest,
) -> Result<ListQueueTagsResult, Error> {
    let queue = sqs.queue(call, input.queue_url)?;
    let tags = queue.record.tags.clone();
    Ok(ListQueueTagsResult { tags: (!tags.is_empty()).then_some(tags) })
}
