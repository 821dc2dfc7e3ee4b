//! The event that a function gets for records of a stream, and what decides about them.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use tidegate_types::Timestamp;
use xxhash_rust::xxh3::xxh3_64;

use super::checkpoint::WindowRecord;
use crate::call;

/// What a call says about its tumbling window.
pub(super) struct WindowFrame<'a> {
    pub window: &'a WindowRecord,
    pub shard: &'a str,
    pub source: &'a str,
    pub is_final: bool,
    pub is_early: bool,
}

/// The event of these records.
pub(super) fn event<'a>(records: impl IntoIterator<Item = &'a Bytes>, frame: Option<&WindowFrame<'_>>) -> Bytes {
    let mut event = call::records(records);
    if let Some(WindowFrame { window, shard, source, is_final, is_early }) = frame {
        let (start, end) = (seconds(window.start), seconds(window.end));
        event.extend_from_slice(
            format!(",\"window\":{{\"start\":\"{start}\",\"end\":\"{end}\"}},\"state\":").as_bytes(),
        );
        event.extend_from_slice(&window.state);
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let rest = format!(
            ",\"shardId\":{},\"eventSourceARN\":{},\"isFinalInvokeForWindow\":{is_final},\"isWindowTerminatedEarly\":{is_early}",
            text(shard),
            text(source)
        );
        event.extend_from_slice(rest.as_bytes());
    }
    event.push(b'}');
    event.into()
}

/// The state that a function keeps over a window: of what it answered. An answer without one keeps none.
pub(super) fn state(answer: &[u8]) -> Bytes {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        state: Option<&'a RawValue>,
    }
    let state = serde_json::from_slice::<Answer<'_>>(answer).ok().and_then(|answer| answer.state);
    match state.map(RawValue::get) {
        Some(state) if state.starts_with('{') => Bytes::copy_from_slice(state.as_bytes()),
        Some(_) | None => Bytes::from_static(b"{}"),
    }
}

/// The lane that a record falls to, by its key.
pub(super) fn lane_of(record: &[u8], lanes: u8) -> u8 {
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow)]
        dynamodb: Option<Change<'a>>,
        #[serde(borrow)]
        kinesis: Option<Put<'a>>,
    }
    #[derive(Deserialize)]
    struct Change<'a> {
        #[serde(rename = "Keys", borrow)]
        keys: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Put<'a> {
        #[serde(rename = "partitionKey", borrow)]
        key: Option<&'a RawValue>,
    }
    let Ok(record) = serde_json::from_slice::<Record<'_>>(record) else { return 0 };
    let key = record.dynamodb.and_then(|change| change.keys).or(record.kinesis.and_then(|put| put.key));
    // One source writes a key in one way, so equal keys have equal texts.
    key.map_or(0, |key| (xxh3_64(key.get().as_bytes()) % u64::from(lanes.max(1))) as u8)
}

/// `2020-07-30T17:00:00Z`.
pub(super) fn seconds(at: Timestamp) -> String {
    format(at, "%Y-%m-%dT%H:%M:%SZ")
}

/// `2019-11-14T00:13:49.717Z`.
pub(super) fn millis(at: Timestamp) -> String {
    format(at, "%Y-%m-%dT%H:%M:%S%.3fZ")
}

/// `2019/11/14/2019-11-14T00.13.49`, as the keys of objects have it.
pub(super) fn object_time(at: Timestamp) -> String {
    format(at, "%Y/%m/%d/%Y-%m-%dT%H.%M.%S")
}

fn format(at: Timestamp, how: &str) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    let at = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    at.strftime(how).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_part_of_the_event() {
        let window = WindowRecord {
            start: Timestamp::from_secs(1_596_128_400),
            end: Timestamp::from_secs(1_596_128_700),
            state: Bytes::from_static(br#"{"1":"282"}"#),
        };
        let frame =
            WindowFrame { window: &window, shard: "shardId-1", source: "arn:x", is_final: true, is_early: false };
        let records = [Bytes::from_static(br#"{"eventID":"1"}"#)];
        let expected = concat!(
            r#"{"Records":[{"eventID":"1"}],"window":{"start":"2020-07-30T17:00:00Z","end":"2020-07-30T17:05:00Z"},"#,
            r#""state":{"1":"282"},"shardId":"shardId-1","eventSourceARN":"arn:x","#,
            r#""isFinalInvokeForWindow":true,"isWindowTerminatedEarly":false}"#,
        );
        assert_eq!(event(&records, Some(&frame)), expected);
        assert_eq!(event(&records, None), r#"{"Records":[{"eventID":"1"}]}"#);
    }

    #[test]
    fn a_state_is_an_object() {
        for (answer, expected) in [
            (r#"{"state": {"a": 1}, "batchItemFailures": []}"#, r#"{"a": 1}"#),
            (r#"{"state": null}"#, "{}"),
            (r#"{"state": 7}"#, "{}"),
            ("null", "{}"),
            ("", "{}"),
        ] {
            assert_eq!(state(answer.as_bytes()), expected, "{answer}");
        }
    }

    #[test]
    fn equal_keys_fall_to_one_lane() {
        let record = |id: u32, image: u32| {
            format!(r#"{{"dynamodb":{{"Keys":{{"id":{{"N":"{id}"}}}},"NewImage":{{"v":{{"N":"{image}"}}}}}}}}"#)
        };
        let lane = |id, image| lane_of(record(id, image).as_bytes(), 4);
        assert!((0..50).all(|id| lane(id, 1) == lane(id, 2)));
        assert!((0..4).all(|wanted| (0..50).any(|id| lane(id, 1) == wanted)));
    }

    #[test]
    fn times_are_written_as_aws_does() {
        let at = Timestamp::from_millis(1_573_690_429_717);
        assert_eq!((seconds(at).as_str(), millis(at).as_str()), ("2019-11-14T00:13:49Z", "2019-11-14T00:13:49.717Z"));
    }
}
