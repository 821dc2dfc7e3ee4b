//! Property selectors of JSON patterns: `$.users[0].id`, `$.*.id`, `$.users[*]`.

use std::fmt;

use serde_json::Value;

use crate::Error;
use crate::cursor::Cursor;
use crate::operand::parse_number;

/// The most wildcards in one selector.
const MAX_WILDCARDS: usize = 1;

/// A way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Property(String),
    AnyProperty,
    Element(usize),
    AnyElement,
}

/// A value that can be compared: its text, and its number.
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) number: Option<f64>,
}

impl Selector {
    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Selector, Error> {
        if !cursor.eat("$") {
            return Err(cursor.unexpected());
        }
        let mut steps = Vec::new();
        loop {
            match cursor.peek() {
                Some('.') => steps.push(property(cursor)?),
                Some('[') => steps.push(element(cursor)?),
                _ => break,
            }
        }
        let selector = Selector(steps);
        if selector.0.is_empty() {
            Err(Error::Term("$".into()))
        } else if selector.wildcards() > MAX_WILDCARDS {
            Err(Error::TooManyWildcards)
        } else {
            Ok(selector)
        }
    }

    /// A selector and nothing else.
    pub(crate) fn parse_whole(text: &str) -> Result<Selector, Error> {
        let mut cursor = Cursor::new(text);
        let selector = Selector::parse(&mut cursor)?;
        if cursor.rest().is_empty() { Ok(selector) } else { Err(cursor.unexpected()) }
    }

    pub(crate) fn wildcards(&self) -> usize {
        self.0.iter().filter(|step| matches!(step, Step::AnyProperty | Step::AnyElement)).count()
    }

    /// Whether any value that the selector leads to fits.
    pub(crate) fn any(&self, document: &Value, fits: &mut dyn FnMut(&Value) -> bool) -> bool {
        follow(&self.0, document, fits)
    }

    /// The text of the first scalar that the selector leads to.
    pub(crate) fn text(&self, document: &Value) -> Option<String> {
        let mut found = None;
        self.any(document, &mut |value| {
            found = scalar(value).map(|scalar| scalar.text);
            found.is_some()
        });
        found
    }
}

fn follow(steps: &[Step], value: &Value, fits: &mut dyn FnMut(&Value) -> bool) -> bool {
    let Some((step, rest)) = steps.split_first() else { return fits(value) };
    match (step, value) {
        (Step::Property(name), Value::Object(members)) => {
            members.get(name).is_some_and(|member| follow(rest, member, fits))
        }
        (Step::AnyProperty, Value::Object(members)) => members.values().any(|member| follow(rest, member, fits)),
        (Step::Element(at), Value::Array(elements)) => {
            elements.get(*at).is_some_and(|element| follow(rest, element, fits))
        }
        (Step::AnyElement, Value::Array(elements)) => elements.iter().any(|element| follow(rest, element, fits)),
        _ => false,
    }
}

/// The value as comparisons see it; objects, arrays and null are not comparable, so neither `=` nor `!=` holds.
pub(crate) fn scalar(value: &Value) -> Option<Scalar> {
    match value {
        Value::String(text) => Some(Scalar { number: parse_number(text), text: text.clone() }),
        Value::Number(number) => Some(Scalar { text: number.to_string(), number: number.as_f64() }),
        Value::Bool(flag) => Some(Scalar { text: flag.to_string(), number: None }),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn property(cursor: &mut Cursor<'_>) -> Result<Step, Error> {
    cursor.eat(".");
    match cursor.peek() {
        Some('*') => {
            cursor.eat("*");
            Ok(Step::AnyProperty)
        }
        // AWS names what it read so far: `$."a-b"` is an invalid character in term '$."'.
        Some('"') => Err(Error::Term("$.\"".into())),
        _ => match cursor.take_while(|c| c.is_alphanumeric() || c == '_' || c == '-' || c == '@' || c == ':') {
            "" => Err(cursor.unexpected()),
            name => Ok(Step::Property(name.to_owned())),
        },
    }
}

fn element(cursor: &mut Cursor<'_>) -> Result<Step, Error> {
    cursor.eat("[");
    let step = match cursor.peek() {
        Some('*') => {
            cursor.eat("*");
            Step::AnyElement
        }
        _ => {
            let digits = cursor.take_while(|c| c.is_ascii_digit());
            Step::Element(digits.parse().map_err(|_| cursor.unexpected())?)
        }
    };
    if cursor.eat("]") { Ok(step) } else { Err(cursor.unexpected()) }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.0.iter().try_for_each(|step| match step {
            Step::Property(name) => write!(f, ".{name}"),
            Step::AnyProperty => f.write_str(".*"),
            Step::Element(at) => write!(f, "[{at}]"),
            Step::AnyElement => f.write_str("[*]"),
        })
    }
}
