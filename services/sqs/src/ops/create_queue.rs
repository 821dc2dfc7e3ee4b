use std::collections::BTreeMap;

use tidegate_api_sqs::{CreateQueueRequest, CreateQueueResult};
use tidegate_protocol::Call;
use tidegate_queue::{Discipline, QueueId, create_in_tx};
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use tidegate_types::Timestamp;

use super::dead_letters::check_target;
use super::read_queue;
use crate::domain::{NameError, QueueAddress, QueueName, QueueSettings, Setting, add_tags};
use crate::error::{Error, TagFailure, within_a_minute};
use crate::service::{Sqs, check_endpoint};
use crate::store::{DeletedQueueRecord, QueueRecord, decode, keys};
use crate::wire;

/// Creates a queue, or finds the one that was created like this before.
pub(crate) async fn create_queue(
    sqs: &Sqs,
    call: &Call,
    input: CreateQueueRequest,
) -> Result<CreateQueueResult, Error> {
    check_endpoint(call)?;
    let wishes = wire::settings(input.attributes.unwrap_or_default())?;
    let fifo = wishes.contains(&Setting::FifoQueue(true));
    let name = input.queue_name.ok_or(NameError::Missing)?;
    let name = QueueName::for_new_queue(&name, fifo)?;
    let address = QueueAddress { account: call.account, region: call.region.clone(), name };
    let settings = QueueSettings::of_new_queue(fifo, &wishes)?;
    let now = sqs.now();
    let mut tags = BTreeMap::new();
    add_tags(&mut tags, input.tags.into_iter().flatten().collect())
        .map_err(|error| TagFailure { queue: address.name.to_string(), error })?;
    let record = QueueRecord {
        id: QueueId(sqs.env.random_u64()),
        created_at: now,
        modified_at: now,
        purged_at: None,
        shown_not_before: Timestamp::EPOCH,
        settings,
        tags,
    };
    let (address, record, wishes) = (&address, &record, &wishes[..]);
    sqs.transact(&[], async |tx: &mut Tx| {
        if let Some(existing) = read_queue(tx, address).await? {
            return match existing.settings.first_difference(wishes)? {
                Some(attribute) => Err(Error::NameTaken(attribute)),
                None => Ok(()),
            };
        }
        if sqs.options.names_rest_after_deletion {
            check_name_has_rested(tx, address, now).await?;
        }
        if let Some(policy) = &record.settings.redrive {
            check_target(tx, address, policy).await?;
        }
        create_in_tx(tx, record.id, if fifo { Discipline::Fifo } else { Discipline::Standard });
        tx.put(Space::Map, keys::queue(address), record.encode());
        Ok(())
    })
    .await?;
    Ok(CreateQueueResult { queue_url: Some(wire::queue_url(call, address)) })
}

async fn check_name_has_rested(tx: &mut Tx, address: &QueueAddress, now: Timestamp) -> Result<(), Error> {
    let key = keys::deleted_queue(address);
    let Some(record) = tx.get(Space::Map, &key).await? else { return Ok(()) };
    let deleted: DeletedQueueRecord = decode(Space::Map, &key, &record)?;
    if within_a_minute(deleted.deleted_at, now) { Err(Error::DeletedRecently) } else { Ok(()) }
}
