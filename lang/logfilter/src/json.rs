//! JSON patterns: conditions joined by `&&` and `||`, with parentheses; `&&` binds closer.

use serde_json::Value;

use crate::Error;
use crate::cursor::Cursor;
use crate::operand::Test;
use crate::selector::{Selector, scalar};

/// The most wildcards in all selectors of a pattern.
const MAX_WILDCARDS: usize = 3;
/// How deep parentheses nest. A pattern of the longest size could otherwise nest five hundred deep.
const MAX_DEPTH: usize = 100;

/// A condition on a document.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Compare(Selector, Test),
    IsNull(Selector),
    Is(Selector, bool),
    NotExists(Selector),
}

impl Condition {
    pub(crate) fn holds(&self, document: &Value) -> bool {
        match self {
            Condition::All(conditions) => conditions.iter().all(|condition| condition.holds(document)),
            Condition::Any(conditions) => conditions.iter().any(|condition| condition.holds(document)),
            Condition::Compare(selector, test) => selector.any(document, &mut |value| {
                scalar(value).is_some_and(|scalar| test.holds(&scalar.text, scalar.number))
            }),
            Condition::IsNull(selector) => selector.any(document, &mut |value| value.is_null()),
            Condition::Is(selector, flag) => selector.any(document, &mut |value| *value == Value::Bool(*flag)),
            Condition::NotExists(selector) => !selector.any(document, &mut |_| true),
        }
    }

    /// Every selector of the condition, in the order written.
    pub(crate) fn selectors(&self) -> Vec<Selector> {
        let mut selectors = Vec::new();
        self.visit(&mut |selector| selectors.push(selector.clone()));
        selectors
    }

    fn visit(&self, see: &mut dyn FnMut(&Selector)) {
        match self {
            Condition::All(conditions) | Condition::Any(conditions) => {
                conditions.iter().for_each(|condition| condition.visit(see));
            }
            Condition::Compare(selector, _)
            | Condition::IsNull(selector)
            | Condition::Is(selector, _)
            | Condition::NotExists(selector) => see(selector),
        }
    }
}

/// Reads a pattern that starts with `{`.
pub(crate) fn parse(text: &str, regexes: &mut usize) -> Result<Condition, Error> {
    let body = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).ok_or(Error::OpenJson)?;
    let mut parser = Parser { cursor: Cursor::new(body), regexes, depth: 0 };
    let condition = parser.any()?;
    parser.cursor.skip_space();
    if !parser.cursor.rest().is_empty() {
        return Err(parser.cursor.unexpected());
    }
    let wildcards: usize = condition.selectors().iter().map(Selector::wildcards).sum();
    if wildcards > MAX_WILDCARDS { Err(Error::TooManyWildcards) } else { Ok(condition) }
}

struct Parser<'p, 'c> {
    cursor: Cursor<'p>,
    regexes: &'c mut usize,
    depth: usize,
}

impl Parser<'_, '_> {
    fn any(&mut self) -> Result<Condition, Error> {
        let mut conditions = vec![self.all()?];
        while self.cursor.eat("||") {
            conditions.push(self.all()?);
        }
        Ok(joined(conditions, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Error> {
        let mut conditions = vec![self.one()?];
        while self.cursor.eat("&&") {
            conditions.push(self.one()?);
        }
        Ok(joined(conditions, Condition::All))
    }

    fn one(&mut self) -> Result<Condition, Error> {
        if !self.cursor.eat("(") {
            return self.comparison();
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::Syntax);
        }
        let condition = self.any()?;
        self.depth -= 1;
        if self.cursor.eat(")") { Ok(condition) } else { Err(self.cursor.unexpected()) }
    }

    fn comparison(&mut self) -> Result<Condition, Error> {
        let selector = Selector::parse(&mut self.cursor)?;
        if self.cursor.eat_word("NOT") {
            return self.keyword(&[("EXISTS", Condition::NotExists(selector))]);
        }
        if self.cursor.eat_word("IS") {
            return self.keyword(&[
                ("NULL", Condition::IsNull(selector.clone())),
                ("TRUE", Condition::Is(selector.clone(), true)),
                ("FALSE", Condition::Is(selector, false)),
            ]);
        }
        Ok(Condition::Compare(selector, Test::parse(&mut self.cursor, self.regexes)?))
    }

    fn keyword(&mut self, words: &[(&str, Condition)]) -> Result<Condition, Error> {
        let found = words.iter().find(|(word, _)| self.cursor.eat_word(word));
        found.map(|(_, condition)| condition.clone()).ok_or(Error::Syntax)
    }
}

fn joined(mut conditions: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match conditions.len() {
        1 => conditions.remove(0),
        _ => join(conditions),
    }
}
