use tidegate_api_logs::{PutLogEventsRequest, PutLogEventsResponse};
use tidegate_protocol::Call;
use tidegate_store::Tx;

use super::appending::{Appending, Origin};
use crate::domain::{StreamName, accept};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::wire;

/// Writes events into a stream. The sequence token is not looked at, as AWS does not any more.
pub(crate) async fn put_log_events(
    service: &CloudWatchLogs,
    call: &Call,
    input: PutLogEventsRequest,
) -> Result<PutLogEventsResponse, Error> {
    let address = service.address(call, input.log_group_name, None)?;
    let stream = input.log_stream_name.as_deref().and_then(StreamName::parse).ok_or(Error::NoSuchStream)?;
    let group = service.directory.get(&address)?;
    let keeps_ms = group.as_ref().and_then(|group| group.record.keeps_ms());
    let accepted = accept(wire::events(input.log_events.unwrap_or_default()), keeps_ms, service.now())?;
    let group = group.ok_or(Error::NoSuchGroup)?;
    let origin = Origin { hops: 0, trace: call.trace.as_deref(), creates: false };
    let appending = Appending::new(service, group, stream, accepted.events, origin);
    let appending = &appending;
    service.transact(&appending.latches(service), async |tx: &mut Tx| appending.write(service, tx).await).await?;
    appending.count(service);
    Ok(PutLogEventsResponse {
        next_sequence_token: Some(wire::sequence_token(service.now(), service.env.random_u64())),
        rejected_log_events_info: accepted.rejected.map(wire::rejected),
        rejected_entity_info: None,
    })
}
