//! Reading a pattern's JSON token by token, stopping where AWS's parser stops.
//!
//! Errors tell a column, and clients' tests compare messages, so this reads as lazily as AWS's parser does:
//! a string is only entered when its text is asked for, but after a field's name the first token of its value
//! has been read already.

use std::ops::Range;

use crate::error::{PatternError, Place};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    Name,
    Text,
    Number,
    True,
    False,
    Null,
    /// Nothing follows.
    End,
}

/// How deep a pattern may nest.
const MAX_DEPTH: usize = 1000;

struct Scope {
    array: bool,
    start: Position,
    entries: usize,
}

/// A byte, its line, and the byte that the line begins at. Line ends count between tokens only, as for AWS.
#[derive(Debug, Clone, Copy)]
struct Position {
    at: usize,
    line: usize,
    line_start: usize,
}

/// A reader of one text.
pub(crate) struct Reader<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    line_start: usize,
    scopes: Vec<Scope>,
    /// The value after a name, of which the first token was read.
    ahead: Option<Token>,
    /// The token's text, without quotation marks.
    span: Range<usize>,
    /// A string was begun and not read.
    unread: bool,
    name: String,
}

type Outcome<T> = Result<T, PatternError>;

impl<'t> Reader<'t> {
    pub fn new(text: &'t str) -> Reader<'t> {
        Reader {
            text,
            at: 0,
            line: 1,
            line_start: 0,
            scopes: Vec::new(),
            ahead: None,
            span: 0..0,
            unread: false,
            name: String::new(),
        }
    }

    /// Where reading is now.
    pub fn place(&self) -> Place {
        self.place_of(self.position(self.at))
    }

    fn position(&self, at: usize) -> Position {
        Position { at, line: self.line, line_start: self.line_start }
    }

    fn place_of(&self, position: Position) -> Place {
        Place::new(self.text, position.at, position.line, position.line_start)
    }

    /// The refusal with this reason, here.
    pub fn refuse(&self, reason: impl Into<String>) -> PatternError {
        PatternError::Invalid { reason: reason.into(), place: vec![self.place()] }
    }

    /// The last field's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The last token as it was written; for a string, its text.
    pub fn token_text(&mut self) -> Outcome<String> {
        if self.unread {
            return self.string("was expecting closing quote for a string value");
        }
        Ok(self.text[self.span.clone()].to_owned())
    }

    pub fn next(&mut self) -> Outcome<Token> {
        if let Some(ahead) = self.ahead.take() {
            self.enter(ahead)?;
            return Ok(ahead);
        }
        if self.unread {
            self.string("was expecting closing quote for a string value")?;
        }
        self.skip_space();
        let Some(byte) = self.peek() else { return self.end() };
        if byte == b']' || byte == b'}' {
            return self.close(byte);
        }
        self.comma()?;
        let in_object = self.scopes.last().is_some_and(|scope| !scope.array);
        if !in_object {
            let token = self.value()?;
            self.enter(token)?;
            return Ok(token);
        }
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("was expecting double-quote to start field name"));
        }
        self.at += 1;
        self.name = self.string(FIELD_NAME)?;
        self.skip_space();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => return Err(self.unexpected("was expecting a colon to separate field name and value")),
            None => return Err(self.cut(BETWEEN_ENTRIES)),
        }
        self.skip_space();
        if self.peek().is_none() {
            return Err(self.cut(BETWEEN_ENTRIES));
        }
        self.ahead = Some(self.value()?);
        Ok(Token::Name)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\n' | b'\r')) = self.peek() {
            self.at += 1;
            if byte == b'\n' || (byte == b'\r' && self.peek() != Some(b'\n')) {
                self.line += 1;
                self.line_start = self.at;
            }
        }
    }

    fn enter(&mut self, token: Token) -> Outcome<()> {
        if matches!(token, Token::StartObject | Token::StartArray) {
            if self.scopes.len() == MAX_DEPTH {
                let depth = MAX_DEPTH + 1;
                return Err(
                    self.refuse(format!("Document nesting depth ({depth}) exceeds the maximum allowed ({MAX_DEPTH})"))
                );
            }
            self.scopes.push(Scope {
                array: token == Token::StartArray,
                start: self.position(self.at - 1),
                entries: 0,
            });
        }
        Ok(())
    }

    fn end(&mut self) -> Outcome<Token> {
        let Some(scope) = self.scopes.last() else { return Ok(Token::End) };
        let kind = if scope.array { "Array" } else { "Object" };
        let start = self.place_of(scope.start);
        Err(self.refuse(format!("Unexpected end-of-input: expected close marker for {kind} (start marker at {start})")))
    }

    fn close(&mut self, byte: u8) -> Outcome<Token> {
        self.span = self.at..self.at + 1;
        self.at += 1;
        let array = byte == b']';
        match self.scopes.pop() {
            Some(scope) if scope.array == array => Ok(if array { Token::EndArray } else { Token::EndObject }),
            Some(scope) => {
                let (kind, marker) = if scope.array { ("Array", ']') } else { ("Object", '}') };
                let start = self.place_of(scope.start);
                let given = char::from(byte);
                Err(self.refuse(format!(
                    "Unexpected close marker '{given}': expected '{marker}' (for {kind} starting at {start})"
                )))
            }
            None => {
                let start = Place { line: 1, column: 0, ..self.place() };
                let given = char::from(byte);
                Err(self
                    .refuse(format!("Unexpected close marker '{given}': expected '}}' (for root starting at {start})")))
            }
        }
    }

    fn comma(&mut self) -> Outcome<()> {
        let Some(scope) = self.scopes.last_mut() else { return Ok(()) };
        let kind = if scope.array { "Array" } else { "Object" };
        scope.entries += 1;
        if scope.entries == 1 {
            return Ok(());
        }
        if self.peek() != Some(b',') {
            return Err(self.unexpected(&format!("was expecting comma to separate {kind} entries")));
        }
        self.at += 1;
        self.skip_space();
        if self.peek().is_none() {
            return Err(self.cut(&format!(" within/between {kind} entries")));
        }
        Ok(())
    }

    fn value(&mut self) -> Outcome<Token> {
        let start = self.at;
        let byte = self.peek().unwrap_or_default();
        match byte {
            b'"' => {
                self.at += 1;
                self.unread = true;
                Ok(Token::Text)
            }
            b'{' | b'[' => {
                self.at += 1;
                self.span = start..self.at;
                Ok(if byte == b'{' { Token::StartObject } else { Token::StartArray })
            }
            b'-' | b'0'..=b'9' => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' => self.word(),
            b'}' => Err(self.unexpected("expected a value")),
            _ => Err(self.unexpected(EXPECTED_VALUE)),
        }
    }

    fn word(&mut self) -> Outcome<Token> {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest
            .find(|character: char| !(character.is_alphanumeric() || character == '_' || character == '$'))
            .unwrap_or(rest.len());
        self.at += length;
        self.span = start..self.at;
        match &rest[..length] {
            "true" => Ok(Token::True),
            "false" => Ok(Token::False),
            "null" => Ok(Token::Null),
            word @ ("NaN" | "Infinity") => Err(self.refuse(format!(
                "Non-standard token '{word}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"
            ))),
            word => Err(self.refuse(format!(
                "Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
            ))),
        }
    }

    fn number(&mut self) -> Outcome<Token> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
            if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                let expected = "expected digit (0-9) to follow minus sign, for valid numeric value";
                return Err(self.not_numeric(expected, false));
            }
        }
        let zero = self.peek() == Some(b'0');
        self.at += 1;
        // AWS reads a number that begins with zero more slowly, and has then passed what is wrong.
        let back = !zero;
        if zero && self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.refuse("Invalid numeric value: Leading zeroes not allowed"));
        }
        self.digits();
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.not_numeric("Decimal point not followed by a digit", back));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.not_numeric("Exponent indicator not followed by a digit", back));
            }
        }
        self.span = start..self.at;
        Ok(Token::Number)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    /// Reads to the closing quotation mark.
    fn string(&mut self, unclosed: &str) -> Outcome<String> {
        self.unread = false;
        let mut text = String::new();
        loop {
            let Some(character) = self.text[self.at..].chars().next() else {
                let reason = if unclosed == FIELD_NAME { unclosed.to_owned() } else { format!(": {unclosed}") };
                return Err(self.cut(&reason));
            };
            self.at += character.len_utf8();
            match character {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                control if control < ' ' => {
                    return Err(self.refuse(format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {})): has to be escaped using backslash to be included in {}",
                        u32::from(control),
                        if unclosed == FIELD_NAME { "name" } else { "string value" },
                    )));
                }
                other => text.push(other),
            }
        }
    }

    fn escape(&mut self) -> Outcome<char> {
        let Some(character) = self.text[self.at..].chars().next() else {
            return Err(self.cut(" in character escape sequence"));
        };
        self.at += character.len_utf8();
        Ok(match character {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '"' | '\\' | '/' => character,
            'u' => return self.unicode(),
            other => {
                let code = u32::from(other);
                return Err(self.refuse(format!("Unrecognized character escape '{other}' (code {code})")));
            }
        })
    }

    fn unicode(&mut self) -> Outcome<char> {
        let high = self.hex()?;
        if (0xD800..0xDC00).contains(&high) && self.text[self.at..].starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let low = self.hex()?;
            if (0xDC00..0xE000).contains(&low) {
                let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or('?'));
            }
            self.at = before;
        }
        // Half a character: what AWS compares instead.
        Ok(char::from_u32(high).unwrap_or('?'))
    }

    fn hex(&mut self) -> Outcome<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(byte) = self.peek() else { return Err(self.cut(" in character escape sequence")) };
            let Some(digit) = char::from(byte).to_digit(16) else {
                return Err(self.unexpected("expected a hex-digit for character escape sequence"));
            };
            code = code << 4 | digit;
            self.at += 1;
        }
        Ok(code)
    }

    /// Refuses the next character, after it.
    fn unexpected(&mut self, expected: &str) -> PatternError {
        let Some(character) = self.take_character() else { return self.cut("") };
        let code = u32::from(character);
        let expected = if character == '/' { COMMENT } else { expected };
        self.refuse(format!("Unexpected character ({}): {expected}", quoted(character, code)))
    }

    /// Refuses the next character within a number, after it or before it.
    fn not_numeric(&mut self, expected: &str, back: bool) -> PatternError {
        let before = self.at;
        let Some(character) = self.take_character() else { return self.cut(" in a Number value") };
        if back {
            self.at = before;
        }
        let code = u32::from(character);
        self.refuse(format!("Unexpected character ({}) in numeric value: {expected}", quoted(character, code)))
    }

    fn take_character(&mut self) -> Option<char> {
        let character = self.text[self.at..].chars().next()?;
        self.at += character.len_utf8();
        Some(character)
    }

    /// Refuses the end of the text.
    fn cut(&self, detail: &str) -> PatternError {
        self.refuse(format!("Unexpected end-of-input{detail}"))
    }
}

fn quoted(character: char, code: u32) -> String {
    if character.is_control() { format!("(CTRL-CHAR, code {code})") } else { format!("'{character}' (code {code})") }
}

const COMMENT: &str =
    "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)";
const FIELD_NAME: &str = " in field name";
const BETWEEN_ENTRIES: &str = " within/between Object entries";
const EXPECTED_VALUE: &str =
    "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
