use tidegate_api_sqs::{GetQueueAttributesRequest, GetQueueAttributesResult};
use tidegate_protocol::Call;

use crate::error::Error;
use crate::service::Sqs;
use crate::wire;

/// A queue's settings and how many messages it holds. The numbers that AWS calls approximate are
/// exact here.
pub(crate) async fn get_queue_attributes(
    sqs: &Sqs,
    call: &Call,
    input: GetQueueAttributesRequest,
) -> Result<GetQueueAttributesResult, Error> {
    let queue = sqs.queue(call, input.queue_url)?;
    let requested = wire::requested_attributes(input.attribute_names.unwrap_or_default())?;
    let counts = sqs.queues.counts(queue.id(), sqs.now());
    let attributes = wire::render_attributes(&queue, counts, &requested);
    Ok(GetQueueAttributesResult { attributes: (!attributes.is_empty()).then_some(attributes) })
}
