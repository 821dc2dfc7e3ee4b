//! Events and the tokens between pages of them.

use tidegate_api_logs::{
    FilteredLogEvent, InputLogEvent, LiveTailSessionLogEvent, OutputLogEvent, RejectedLogEventsInfo,
};
use tidegate_types::Timestamp;

use crate::domain::{Cut, Direction, Event, EventId, Found, GroupAddress, Rejected};
use crate::error::Error;
use crate::store::Group;

/// The events of a request. The model's constraints saw to it that nothing is absent or negative.
pub(crate) fn events(events: Vec<InputLogEvent>) -> Vec<Event> {
    let event =
        |event: InputLogEvent| Event::new(millis(event.timestamp).unwrap_or(0), event.message.unwrap_or_default());
    events.into_iter().map(event).collect()
}

/// A time in milliseconds.
pub(crate) fn millis(time: Option<i64>) -> Option<u64> {
    // No event is later than ids can say.
    time.and_then(|time| u64::try_from(time).ok()).map(|time| time.min(Cut::END.0.timestamp))
}

/// A number of events.
pub(crate) fn count(limit: Option<i32>, default: usize) -> usize {
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(default)
}

fn wire_millis(millis: u64) -> Option<i64> {
    i64::try_from(millis).ok()
}

fn wire_index(index: Option<usize>) -> Option<i32> {
    index.and_then(|index| i32::try_from(index).ok())
}

/// What was left out of a batch.
pub(crate) fn rejected(rejected: Rejected) -> RejectedLogEventsInfo {
    RejectedLogEventsInfo {
        too_new_log_event_start_index: wire_index(rejected.too_new_from),
        too_old_log_event_end_index: wire_index(rejected.too_old_to),
        expired_log_event_end_index: wire_index(rejected.expired_to),
    }
}

/// An event as GetLogEvents shows it.
pub(crate) fn output_event(event: Found) -> OutputLogEvent {
    OutputLogEvent {
        timestamp: wire_millis(event.id.timestamp),
        message: Some(event.message),
        ingestion_time: wire_millis(event.ingested_at.as_millis()),
    }
}

/// An event as FilterLogEvents shows it.
pub(crate) fn filtered_event(event: Found) -> FilteredLogEvent {
    FilteredLogEvent {
        log_stream_name: Some(event.stream.to_string()),
        timestamp: wire_millis(event.id.timestamp),
        message: Some(event.message),
        ingestion_time: wire_millis(event.ingested_at.as_millis()),
        event_id: Some(event.id.text()),
    }
}

/// An event as Live Tail shows it.
pub(crate) fn live_event(group: &Group, stream: &str, event: Event, at: Timestamp) -> LiveTailSessionLogEvent {
    let GroupAddress { account, name, .. } = &group.address;
    LiveTailSessionLogEvent {
        log_stream_name: Some(stream.to_owned()),
        log_group_identifier: Some(format!("{account}:{name}")),
        message: Some(event.message),
        timestamp: wire_millis(event.timestamp),
        ingestion_time: wire_millis(at.as_millis()),
    }
}

/// A sequence token, for clients from the time when they had to be handed back.
pub(crate) fn sequence_token(at: Timestamp, chance: u64) -> String {
    EventId { timestamp: at.as_millis(), position: chance, index: 0 }.text()
}

/// A token of GetLogEvents: `f/…/s` goes on, `b/…/s` back.
pub(crate) fn event_token(direction: Direction, cut: Cut) -> String {
    match direction {
        Direction::Forward => format!("f/{}/s", cut.text()),
        Direction::Backward => format!("b/{}/s", cut.text()),
    }
}

/// What a token of GetLogEvents says.
pub(crate) fn open_event_token(token: &str) -> Result<(Direction, Cut), Error> {
    let (direction, rest) = match token.split_at_checked(2) {
        Some(("f/", rest)) => (Direction::Forward, rest),
        Some(("b/", rest)) => (Direction::Backward, rest),
        _ => return Err(Error::InvalidToken),
    };
    let cut = rest.strip_suffix("/s").and_then(Cut::parse).ok_or(Error::InvalidToken)?;
    Ok((direction, cut))
}

/// A token of FilterLogEvents.
pub(crate) fn filter_token(cut: Cut) -> String {
    cut.text()
}

/// What a token of FilterLogEvents says.
pub(crate) fn open_filter_token(token: &str) -> Result<Cut, Error> {
    Cut::parse(token).ok_or(Error::InvalidToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_back_and_others_refused() {
        for direction in [Direction::Forward, Direction::Backward] {
            let token = event_token(direction, Cut::START);
            assert_eq!(open_event_token(&token).unwrap(), (direction, Cut::START));
        }
        for token in ["", "f", "f/1/s", "x/", "f/é", &event_token(Direction::Forward, Cut::START)[..58]] {
            assert!(open_event_token(token).is_err(), "{token}");
        }
        assert_eq!(open_filter_token(&filter_token(Cut::END)).unwrap(), Cut::END);
    }
}
