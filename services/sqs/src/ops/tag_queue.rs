use tidegate_api_sqs::TagQueueRequest;
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::read_queue;
use crate::domain::{TagError, add_tags};
use crate::error::{Error, TagFailure};
use crate::service::{Sqs, address};
use crate::store::keys;

/// Puts tags on a queue.
pub(crate) async fn tag_queue(sqs: &Sqs, call: &Call, input: TagQueueRequest) -> Result<(), Error> {
    let address = &address(call, input.queue_url)?;
    let refused = |error| Error::from(TagFailure { queue: address.name.to_string(), error });
    let tags: Vec<(String, String)> = input.tags.into_iter().flatten().collect();
    if tags.is_empty() {
        return Err(refused(TagError::NoTags));
    }
    let (tags, protocol) = (&tags, call.protocol);
    sqs.transact(&[], async |tx: &mut Tx| {
        let mut queue = read_queue(tx, address).await?.ok_or(Error::NoSuchQueue { protocol })?;
        add_tags(&mut queue.tags, tags.clone()).map_err(refused)?;
        tx.put(Space::Map, keys::queue(address), queue.encode());
        Ok(())
    })
    .await?;
    Ok(())
}
