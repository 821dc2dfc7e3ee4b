use tidegate_api_lambda::{EventSourceMappingConfiguration, GetEventSourceMappingRequest};
use tidegate_protocol::Call;
use uuid::Uuid;

use super::{known, shown};
use crate::error::Error;
use crate::service::Lambda;
use crate::wire;

/// A mapping that was deleted, for as long as something goes on for it.
fn deleting(lambda: &Lambda, call: &Call, uuid: Option<&str>) -> Option<EventSourceMappingConfiguration> {
    let id: Uuid = uuid?.parse().ok()?;
    let record = lambda.following.ending(id)?;
    let last = lambda.following.standing(id)?.last;
    let is_own = record.account == call.account && record.region == call.region;
    is_own.then(|| wire::mapping(id, &record, "Deleting", last))
}

/// Shows a mapping as it stands.
pub(crate) async fn get_event_source_mapping(
    lambda: &Lambda,
    call: &Call,
    input: GetEventSourceMappingRequest,
) -> Result<EventSourceMappingConfiguration, Error> {
    match known(lambda, call, input.uuid.as_deref()) {
        Ok((id, record)) => Ok(shown(lambda, id, &record)),
        Err(missing) => deleting(lambda, call, input.uuid.as_deref()).ok_or(missing),
    }
}
