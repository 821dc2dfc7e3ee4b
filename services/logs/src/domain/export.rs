use tidegate_types::Timestamp;

use super::Found;

/// The most text of one object. What is read and packed at once is bounded by it.
pub const EXPORT_PART_BYTES: usize = 8 * 1024 * 1024;

/// How an export stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportState {
    /// It goes on.
    Unfinished,
    /// All of it is in the bucket.
    Completed,
    /// Its owner ended it.
    Cancelled,
    /// It could not be done, and why.
    Failed(String),
}

/// The object that shows whether the bucket takes any.
pub fn write_test_key(prefix: &str) -> String {
    format!("{prefix}/aws-logs-write-test")
}

/// What is in it.
pub const WRITE_TEST: &str = "Permission Check Successful";

/// The object with a part of a stream's events. A stream's name makes one folder, whatever is in it.
pub fn part_key(prefix: &str, task: &str, stream: &str, part: u32) -> String {
    format!("{prefix}/{task}/{}/{part:06}.gz", stream.replace('/', "-"))
}

/// Events as the lines of an object: the time, a space, the message.
pub fn lines(events: &[Found]) -> String {
    let mut text = String::new();
    for event in events {
        text.push_str(&instant(event.id.timestamp));
        text.push(' ');
        text.push_str(&event.message);
        text.push('\n');
    }
    text
}

fn instant(millis: u64) -> String {
    let time = i64::try_from(millis).ok().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    time.map_or_else(|| millis.to_string(), |time| format!("{time:.3}"))
}

/// Whether a stretch of time is one: its end is not before its beginning, and it has begun.
pub fn is_stretch(from_ms: u64, to_ms: u64, now: Timestamp) -> bool {
    from_ms < to_ms && from_ms <= now.as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_called_as_aws_calls_them() {
        assert_eq!(part_key("exportedlogs", "id", "a/[$LATEST]b", 7), "exportedlogs/id/a-[$LATEST]b/000007.gz");
        assert_eq!(write_test_key("p"), "p/aws-logs-write-test");
        assert_eq!(instant(1_700_000_000_005), "2023-11-14T22:13:20.005Z");
        assert_eq!(instant(1_700_000_000_000), "2023-11-14T22:13:20.000Z");
    }
}
