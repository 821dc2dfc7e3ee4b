//! One condition on one value.

use std::borrow::Cow;

use crate::address::{Address, Network};
use crate::case;
use crate::number::Number;
use crate::wildcard::Wildcard;

/// A value of an event that a pattern may look at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'e> {
    /// With its quotation marks, because AWS compares strings with them: the prefix `a"` is found in `"a"`.
    /// It also lets most texts be slices of the event.
    Text(Cow<'e, str>),
    /// As it was written, and what it is if it can be compared.
    Number(&'e str, Option<Number>),
    Literal(Literal),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Literal {
    True,
    False,
    Null,
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Matcher {
    Text(Box<str>),
    Number(Number),
    /// A number that cannot be compared, as it was written.
    NumberText(Box<str>),
    Literal(Literal),
    Prefix(Box<str>),
    Suffix(Box<str>),
    SameButCase(Box<str>),
    PrefixButCase(Box<str>),
    SuffixButCase(Box<str>),
    Wildcard(Wildcard),
    /// Both ends included.
    Range(Number, Number),
    Network(Network),
    Present,
    Absent,
    /// Anything, also what is no string, but what one of these matches.
    AnythingBut(Vec<Matcher>),
}

impl Matcher {
    /// Whether a value that is there meets the condition.
    pub fn matches(&self, value: &Scalar<'_>) -> bool {
        match self {
            Matcher::Present => true,
            Matcher::Absent => false,
            Matcher::AnythingBut(but) => !but.iter().any(|matcher| matcher.matches(value)),
            Matcher::Literal(literal) => matches!(value, Scalar::Literal(given) if given == literal),
            Matcher::Number(number) => matches!(value, Scalar::Number(_, Some(given)) if given == number),
            Matcher::NumberText(text) => matches!(value, Scalar::Number(given, None) if **text == **given),
            Matcher::Range(low, high) => {
                matches!(value, Scalar::Number(_, Some(given)) if low <= given && given <= high)
            }
            _ => matches!(value, Scalar::Text(quoted) if self.matches_text(quoted)),
        }
    }

    fn matches_text(&self, quoted: &str) -> bool {
        let (to_end, from_start) = (&quoted[1..], &quoted[..quoted.len() - 1]);
        let text = &from_start[1..];
        match self {
            Matcher::Text(expected) => text == &**expected,
            Matcher::Prefix(prefix) => to_end.starts_with(&**prefix),
            Matcher::Suffix(suffix) => from_start.ends_with(&**suffix),
            Matcher::SameButCase(expected) => case::strip_prefix(text, expected) == Some(""),
            Matcher::PrefixButCase(prefix) => case::strip_prefix(to_end, prefix).is_some(),
            Matcher::SuffixButCase(suffix) => case::ends_with(from_start, suffix),
            Matcher::Wildcard(wildcard) => wildcard.matches(text.as_bytes()),
            Matcher::Network(network) => {
                Address::parse(text).and_then(Result::ok).is_some_and(|address| network.contains(address))
            }
            Matcher::Number(_)
            | Matcher::NumberText(_)
            | Matcher::Literal(_)
            | Matcher::Range(..)
            | Matcher::Present
            | Matcher::Absent
            | Matcher::AnythingBut(_) => unreachable!("decided without a text"),
        }
    }

    /// The wildcards in it.
    pub fn wildcards(&self) -> Vec<&Wildcard> {
        match self {
            Matcher::Wildcard(wildcard) => vec![wildcard],
            Matcher::AnythingBut(but) => but.iter().flat_map(Matcher::wildcards).collect(),
            _ => Vec::new(),
        }
    }
}
