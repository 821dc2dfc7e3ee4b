//! Unstructured patterns: terms that a message has, or has not.
//!
//! Terms are parts of the message, not words of it: `ERROR` is in `ERRORCODE`. A `-` always begins an exclusion,
//! also in the middle of a word, so `request-id` means "request, and not id".

use regex::bytes::Regex;

use crate::cursor::Cursor;
use crate::{Error, expression};

/// Terms by what they ask for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    all: Vec<Term>,
    any: Vec<Term>,
    none: Vec<Term>,
}

#[derive(Debug, Clone)]
enum Term {
    Text(String),
    Regex(Regex),
}

impl Term {
    fn is_in(&self, message: &str) -> bool {
        match self {
            Term::Text(text) => message.contains(text.as_str()),
            Term::Regex(regex) => regex.is_match(message.as_bytes()),
        }
    }
}

impl Terms {
    pub(crate) fn parse(text: &str, regexes: &mut usize) -> Result<Terms, Error> {
        let mut terms = Terms::default();
        let mut cursor = Cursor::new(text);
        loop {
            cursor.skip_space();
            if cursor.rest().is_empty() {
                return Ok(terms);
            }
            let list = if cursor.eat("-") {
                &mut terms.none
            } else if cursor.eat("?") {
                &mut terms.any
            } else {
                &mut terms.all
            };
            list.push(term(&mut cursor, regexes)?);
        }
    }

    /// AWS ignores `?` terms beside any other term; its guide says so.
    pub(crate) fn matches(&self, message: &str) -> bool {
        let wanted = self.all.iter().all(|term| term.is_in(message));
        let unwanted = self.none.iter().any(|term| term.is_in(message));
        let alone = self.all.is_empty() && self.none.is_empty();
        wanted && !unwanted && (!alone || self.any.iter().any(|term| term.is_in(message)))
    }
}

fn term(cursor: &mut Cursor<'_>, regexes: &mut usize) -> Result<Term, Error> {
    cursor.skip_space();
    match cursor.peek() {
        Some('"') => match cursor.quoted()? {
            text if text.is_empty() => Err(Error::Term("\"\"".into())),
            text => Ok(Term::Text(text)),
        },
        Some('%') => {
            *regexes += 1;
            expression::build(cursor.between_percents()?).map(Term::Regex)
        }
        Some(_) => match cursor.take_while(|c| c.is_alphanumeric() || c == '_') {
            "" => Err(cursor.unexpected()),
            word => Ok(Term::Text(word.to_owned())),
        },
        None => Err(Error::Syntax),
    }
}
