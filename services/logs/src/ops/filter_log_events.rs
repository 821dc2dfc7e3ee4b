use std::collections::HashSet;

use tidegate_api_logs::{FilterLogEventsRequest, FilterLogEventsResponse};
use tidegate_logfilter::Pattern;
use tidegate_protocol::Call;

use super::read_stream;
use super::reading::{Query, Source};
use crate::domain::{Cut, Direction, MAX_ANSWER_BYTES, MAX_EVENTS, Masks};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::wire;

/// How many chunks one call reads at most before it answers what it found, with a token for the rest.
const BUDGET: usize = 4000;

/// The events of a group, or of some of its streams, that match a pattern.
pub(crate) async fn filter_log_events(
    service: &CloudWatchLogs,
    call: &Call,
    input: FilterLogEventsRequest,
) -> Result<FilterLogEventsResponse, Error> {
    let group = service.group(call, input.log_group_name, input.log_group_identifier)?;
    group.must_be_standard()?;
    if input.log_stream_names.is_some() && input.log_stream_name_prefix.is_some() {
        return Err(Error::invalid("LogStream names and LogStream name prefix are mutually exclusive parameters."));
    }
    let pattern = input.filter_pattern.as_deref().map(Pattern::parse).transpose()?;
    let cut = input.next_token.as_deref().map(wire::open_filter_token).transpose()?.unwrap_or(Cut::START);
    let names: Option<HashSet<String>> = input.log_stream_names.map(|names| names.into_iter().collect());
    let source = match &names {
        Some(names) => {
            let mut only = None;
            for name in names {
                only = Some(read_stream(service, &group, name).await?.id);
            }
            only.filter(|_| names.len() == 1).map_or(Source::Group(group.id()), Source::Stream)
        }
        None => Source::Group(group.id()),
    };
    let prefix = input.log_stream_name_prefix.unwrap_or_default();
    let streams = |name: &str| match &names {
        Some(names) => names.contains(name),
        None => name.starts_with(&prefix),
    };
    let query = Query {
        source,
        from_ms: wire::millis(input.start_time).unwrap_or(0).max(group.record.cutoff_ms(service.now())),
        // Here, unlike in GetLogEvents, the last millisecond is included.
        to_ms: wire::millis(input.end_time).map_or(Cut::END.0.timestamp, |end| end.saturating_add(1)),
        cut,
        direction: Direction::Forward,
        limit: wire::count(input.limit, MAX_EVENTS),
        bytes: MAX_ANSWER_BYTES,
        budget: BUDGET,
        streams: &streams,
        pattern: pattern.as_ref(),
        masks: if input.unmask.unwrap_or(false) { Masks::default() } else { group.masks() },
        with_hidden: false,
    };
    let answer = service.find(&query).await?;
    Ok(FilterLogEventsResponse {
        events: Some(answer.events.into_iter().map(wire::filtered_event).collect()),
        // AWS answers an empty list since all streams are searched at once.
        searched_log_streams: Some(Vec::new()),
        next_token: answer.next.map(wire::filter_token),
    })
}
