use tidegate_api_sqs::DeleteQueueRequest;
use tidegate_protocol::Call;
use tidegate_queue::drop_in_tx;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::read_queue;
use crate::error::Error;
use crate::service::{Sqs, address};
use crate::store::{DeletedQueueRecord, keys};

/// Deletes a queue with everything in it.
pub(crate) async fn delete_queue(sqs: &Sqs, call: &Call, input: DeleteQueueRequest) -> Result<(), Error> {
    let address = &address(call, input.queue_url)?;
    let (deleted_at, protocol) = (sqs.now(), call.protocol);
    sqs.transact(&[], async |tx: &mut Tx| {
        let queue = read_queue(tx, address).await?.ok_or(Error::NoSuchQueue { protocol })?;
        drop_in_tx(tx, queue.id).await.map_err(|error| Error::of_queue(error, protocol))?;
        tx.delete(Space::Map, keys::queue(address));
        if sqs.options.names_rest_after_deletion {
            tx.put(Space::Map, keys::deleted_queue(address), DeletedQueueRecord { deleted_at }.encode());
        }
        Ok(())
    })
    .await?;
    if sqs.options.names_rest_after_deletion {
        sqs.leftovers.note();
    }
    Ok(())
}
