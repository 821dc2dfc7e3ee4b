//! The typed values that condition operators compare.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use jiff::{Span, Timestamp};

/// A number, compared exactly where both sides are whole, otherwise as floating point.
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain =
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    if plain { text.parse().ok() } else { None }
}

/// A date: one that IAM takes in ([`policy_date`]), or seconds with a fraction, or another form of ISO 8601.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(date) = policy_date(text) {
        return Some(date);
    }
    if let Ok(seconds) = text.parse::<f64>() {
        // Whole nanoseconds are more than any policy says.
        return Timestamp::from_nanosecond((seconds * 1e9) as i128).ok();
    }
    text.parse().ok().or_else(|| {
        let local = text.parse::<jiff::civil::DateTime>().ok()?;
        local.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|date| date.timestamp())
    })
}

/// A date as IAM lets policies say it: seconds since the epoch, or as much of ISO 8601 as there is, a digit or two to
/// each part, in UTC unless it names a zone. A day that its month does not have lies in the next one. Years that no
/// clock here comes to are the last moment that can be told, or the first: a condition of them holds, or not, as it
/// says.
pub fn policy_date(text: &str) -> Option<Timestamp> {
    let text = text.to_ascii_lowercase();
    if !text.contains(['t', '-']) {
        return moment(part(Some(&text), 0..=i64::MAX)?, 0);
    }
    let (day, time) = text.split_once('t').unwrap_or((&text, ""));
    let (sign, last_year, day) = match day.strip_prefix('-') {
        Some(day) => (-1, 292_275_054, day),
        None => (1, 292_278_993, day),
    };
    let mut parts = day.split('-');
    let year = sign * part(parts.next(), 0..=last_year)?;
    let month = part_or(parts.next(), 1, 1..=12)?;
    let day = part_or(parts.next(), 1, 1..=31)?;
    if parts.next().is_some() {
        return None;
    }
    let (time, offset) = match time.find(['+', '-']) {
        Some(at) => (&time[..at], offset(&time[at..])?),
        None => (time.strip_suffix('z').unwrap_or(time), 0),
    };
    let mut parts = time.split(':');
    let hours = part_or(parts.next().filter(|hours| !hours.is_empty()), 0, 0..=23)?;
    let minutes = part_or(parts.next(), 0, 0..=59)?;
    let seconds =
        parts.next().map(|text| text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest))));
    let (seconds, fraction) = seconds.map_or((None, None), |(whole, rest)| (Some(whole), rest));
    let seconds = part_or(seconds, 0, 0..=59)?;
    part_or(fraction, 0, 0..=999_999_999)?;
    if parts.next().is_some() {
        return None;
    }
    let nanoseconds = format!("{:0<9}", fraction.unwrap_or_default())[..9].parse().ok()?;
    let days = days_before(year, month) + day - 1;
    moment(((days * 24 + hours) * 60 + minutes) * 60 + seconds - offset, nanoseconds)
}

/// Seconds east of UTC: `+hh` or `-hh:mm`.
fn offset(text: &str) -> Option<i64> {
    let (sign, zone) = text.split_at(1);
    let (hours, minutes) = zone.split_once(':').map_or((zone, None), |(hours, minutes)| (hours, Some(minutes)));
    if hours.len() != 2 || minutes.is_some_and(|minutes| minutes.len() != 2) {
        return None;
    }
    let east = part(Some(hours), 0..=23)? * 3600 + part_or(minutes, 0, 0..=59)? * 60;
    Some(if sign == "-" { -east } else { east })
}

fn part(text: Option<&str>, range: RangeInclusive<i64>) -> Option<i64> {
    let digits = text.filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok().filter(|number| range.contains(number))
}

fn part_or(text: Option<&str>, missing: i64, range: RangeInclusive<i64>) -> Option<i64> {
    if text.is_none() { Some(missing) } else { part(text, range) }
}

/// The days from the epoch to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    // Counted from March, so that a leap day is the last of its year.
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month * 153 + 2) / 5 - 719_468
}

fn moment(seconds: i64, nanoseconds: i32) -> Option<Timestamp> {
    // Before the epoch, too, a fraction counts forward.
    let told =
        Timestamp::from_second(seconds).and_then(|second| second.checked_add(Span::new().nanoseconds(nanoseconds)));
    Some(told.unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX }))
}

/// `true` or `false`, without regard to case.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Whether an address lies in a block such as `10.0.0.0/8`, or is the address that `block` names.
pub(crate) fn address_in(block: &str, address: &str) -> Option<bool> {
    let address: IpAddr = address.trim().parse().ok()?;
    let (network, length) = match block.trim().split_once('/') {
        Some((network, length)) => (network, Some(length.parse::<u32>().ok()?)),
        None => (block.trim(), None),
    };
    let network: IpAddr = network.parse().ok()?;
    let (width, network, address) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (32, u128::from(network.to_bits()), u128::from(address.to_bits()))
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => (128, network.to_bits(), address.to_bits()),
        _ => return Some(false),
    };
    let length = length.unwrap_or(width);
    if length > width {
        return None;
    }
    let shift = width - length;
    // A shift by the whole width would overflow; a block of length zero holds every address.
    Some(length == 0 || network >> shift == address >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_their_addresses() {
        for (block, address, expected) in [
            ("10.0.0.0/8", "10.1.2.3", Some(true)),
            ("10.0.0.0/8", "11.0.0.1", Some(false)),
            ("0.0.0.0/0", "8.8.8.8", Some(true)),
            ("203.0.113.7", "203.0.113.7", Some(true)),
            ("2001:db8::/32", "2001:db8:1::1", Some(true)),
            ("2001:db8::/32", "10.0.0.1", Some(false)),
            ("10.0.0.0/33", "10.0.0.1", None),
            ("10.0.0.0/8", "nowhere", None),
        ] {
            assert_eq!(address_in(block, address), expected, "{block} {address}");
        }
    }

    #[test]
    fn what_iam_takes_in_is_read_to_the_second() {
        for (text, seconds) in [
            ("0", 0),
            ("2013", 2013),
            ("1769817601", 1_769_817_601),
            ("2013-06", 1_370_044_800),
            ("2013-6-3", 1_370_217_600),
            ("2013-06-30", 1_372_550_400),
            ("2013-06-31", 1_372_636_800),
            ("2012-02-29T00Z", 1_330_473_600),
            ("2000-03-01T00:00:00z", 951_868_800),
            ("2013t", 1_356_998_400),
            ("2026-01-01T15:00:00", 1_767_279_600),
            ("2026-01-01T15", 1_767_279_600),
            ("2013-06-30t2:00:00Z", 1_372_557_600),
            ("2013-06-30t2:3:4Z", 1_372_557_784),
            ("2026-01-01T00:00:00-05:00", 1_767_243_600),
            ("2026-01-01T00:00:00+05:30", 1_767_205_800),
            ("2026-01-01T00:00:00+01", 1_767_222_000),
            ("1969-12-31T23:59:59.5Z", -1),
        ] {
            let read = policy_date(text).map(|date| date.as_nanosecond().div_euclid(1_000_000_000));
            assert_eq!(read, Some(seconds), "{text}");
            assert_eq!(date(text), policy_date(text), "{text}");
        }
        assert_eq!(date("2013-06-30T00:00:00.5+01:30"), date("2013-06-29T22:30:00.500Z"));
        for (text, end) in [
            ("-292275054-12-31", Timestamp::MIN),
            ("-10000", Timestamp::MIN),
            ("10000-01-01", Timestamp::MAX),
            ("9999-12-31T23:59:59Z", Timestamp::MAX),
            ("292278993-12-31T23:59:59Z", Timestamp::MAX),
            ("9223372036854775807", Timestamp::MAX),
        ] {
            assert_eq!(date(text), Some(end), "{text}");
        }
        for text in ["2013-+6", "2013-06-30T24:00", "2026-01-01T00:00:00-0500", "2026-01-01T00:00:00.", "1.5", "-1.5"] {
            assert_eq!(policy_date(text), None, "{text}");
        }
        assert_eq!(date("-1.5"), Timestamp::new(-1, -500_000_000).ok(), "not as IAM has it, but in a form of old");
    }

    #[test]
    fn dates_come_in_three_forms() {
        let expected = date("2026-01-31T00:00:00Z");
        assert!(expected.is_some());
        assert_eq!(date("2026-01-31"), expected);
        assert_eq!(date("1769817600"), expected);
        assert_eq!(date("2026-01-31T01:00+01:00"), expected);
        assert_eq!(date("2026-02"), date("2026-02-01"));
        assert_eq!(date("yesterday"), None);
    }
}
