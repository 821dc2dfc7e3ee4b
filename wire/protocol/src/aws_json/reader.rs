use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use tidegate_types::Timestamp;

use super::MAX_DEPTH;
use super::lexer::{Lexer, Token, too_deep};
use crate::decode::DecodeError;
use crate::schema::{ListSchema, Location, MapSchema, Member, StructSchema};
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
    /// Whether the next value stands in a map. There AWS is laxer with texts than elsewhere.
    in_map: bool,
    /// Whether members go by their names on the wire, as in the REST services, and times may be texts.
    is_rest: bool,
}

impl<'a> JsonReader<'a> {
    /// A reader over a request's body.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the body is not UTF-8.
    pub fn new(body: &'a [u8]) -> Result<JsonReader<'a>, DecodeError> {
        let text = std::str::from_utf8(body).map_err(|_| DecodeError::Malformed(String::new()))?;
        Ok(JsonReader { lexer: Lexer::new(text), depth: 0, first: false, in_map: false, is_rest: false })
    }

    /// A reader over the body of a REST service's message, which has only those members that travel there.
    ///
    /// # Errors
    /// As [`JsonReader::new`].
    pub fn of_rest(body: &'a [u8]) -> Result<JsonReader<'a>, DecodeError> {
        Ok(JsonReader { is_rest: true, ..JsonReader::new(body)? })
    }

    fn is_called(&self, member: &Member, name: &str) -> bool {
        match self.is_rest {
            true => member.wire_name == name && (self.depth > 1 || member.location == Location::Body),
            false => member.name == name,
        }
    }

    /// Enters an object or array; `otherwise` is what AWS says to a scalar in its place.
    fn begin(&mut self, open: u8, otherwise: &str) -> Result<(), DecodeError> {
        match self.lexer.token()? {
            Token::Object if open == b'{' => {}
            Token::Array if open == b'[' => {}
            found @ (Token::Object | Token::Array) => return Err(mismatch(found, "")),
            _ => return Err(DecodeError::Mismatch(otherwise.to_owned())),
        }
        if self.depth == MAX_DEPTH {
            return Err(too_deep());
        }
        self.lexer.expect(open)?;
        self.depth += 1;
        self.first = true;
        self.in_map = false;
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
    DecodeError::Mismatch(format!("{found} can not be converted to {wanted}"))
}

impl Reader for JsonReader<'_> {
    fn begin_struct(&mut self, _: &'static StructSchema) -> Result<(), DecodeError> {
        // To a scalar in place of the whole document AWS says nothing.
        let nested = self.depth > 0;
        self.begin(b'{', if nested { "Expected null" } else { "" })
    }

    fn next_member(&mut self, schema: &'static StructSchema) -> Result<Option<usize>, DecodeError> {
        while self.more(b'}')? {
            let name = self.lexer.string()?;
            self.lexer.expect(b':')?;
            if self.null()? {
                continue;
            }
            match schema.members.iter().position(|member| self.is_called(member, &name)) {
                Some(index) => return Ok(Some(index)),
                None => self.lexer.skip(self.depth)?,
            }
        }
        Ok(None)
    }

    fn begin_list(&mut self, _: &'static ListSchema) -> Result<(), DecodeError> {
        self.begin(b'[', "Expected list or null")
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
        self.begin(b'{', "Expected map or null")
    }

    fn next_key(&mut self) -> Result<Option<String>, DecodeError> {
        while self.more(b'}')? {
            let key = self.lexer.string()?.into_owned();
            self.lexer.expect(b':')?;
            if !self.null()? {
                self.in_map = true;
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    fn string(&mut self) -> Result<String, DecodeError> {
        let in_map = std::mem::replace(&mut self.in_map, false);
        match self.lexer.token()? {
            Token::String => Ok(self.lexer.string()?.into_owned()),
            // `{"Attributes": {"DelaySeconds": 5}}` is as good as `"5"`.
            Token::Number if in_map => self.lexer.number().map(str::to_owned),
            Token::True if in_map => self.lexer.word("true").map(|()| "true".to_owned()),
            Token::False if in_map => self.lexer.word("false").map(|()| "false".to_owned()),
            Token::Array if in_map => {
                Err(DecodeError::Mismatch("Unrecognized collection type class java.lang.String".to_owned()))
            }
            other => Err(mismatch(other, "a String")),
        }
    }

    fn boolean(&mut self) -> Result<bool, DecodeError> {
        match self.lexer.token()? {
            Token::True => self.lexer.word("true").map(|()| true),
            Token::False => self.lexer.word("false").map(|()| false),
            other => Err(mismatch(other, "a Boolean")),
        }
    }

    fn integer(&mut self) -> Result<i32, DecodeError> {
        let whole = whole_number(self.number("an Integer")?);
        Ok(i32::try_from(whole).unwrap_or(if whole < 0 { i32::MIN } else { i32::MAX }))
    }

    fn long(&mut self) -> Result<i64, DecodeError> {
        self.number("a Long").map(whole_number)
    }

    fn double(&mut self) -> Result<f64, DecodeError> {
        if self.lexer.token()? != Token::String {
            let number = self.number("a Double")?;
            return number.parse().map_err(|_| mismatch(Token::Number, "a Double"));
        }
        match self.lexer.string()?.as_ref() {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => Err(mismatch(Token::String, "a Double")),
        }
    }

    fn blob(&mut self) -> Result<Bytes, DecodeError> {
        match self.lexer.token()? {
            Token::String => {
                let text = self.lexer.string()?;
                let bytes = BASE64.decode(text.as_bytes());
                bytes.map(Bytes::from).map_err(|_| mismatch(Token::String, "a Blob"))
            }
            other => Err(mismatch(other, "a Blob")),
        }
    }

    fn timestamp(&mut self) -> Result<Timestamp, DecodeError> {
        let wanted = "milliseconds since epoch";
        if self.is_rest && self.lexer.token()? == Token::String {
            let time = time::from_any(&self.lexer.string()?);
            return time.ok_or_else(|| mismatch(Token::String, wanted));
        }
        let seconds = self.number(wanted)?.parse().ok().and_then(time::from_epoch_seconds);
        seconds.ok_or_else(|| mismatch(Token::Number, wanted))
    }
}

/// A number as a whole one. AWS cuts off a fraction, and takes a number that is too large for the
/// largest there is: that breaks the member's own bounds, in better words than ours would be.
fn whole_number(number: &str) -> i64 {
    // The grammar was checked, so what does not parse as `i64` parses as `f64`; the cast saturates.
    number.parse().unwrap_or_else(|_| number.parse::<f64>().unwrap_or_default() as i64)
}
