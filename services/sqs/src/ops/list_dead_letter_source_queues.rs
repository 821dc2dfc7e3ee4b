use tidegate_api_sqs::{ListDeadLetterSourceQueuesRequest, ListDeadLetterSourceQueuesResult};
use tidegate_protocol::Call;

use crate::error::Error;
use crate::service::Sqs;
use crate::wire::{self, Listing};

/// The queues whose dead letters go to this one.
pub(crate) async fn list_dead_letter_source_queues(
    sqs: &Sqs,
    call: &Call,
    input: ListDeadLetterSourceQueuesRequest,
) -> Result<ListDeadLetterSourceQueuesResult, Error> {
    let queue = sqs.queue(call, input.queue_url)?;
    let listing = Listing::new(input.max_results, input.next_token.as_deref())?;
    let address = &queue.address;
    let mut sources = sqs.directory.of_account(address.account, &address.region, listing.after.as_ref())?;
    sources.retain(|source| source.sends_dead_letters_to(address));
    let next_token = listing.page(&mut sources);
    let urls = sources.iter().map(|source| wire::queue_url(call, &source.address)).collect();
    Ok(ListDeadLetterSourceQueuesResult { queue_urls: Some(urls), next_token })
}
