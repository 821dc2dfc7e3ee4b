//! Words of a query. Read on demand, because only the grammar knows whether `/` divides or begins a regular
//! expression.

use crate::error::Malformed;
use crate::time::Period;

/// One word, with its place in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A field, function or keyword. Quoted in back ticks it is never a keyword.
    Name {
        text: String,
        quoted: bool,
    },
    Text(String),
    Number(f64),
    Period(Period),
    Symbol(&'static str),
    End,
}

/// Longer ones first.
const SYMBOLS: [&str; 21] =
    ["!=", "<=", ">=", "=~", "=", "<", ">", "+", "-", "*", "/", "^", "%", "(", ")", "[", "]", ",", "|", ":", "."];

#[derive(Debug, Clone)]
pub(crate) struct Lexer<'q> {
    pub(crate) text: &'q str,
    at: usize,
}

impl<'q> Lexer<'q> {
    pub(crate) fn new(text: &'q str) -> Lexer<'q> {
        Lexer { text, at: 0 }
    }

    fn rest(&self) -> &'q str {
        &self.text[self.at..]
    }

    /// White space, and comments from `#` to the end of the line.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    pub(crate) fn next(&mut self) -> Result<Token, Malformed> {
        self.skip();
        let start = self.at;
        let kind = match self.rest().chars().next() {
            None => Kind::End,
            Some('"' | '\'') => Kind::Text(self.quoted()?),
            Some(c) if c.is_ascii_digit() => self.number()?,
            Some(c) if is_name(c) || c == '`' => self.name()?,
            Some(c) => match SYMBOLS.iter().find(|symbol| self.rest().starts_with(**symbol)) {
                Some(symbol) => {
                    self.at += symbol.len();
                    Kind::Symbol(symbol)
                }
                None => return Err(Malformed::unexpected(self.text, start, start + c.len_utf8())),
            },
        };
        Ok(Token { kind, start, end: self.at })
    }

    /// Reads the regular expression that begins with the `/` at `start`.
    pub(crate) fn regex(&mut self, start: usize) -> Result<String, Malformed> {
        let mut pattern = String::new();
        let mut escaped = false;
        for (at, c) in self.text[start + 1..].char_indices() {
            match c {
                '/' if escaped => pattern.push('/'),
                '/' => {
                    self.at = start + 1 + at + 1;
                    return Ok(pattern);
                }
                '\\' if !escaped => {}
                other if escaped => pattern.extend(['\\', other]),
                other => pattern.push(other),
            }
            escaped = c == '\\' && !escaped;
        }
        Err(Malformed::unexpected(self.text, self.text.len(), self.text.len()))
    }

    fn quoted(&mut self) -> Result<String, Malformed> {
        let start = self.at;
        let mut characters = self.rest().char_indices();
        let quote = characters.next().map(|(_, c)| c);
        let mut text = String::new();
        while let Some((at, c)) = characters.next() {
            match c {
                '\\' => match characters.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, c @ ('"' | '\'' | '\\'))) => text.push(c),
                    // Other escapes are left alone: `\d` means something to a regular expression in quotes.
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                c if Some(c) == quote => {
                    self.at = start + at + c.len_utf8();
                    return Ok(text);
                }
                c => text.push(c),
            }
        }
        Err(Malformed::unexpected(self.text, self.text.len(), self.text.len()))
    }

    /// Digits, a fraction, an exponent; or digits and a unit of time.
    fn number(&mut self) -> Result<Kind, Malformed> {
        let start = self.at;
        let rest = self.rest();
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let whole = digits(rest);
        let mut length = whole;
        if rest[length..].starts_with('.') && digits(&rest[length + 1..]) > 0 {
            length += 1 + digits(&rest[length + 1..]);
        }
        if rest[length..].starts_with(['e', 'E']) {
            let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
            let exponent = digits(&rest[length + 1 + sign..]);
            length += if exponent > 0 { 1 + sign + exponent } else { 0 };
        }
        let unit = rest[length..].len() - rest[length..].trim_start_matches(is_name).len();
        self.at = start + length + unit;
        let wrong = || Malformed::unexpected(self.text, start, self.at);
        if unit > 0 {
            let count = rest[..length].parse().map_err(|_| wrong())?;
            return Period::parse(count, &rest[length..length + unit]).map(Kind::Period).ok_or_else(wrong);
        }
        let number: f64 = rest[..length].parse().map_err(|_| wrong())?;
        if number.is_finite() { Ok(Kind::Number(number)) } else { Err(wrong()) }
    }

    /// `a.b.0`, with any part in back ticks.
    fn name(&mut self) -> Result<Kind, Malformed> {
        let mut text = String::new();
        let mut quoted = false;
        loop {
            if let Some(body) = self.rest().strip_prefix('`') {
                let Some(end) = body.find('`').filter(|end| *end > 0) else {
                    return Err(Malformed::unexpected(self.text, self.at, self.at + 1));
                };
                text.push_str(&body[..end]);
                self.at += end + 2;
                quoted = true;
            } else {
                let rest = self.rest();
                let length = rest.len() - rest.trim_start_matches(is_name).len();
                text.push_str(&rest[..length]);
                self.at += length;
            }
            match self.rest().strip_prefix('.') {
                Some(rest) if rest.starts_with(|c: char| is_name(c) || c == '`') => {
                    text.push('.');
                    self.at += 1;
                }
                _ => return Ok(Kind::Name { text, quoted }),
            }
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '@'
}
