//! The two forms in which a request states its time.

use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use tidegate_types::Timestamp;

const BASIC: &str = "%Y%m%dT%H%M%SZ";

/// From `20150830T123600Z`.
pub fn parse_basic(text: &str) -> Option<Timestamp> {
    // `strptime` would also take fewer digits.
    if text.len() != 16 {
        return None;
    }
    let time = DateTime::strptime(BASIC, text).ok()?;
    timestamp(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// From an HTTP `Date` header, which some clients sign instead.
pub fn parse_http(text: &str) -> Option<Timestamp> {
    let time = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    timestamp(time)
}

/// As `20150830T123600Z`.
pub fn basic(time: Timestamp) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    time.to_zoned(TimeZone::UTC).strftime(BASIC).to_string()
}

/// From `2015-12-29T12:00:00.000Z`, as POST policies state their end.
pub fn parse_extended(text: &str) -> Option<Timestamp> {
    timestamp(text.parse().ok()?)
}

fn timestamp(time: jiff::Timestamp) -> Option<Timestamp> {
    u64::try_from(time.as_millisecond()).ok().map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_name_the_same_moment() {
        let time = Timestamp::from_secs(1_440_938_160);
        assert_eq!(parse_basic("20150830T123600Z"), Some(time));
        assert_eq!(parse_http("Sun, 30 Aug 2015 12:36:00 GMT"), Some(time));
        assert_eq!(parse_extended("2015-08-30T12:36:00.000Z"), Some(time));
        assert_eq!(basic(time), "20150830T123600Z");
        for nonsense in ["", "20150830", "20151330T123600Z", "20150830T123600", "2015083T123600ZZ"] {
            assert_eq!(parse_basic(nonsense), None, "{nonsense}");
        }
    }
}
