use std::borrow::Cow;

use super::MAX_DEPTH;
use crate::decode::DecodeError;
use crate::scan;

/// A position in a JSON text, and the rules by which it moves.
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

/// What a value begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

fn malformed<T>() -> Result<T, DecodeError> {
    Err(DecodeError::Malformed(String::new()))
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Lexer<'a> {
        Lexer { text, at: 0 }
    }

    /// The next byte that is not white space, still unread; `None` at the end.
    pub fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.at += blank;
        rest.get(blank).copied()
    }

    /// Reads `expected`, which must be the next byte that is not white space.
    pub fn expect(&mut self, expected: u8) -> Result<(), DecodeError> {
        if self.peek() != Some(expected) {
            return malformed();
        }
        self.at += 1;
        Ok(())
    }

    /// What the next value begins with.
    pub fn token(&mut self) -> Result<Token, DecodeError> {
        Ok(match self.peek() {
            Some(b'{') => Token::Object,
            Some(b'[') => Token::Array,
            Some(b'"') => Token::String,
            Some(b'-' | b'0'..=b'9') => Token::Number,
            Some(b't') => Token::True,
            Some(b'f') => Token::False,
            Some(b'n') => Token::Null,
            _ => return malformed(),
        })
    }

    /// Reads one of `true`, `false`, `null`.
    pub fn word(&mut self, word: &str) -> Result<(), DecodeError> {
        if !self.text[self.at..].starts_with(word) {
            return malformed();
        }
        self.at += word.len();
        Ok(())
    }

    /// Reads a number and returns its text, which follows JSON's grammar.
    pub fn number(&mut self) -> Result<&'a str, DecodeError> {
        let rest = &self.text.as_bytes()[self.at..];
        let digits = |from: usize| rest[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut end = usize::from(rest.first() == Some(&b'-'));
        let whole = digits(end);
        if whole == 0 || (whole > 1 && rest[end] == b'0') {
            return malformed();
        }
        end += whole;
        if rest.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            if fraction == 0 {
                return malformed();
            }
            end += 1 + fraction;
        }
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            end += 1 + usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end);
            if exponent == 0 {
                return malformed();
            }
            end += exponent;
        }
        let number = &self.text[self.at..self.at + end];
        self.at += end;
        Ok(number)
    }

    /// Reads a text. Borrowed from the document unless it contains escapes.
    pub fn string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        self.expect(b'"')?;
        let start = self.at;
        self.at += plain_prefix(&self.text.as_bytes()[start..]);
        let plain = &self.text[start..self.at];
        if self.text.as_bytes().get(self.at) == Some(&b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        self.escaped_string(plain.to_owned()).map(Cow::Owned)
    }

    /// Reads the rest of a text whose beginning, up to the first escape, is `text`.
    fn escaped_string(&mut self, mut text: String) -> Result<String, DecodeError> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                // The end of the document, or a control character, which JSON wants escaped.
                _ => return malformed(),
            }
            let start = self.at;
            self.at += plain_prefix(&self.text.as_bytes()[start..]);
            text.push_str(&self.text[start..self.at]);
        }
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<char, DecodeError> {
        let Some(byte) = self.text.as_bytes().get(self.at) else { return malformed() };
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return malformed(),
        })
    }

    /// Reads the four digits after `\u`, and a second escape if they are half of a pair. Half a pair
    /// alone is not a character, and no text of ours can hold it.
    fn unicode_escape(&mut self) -> Result<char, DecodeError> {
        let first = self.four_hex_digits()?;
        let code = match first {
            0xD800..=0xDBFF => {
                self.word("\\u")?;
                let second = self.four_hex_digits()?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return malformed();
                }
                0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            code => code,
        };
        char::from_u32(code).map_or_else(malformed, Ok)
    }

    fn four_hex_digits(&mut self) -> Result<u32, DecodeError> {
        let Some(digits) = self.text.as_bytes().get(self.at..self.at + 4) else { return malformed() };
        let mut code = 0;
        for digit in digits {
            let Some(digit) = char::from(*digit).to_digit(16) else { return malformed() };
            code = code * 16 + digit;
        }
        self.at += 4;
        Ok(code)
    }

    /// Reads a value of any type and forgets it; `depth` is how deeply it lies already.
    pub fn skip(&mut self, depth: usize) -> Result<(), DecodeError> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        match self.token()? {
            Token::String => self.string().map(drop),
            Token::Number => self.number().map(drop),
            Token::True => self.word("true"),
            Token::False => self.word("false"),
            Token::Null => self.word("null"),
            Token::Array => self.skip_entries(b'[', b']', depth, false),
            Token::Object => self.skip_entries(b'{', b'}', depth, true),
        }
    }

    fn skip_entries(&mut self, open: u8, close: u8, depth: usize, keyed: bool) -> Result<(), DecodeError> {
        self.expect(open)?;
        let mut first = true;
        while self.more(close, &mut first)? {
            if keyed {
                self.string()?;
                self.expect(b':')?;
            }
            self.skip(depth + 1)?;
        }
        Ok(())
    }

    /// Reads the comma before the next entry of an object or array, or `close` after the last one.
    /// `first` is whether no entry was read yet; it is false afterwards.
    pub fn more(&mut self, close: u8, first: &mut bool) -> Result<bool, DecodeError> {
        let was_first = std::mem::replace(first, false);
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !was_first => {
                self.at += 1;
                Ok(true)
            }
            Some(_) if was_first => Ok(true),
            _ => malformed(),
        }
    }
}

pub fn too_deep() -> DecodeError {
    DecodeError::TooLarge("Nesting is too deep")
}

/// How many bytes stand before the first that a JSON text must escape: a quote, a backslash or a
/// control character.
pub fn plain_prefix(bytes: &[u8]) -> usize {
    scan::plain_prefix(bytes, |byte| (byte == b'"') | (byte == b'\\') | (byte < 0x20))
}
