use tidegate_api_sqs::PurgeQueueRequest;
use tidegate_protocol::Call;
use tidegate_queue::purge_in_tx;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::read_queue;
use crate::error::{Error, within_a_minute};
use crate::service::{Sqs, address};
use crate::store::{QueueRecord, keys};

/// Empties a queue. AWS takes up to a minute for that and forgives what is sent meanwhile; here it
/// is one commit, and what is sent after it stays.
pub(crate) async fn purge_queue(sqs: &Sqs, call: &Call, input: PurgeQueueRequest) -> Result<(), Error> {
    let address = &address(call, input.queue_url)?;
    let (now, protocol) = (sqs.now(), call.protocol);
    sqs.transact(&[], async |tx: &mut Tx| {
        let queue = read_queue(tx, address).await?.ok_or(Error::NoSuchQueue { protocol })?;
        if sqs.options.purges_rest && queue.purged_at.is_some_and(|then| within_a_minute(then, now)) {
            return Err(Error::PurgeInProgress { name: address.name.to_string() });
        }
        purge_in_tx(tx, queue.id).await.map_err(|error| Error::of_queue(error, protocol))?;
        // No two purges have the same time, though a clock may stand still: it is what tells a FIFO queue's
        // deduplication before this one from that after it.
        let purged_at = queue.purged_at.map_or(now, |then| now.max(then.plus_millis(1)));
        let queue = QueueRecord { purged_at: Some(purged_at), ..queue };
        tx.put(Space::Map, keys::queue(address), queue.encode());
        Ok(())
    })
    .await?;
    Ok(())
}
