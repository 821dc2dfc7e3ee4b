//! The earlier stretch of time that `diff` compares a query's with.

use crate::time::{Period, months_before};

/// How much earlier it is. Its length is that of the query's own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift(pub(crate) By);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum By {
    /// It ends where the query's begins.
    Itself,
    Period(Period),
}

impl Shift {
    /// The stretch for a query's, both in milliseconds since the epoch and without their ends.
    pub fn of(&self, from_ms: u64, to_ms: u64) -> (u64, u64) {
        let length = to_ms.saturating_sub(from_ms);
        let from = match self.0 {
            By::Itself => from_ms.saturating_sub(length),
            By::Period(Period::Millis(ms)) => from_ms.saturating_sub(ms.unsigned_abs()),
            By::Period(Period::Weeks(count)) => {
                from_ms.saturating_sub(count.unsigned_abs().saturating_mul(7 * 86_400_000))
            }
            By::Period(Period::Months(count)) => {
                let before = i64::try_from(from_ms).ok().and_then(|from| months_before(from, count));
                before.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0)
            }
        };
        (from, from.saturating_add(length))
    }
}

#[cfg(test)]
mod tests {
    use super::{By, Shift};
    use crate::time::{Period, read};

    #[test]
    fn earlier_stretches_are_as_long() {
        let at = |text| u64::try_from(read(text).unwrap()).unwrap();
        let (from, to) = (at("2024-03-31 10:00:00"), at("2024-03-31 11:00:00"));
        for (by, expected) in [
            (By::Itself, "2024-03-31 09:00:00"),
            (By::Period(Period::Millis(86_400_000)), "2024-03-30 10:00:00"),
            (By::Period(Period::Weeks(1)), "2024-03-24 10:00:00"),
            (By::Period(Period::Months(1)), "2024-02-29 10:00:00"),
        ] {
            assert_eq!(Shift(by).of(from, to), (at(expected), at(expected) + 3_600_000));
        }
        assert_eq!(Shift(By::Itself).of(5, 20), (0, 15));
    }
}
