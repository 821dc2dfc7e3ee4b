use tidegate_api_lambda::{EventSourceMappingConfiguration, GetEventSourceMappingRequest};
use tidegate_protocol::Call;

use super::{known, shown};
use crate::error::Error;
use crate::service::Lambda;

/// Shows a mapping as it stands.
pub(crate) async fn get_event_source_mapping(
    lambda: &Lambda,
    call: &Call,
    input: GetEventSourceMappingRequest,
) -> Result<EventSourceMappingConfiguration, Error> {
    let (id, record) = known(lambda, call, input.uuid.as_deref())?;
    Ok(shown(lambda, id, &record))
}
