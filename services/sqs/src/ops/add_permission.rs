use tidegate_api_sqs::AddPermissionRequest;
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::read_queue;
use crate::error::Error;
use crate::service::{Sqs, address};
use crate::store::keys;
use crate::wire::{Permission, with_permission};

/// Adds a statement to a queue's policy.
pub(crate) async fn add_permission(sqs: &Sqs, call: &Call, input: AddPermissionRequest) -> Result<(), Error> {
    let address = &address(call, input.queue_url)?;
    let permission = &Permission {
        label: input.label.as_deref().unwrap_or_default(),
        accounts: input.aws_account_ids.as_deref().unwrap_or_default(),
        actions: input.actions.as_deref().unwrap_or_default(),
    };
    let (now, protocol) = (sqs.now(), call.protocol);
    sqs.transact(&[], async |tx: &mut Tx| {
        let mut queue = read_queue(tx, address).await?.ok_or(Error::NoSuchQueue { protocol })?;
        queue.settings.policy = Some(with_permission(queue.settings.policy.as_deref(), address, permission)?);
        queue.modified_at = now;
        tx.put(Space::Map, keys::queue(address), queue.encode());
        Ok(())
    })
    .await?;
    Ok(())
}
