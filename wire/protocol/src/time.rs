//! Timestamps as the protocols write them.

use jiff::tz::TimeZone;
use tidegate_types::Timestamp;

use crate::schema::TimeFormat;

/// From seconds since the epoch, with a fraction, as JSON carries it. `None` before the epoch or
/// beyond what a timestamp holds.
pub fn from_epoch_seconds(seconds: f64) -> Option<Timestamp> {
    let millis = (seconds * 1000.0).round();
    // Above 2^53 a double no longer holds whole milliseconds; no calendar reaches it.
    (0.0..=9_007_199_254_740_992.0).contains(&millis).then(|| Timestamp::from_millis(millis as u64))
}

/// From ISO 8601, as query and the REST protocols carry it: `2015-01-25T08:00:00Z`.
pub fn from_iso8601(text: &str) -> Option<Timestamp> {
    let parsed: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(parsed.as_millisecond()).ok().map(Timestamp::from_millis)
}

/// As ISO 8601 with milliseconds: `2015-01-25T08:00:00.000Z`.
pub fn to_iso8601(time: Timestamp) -> String {
    zoned(time).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// From a header's date: `Sun, 25 Jan 2015 08:00:00 GMT`.
pub fn from_http_date(text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    u64::try_from(parsed.as_millisecond()).ok().map(Timestamp::from_millis)
}

/// As a header's date, to the second.
pub fn to_http_date(time: Timestamp) -> String {
    zoned(time).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// From a time in any format: outside bodies SDKs have not always agreed on which.
pub fn from_any(text: &str) -> Option<Timestamp> {
    let in_seconds = || text.parse().ok().and_then(from_epoch_seconds);
    from_iso8601(text).or_else(in_seconds).or_else(|| from_http_date(text))
}

/// As seconds since the epoch, as JSON carries them.
pub fn to_epoch_seconds(time: Timestamp) -> String {
    let millis = time.as_millis();
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// In this format.
pub fn written(time: Timestamp, format: TimeFormat) -> String {
    match format {
        TimeFormat::EpochSeconds => to_epoch_seconds(time),
        TimeFormat::Iso8601 => to_iso8601(time),
        TimeFormat::HttpDate => to_http_date(time),
    }
}

fn zoned(time: Timestamp) -> jiff::Zoned {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX).to_zoned(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_8601_round_trips_to_the_millisecond() {
        let time = Timestamp::from_millis(1_422_172_800_007);
        assert_eq!(to_iso8601(time), "2015-01-25T08:00:00.007Z");
        assert_eq!(from_iso8601("2015-01-25T08:00:00.007Z"), Some(time));
        assert_eq!(from_iso8601("2015-01-25T08:00:00Z"), Some(Timestamp::from_secs(1_422_172_800)));
        assert_eq!(from_iso8601("yesterday"), None);
    }

    #[test]
    fn any_format_is_read() {
        let time = Timestamp::from_secs(1_422_172_800);
        for format in [TimeFormat::EpochSeconds, TimeFormat::Iso8601, TimeFormat::HttpDate] {
            assert_eq!(from_any(&written(time, format)), Some(time), "{format:?}");
        }
        assert_eq!(to_http_date(time), "Sun, 25 Jan 2015 08:00:00 GMT");
        assert_eq!(from_any("soon"), None);
    }

    #[test]
    fn epoch_seconds_keep_milliseconds_and_refuse_nonsense() {
        assert_eq!(from_epoch_seconds(1.5), Some(Timestamp::from_millis(1500)));
        assert_eq!(from_epoch_seconds(1_422_172_800.123), Some(Timestamp::from_millis(1_422_172_800_123)));
        for nonsense in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(from_epoch_seconds(nonsense), None);
        }
    }
}
