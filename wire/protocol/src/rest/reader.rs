use std::vec::IntoIter;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use tidegate_types::Timestamp;

use super::head::{Head, Value};
use crate::decode::DecodeError;
use crate::schema::{Kind, ListSchema, Location, MapSchema, StructSchema};
use crate::shape::Reader;
use crate::time;

/// The half of a protocol that reads bodies.
pub trait BodyReader<'a>: Reader + Sized {
    /// A reader over a body that has something.
    ///
    /// # Errors
    /// A body that cannot be read at all.
    fn open(body: &'a Bytes) -> Result<Self, DecodeError>;

    /// Whether a body says nothing: all its members are absent then.
    fn is_blank(body: &Bytes) -> bool;
}

/// Pulls typed values out of a whole HTTP message: those in its head first, then the body's.
pub struct RestReader<'a, B> {
    head: Head<'a>,
    bytes: &'a Bytes,
    body: Option<B>,
    stage: Stage,
    /// How many structures are open.
    depth: usize,
    /// Of the outermost structure, the member at which the search in the head goes on.
    next: usize,
    text: Option<String>,
    list: IntoIter<String>,
    pairs: IntoIter<(String, Vec<String>)>,
    /// The values under the map's key at hand.
    values: Vec<String>,
}

/// Where the next value comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    /// The body is the value itself.
    Raw,
    /// The body is the one structure that the payload is.
    Payload,
    /// The body's members are the structure's own.
    Members,
    Done,
}

impl<'a, B: BodyReader<'a>> RestReader<'a, B> {
    /// A reader over a message.
    pub fn new(head: Head<'a>, body: &'a Bytes) -> RestReader<'a, B> {
        RestReader {
            head,
            bytes: body,
            body: None,
            stage: Stage::Head,
            depth: 0,
            next: 0,
            text: None,
            list: Vec::new().into_iter(),
            pairs: Vec::new().into_iter(),
            values: Vec::new(),
        }
    }

    /// The body's reader, if the value at hand comes from there.
    fn inner(&mut self) -> Option<&mut B> {
        match self.stage {
            Stage::Payload | Stage::Members => self.body.as_mut(),
            Stage::Head | Stage::Raw | Stage::Done => None,
        }
    }

    fn next_in_head(&mut self, schema: &'static StructSchema) -> Option<usize> {
        while let Some(member) = schema.members.get(self.next) {
            self.next += 1;
            match self.head.value(schema, member) {
                Some(Value::Text(text)) => self.text = Some(text),
                Some(Value::List(list)) => self.list = list.into_iter(),
                Some(Value::Pairs(pairs)) => self.pairs = pairs.into_iter(),
                None => continue,
            }
            return Some(self.next - 1);
        }
        None
    }

    /// Goes on to the body; returns the payload's index if there is one.
    fn enter_body(&mut self, schema: &'static StructSchema) -> Result<Option<usize>, DecodeError> {
        self.stage = Stage::Done;
        if let Some(index) = schema.members.iter().position(|member| member.location == Location::Payload) {
            match schema.members[index].schema.kind {
                Kind::Struct(_) if B::is_blank(self.bytes) => return Ok(None),
                Kind::Struct(_) => {
                    self.stage = Stage::Payload;
                    self.body = Some(B::open(self.bytes)?);
                }
                _ if self.bytes.is_empty() => return Ok(None),
                _ => self.stage = Stage::Raw,
            }
            return Ok(Some(index));
        }
        let has_members = schema.members.iter().any(|member| member.location == Location::Body);
        if has_members && !B::is_blank(self.bytes) {
            let mut body = B::open(self.bytes)?;
            body.begin_struct(schema)?;
            self.body = Some(body);
            self.stage = Stage::Members;
        }
        Ok(None)
    }

    /// A scalar that stands in the head, or a text that is the body.
    fn text(&mut self) -> Result<String, DecodeError> {
        if self.stage == Stage::Raw {
            return String::from_utf8(self.bytes.to_vec()).map_err(|_| DecodeError::Malformed(String::new()));
        }
        match self.text.take().or_else(|| self.values.pop()) {
            Some(text) => Ok(text),
            None => Err(DecodeError::Mismatch(String::new())),
        }
    }

    fn parsed<T>(&mut self, wanted: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, DecodeError> {
        let text = self.text()?;
        let mismatch = || DecodeError::Mismatch(format!("STRING_VALUE can not be converted to {wanted}"));
        parse(text.trim()).ok_or_else(mismatch)
    }
}

impl<'a, B: BodyReader<'a>> Reader for RestReader<'a, B> {
    fn begin_struct(&mut self, schema: &'static StructSchema) -> Result<(), DecodeError> {
        if self.depth > 0 {
            match self.inner() {
                Some(body) => body.begin_struct(schema)?,
                None => return Err(DecodeError::Mismatch(String::new())),
            }
        }
        self.depth += 1;
        Ok(())
    }

    fn next_member(&mut self, schema: &'static StructSchema) -> Result<Option<usize>, DecodeError> {
        let mut found = None;
        if self.depth == 1 && self.stage == Stage::Head {
            found = self.next_in_head(schema);
            if found.is_none() {
                found = self.enter_body(schema)?;
            }
            if found.is_some() {
                return Ok(found);
            }
        }
        if self.depth > 1 || self.stage == Stage::Members {
            found = self.inner().map_or(Ok(None), |body| body.next_member(schema))?;
        }
        if found.is_none() {
            self.depth -= 1;
        }
        Ok(found)
    }

    fn begin_list(&mut self, schema: &'static ListSchema) -> Result<(), DecodeError> {
        match self.inner() {
            Some(body) => body.begin_list(schema),
            None => {
                if !self.values.is_empty() {
                    self.list = std::mem::take(&mut self.values).into_iter();
                }
                Ok(())
            }
        }
    }

    fn next_element(&mut self) -> Result<bool, DecodeError> {
        if let Some(body) = self.inner() {
            return body.next_element();
        }
        self.text = self.list.next();
        Ok(self.text.is_some())
    }

    fn begin_map(&mut self, schema: &'static MapSchema) -> Result<(), DecodeError> {
        self.inner().map_or(Ok(()), |body| body.begin_map(schema))
    }

    fn next_key(&mut self) -> Result<Option<String>, DecodeError> {
        if let Some(body) = self.inner() {
            return body.next_key();
        }
        let Some((key, values)) = self.pairs.next() else { return Ok(None) };
        self.values = values;
        Ok(Some(key))
    }

    fn string(&mut self) -> Result<String, DecodeError> {
        match self.inner() {
            Some(body) => body.string(),
            None => self.text(),
        }
    }

    fn boolean(&mut self) -> Result<bool, DecodeError> {
        match self.inner() {
            Some(body) => body.boolean(),
            None => self.parsed("a Boolean", |text| match text {
                _ if text.eq_ignore_ascii_case("true") => Some(true),
                _ if text.eq_ignore_ascii_case("false") => Some(false),
                _ => None,
            }),
        }
    }

    fn integer(&mut self) -> Result<i32, DecodeError> {
        match self.inner() {
            Some(body) => body.integer(),
            None => self.parsed("an Integer", |text| text.parse().ok()),
        }
    }

    fn long(&mut self) -> Result<i64, DecodeError> {
        match self.inner() {
            Some(body) => body.long(),
            None => self.parsed("a Long", |text| text.parse().ok()),
        }
    }

    fn double(&mut self) -> Result<f64, DecodeError> {
        match self.inner() {
            Some(body) => body.double(),
            None => self.parsed("a Double", |text| text.parse().ok()),
        }
    }

    fn blob(&mut self) -> Result<Bytes, DecodeError> {
        if self.stage == Stage::Raw {
            return Ok(self.bytes.clone());
        }
        match self.inner() {
            Some(body) => body.blob(),
            None => self.parsed("a Blob", |text| BASE64.decode(text).ok().map(Bytes::from)),
        }
    }

    fn timestamp(&mut self) -> Result<Timestamp, DecodeError> {
        match self.inner() {
            Some(body) => body.timestamp(),
            None => self.parsed("a Timestamp", time::from_any),
        }
    }
}
