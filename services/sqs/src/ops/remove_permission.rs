use tidegate_api_sqs::RemovePermissionRequest;
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::read_queue;
use crate::error::Error;
use crate::service::{Sqs, address};
use crate::store::keys;
use crate::wire::without_permission;

/// Removes a statement from a queue's policy.
pub(crate) async fn remove_permission(sqs: &Sqs, call: &Call, input: RemovePermissionRequest) -> Result<(), Error> {
    let address = &address(call, input.queue_url)?;
    let label = input.label.as_deref().unwrap_or_default();
    let (now, protocol) = (sqs.now(), call.protocol);
    sqs.transact(&[], async |tx: &mut Tx| {
        let mut queue = read_queue(tx, address).await?.ok_or(Error::NoSuchQueue { protocol })?;
        queue.settings.policy = without_permission(queue.settings.policy.as_deref(), label)?;
        queue.modified_at = now;
        tx.put(Space::Map, keys::queue(address), queue.encode());
        Ok(())
    })
    .await?;
    Ok(())
}
