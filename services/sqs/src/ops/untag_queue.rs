use tidegate_api_sqs::UntagQueueRequest;
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::read_queue;
use crate::domain::check_tag_keys;
use crate::error::{Error, TagFailure};
use crate::service::{Sqs, address};
use crate::store::keys;

/// Takes tags from a queue; those that it does not have are no error.
pub(crate) async fn untag_queue(sqs: &Sqs, call: &Call, input: UntagQueueRequest) -> Result<(), Error> {
    let address = &address(call, input.queue_url)?;
    let tag_keys = &input.tag_keys.unwrap_or_default();
    check_tag_keys(tag_keys).map_err(|error| TagFailure { queue: address.name.to_string(), error })?;
    let protocol = call.protocol;
    sqs.transact(&[], async |tx: &mut Tx| {
        let mut queue = read_queue(tx, address).await?.ok_or(Error::NoSuchQueue { protocol })?;
        queue.tags.retain(|key, _| !tag_keys.contains(key));
        tx.put(Space::Map, keys::queue(address), queue.encode());
        Ok(())
    })
    .await?;
    Ok(())
}
