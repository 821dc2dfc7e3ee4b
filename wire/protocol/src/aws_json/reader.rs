use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use tidegate_types::Timestamp;

use super::MAX_DEPTH;
use super::lexer::{Lexer, Token, too_deep};
use crate::decode::DecodeError;
use crate::schema::{ListSchema, MapSchema, StructSchema};
use crate::shape::Reader;
use crate::time;

/// Pulls typed values out of a JSON document.
pub struct JsonReader<'a> {
    lexer: Lexer<'a>,
    /// How many objects and arrays are open.
    depth: usize,
    /// Whether the innermost of them has had no entry yet. One flag is enough: whatever is open
    /// around a value that was read has had an entry.
    first: bool,
}

impl<'a> JsonReader<'a> {
    /// A reader over a request's body. An empty body is an empty object.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the body is not UTF-8.
    pub fn new(body: &'a [u8]) -> Result<JsonReader<'a>, DecodeError> {
        let text = std::str::from_utf8(body).map_err(|_| DecodeError::Malformed(String::new()))?;
        let text = if text.is_empty() { "{}" } else { text };
        Ok(JsonReader { lexer: Lexer::new(text), depth: 0, first: false })
    }

    fn begin(&mut self, open: u8, mismatch: &str) -> Result<(), DecodeError> {
        let token = self.lexer.token()?;
        let matches = match token {
            Token::Object => open == b'{',
            Token::Array => open == b'[',
            _ => false,
        };
        if !matches {
            return Err(DecodeError::Mismatch(mismatch.to_owned()));
        }
        if self.depth == MAX_DEPTH {
            return Err(too_deep());
        }
        self.lexer.expect(open)?;
        self.depth += 1;
        self.first = true;
        Ok(())
    }

    /// Whether another entry follows before `close`. Behind the outermost value nothing may follow.
    fn more(&mut self, close: u8) -> Result<bool, DecodeError> {
        if self.lexer.more(close, &mut self.first)? {
            return Ok(true);
        }
        self.depth -= 1;
        match self.depth == 0 && self.lexer.peek().is_some() {
            true => Err(DecodeError::Malformed(String::new())),
            false => Ok(false),
        }
    }

    /// Whether the next value is null, which is read.
    fn null(&mut self) -> Result<bool, DecodeError> {
        let null = self.lexer.token()? == Token::Null;
        if null {
            self.lexer.word("null")?;
        }
        Ok(null)
    }

    /// Reads the text of a number.
    fn number(&mut self, wanted: &str) -> Result<&'a str, DecodeError> {
        match self.lexer.token()? {
            Token::Number => self.lexer.number(),
            other => Err(mismatch(other, wanted)),
        }
    }
}

/// The error for a value that begins with `found` where a `wanted` was expected.
fn mismatch(found: Token, wanted: &str) -> DecodeError {
    let found = match found {
        Token::Object => {
            return DecodeError::Mismatch("Start of structure or map found where not expected.".to_owned());
        }
        Token::Array => return DecodeError::Mismatch("Start of list found where not expected".to_owned()),
        Token::String => "STRING_VALUE",
        Token::Number => "NUMBER_VALUE",
        Token::True => "TRUE_VALUE",
        Token::False => "FALSE_VALUE",
        Token::Null => "NULL_VALUE",
    };
    DecodeError::Mismatch(format!("{found} cannot be converted to {wanted}"))
}

impl Reader for JsonReader<'_> {
    fn begin_struct(&mut self, _: &'static StructSchema) -> Result<(), DecodeError> {
        self.begin(b'{', "Unexpected value type in payload")
    }

    fn next_member(&mut self, schema: &'static StructSchema) -> Result<Option<usize>, DecodeError> {
        while self.more(b'}')? {
            let name = self.lexer.string()?;
            self.lexer.expect(b':')?;
            if self.null()? {
                continue;
            }
            match schema.members.iter().position(|member| member.name == name) {
                Some(index) => return Ok(Some(index)),
                None => self.lexer.skip(self.depth)?,
            }
        }
        Ok(None)
    }

    fn begin_list(&mut self, _: &'static ListSchema) -> Result<(), DecodeError> {
        self.begin(b'[', "Unexpected field type")
    }

    fn next_element(&mut self) -> Result<bool, DecodeError> {
        while self.more(b']')? {
            if !self.null()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn begin_map(&mut self, _: &'static MapSchema) -> Result<(), DecodeError> {
        self.begin(b'{', "Unexpected field type")
    }

    fn next_key(&mut self) -> Result<Option<String>, DecodeError> {
        while self.more(b'}')? {
            let key = self.lexer.string()?.into_owned();
            self.lexer.expect(b':')?;
            if !self.null()? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    fn string(&mut self) -> Result<String, DecodeError> {
        match self.lexer.token()? {
            Token::String => Ok(self.lexer.string()?.into_owned()),
            other => Err(mismatch(other, "String")),
        }
    }

    fn boolean(&mut self) -> Result<bool, DecodeError> {
        match self.lexer.token()? {
            Token::True => self.lexer.word("true").map(|()| true),
            Token::False => self.lexer.word("false").map(|()| false),
            other => Err(mismatch(other, "Boolean")),
        }
    }

    fn integer(&mut self) -> Result<i32, DecodeError> {
        let number = self.number("Integer")?;
        let whole = whole_number(number).and_then(|whole| i32::try_from(whole).ok());
        whole.ok_or_else(|| mismatch(Token::Number, "Integer"))
    }

    fn long(&mut self) -> Result<i64, DecodeError> {
        let number = self.number("Long")?;
        whole_number(number).ok_or_else(|| mismatch(Token::Number, "Long"))
    }

    fn double(&mut self) -> Result<f64, DecodeError> {
        if self.lexer.token()? != Token::String {
            let number = self.number("Double")?;
            return number.parse().map_err(|_| mismatch(Token::Number, "Double"));
        }
        match self.lexer.string()?.as_ref() {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => Err(mismatch(Token::String, "Double")),
        }
    }

    fn blob(&mut self) -> Result<Bytes, DecodeError> {
        match self.lexer.token()? {
            Token::String => {
                let text = self.lexer.string()?;
                let bytes = BASE64.decode(text.as_bytes());
                bytes.map(Bytes::from).map_err(|_| mismatch(Token::String, "Blob"))
            }
            other => Err(mismatch(other, "Blob")),
        }
    }

    fn timestamp(&mut self) -> Result<Timestamp, DecodeError> {
        let number = self.number("Timestamp")?;
        let seconds = number.parse().ok().and_then(time::from_epoch_seconds);
        seconds.ok_or_else(|| mismatch(Token::Number, "Timestamp"))
    }
}

/// A number without a fraction, even if it is written as `1.0` or `1e3`: JavaScript and Lua clients
/// know no integers.
fn whole_number(number: &str) -> Option<i64> {
    if let Ok(whole) = number.parse() {
        return Some(whole);
    }
    let value: f64 = number.parse().ok()?;
    // Up to 2^53 a double holds every whole number.
    (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then_some(value as i64)
}
