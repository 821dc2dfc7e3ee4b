//! Exact decimal numbers: 38 significant digits, magnitudes from 1E-130 to 9.99…E+125.
//!
//! A number is kept as `± coefficient × 10^exponent` with no trailing zeros in the coefficient, so
//! equal numbers are equal structures. A hundred lines of our own, because no decimal crate has this
//! range, and the order-preserving key needs the digits anyway.

use std::cmp::Ordering;
use std::fmt;

use super::Misuse;

/// The most significant digits.
const MAX_DIGITS: u32 = 38;
/// The largest decimal exponent of the first digit.
const MAX_MAGNITUDE: i32 = 125;
/// The smallest.
const MIN_MAGNITUDE: i32 = -130;

/// An exact decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    /// Below 10^38, and not divisible by ten unless it is zero.
    coefficient: u128,
    /// The power of ten of the coefficient's last digit; zero for zero.
    exponent: i16,
}

impl Number {
    /// Nought.
    pub const ZERO: Number = Number { negative: false, coefficient: 0, exponent: 0 };

    /// The number that a text spells: an optional sign, digits with an optional point, an optional
    /// exponent.
    ///
    /// # Errors
    /// A text that is no number, and a number that DynamoDB cannot hold.
    pub fn parse(text: &str) -> Result<Number, Misuse> {
        if text.is_empty() {
            return Err(Misuse::new("The parameter cannot be converted to a numeric value"));
        }
        let not_a_number = || Misuse::new(format!("The parameter cannot be converted to a numeric value: {text}"));
        let (negative, unsigned) = match text.as_bytes()[0] {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], parse_exponent(&unsigned[at + 1..]).ok_or_else(not_a_number)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = || whole.bytes().chain(fraction.bytes());
        if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
            return Err(not_a_number());
        }
        let significant: Vec<u8> = digits().skip_while(|digit| *digit == b'0').collect();
        let trailing = significant.iter().rev().take_while(|digit| **digit == b'0').count();
        let kept = &significant[..significant.len() - trailing];
        if kept.is_empty() {
            return Ok(Number::ZERO);
        }
        let last = exponent.saturating_sub(clamp(fraction.len())).saturating_add(clamp(trailing));
        check_magnitude(last.saturating_add(clamp(kept.len())) - 1)?;
        if kept.len() > MAX_DIGITS as usize {
            return Err(too_many_digits());
        }
        let coefficient = kept.iter().fold(0, |sum: u128, digit| sum * 10 + u128::from(digit - b'0'));
        Ok(Number { negative, coefficient, exponent: exponent_of(last) })
    }

    /// A whole number.
    pub fn from_u64(value: u64) -> Number {
        Number::normal(false, value.into(), 0).expect("every 64-bit number is in range")
    }

    /// The number as a whole one, if it is one and fits.
    pub fn to_i64(self) -> Option<i64> {
        let exponent = u32::try_from(self.exponent).ok()?;
        let magnitude = i128::try_from(self.coefficient).ok()?.checked_mul(10_i128.checked_pow(exponent)?)?;
        i64::try_from(if self.negative { -magnitude } else { magnitude }).ok()
    }

    /// The whole part, towards zero, if it fits: TTLs may have fractions.
    pub fn whole_part(self) -> Option<i64> {
        if self.exponent >= 0 {
            return self.to_i64();
        }
        let divisor = 10_u128.checked_pow(u32::from(self.exponent.unsigned_abs()));
        let whole = i64::try_from(divisor.map_or(0, |divisor| self.coefficient / divisor)).ok()?;
        Some(if self.negative { -whole } else { whole })
    }

    /// The sum.
    ///
    /// # Errors
    /// A sum that DynamoDB cannot hold. Of one with too many digits the service says that it is too large.
    pub fn plus(self, other: Number) -> Result<Number, Misuse> {
        self.exact_sum(other)?.ok_or_else(overflow)
    }

    /// The sum, unless it has more digits than there may be.
    fn exact_sum(self, other: Number) -> Result<Option<Number>, Misuse> {
        if self.coefficient == 0 {
            return Ok(Some(other));
        }
        if other.coefficient == 0 {
            return Ok(Some(self));
        }
        let (high, low) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        let shift = u32::from((high.exponent - low.exponent).unsigned_abs());
        // The low one's last digit is not zero, so a shifted one that does not fit 128 bits leaves
        // more digits than there may be, whatever is added or taken away.
        let shifted = 10_u128.checked_pow(shift).and_then(|power| high.coefficient.checked_mul(power));
        let Some(shifted) = shifted else { return Ok(None) };
        let (negative, coefficient) = if high.negative == low.negative {
            let Some(sum) = shifted.checked_add(low.coefficient) else { return Ok(None) };
            (high.negative, sum)
        } else if shifted >= low.coefficient {
            (high.negative, shifted - low.coefficient)
        } else {
            (low.negative, low.coefficient - shifted)
        };
        Number::within_digits(negative, coefficient, low.exponent.into())
    }

    /// The difference.
    ///
    /// # Errors
    /// A difference that DynamoDB cannot hold.
    pub fn minus(self, other: Number) -> Result<Number, Misuse> {
        self.plus(Number { negative: !other.negative && other.coefficient != 0, ..other })
    }

    fn normal(negative: bool, coefficient: u128, exponent: i32) -> Result<Number, Misuse> {
        Number::within_digits(negative, coefficient, exponent)?.ok_or_else(too_many_digits)
    }

    /// The number in its one form, unless it has more digits than there may be.
    fn within_digits(negative: bool, mut coefficient: u128, mut exponent: i32) -> Result<Option<Number>, Misuse> {
        if coefficient == 0 {
            return Ok(Some(Number::ZERO));
        }
        match u64::try_from(coefficient) {
            Ok(mut short) => {
                while short.is_multiple_of(10) {
                    short /= 10;
                    exponent += 1;
                }
                coefficient = short.into();
            }
            Err(_) => {
                while coefficient.is_multiple_of(10) {
                    coefficient /= 10;
                    exponent += 1;
                }
            }
        }
        let digits = digits(coefficient);
        check_magnitude(exponent + digits as i32 - 1)?;
        if digits > MAX_DIGITS {
            return Ok(None);
        }
        Ok(Some(Number { negative, coefficient, exponent: exponent_of(exponent) }))
    }

    /// The decimal exponent of the first digit.
    fn magnitude(self) -> i32 {
        i32::from(self.exponent) + digits(self.coefficient) as i32 - 1
    }

    /// The coefficient with as many digits as there can be.
    fn aligned(self) -> u128 {
        self.coefficient * 10_u128.pow(MAX_DIGITS - digits(self.coefficient))
    }

    /// What the number weighs in an item: a byte for two digits, one more, and one for a minus.
    pub fn size(self) -> usize {
        if self.coefficient == 0 {
            return 1;
        }
        (digits(self.coefficient) as usize).div_ceil(2) + 1 + usize::from(self.negative)
    }

    /// Bytes that sort as the numbers do: sign, magnitude, then two digits a byte. Those of negative
    /// numbers are inverted and closed, so that more digits sort lower.
    pub fn to_key(self) -> Vec<u8> {
        if self.coefficient == 0 {
            return vec![1];
        }
        let magnitude = u8::try_from(self.magnitude() - MIN_MAGNITUDE).expect("every magnitude is in range");
        let mut key = vec![2, magnitude];
        let mut rest = self.aligned();
        let mut unit = 10_u128.pow(MAX_DIGITS - 2);
        while rest > 0 {
            key.push((rest / unit) as u8 + 1);
            rest %= unit;
            unit /= 100;
        }
        if self.negative {
            key[0] = 0;
            key[1..].iter_mut().for_each(|byte| *byte = !*byte);
            key.push(u8::MAX);
        }
        key
    }

    /// The number of a key.
    pub fn from_key(key: &[u8]) -> Option<Number> {
        let (sign, rest) = key.split_first()?;
        let (negative, body) = match (sign, rest) {
            (1, []) => return Some(Number::ZERO),
            (2, body) => (false, body),
            (0, [body @ .., u8::MAX]) => (true, body),
            _ => return None,
        };
        let shown = |byte: u8| if negative { !byte } else { byte };
        let (magnitude, pairs) = body.split_first()?;
        let pair = |byte: &u8| shown(*byte).checked_sub(1).filter(|digits| *digits < 100);
        let coefficient = match pairs.len() <= MAX_SHORT_PAIRS {
            true => pairs.iter().try_fold(0, |sum: u64, byte| Some(sum * 100 + u64::from(pair(byte)?)))?.into(),
            false => {
                pairs.iter().try_fold(0_u128, |sum, byte| sum.checked_mul(100)?.checked_add(pair(byte)?.into()))?
            }
        };
        let last = i32::from(shown(*magnitude)) + MIN_MAGNITUDE + 1 - 2 * clamp(pairs.len());
        Number::normal(negative, coefficient, last).ok()
    }
}

/// So many pairs of digits fit 64 bits, whose arithmetic is several times cheaper.
const MAX_SHORT_PAIRS: usize = 9;

fn parse_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let value = digits.parse::<i32>().unwrap_or(i32::MAX / 4).min(i32::MAX / 4);
    Some(if text.starts_with('-') { -value } else { value })
}

/// A count of digits, far beyond any magnitude if it is absurd.
fn clamp(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 4)
}

fn exponent_of(value: i32) -> i16 {
    i16::try_from(value).expect("a number's magnitude was checked")
}

fn digits(coefficient: u128) -> u32 {
    let log = match u64::try_from(coefficient) {
        Ok(short) => short.checked_ilog10(),
        Err(_) => coefficient.checked_ilog10(),
    };
    log.map_or(1, |log| log + 1)
}

fn check_magnitude(magnitude: i32) -> Result<(), Misuse> {
    if magnitude > MAX_MAGNITUDE {
        return Err(overflow());
    }
    if magnitude < MIN_MAGNITUDE {
        return Err(Misuse::new(
            "Number underflow. Attempting to store a number with magnitude smaller than supported range",
        ));
    }
    Ok(())
}

fn overflow() -> Misuse {
    Misuse::new("Number overflow. Attempting to store a number with magnitude larger than supported range")
}

fn too_many_digits() -> Misuse {
    Misuse::new("Attempting to store more than 38 significant digits in a Number")
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        let sign = |number: &Number| match (number.coefficient, number.negative) {
            (0, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        sign(self).cmp(&sign(other)).then_with(|| {
            let size = (self.magnitude(), self.aligned()).cmp(&(other.magnitude(), other.aligned()));
            if self.negative { size.reverse() } else { size }
        })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Without an exponent, as DynamoDB answers.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        if let (0, Ok(short)) = (self.exponent, u64::try_from(self.coefficient)) {
            return write!(f, "{short}");
        }
        let digits = self.coefficient.to_string();
        let Ok(below) = usize::try_from(-i32::from(self.exponent)) else {
            return write!(f, "{digits}{}", "0".repeat(usize::from(self.exponent.unsigned_abs())));
        };
        if below == 0 {
            return f.write_str(&digits);
        }
        match digits.len().checked_sub(below) {
            Some(at) if at > 0 => write!(f, "{}.{}", &digits[..at], &digits[at..]),
            _ => write!(f, "0.{}{digits}", "0".repeat(below - digits.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    fn parsed(text: &str) -> String {
        Number::parse(text).map_or_else(|misuse| misuse.to_string(), |number| number.to_string())
    }

    #[test]
    fn numbers_are_read_and_shown() {
        let nines = "9".repeat(38);
        let cases: &[(&str, &str)] = &[
            ("0", "0"),
            ("-0.00e9", "0"),
            ("+1", "1"),
            ("001.500", "1.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-12e-1", "-1.2"),
            ("1E3", "1000"),
            ("123e-5", "0.00123"),
            (&nines, &nines),
            ("", "The parameter cannot be converted to a numeric value"),
            ("abc", "The parameter cannot be converted to a numeric value: abc"),
            ("1e", "The parameter cannot be converted to a numeric value: 1e"),
            (".", "The parameter cannot be converted to a numeric value: ."),
            ("1 ", "The parameter cannot be converted to a numeric value: 1 "),
            ("1e126", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
            ("1e-131", "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
            (
                "1.23456789012345678901234567890123456789",
                "Attempting to store more than 38 significant digits in a Number",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parsed(text), *expected, "{text}");
        }
        assert_eq!(parsed("1e-130").len(), 132);
        assert_eq!(parsed("9e125").len(), 126);
    }

    #[test]
    fn sums_are_exact_or_refused() {
        let sum = |a: &str, b: &str| {
            let sum = Number::parse(a).unwrap().plus(Number::parse(b).unwrap());
            sum.map_or_else(|misuse| misuse.to_string(), |sum| sum.to_string())
        };
        assert_eq!(sum("1e38", "-1"), "9".repeat(38));
        assert!(sum("1e39", "-1").starts_with("Number overflow"));
        assert!(sum("1e125", "1").starts_with("Number overflow"));
        assert_eq!(sum("0.1", "0.2"), "0.3");
        assert_eq!(sum("5", "-5"), "0");
        assert_eq!(sum("-5", "3"), "-2");
        assert!(sum("9e125", "9e125").starts_with("Number overflow"));
    }

    fn number() -> impl Strategy<Value = Number> {
        (any::<bool>(), 0..10_u128.pow(20), -60_i32..60).prop_map(|(negative, coefficient, exponent)| {
            Number::normal(negative && coefficient != 0, coefficient, exponent).unwrap()
        })
    }

    proptest! {
        #[test]
        fn keys_sort_as_numbers_and_texts_round_trip(a in number(), b in number()) {
            prop_assert_eq!(a.to_key().cmp(&b.to_key()), a.cmp(&b));
            prop_assert_eq!(Number::from_key(&a.to_key()), Some(a));
            prop_assert_eq!(Number::parse(&a.to_string()), Ok(a));
            prop_assert_eq!(a.cmp(&b).is_eq(), a == b);
        }

        #[test]
        fn small_arithmetic_is_that_of_integers(a in any::<i32>(), b in any::<i32>()) {
            let number = |value: i64| Number::parse(&value.to_string()).unwrap();
            let (a, b) = (i64::from(a), i64::from(b));
            prop_assert_eq!(number(a).plus(number(b)), Ok(number(a + b)));
            prop_assert_eq!(number(a).minus(number(b)), Ok(number(a - b)));
            prop_assert_eq!(number(a).cmp(&number(b)), a.cmp(&b));
            prop_assert_eq!(number(a).to_i64(), Some(a));
        }
    }
}
