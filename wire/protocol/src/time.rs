//! Timestamps as the protocols write them.

use jiff::tz::TimeZone;
use tidegate_types::Timestamp;

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
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
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
    fn epoch_seconds_keep_milliseconds_and_refuse_nonsense() {
        assert_eq!(from_epoch_seconds(1.5), Some(Timestamp::from_millis(1500)));
        assert_eq!(from_epoch_seconds(1_422_172_800.123), Some(Timestamp::from_millis(1_422_172_800_123)));
        for nonsense in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(from_epoch_seconds(nonsense), None);
        }
    }
}
