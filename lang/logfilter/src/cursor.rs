//! Reading a pattern from left to right.

use crate::Error;

/// What of a pattern has not been read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'p> {
    rest: &'p str,
}

impl<'p> Cursor<'p> {
    pub(crate) fn new(text: &'p str) -> Cursor<'p> {
        Cursor { rest: text }
    }

    pub(crate) fn rest(&self) -> &'p str {
        self.rest
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(crate) fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes `token` if it is next, white space before it aside.
    pub(crate) fn eat(&mut self, token: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes a keyword, whatever its case, if it is next and ends there.
    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        self.skip_space();
        let Some(head) = self.rest.get(..word.len()) else { return false };
        let rest = &self.rest[word.len()..];
        if !head.eq_ignore_ascii_case(word) || rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return false;
        }
        self.rest = rest;
        true
    }

    /// Takes characters as long as they fit; perhaps none.
    pub(crate) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'p str {
        let end = self.rest.find(|c| !fits(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Takes the quoted string that is next, and its text without quotes and escapes.
    pub(crate) fn quoted(&mut self) -> Result<String, Error> {
        let body = self.rest.strip_prefix('"').ok_or(Error::Syntax)?;
        let mut text = String::new();
        let mut characters = body.char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    self.rest = &body[at + 1..];
                    return Ok(text);
                }
                '\\' => text.push(characters.next().ok_or(Error::Syntax)?.1),
                other => text.push(other),
            }
        }
        Err(Error::Term("\"".into()))
    }

    /// Takes what stands between two `%`, with its escapes.
    pub(crate) fn between_percents(&mut self) -> Result<&'p str, Error> {
        let body = self.rest.strip_prefix('%').ok_or(Error::Syntax)?;
        let mut escaped = false;
        for (at, c) in body.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '%' => {
                    self.rest = &body[at + 1..];
                    return Ok(&body[..at]);
                }
                _ => {}
            }
        }
        Err(Error::Term("%".into()))
    }

    /// What to complain about: the character that is next, or the pattern's shape at its end.
    pub(crate) fn unexpected(&self) -> Error {
        self.peek().map_or(Error::Syntax, |c| Error::Term(c.to_string()))
    }
}
