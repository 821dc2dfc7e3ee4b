//! What the value of a field is compared with, and how.

use regex::bytes::Regex;

use crate::cursor::Cursor;
use crate::{Error, expression};

/// A comparison, without the field it is about.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// `=` and `!=`: `negated` for the latter.
    Equal { negated: bool, to: Operand },
    /// `<`, `<=`, `>`, `>=`.
    Order { operator: Order, bound: f64 },
}

/// An ordering operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What `=` compares with.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    /// A text whose first or last character may be `*`; a `*` within stands for itself, as AWS documents.
    Text { text: String, open_start: bool, open_end: bool, number: Option<f64> },
    /// Between two `%`.
    Regex(Regex),
}

impl Test {
    /// Reads an operator and its operand.
    pub(crate) fn parse(cursor: &mut Cursor<'_>, regexes: &mut usize) -> Result<Test, Error> {
        // `=!` is in an example of AWS's guide.
        if cursor.eat("!=") || cursor.eat("=!") {
            return Ok(Test::Equal { negated: true, to: Operand::parse(cursor, regexes)? });
        }
        let order = |operator, cursor: &mut Cursor<'_>| Ok(Test::Order { operator, bound: number_operand(cursor)? });
        if cursor.eat("<=") {
            order(Order::LessOrEqual, cursor)
        } else if cursor.eat("<") {
            order(Order::Less, cursor)
        } else if cursor.eat(">=") {
            order(Order::GreaterOrEqual, cursor)
        } else if cursor.eat(">") {
            order(Order::Greater, cursor)
        } else if cursor.eat("=") {
            Ok(Test::Equal { negated: false, to: Operand::parse(cursor, regexes)? })
        } else {
            Err(cursor.unexpected())
        }
    }

    /// Holds the test against a value's text, and its number if it has one.
    pub(crate) fn holds(&self, text: &str, number: Option<f64>) -> bool {
        match self {
            Test::Equal { negated, to } => to.fits(text, number) != *negated,
            Test::Order { operator, bound } => number.is_some_and(|value| match operator {
                Order::Less => value < *bound,
                Order::LessOrEqual => value <= *bound,
                Order::Greater => value > *bound,
                Order::GreaterOrEqual => value >= *bound,
            }),
        }
    }
}

impl Operand {
    fn parse(cursor: &mut Cursor<'_>, regexes: &mut usize) -> Result<Operand, Error> {
        cursor.skip_space();
        match cursor.peek() {
            Some('"') => Ok(Operand::text(cursor.quoted()?, None)),
            Some('%') => {
                *regexes += 1;
                expression::build(cursor.between_percents()?).map(Operand::Regex)
            }
            Some(_) => {
                let word = bare(cursor)?;
                // Quoted digits are text, bare ones a number: `= 123.0` fits 123, `= "123.0"` does not.
                Ok(Operand::text(word.to_owned(), parse_number(word)))
            }
            None => Err(Error::Syntax),
        }
    }

    fn text(text: String, number: Option<f64>) -> Operand {
        let (open_start, rest) = match text.strip_prefix('*') {
            Some(rest) => (true, rest),
            None => (false, text.as_str()),
        };
        let (open_end, rest) = match rest.strip_suffix('*') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        Operand::Text { open_start, open_end, number, text: rest.to_owned() }
    }

    fn fits(&self, value: &str, value_number: Option<f64>) -> bool {
        match self {
            Operand::Regex(regex) => regex.is_match(value.as_bytes()),
            Operand::Text { text, open_start, open_end, number } => {
                let same = match (open_start, open_end) {
                    (false, false) => value == text,
                    (false, true) => value.starts_with(text.as_str()),
                    (true, false) => value.ends_with(text.as_str()),
                    (true, true) => value.contains(text.as_str()),
                };
                same || matches!((number, value_number), (Some(a), Some(b)) if *a == b)
            }
        }
    }
}

/// An operand without quotes.
fn bare<'p>(cursor: &mut Cursor<'p>) -> Result<&'p str, Error> {
    match cursor.take_while(|c| c.is_alphanumeric() || "_-.*+".contains(c)) {
        "" => Err(cursor.unexpected()),
        word => Ok(word),
    }
}

fn number_operand(cursor: &mut Cursor<'_>) -> Result<f64, Error> {
    cursor.skip_space();
    if cursor.peek() == Some('"') {
        return Err(Error::Term(format!("\"{}\"", cursor.quoted()?)));
    }
    let word = bare(cursor)?;
    parse_number(word).ok_or_else(|| Error::Term(word.to_owned()))
}

/// A number as patterns and events write it: an optional sign, digits, an optional fraction and exponent.
/// Not `inf`, `nan` or anything else that Rust would take.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    if !text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
        || !text.contains(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
