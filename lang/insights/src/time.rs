//! Times and periods.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// The most months of a period: as many as a calendar can be gone back or on by.
const MAX_MONTHS: i64 = 239_976;

/// A stretch of time, as in `bin(5m)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Period {
    /// Of fixed length, counted from the epoch.
    Millis(i64),
    /// Counted from a Monday.
    Weeks(i64),
    /// Of the calendar, counted from the year nought.
    Months(i64),
}

impl Period {
    /// Reads a unit: `m`, `min`, `minute`, and with an `s` if longer than a letter.
    pub(crate) fn parse(count: i64, unit: &str) -> Option<Period> {
        let unit = unit.to_ascii_lowercase();
        let singular = unit.strip_suffix('s').filter(|rest| rest.len() > 1 && *rest != "m").unwrap_or(&unit);
        let millis = |unit_ms: i64| count.checked_mul(unit_ms).map(Period::Millis);
        let months = |unit: i64| {
            let months = count.checked_mul(unit).filter(|months| *months <= MAX_MONTHS);
            months.map(Period::Months)
        };
        if count <= 0 {
            return None;
        }
        match singular {
            "ms" | "msec" | "millisecond" => millis(1),
            "s" | "sec" | "second" => millis(1_000),
            "m" | "min" | "minute" => millis(60_000),
            "h" | "hr" | "hour" => millis(3_600_000),
            "d" | "day" => millis(86_400_000),
            "w" | "week" => count.checked_mul(7 * 86_400_000).map(|_| Period::Weeks(count)),
            "mo" | "mon" | "month" => months(1),
            "q" | "qtr" | "quarter" => months(3),
            "y" | "yr" | "year" => months(12),
            _ => None,
        }
    }

    /// The begin of the stretch that a time lies in. Nothing for a time that no calendar has.
    pub(crate) fn floor(self, ms: i64) -> Option<i64> {
        match self {
            Period::Millis(length) => ms.div_euclid(length).checked_mul(length),
            Period::Weeks(count) => {
                // The epoch was a Thursday: three days after a Monday.
                let monday = -3 * 86_400_000;
                let length = count * 7 * 86_400_000;
                ms.checked_sub(monday)?.div_euclid(length).checked_mul(length)?.checked_add(monday)
            }
            Period::Months(count) => {
                let date = civil(ms)?.date();
                let months = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
                month(months.div_euclid(count).checked_mul(count)?)
            }
        }
    }

    /// The end of the stretch, or the time itself if it is a begin.
    pub(crate) fn ceil(self, ms: i64) -> Option<i64> {
        let floor = self.floor(ms)?;
        if floor == ms {
            return Some(ms);
        }
        match self {
            Period::Millis(length) => floor.checked_add(length),
            Period::Weeks(count) => floor.checked_add(count * 7 * 86_400_000),
            Period::Months(count) => millis(civil(floor)?.checked_add(Span::new().try_months(count).ok()?).ok()?),
        }
    }
}

/// The same time of the calendar so many months before; in a shorter month its last day.
pub(crate) fn months_before(ms: i64, months: i64) -> Option<i64> {
    millis(civil(ms)?.checked_sub(Span::new().try_months(months).ok()?).ok()?)
}

fn month(months: i64) -> Option<i64> {
    let year = i16::try_from(months.div_euclid(12)).ok()?;
    let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
    millis(DateTime::new(year, month, 1, 0, 0, 0, 0).ok()?)
}

fn civil(ms: i64) -> Option<DateTime> {
    Some(TimeZone::UTC.to_datetime(Timestamp::from_millisecond(ms).ok()?))
}

fn millis(time: DateTime) -> Option<i64> {
    Some(TimeZone::UTC.to_timestamp(time).ok()?.as_millisecond())
}

/// A time as results show it: `2026-07-17 12:34:56.789`, in UTC.
pub(crate) fn show(ms: i64) -> String {
    match civil(ms) {
        Some(time) => time.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string(),
        None => ms.to_string(),
    }
}

/// Reads what [`show`] writes, so that a shown time can be compared with one written in a query.
pub(crate) fn read(text: &str) -> Option<i64> {
    let time: DateTime = text.trim().trim_end_matches('Z').parse().ok()?;
    millis(time)
}

#[cfg(test)]
mod tests {
    use jiff::civil::Weekday;

    use super::{MAX_MONTHS, Period, civil, months_before, read, show};

    #[test]
    fn periods_floor_and_ceil() {
        let at = |text| read(text).expect("a time");
        for (count, unit, floor, ceil) in [
            (5, "m", "2024-02-29 13:05:00.000", "2024-02-29 13:10:00.000"),
            (1, "hrs", "2024-02-29 13:00:00.000", "2024-02-29 14:00:00.000"),
            (1, "days", "2024-02-29 00:00:00.000", "2024-03-01 00:00:00.000"),
            (1, "w", "2024-02-26 00:00:00.000", "2024-03-04 00:00:00.000"),
            (1, "mo", "2024-02-01 00:00:00.000", "2024-03-01 00:00:00.000"),
            (1, "qtr", "2024-01-01 00:00:00.000", "2024-04-01 00:00:00.000"),
            (1, "year", "2024-01-01 00:00:00.000", "2025-01-01 00:00:00.000"),
            (250, "ms", "2024-02-29 13:07:08.750", "2024-02-29 13:07:09.000"),
        ] {
            let period = Period::parse(count, unit).expect("a period");
            let time = at("2024-02-29 13:07:08.901");
            assert_eq!(show(period.floor(time).expect("in range")), floor, "{count}{unit}");
            assert_eq!(show(period.ceil(time).expect("in range")), ceil, "{count}{unit}");
            assert_eq!(period.ceil(at(floor)), Some(at(floor)));
        }
        assert_eq!(Period::parse(1, "fortnight"), None);
        assert_eq!(Period::parse(0, "m"), None);
        assert_eq!(civil(at("2024-02-26")).map(|time| time.weekday()), Some(Weekday::Monday));
        assert_eq!(Period::Millis(7).floor(i64::MIN), None);
    }

    #[test]
    fn no_calendar_goes_that_far() {
        assert_eq!(Period::parse(20_000, "y"), None);
        assert_eq!(Period::parse(i64::MAX, "q"), None);
        assert_eq!(Period::parse(MAX_MONTHS + 1, "mo"), None);
        let longest = Period::parse(MAX_MONTHS, "mo").expect("a period");
        assert_eq!(longest.ceil(0), None);
        for months in [MAX_MONTHS, MAX_MONTHS + 1, i64::MAX] {
            assert_eq!(months_before(0, months), None);
            assert_eq!(Period::Months(months).ceil(1), None);
        }
    }
}
