//! The filter patterns of CloudWatch Logs.
//!
//! One small language chooses log events in four places: `FilterLogEvents`, metric filters, subscription
//! filters and Live Tail. A pattern has one of three shapes, told apart by its first character:
//!
//! - **terms**, `ERROR -"exit 0"`, `?WARN ?ERROR`, `%4\d\d%`: looked for anywhere in the message;
//! - **JSON**, `{ $.level = "E*" && $.latency > 100 }`: conditions on the fields of a message that is JSON;
//! - **fields**, `[ip, user, ..., status=4*, bytes>1000]`: conditions on the words of a message.
//!
//! [`Criteria`] choose by what is known of an event beside its text.
//!
//! Pure and synchronous: [`Pattern::parse`] once, [`Pattern::matches`] for each event. A match gives
//! [`Extracted`], from which a metric filter takes its value and dimensions (`$.latency`, `$bytes`) and
//! `TestMetricFilter` its `extractedValues`.
//!
//! Every pattern is evaluated in time linear in the message: AWS's regular expressions have no groups and
//! no back references, and run on the `regex` crate.
//!
//! Where AWS's guide and the service differ, tests made against the service decide; the places say so.

mod criteria;
mod cursor;
mod error;
mod expression;
mod fields;
mod json;
mod operand;
mod selector;
mod terms;

use std::collections::BTreeMap;

pub use criteria::Criteria;
pub use error::{Error, Place};
use fields::Fields;
use json::Condition;
use selector::Selector;
use terms::Terms;

/// The longest pattern, in characters; the API models say so as well.
pub const MAX_PATTERN_CHARS: usize = 1024;
/// The most regular expressions in a JSON or a space-delimited pattern.
pub const MAX_REGEXES: usize = 2;

/// What a pattern looks like, which decides whether a metric filter may have dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The empty pattern: matches every event.
    All,
    /// Words and phrases.
    Terms,
    /// `{ … }`.
    Json,
    /// `[ … ]`.
    Fields,
}

/// A pattern that was understood.
#[derive(Debug, Clone)]
pub struct Pattern {
    shape: Shape,
    regexes: usize,
}

#[derive(Debug, Clone)]
enum Shape {
    All,
    Terms(Terms),
    Json(Condition),
    Fields(Fields),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// White space after the pattern is nothing; before it, it makes terms of what would be JSON, as on AWS.
    ///
    /// # Errors
    /// [`Error`] says what AWS says.
    pub fn parse(text: &str) -> Result<Pattern, Error> {
        if text.chars().count() > MAX_PATTERN_CHARS {
            return Err(Error::TooLong);
        }
        let text = text.trim_end();
        let mut regexes = 0;
        let shape = if text.trim_start().is_empty() {
            Shape::All
        } else if text.starts_with('{') {
            Shape::Json(json::parse(text, &mut regexes)?)
        } else if text.starts_with('[') {
            Shape::Fields(Fields::parse(text, &mut regexes)?)
        } else {
            Shape::Terms(Terms::parse(text, &mut regexes)?)
        };
        if matches!(shape, Shape::Json(_) | Shape::Fields(_)) && regexes > MAX_REGEXES {
            return Err(Error::TooManyRegexes);
        }
        Ok(Pattern { shape, regexes })
    }

    /// The pattern's shape.
    pub fn kind(&self) -> Kind {
        match self.shape {
            Shape::All => Kind::All,
            Shape::Terms(_) => Kind::Terms,
            Shape::Json(_) => Kind::Json,
            Shape::Fields(_) => Kind::Fields,
        }
    }

    /// Whether a metric filter with this pattern may have dimensions: AWS answers `The specified filter
    /// pattern does not support dimensions` otherwise.
    pub fn supports_dimensions(&self) -> bool {
        matches!(self.shape, Shape::Json(_) | Shape::Fields(_))
    }

    /// How many regular expressions the pattern has; a log group may have five filters with any.
    pub fn regexes(&self) -> usize {
        self.regexes
    }

    /// Whether the event matches, without extracting anything.
    pub fn is_match(&self, message: &str) -> bool {
        match &self.shape {
            Shape::All => true,
            Shape::Terms(terms) => terms.matches(message),
            Shape::Json(condition) => document(message).is_some_and(|document| condition.holds(&document)),
            Shape::Fields(fields) => fields.matches(message).is_some(),
        }
    }

    /// What the event gives, if it matches.
    pub fn matches(&self, message: &str) -> Option<Extracted> {
        match &self.shape {
            Shape::All => Some(Extracted(Source::Nothing)),
            Shape::Terms(terms) => terms.matches(message).then_some(Extracted(Source::Nothing)),
            Shape::Json(condition) => {
                let document = document(message)?;
                condition.holds(&document).then(|| Extracted(Source::Json(document, condition.selectors())))
            }
            Shape::Fields(fields) => fields.matches(message).map(|named| Extracted(Source::Fields(named))),
        }
    }
}

/// JSON patterns ask an object or an array; a lone number or string that happens to be JSON has no fields.
fn document(message: &str) -> Option<serde_json::Value> {
    let text = message.trim_start();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// What a matching event gives by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Extracted(Source);

#[derive(Debug, Clone, PartialEq)]
enum Source {
    Nothing,
    Json(serde_json::Value, Vec<Selector>),
    Fields(BTreeMap<String, String>),
}

impl Extracted {
    /// Every value that the pattern names: the selectors of a JSON pattern, the fields of a space-delimited
    /// one (`$ip`, and `$7` for a field without a name). Terms name nothing.
    pub fn values(&self) -> BTreeMap<String, String> {
        match &self.0 {
            Source::Nothing => BTreeMap::new(),
            Source::Fields(fields) => fields.clone(),
            Source::Json(document, selectors) => {
                selectors.iter().filter_map(|selector| Some((selector.to_string(), selector.text(document)?))).collect()
            }
        }
    }

    /// One value by its reference: `$.latency`, also if the pattern does not name it, or `$bytes`.
    pub fn value(&self, reference: &str) -> Option<String> {
        match &self.0 {
            Source::Nothing => None,
            Source::Fields(fields) => fields.get(reference).cloned(),
            Source::Json(document, _) => Selector::parse_whole(reference).ok()?.text(document),
        }
    }
}

/// Whether `text` refers to a value of an event, as a metric filter's `metricValue` and dimensions do, rather
/// than being a number.
pub fn is_reference(text: &str) -> bool {
    text.starts_with('$')
}
