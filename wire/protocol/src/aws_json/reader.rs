use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use tidegate_types::Timestamp;

use super::MAX_DEPTH;
use super::lexer::{Lexer, Token, too_deep};
use super::words::{Place, Wanted, boolean_of, newer, no_base64, older};
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
    /// Where the next value stands.
    place: Place,
    /// The package of the service's types, if it is one that takes nothing for a text that is none.
    strict: Option<&'static str>,
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
        Ok(JsonReader {
            lexer: Lexer::new(text),
            depth: 0,
            first: false,
            place: Place::Member,
            strict: None,
            is_rest: false,
        })
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

    /// Enters an object or array.
    fn begin(&mut self, open: u8, wanted: Wanted) -> Result<(), DecodeError> {
        match self.lexer.token()? {
            Token::Object if open == b'{' => {}
            Token::Array if open == b'[' => {}
            found => return Err(self.mismatch(found, wanted)),
        }
        if self.depth == MAX_DEPTH {
            return Err(too_deep());
        }
        self.lexer.expect(open)?;
        self.depth += 1;
        self.first = true;
        Ok(())
    }

    /// The error for a value that begins with `found` where a `wanted` was expected.
    fn mismatch(&mut self, found: Token, wanted: Wanted) -> DecodeError {
        let Some(package) = self.strict else { return newer(found, wanted, self.place, self.depth == 0) };
        if self.depth == 0 {
            return newer(found, wanted, self.place, true);
        }
        let number = if found == Token::Number { self.lexer.number() } else { Ok("") };
        match number {
            Ok(text) => older(found, wanted, self.place, package, text.contains(['.', 'e', 'E'])),
            Err(malformed) => malformed,
        }
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
    fn number(&mut self, wanted: Wanted) -> Result<&'a str, DecodeError> {
        match self.lexer.token()? {
            Token::Number => self.lexer.number(),
            other => Err(self.mismatch(other, wanted)),
        }
    }

    /// Whether what is no text may stand for one: `{"Attributes": {"DelaySeconds": 5}}` is as good as `"5"`.
    fn is_lax(&self) -> bool {
        self.place == Place::Value && self.strict.is_none()
    }
}

impl Reader for JsonReader<'_> {
    fn begin_struct(&mut self, schema: &'static StructSchema) -> Result<(), DecodeError> {
        self.begin(b'{', Wanted::Struct(schema))
    }

    fn next_member(&mut self, schema: &'static StructSchema) -> Result<Option<usize>, DecodeError> {
        while self.more(b'}')? {
            let name = self.lexer.string()?;
            self.lexer.expect(b':')?;
            if self.null()? {
                continue;
            }
            match schema.members.iter().position(|member| self.is_called(member, &name)) {
                Some(index) => {
                    self.place = Place::Member;
                    return Ok(Some(index));
                }
                None => self.lexer.skip(self.depth)?,
            }
        }
        Ok(None)
    }

    fn begin_list(&mut self, _: &'static ListSchema) -> Result<(), DecodeError> {
        self.begin(b'[', Wanted::List)
    }

    fn next_element(&mut self) -> Result<bool, DecodeError> {
        while self.more(b']')? {
            if !self.null()? {
                self.place = Place::Element;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn begin_map(&mut self, schema: &'static MapSchema) -> Result<(), DecodeError> {
        self.begin(b'{', Wanted::Map(schema))
    }

    fn next_key(&mut self) -> Result<Option<String>, DecodeError> {
        while self.more(b'}')? {
            let key = self.lexer.string()?.into_owned();
            self.lexer.expect(b':')?;
            if !self.null()? {
                self.place = Place::Value;
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    fn string(&mut self) -> Result<String, DecodeError> {
        match self.lexer.token()? {
            Token::String => Ok(self.lexer.string()?.into_owned()),
            Token::Number if self.is_lax() => self.lexer.number().map(str::to_owned),
            Token::True if self.is_lax() => self.lexer.word("true").map(|()| "true".to_owned()),
            Token::False if self.is_lax() => self.lexer.word("false").map(|()| "false".to_owned()),
            other => Err(self.mismatch(other, Wanted::Text)),
        }
    }

    fn boolean(&mut self) -> Result<bool, DecodeError> {
        match self.lexer.token()? {
            Token::True => self.lexer.word("true").map(|()| true),
            Token::False => self.lexer.word("false").map(|()| false),
            Token::String => {
                let word = self.lexer.string()?;
                boolean_of(&word, self.strict.is_some()).ok_or_else(|| self.mismatch(Token::String, Wanted::Boolean))
            }
            other => Err(self.mismatch(other, Wanted::Boolean)),
        }
    }

    fn integer(&mut self) -> Result<i32, DecodeError> {
        let whole = whole_number(self.number(Wanted::Integer)?);
        Ok(i32::try_from(whole).unwrap_or(if whole < 0 { i32::MIN } else { i32::MAX }))
    }

    fn long(&mut self) -> Result<i64, DecodeError> {
        self.number(Wanted::Long).map(whole_number)
    }

    fn double(&mut self) -> Result<f64, DecodeError> {
        if self.lexer.token()? != Token::String {
            let number = self.number(Wanted::Double)?;
            return number.parse().map_err(|_| newer(Token::Number, Wanted::Double, self.place, false));
        }
        match self.lexer.string()?.as_ref() {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => Err(self.mismatch(Token::String, Wanted::Double)),
        }
    }

    fn blob(&mut self) -> Result<Bytes, DecodeError> {
        match self.lexer.token()? {
            Token::String => {
                let text = self.lexer.string()?;
                match (BASE64.decode(text.as_bytes()), self.strict) {
                    (Ok(bytes), _) => Ok(bytes.into()),
                    (Err(_), Some(_)) => Err(no_base64(&text)),
                    (Err(_), None) => Err(self.mismatch(Token::String, Wanted::Blob)),
                }
            }
            other => Err(self.mismatch(other, Wanted::Blob)),
        }
    }

    fn timestamp(&mut self) -> Result<Timestamp, DecodeError> {
        if self.is_rest && self.lexer.token()? == Token::String {
            let time = time::from_any(&self.lexer.string()?);
            return time.ok_or_else(|| self.mismatch(Token::String, Wanted::Timestamp));
        }
        let seconds = self.number(Wanted::Timestamp)?.parse().ok().and_then(time::from_epoch_seconds);
        seconds.ok_or_else(|| newer(Token::Number, Wanted::Timestamp, self.place, false))
    }

    fn be_strict(&mut self, package: &'static str) {
        self.strict = Some(package);
    }
}

/// A number as a whole one. AWS cuts off a fraction, and takes a number that is too large for the
/// largest there is: that breaks the member's own bounds, in better words than ours would be.
fn whole_number(number: &str) -> i64 {
    // The grammar was checked, so what does not parse as `i64` parses as `f64`; the cast saturates.
    number.parse().unwrap_or_else(|_| number.parse::<f64>().unwrap_or_default() as i64)
}
