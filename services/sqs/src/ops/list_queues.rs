use tidegate_api_sqs::{ListQueuesRequest, ListQueuesResult};
use tidegate_protocol::Call;

use crate::error::Error;
use crate::service::{Sqs, check_endpoint};
use crate::wire::{self, Listing};

/// The caller's queues, by name.
pub(crate) async fn list_queues(sqs: &Sqs, call: &Call, input: ListQueuesRequest) -> Result<ListQueuesResult, Error> {
    check_endpoint(call)?;
    let listing = Listing::new(input.max_results, input.next_token.as_deref())?;
    let prefix = input.queue_name_prefix.unwrap_or_default();
    let mut queues = sqs.directory.of_account(call.account, &call.region, listing.after.as_ref())?;
    queues.retain(|queue| queue.address.name.as_str().starts_with(&prefix));
    let next_token = listing.page(&mut queues);
    let urls: Vec<String> = queues.iter().map(|queue| wire::queue_url(call, &queue.address)).collect();
    Ok(ListQueuesResult { queue_urls: (!urls.is_empty()).then_some(urls), next_token })
}
