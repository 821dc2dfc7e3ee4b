//! The values of expressions.
//!
//! Fields of events are text; whether two values compare as numbers is seen from both of them, so that
//! `status = 200` and `status = "200"` mean the same. A missing value makes every comparison false but `!=`.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::time;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// The field is not there, or a function has no answer.
    Missing,
    Text(String),
    Number(f64),
    /// Shown as 1 and 0.
    Flag(bool),
    /// Milliseconds since the epoch.
    Time(i64),
    /// A list or map, from `jsonParse` and its like.
    Structure(serde_json::Value),
}

impl Value {
    /// A field of a document: text for what has no parts, so that digits stay as they were written.
    pub(crate) fn discovered(value: &serde_json::Value) -> Value {
        match value {
            serde_json::Value::String(text) => Value::Text(text.clone()),
            serde_json::Value::Number(number) => Value::Text(number.to_string()),
            serde_json::Value::Bool(flag) => Value::Flag(*flag),
            serde_json::Value::Null => Value::Missing,
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => Value::Structure(value.clone()),
        }
    }

    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Value::Missing)
    }

    /// As results show it; nothing if it is missing.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Value::Missing => return None,
            Value::Text(text) => Cow::Borrowed(text),
            Value::Number(number) => Cow::Owned(show_number(*number)),
            Value::Flag(flag) => Cow::Borrowed(if *flag { "1" } else { "0" }),
            Value::Time(ms) => Cow::Owned(time::show(*ms)),
            Value::Structure(value) => Cow::Owned(value.to_string()),
        })
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Value::Text(text) => parse_number(text),
            Value::Number(number) => Some(*number),
            Value::Flag(flag) => Some(f64::from(u8::from(*flag))),
            Value::Time(ms) => Some(*ms as f64),
            Value::Missing | Value::Structure(_) => None,
        }
    }

    /// Milliseconds since the epoch: of a timestamp, or of a number that is one.
    pub(crate) fn time_ms(&self) -> Option<i64> {
        match self {
            Value::Time(ms) => Some(*ms),
            other => other.number().map(|number| number as i64),
        }
    }

    /// Whether a filter lets it pass.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Value::Flag(flag) => *flag,
            Value::Number(number) => *number != 0.0,
            Value::Text(text) => text == "true" || parse_number(text).is_some_and(|number| number != 0.0),
            Value::Missing | Value::Time(_) | Value::Structure(_) => false,
        }
    }

    /// Numbers as numbers if both are, otherwise texts; nothing if one is missing.
    pub(crate) fn compare(&self, other: &Value) -> Option<Ordering> {
        // `flag = "true"` is what people write about JSON's true.
        for (one, two, turned) in [(self, other, false), (other, self, true)] {
            if let (Value::Flag(flag), Value::Text(text)) = (one, two)
                && let Ok(text) = text.parse::<bool>()
            {
                let order = flag.cmp(&text);
                return Some(if turned { order.reverse() } else { order });
            }
        }
        match (self.number(), other.number()) {
            (Some(one), Some(two)) => one.partial_cmp(&two),
            _ => Some(self.text()?.cmp(&other.text()?)),
        }
    }

    /// What keeping it costs, in bytes.
    pub(crate) fn cost(&self) -> usize {
        size_of::<Value>()
            + match self {
                Value::Text(text) => text.len(),
                Value::Structure(value) => value.to_string().len() * 2,
                Value::Missing | Value::Number(_) | Value::Flag(_) | Value::Time(_) => 0,
            }
    }
}

/// Below this every whole number is one of its own: 2^53.
pub(crate) const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number as logs write it; not `inf`, `nan` or anything else that Rust would take.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.bytes().any(|b| b.is_ascii_digit());
    if !digits || !text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Whole numbers as they are, others with four decimals at most, as the service shows them.
pub(crate) fn show_number(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < EXACT {
        return format!("{}", number as i64);
    }
    let text = format!("{number:.4}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "-0" => "0".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}
