//! From a pattern's text to its alternatives.
//!
//! A pattern is a set of *alternatives*, each of which wants something of some fields. There is one unless
//! `$or` makes more. A field's name is its path, joined with points: `{"a": {"b": …}}` and `{"a.b": …}` are
//! the same. A field that is named twice counts as it was named last.

use std::collections::BTreeMap;

use crate::address::{Address, Network};
use crate::condition;
use crate::error::PatternError;
use crate::matcher::{Literal, Matcher};
use crate::number::Number;
use crate::reader::{Reader, Token};
use crate::wildcard::Wildcard;
use crate::{Dialect, MAX_COMBINATIONS, SNS_MAX_COMBINATIONS, SNS_MAX_KEYS};

/// What one alternative wants of each field; one of the conditions must hold.
pub(crate) type Alternative = BTreeMap<String, Vec<Matcher>>;

type Outcome<T> = Result<T, PatternError>;

/// Reads a pattern.
pub(crate) fn parse(text: &str, dialect: Dialect) -> Outcome<Vec<Alternative>> {
    let limit = dialect.max_bytes();
    if text.len() > limit {
        return Err(PatternError::TooLong { limit });
    }
    let alternatives = match Parser::run(text, dialect, true) {
        Ok(alternatives) => alternatives,
        // A `$or` that is none is a field of this name, as it was before there was `$or`.
        Err(PatternError::Invalid { reason, place }) => match Parser::run(text, dialect, false) {
            Ok(alternatives) if text.contains("$or") => alternatives,
            _ => return Err(PatternError::Invalid { reason, place }),
        },
        Err(other) => return Err(other),
    };
    Ok(alternatives)
}

struct Parser<'t> {
    reader: Reader<'t>,
    dialect: Dialect,
    /// Whether `$or` means what it says.
    or: bool,
    path: Vec<String>,
    alternatives: Vec<Alternative>,
    /// Whether a wildcard is. Each is looked at once and alone: AWS builds one automaton of all of a field's, but
    /// a limit that nobody tells is better too wide.
    too_complex: bool,
    /// What SNS counts: values of all fields multiplied, each field's times its depth.
    combinations: usize,
}

/// Where an object is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Object,
    Or,
}

impl Parser<'_> {
    fn run(text: &str, dialect: Dialect, or: bool) -> Outcome<Vec<Alternative>> {
        let mut parser = Parser {
            reader: Reader::new(text),
            dialect,
            or,
            path: Vec::new(),
            alternatives: Vec::new(),
            too_complex: false,
            combinations: 1,
        };
        if parser.reader.next()? != Token::StartObject {
            return Err(parser.reader.refuse("Filter is not an object"));
        }
        let keys = parser.object(Inside::Object)?;
        if dialect.is_sns() && keys > SNS_MAX_KEYS {
            return Err(PatternError::TooManyKeys);
        }
        if parser.too_complex {
            return Err(PatternError::WildcardsTooComplex);
        }
        Ok(parser.alternatives)
    }

    /// Reads to the end of an object, and says how many keys it has.
    fn object(&mut self, inside: Inside) -> Outcome<usize> {
        let mut keys = 0;
        while self.reader.next()? != Token::EndObject {
            keys += 1;
            let name = self.reader.name().to_owned();
            if self.or && name == "$or" {
                self.alternation()?;
                continue;
            }
            if inside == Inside::Or && RESERVED.contains(&name.as_str()) {
                return Err(self
                    .reader
                    .refuse(format!("{name} is Ruler reserved fieldName which cannot be used inside $or.")));
            }
            match self.reader.next()? {
                Token::StartObject => {
                    if self.dialect == Dialect::SnsMessageAttributes {
                        return Err(PatternError::NestedAttributes);
                    }
                    self.path.push(name);
                    self.object(inside)?;
                    self.path.pop();
                }
                Token::StartArray => self.field(&name)?,
                _ => return Err(self.reader.refuse(format!("\"{name}\" must be an object or an array"))),
            }
        }
        // SNS takes the empty policy: it lets everything pass.
        if keys == 0 && !(self.dialect.is_sns() && self.path.is_empty() && inside == Inside::Object) {
            return Err(self.reader.refuse("Empty objects are not allowed"));
        }
        if keys == 0 {
            self.alternatives.push(Alternative::new());
        }
        Ok(keys)
    }

    fn alternation(&mut self) -> Outcome<()> {
        let before = std::mem::take(&mut self.alternatives);
        let (base, mut total, mut all) = (self.combinations, 0usize, Vec::new());
        if self.reader.next()? != Token::StartArray {
            return Err(self.reader.refuse("It must be an Array followed with $or."));
        }
        let mut count = 0;
        loop {
            match self.reader.next()? {
                Token::EndArray => break,
                Token::StartObject => {}
                _ => {
                    return Err(self.reader.refuse("Only JSON object is allowed in array of $or relationship."));
                }
            }
            count += 1;
            self.alternatives = if before.is_empty() { vec![Alternative::new()] } else { before.clone() };
            self.combinations = base;
            self.object(Inside::Or)?;
            total = total.saturating_add(self.combinations);
            all.append(&mut self.alternatives);
            if all.len() > MAX_COMBINATIONS {
                let sns = self.dialect.is_sns();
                return Err(if sns { PatternError::FilterTooComplex } else { PatternError::TooManyCombinations });
            }
        }
        if count < 2 {
            return Err(self.reader.refuse("There must have at least 2 Objects in $or relationship."));
        }
        if self.dialect.is_sns() && total > SNS_MAX_COMBINATIONS {
            return Err(PatternError::FilterTooComplex);
        }
        self.combinations = total;
        self.alternatives = all;
        Ok(())
    }

    fn field(&mut self, name: &str) -> Outcome<()> {
        let (matchers, count) = self.conditions()?;
        if matchers.is_empty() {
            return Err(self.reader.refuse("Empty arrays are not allowed"));
        }
        self.combinations = self.combinations.saturating_mul(count.saturating_mul(self.path.len() + 1));
        // At once, because each alternative of a large `$or` repeats what was before it.
        if self.dialect.is_sns() && self.combinations > SNS_MAX_COMBINATIONS {
            return Err(PatternError::FilterTooComplex);
        }
        let above = self.path.join(".");
        // AWS joins an empty name above without a point.
        let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        if self.alternatives.is_empty() {
            self.alternatives.push(Alternative::new());
        }
        for alternative in &mut self.alternatives {
            alternative.insert(path.clone(), matchers.clone());
        }
        Ok(())
    }

    /// The conditions of a field, and how many values they were written as.
    fn conditions(&mut self) -> Outcome<(Vec<Matcher>, usize)> {
        let mut matchers = Vec::new();
        loop {
            let matcher = match self.reader.next()? {
                Token::EndArray => break,
                Token::StartObject => condition::read(&mut self.reader, self.dialect)?,
                Token::Text => exact_text(self.reader.token_text()?),
                Token::Number => exact_number(&self.reader.token_text()?),
                Token::True => Matcher::Literal(Literal::True),
                Token::False => Matcher::Literal(Literal::False),
                Token::Null => Matcher::Literal(Literal::Null),
                _ => {
                    return Err(self.reader.refuse("Match value must be String, number, true, false, or null"));
                }
            };
            self.too_complex |= matcher.wildcards().into_iter().any(Wildcard::is_too_complex);
            matchers.push(matcher);
        }
        let count = matchers.len();
        Ok((matchers, count))
    }
}

/// A string that is an address stands for the address, however it is written.
fn exact_text(text: String) -> Matcher {
    match Address::parse(&text) {
        Some(Ok(address)) => Matcher::Network(Network::of(address)),
        _ => Matcher::Text(text.into()),
    }
}

fn exact_number(text: &str) -> Matcher {
    Number::parse(text).map_or_else(|| Matcher::NumberText(text.into()), Matcher::Number)
}

/// Names that no field within `$or` may have: what an operator is called, or may be called one day.
const RESERVED: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];
