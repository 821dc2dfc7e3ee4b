use tidegate_api_lambda::{DeleteEventSourceMappingRequest, EventSourceMappingConfiguration};
use tidegate_mapping::forget_in_tx;
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use uuid::Uuid;

use super::known;
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{MappingRecord, mapping_key, pair_key};
use crate::wire;

/// Deletes a mapping. It is shown as `Deleting` until it reads nothing more and the calls that go on have ended.
pub(crate) async fn delete_event_source_mapping(
    lambda: &Lambda,
    call: &Call,
    input: DeleteEventSourceMappingRequest,
) -> Result<EventSourceMappingConfiguration, Error> {
    let (id, record) = known(lambda, call, input.uuid.as_deref())?;
    let last = lambda.following.standing(id).map(|standing| standing.last).unwrap_or_default();
    lambda.following.end(id, record.clone());
    delete_mapping(lambda, id).await?;
    Ok(wire::mapping(id, &record, "Deleting", last))
}

/// Removes a mapping, and how far it was.
pub(crate) async fn delete_mapping(lambda: &Lambda, id: Uuid) -> Result<(), Error> {
    lambda
        .transact(&[], async |tx: &mut Tx| {
            let Some(found) = tx.get(Space::Map, &mapping_key(id)).await? else { return Ok(()) };
            if let Ok(record) = MappingRecord::decode(&found.value) {
                tx.delete(Space::Map, pair_key(&record.source.to_string(), &record.function.to_string()));
            }
            tx.delete(Space::Map, mapping_key(id));
            Ok(forget_in_tx(tx, id).await?)
        })
        .await?;
    Ok(())
}
