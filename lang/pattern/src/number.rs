//! Numbers that can be compared.
//!
//! AWS compares numbers as IEEE doubles, and only those that a double holds exactly as they are written: the
//! shortest decimal that gives the double must be the number itself. An account number of 20 digits is none;
//! such numbers are compared as texts.

/// A number, as bits whose order is the numbers' order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Number(pub(crate) u64);

impl Number {
    /// The smallest and the largest.
    pub const LEAST: Number = Number(!(f64::MAX.to_bits() | SIGN));
    /// See [`Number::LEAST`].
    pub const GREATEST: Number = Number(f64::MAX.to_bits() | SIGN);

    /// Reads a JSON number; `None` if it cannot be compared.
    pub fn parse(text: &str) -> Option<Number> {
        let value: f64 = text.parse().ok()?;
        if !value.is_finite() || !(is_short(text) || is_shortest(text, value)) {
            return None;
        }
        // Minus zero is zero.
        let bits = if value == 0.0 { 0 } else { value.to_bits() };
        Some(Number(if bits & SIGN == 0 { bits | SIGN } else { !bits }))
    }
}

const SIGN: u64 = 1 << 63;

/// A double holds every number of fifteen digits. Numbers with an exponent go the long way.
fn is_short(text: &str) -> bool {
    text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
}

fn is_shortest(text: &str, value: f64) -> bool {
    let shortest = format!("{value:e}");
    decimal(text).is_some_and(|written| Some(written) == decimal(&shortest))
}

/// Digits without zeros around them, and the exponent of the digit after the last.
fn decimal(text: &str) -> Option<(String, i64)> {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let leading = digits.trim_start_matches('0');
    let significant = leading.trim_end_matches('0');
    if significant.is_empty() {
        return Some((String::new(), 0));
    }
    let zeros = (leading.len() - significant.len()) as i64;
    let exponent = exponent.checked_sub(fraction.len() as i64)?.checked_add(zeros)?;
    Some((significant.to_owned(), exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_are_equal_however_they_are_written() {
        for (left, right) in [("1", "1.0"), ("300", "3.00e2"), ("-0.0", "0"), ("0.1", "1E-1"), ("0", "0e99999")] {
            assert_eq!(Number::parse(left), Number::parse(right), "{left} {right}");
            assert!(Number::parse(left).is_some(), "{left}");
        }
    }

    #[test]
    fn order_is_kept() {
        let texts = ["-1.7976931348623157e308", "-5", "-0.5", "0", "5e-324", "0.1", "0.3", "1", "1e100"];
        let numbers: Vec<_> = texts.iter().map(|text| Number::parse(text).expect("comparable")).collect();
        assert!(numbers.is_sorted() && numbers.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(numbers[0], Number::LEAST);
        assert_eq!(Number::parse("1.7976931348623157e308"), Some(Number::GREATEST));
    }

    #[test]
    fn what_a_double_does_not_hold_is_not_compared() {
        for text in ["1e400", "1e-400", "123456789012345678", "0.12345678901234567890", "true", "1e9999999999999999999"]
        {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }
}
