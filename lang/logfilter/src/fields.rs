//! Space-delimited patterns: the words of a message, by position, with names and conditions.
//!
//! What stands in `[…]` or `"…"` is one word. A pattern without an ellipsis asks for exactly as many words as it
//! has fields. Fields without a name, those of the ellipsis included, are called by their position: `$7`.

use std::collections::BTreeMap;

use crate::Error;
use crate::cursor::Cursor;
use crate::operand::{Test, parse_number};

/// How deep parentheses nest.
const MAX_DEPTH: usize = 100;

/// A pattern: fields before the ellipsis and behind it.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    head: Vec<Field>,
    /// Behind the ellipsis, if there is one.
    tail: Option<Vec<Field>>,
}

#[derive(Debug, Clone)]
struct Field {
    name: Option<String>,
    condition: Option<Condition>,
}

/// A condition on one word.
#[derive(Debug, Clone)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Test(Test),
}

impl Condition {
    fn holds(&self, word: &str) -> bool {
        match self {
            Condition::All(conditions) => conditions.iter().all(|condition| condition.holds(word)),
            Condition::Any(conditions) => conditions.iter().any(|condition| condition.holds(word)),
            Condition::Test(test) => test.holds(word, parse_number(word)),
        }
    }
}

impl Fields {
    /// Reads a pattern that starts with `[`.
    pub(crate) fn parse(text: &str, regexes: &mut usize) -> Result<Fields, Error> {
        let body = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).ok_or(Error::OpenFields)?;
        let mut parser = Parser { cursor: Cursor::new(body), regexes, depth: 0 };
        let mut fields = Fields { head: Vec::new(), tail: None };
        if body.trim().is_empty() {
            // `[]` is the pattern that only splits.
            fields.tail = Some(Vec::new());
            return Ok(fields);
        }
        loop {
            if parser.cursor.eat("...") {
                if fields.tail.replace(Vec::new()).is_some() {
                    return Err(Error::Syntax);
                }
            } else {
                let field = parser.field()?;
                fields.tail.as_mut().unwrap_or(&mut fields.head).push(field);
            }
            if !parser.cursor.eat(",") {
                break;
            }
        }
        parser.cursor.skip_space();
        if parser.cursor.rest().is_empty() { Ok(fields) } else { Err(parser.cursor.unexpected()) }
    }

    /// The words by name, if the message has the pattern's shape and every condition holds.
    pub(crate) fn matches(&self, message: &str) -> Option<BTreeMap<String, String>> {
        let words = split(message);
        let behind = self.tail.as_ref().map_or(0, Vec::len);
        let skipped = words.len().checked_sub(self.head.len() + behind)?;
        if self.tail.is_none() && skipped > 0 {
            return None;
        }
        let tail_at = self.head.len() + skipped;
        let heads = self.head.iter().enumerate();
        let tails = self.tail.iter().flatten().enumerate().map(|(at, field)| (tail_at + at, field));
        let mut names: BTreeMap<usize, &str> = BTreeMap::new();
        for (at, field) in heads.chain(tails) {
            if field.condition.as_ref().is_some_and(|condition| !condition.holds(words[at])) {
                return None;
            }
            names.extend(field.name.as_deref().map(|name| (at, name)));
        }
        let key = |at| names.get(&at).map_or_else(|| format!("${}", at + 1), |name| format!("${name}"));
        Some(words.iter().enumerate().map(|(at, word)| (key(at), (*word).to_owned())).collect())
    }
}

/// The words of a message. A bracket or a quote that is never closed runs to the end.
fn split(message: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = message.trim_start();
    while let Some(first) = rest.chars().next() {
        let closing = match first {
            '[' => Some(']'),
            '"' => Some('"'),
            _ => None,
        };
        let (word, behind) = match closing {
            Some(closing) => rest[1..].split_once(closing).unwrap_or((&rest[1..], "")),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        words.push(word);
        rest = behind.trim_start();
    }
    words
}

struct Parser<'p, 'c> {
    cursor: Cursor<'p>,
    regexes: &'c mut usize,
    depth: usize,
}

impl Parser<'_, '_> {
    /// One field: nothing, a name, or conditions on one name.
    fn field(&mut self) -> Result<Field, Error> {
        self.cursor.skip_space();
        if matches!(self.cursor.peek(), None | Some(',')) {
            return Ok(Field { name: None, condition: None });
        }
        let mut name = None;
        let condition = self.any(&mut name)?;
        Ok(Field { name, condition })
    }

    fn any(&mut self, name: &mut Option<String>) -> Result<Option<Condition>, Error> {
        let first = self.all(name)?;
        let mut conditions = Vec::new();
        while self.cursor.eat("||") {
            conditions.push(self.all(name)?.ok_or(Error::Syntax)?);
        }
        joined(first, conditions, Condition::Any)
    }

    fn all(&mut self, name: &mut Option<String>) -> Result<Option<Condition>, Error> {
        let first = self.one(name)?;
        let mut conditions = Vec::new();
        while self.cursor.eat("&&") {
            conditions.push(self.one(name)?.ok_or(Error::Syntax)?);
        }
        joined(first, conditions, Condition::All)
    }

    fn one(&mut self, name: &mut Option<String>) -> Result<Option<Condition>, Error> {
        if self.cursor.eat("(") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(Error::Syntax);
            }
            let condition = self.any(name)?;
            self.depth -= 1;
            return if self.cursor.eat(")") { Ok(condition) } else { Err(self.cursor.unexpected()) };
        }
        self.cursor.skip_space();
        let own = match self.cursor.take_while(|c| c.is_alphanumeric() || c == '_' || c == '-') {
            "" => return Err(self.cursor.unexpected()),
            own => own,
        };
        // All conditions of a field are about it: `status = 4* && bytes > 1` is refused, the guide notwithstanding.
        if name.get_or_insert_with(|| own.to_owned()) != own {
            return Err(Error::Syntax);
        }
        self.cursor.skip_space();
        match self.cursor.peek() {
            None | Some(',' | '&' | '|' | ')') => Ok(None),
            Some(_) => Ok(Some(Condition::Test(Test::parse(&mut self.cursor, self.regexes)?))),
        }
    }
}

/// One condition as it is, several under their operator; a bare name cannot be joined with anything.
fn joined(
    first: Option<Condition>,
    more: Vec<Condition>,
    join: fn(Vec<Condition>) -> Condition,
) -> Result<Option<Condition>, Error> {
    match first {
        first if more.is_empty() => Ok(first),
        None => Err(Error::Syntax),
        Some(first) => Ok(Some(join(std::iter::once(first).chain(more).collect()))),
    }
}
