//! Why a pattern or an event is refused, in AWS's words.

use std::fmt;

/// A pattern that was refused.
///
/// What it displays is the *reason*; each service puts its own words before it: EventBridge
/// `Event pattern is not valid. Reason: `, SNS what [`PatternError::sns_message`] does. Lambda tells no
/// reason: `Invalid filter pattern definition.`
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The text is not JSON, or not a pattern. `place` is where reading stopped; an address that is not one
    /// is refused without a place.
    #[error("{reason}{}", Suffix(.place))]
    Invalid {
        /// What is wrong.
        reason: String,
        /// The places, innermost first: errors within lists of `anything-but` name theirs twice, as on AWS.
        place: Vec<Place>,
    },
    /// Wildcards that would need too much work.
    #[error(
        "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character"
    )]
    WildcardsTooComplex,
    /// `$or` multiplies out to more than [`MAX_COMBINATIONS`](crate::MAX_COMBINATIONS).
    #[error("Rule is too complex - $or results in over {} rule combinations", crate::MAX_COMBINATIONS)]
    TooManyCombinations,
    /// Longer than the dialect allows.
    #[error("Pattern must be at most {limit} bytes")]
    TooLong {
        /// The most that there may be.
        limit: usize,
    },
    /// A filter policy whose values multiply out to more than
    /// [`SNS_MAX_COMBINATIONS`](crate::SNS_MAX_COMBINATIONS).
    #[error("Filter policy is too complex")]
    FilterTooComplex,
    /// A filter policy with more than [`SNS_MAX_KEYS`](crate::SNS_MAX_KEYS) keys.
    #[error("Filter policy can not have more than 5 keys")]
    TooManyKeys,
    /// A filter policy for attributes with objects in it.
    #[error("Filter policy scope MessageAttributes does not support nested filter policy")]
    NestedAttributes,
}

impl PatternError {
    /// What SNS answers. `subscribing` is for `Subscribe`, whose parameter is the whole map of attributes.
    pub fn sns_message(&self, subscribing: bool) -> String {
        match self {
            PatternError::NestedAttributes => format!("Invalid parameter: {self}"),
            _ if subscribing => format!("Invalid parameter: Attributes Reason: FilterPolicy: {self}"),
            _ => format!("Invalid parameter: FilterPolicy: {self}"),
        }
    }

    /// What EventBridge answers as `InvalidEventPatternException`.
    pub fn event_bridge_message(&self) -> String {
        format!("Event pattern is not valid. Reason: {self}")
    }
}

/// A place in a pattern, as AWS's parser words it: the text comes along, cut after 500 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The pattern's first characters.
    pub source: String,
    /// How many characters of the pattern were cut off.
    pub truncated: usize,
    /// From 1.
    pub line: usize,
    /// From 1, in UTF-16 units.
    pub column: usize,
}

/// How much of a pattern an error repeats, in UTF-16 units.
const SHOWN: usize = 500;

impl Place {
    /// The place at a byte of a text, in a line that begins at another.
    pub(crate) fn new(text: &str, at: usize, line: usize, line_start: usize) -> Place {
        let mut shown = 0;
        let source: String = text
            .chars()
            .take_while(|character| {
                shown += character.len_utf16();
                shown <= SHOWN
            })
            .collect();
        let units = text.encode_utf16().count();
        Place {
            truncated: units - source.encode_utf16().count(),
            source,
            line,
            column: text[line_start..at].encode_utf16().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[Source: (String)\"{}\"", self.source)?;
        if self.truncated > 0 {
            write!(formatter, "[truncated {} chars]", self.truncated)?;
        }
        write!(formatter, "; line: {}, column: {}]", self.line, self.column)
    }
}

struct Suffix<'a>(&'a [Place]);

impl fmt::Display for Suffix<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|place| write!(formatter, "\n at {place}"))
    }
}

/// An event that cannot be matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Anything but an object.
    #[error("Event must be a JSON object")]
    NotAnObject,
    /// Not JSON.
    #[error("Event is not JSON at byte {at}")]
    Syntax {
        /// Where reading stopped.
        at: usize,
    },
    /// Objects and arrays within each other beyond [`MAX_DEPTH`](crate::MAX_DEPTH).
    #[error("Event is nested too deeply")]
    TooDeep,
}
