//! The order of `sort`, `sortsFirst` and `sortsLast`.
//!
//! AWS documents a natural order: what is no number comes before all numbers; texts are cut into runs of digits and
//! runs of others; runs of digits go by length and then by value, the rest by code points. Missing values come
//! last, up or down.

use std::cmp::Ordering;

use crate::value::Value;

/// Compares two present values, upward.
pub(crate) fn natural(one: &Value, two: &Value) -> Ordering {
    match (one.number(), two.number()) {
        (Some(one), Some(two)) => one.total_cmp(&two),
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (None, None) => texts(&one.text().unwrap_or_default(), &two.text().unwrap_or_default()),
    }
}

/// Compares with a direction, missing values last.
pub(crate) fn directed(one: &Value, two: &Value, descending: bool) -> Ordering {
    match (one.is_missing(), two.is_missing()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if descending => natural(two, one),
        (false, false) => natural(one, two),
    }
}

fn texts(one: &str, two: &str) -> Ordering {
    let (mut one, mut two) = (one, two);
    loop {
        match (run(one), run(two)) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some((a, digits_a, rest_a)), Some((b, digits_b, rest_b))) => {
                let order = if digits_a && digits_b { a.len().cmp(&b.len()).then(a.cmp(b)) } else { a.cmp(b) };
                if order.is_ne() {
                    return order;
                }
                (one, two) = (rest_a, rest_b);
            }
        }
    }
}

/// The first run of a text, whether it is of digits, and what follows.
fn run(text: &str) -> Option<(&str, bool, &str)> {
    let digits = text.chars().next()?.is_ascii_digit();
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    let (run, rest) = text.split_at(end);
    Some((run, digits, rest))
}

#[cfg(test)]
mod tests {
    use super::{Value, directed, natural};

    #[test]
    fn the_documented_order() {
        let mut values: Vec<Value> =
            ["10", "a10", "a9", "2", "b", "a9c", "-1", "A", ""].map(|text| Value::Text(text.into())).to_vec();
        values.sort_by(natural);
        let texts: Vec<_> = values.iter().map(|value| value.text().expect("present").into_owned()).collect();
        assert_eq!(texts, ["", "A", "a9", "a9c", "a10", "b", "-1", "2", "10"]);
        assert!(directed(&Value::Missing, &Value::Number(1.0), true).is_gt());
        assert!(directed(&Value::Missing, &Value::Number(1.0), false).is_gt());
    }
}
