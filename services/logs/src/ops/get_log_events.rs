use tidegate_api_logs::{GetLogEventsRequest, GetLogEventsResponse};
use tidegate_protocol::Call;

use super::read_stream;
use super::reading::{Query, Source};
use crate::domain::{Cut, Direction, MAX_ANSWER_BYTES, MAX_EVENTS, Masks};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::wire;

/// The events of one stream, a page at a time, in both directions.
pub(crate) async fn get_log_events(
    service: &CloudWatchLogs,
    call: &Call,
    input: GetLogEventsRequest,
) -> Result<GetLogEventsResponse, Error> {
    let group = service.group(call, input.log_group_name, input.log_group_identifier)?;
    group.must_be_standard()?;
    let name = input.log_stream_name.unwrap_or_default();
    let stream = read_stream(service, &group, &name).await?;
    let from_ms = wire::millis(input.start_time).unwrap_or(0).max(group.record.cutoff_ms(service.now()));
    let to_ms = wire::millis(input.end_time).unwrap_or(Cut::END.0.timestamp);
    let token = input.next_token.as_deref().map(wire::open_event_token).transpose()?;
    let (direction, cut) = match (token, input.start_from_head.unwrap_or(false)) {
        (Some(token), _) => token,
        (None, true) => (Direction::Forward, Cut::START),
        (None, false) => (Direction::Backward, Cut::END),
    };
    let limit = wire::count(input.limit, MAX_EVENTS);
    let query = Query {
        source: Source::Stream(stream.id),
        from_ms,
        to_ms,
        cut,
        direction,
        limit,
        bytes: MAX_ANSWER_BYTES,
        budget: usize::MAX,
        streams: &|_| true,
        pattern: None,
        masks: if input.unmask.unwrap_or(false) { Masks::default() } else { group.masks() },
        with_hidden: false,
    };
    let events = service.find(&query).await?.events;
    // At an end both tokens stay where the caller is: asking again later answers what came since.
    let here = if token.is_some() { cut } else { Cut::before_time(from_ms) };
    let before = events.first().map_or(here, |event| Cut::before(event.id));
    let behind = events.last().map_or(here, |event| Cut::behind(event.id));
    Ok(GetLogEventsResponse {
        events: Some(events.into_iter().map(wire::output_event).collect()),
        next_forward_token: Some(wire::event_token(Direction::Forward, behind)),
        next_backward_token: Some(wire::event_token(Direction::Backward, before)),
    })
}
