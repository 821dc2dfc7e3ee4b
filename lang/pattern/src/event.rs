//! Taking the wanted fields out of an event's bytes, in one pass and without building a tree.
//!
//! Each value remembers in which elements of which arrays it lies, because the fields of different elements of
//! one array must not be combined. That is a chain of links from the innermost array outwards.

use std::borrow::Cow;

use crate::MAX_DEPTH;
use crate::error::EventError;
use crate::matcher::{Literal, Scalar};
use crate::number::Number;
use crate::paths::{FieldId, Paths, ROOT};

/// An element of an array: the array's number in the event, the element's in the array.
pub(crate) type Element = (u32, u32);

#[derive(Debug)]
struct Link {
    outer: u32,
    element: Element,
}

/// No array around.
const NONE: u32 = u32::MAX;

/// A value of a field.
#[derive(Debug)]
pub(crate) struct Occurrence<'e> {
    pub field: FieldId,
    pub value: Scalar<'e>,
    link: u32,
}

/// What was taken out of an event.
#[derive(Debug)]
pub(crate) struct Event<'e> {
    /// In order of their fields.
    occurrences: Vec<Occurrence<'e>>,
    links: Vec<Link>,
}

impl<'e> Event<'e> {
    /// Reads an event.
    pub fn read(bytes: &'e [u8], paths: &Paths) -> Result<Event<'e>, EventError> {
        let text = std::str::from_utf8(bytes).map_err(|error| EventError::Syntax { at: error.valid_up_to() })?;
        let mut scan = Scan {
            text,
            bytes: text.as_bytes(),
            at: 0,
            depth: 0,
            paths,
            arrays: 0,
            occurrences: Vec::with_capacity(8),
            links: Vec::new(),
        };
        scan.skip_space();
        if scan.peek() != Some(b'{') {
            return Err(EventError::NotAnObject);
        }
        scan.object(ROOT, NONE)?;
        // A stable sort keeps the order of the event within a field.
        scan.occurrences.sort_by_key(|occurrence| occurrence.field);
        Ok(Event { occurrences: scan.occurrences, links: scan.links })
    }

    /// All values.
    pub fn all(&self) -> &[Occurrence<'e>] {
        &self.occurrences
    }

    /// The values of a field.
    pub fn of(&self, field: FieldId) -> &[Occurrence<'e>] {
        let start = self.occurrences.partition_point(|occurrence| occurrence.field < field);
        let rest = &self.occurrences[start..];
        let length = rest.iter().take_while(|occurrence| occurrence.field == field).count();
        &rest[..length]
    }

    /// Whether no value lies in an array's element.
    pub fn is_flat(&self) -> bool {
        self.links.is_empty()
    }

    /// The elements that a value lies in, from the innermost outwards.
    pub fn elements(&self, occurrence: &Occurrence<'_>) -> impl Iterator<Item = Element> {
        let mut at = occurrence.link;
        std::iter::from_fn(move || {
            let link = self.links.get(at as usize)?;
            at = link.outer;
            Some(link.element)
        })
    }
}

struct Scan<'e, 'p> {
    text: &'e str,
    bytes: &'e [u8],
    at: usize,
    depth: usize,
    paths: &'p Paths,
    arrays: u32,
    occurrences: Vec<Occurrence<'e>>,
    links: Vec<Link>,
}

impl<'e> Scan<'e, '_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn wrong<T>(&self) -> Result<T, EventError> {
        Err(EventError::Syntax { at: self.at })
    }

    fn expect(&mut self, byte: u8) -> Result<(), EventError> {
        self.skip_space();
        if self.peek() != Some(byte) {
            return self.wrong();
        }
        self.at += 1;
        Ok(())
    }

    fn deeper(&mut self) -> Result<(), EventError> {
        self.depth += 1;
        self.at += 1;
        if self.depth > MAX_DEPTH { Err(EventError::TooDeep) } else { Ok(()) }
    }

    /// After an entry: whether another follows.
    fn another(&mut self, end: u8) -> Result<bool, EventError> {
        self.skip_space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == end => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            _ => self.wrong(),
        }
    }

    /// After an opening bracket: whether it is closed at once.
    fn is_empty(&mut self, end: u8) -> bool {
        self.skip_space();
        let empty = self.peek() == Some(end);
        if empty {
            self.at += 1;
            self.depth -= 1;
        }
        empty
    }

    fn object(&mut self, node: u32, link: u32) -> Result<(), EventError> {
        self.deeper()?;
        if self.is_empty(b'}') {
            return Ok(());
        }
        loop {
            self.skip_space();
            let quoted = self.string()?;
            let (paths, key) = (self.paths, &quoted[1..quoted.len() - 1]);
            let below = paths.step(node, key);
            self.expect(b':')?;
            self.skip_space();
            match below {
                Some(below) => self.wanted(below, link)?,
                None => self.skip()?,
            }
            if !self.another(b'}')? {
                return Ok(());
            }
        }
    }

    fn array(&mut self, node: u32, link: u32) -> Result<(), EventError> {
        let array = self.arrays;
        self.arrays += 1;
        self.deeper()?;
        if self.is_empty(b']') {
            return Ok(());
        }
        let mut index = 0;
        loop {
            self.skip_space();
            // A plain element does not tie a field to its place: only what is below an element does.
            let inner = match self.peek() {
                Some(b'{' | b'[') => {
                    self.links.push(Link { outer: link, element: (array, index) });
                    u32::try_from(self.links.len() - 1).map_err(|_| EventError::TooDeep)?
                }
                _ => link,
            };
            self.wanted(node, inner)?;
            index += 1;
            if !self.another(b']')? {
                return Ok(());
            }
        }
    }

    /// A value at a place of the tree.
    fn wanted(&mut self, node: u32, link: u32) -> Result<(), EventError> {
        let wanted = self.paths.is_wanted(node);
        match self.peek() {
            Some(b'{') if self.paths.has_below(node) => return self.object(node, link),
            Some(b'[') if wanted || self.paths.has_below(node) => return self.array(node, link),
            Some(b'{' | b'[') => return self.skip(),
            _ if !wanted => return self.skip(),
            _ => {}
        }
        let value = match self.peek() {
            Some(b'"') => Scalar::Text(self.string()?),
            Some(b't') => self.word("true", Literal::True)?,
            Some(b'f') => self.word("false", Literal::False)?,
            Some(b'n') => self.word("null", Literal::Null)?,
            _ => {
                let text = self.number()?;
                Scalar::Number(text, Number::parse(text))
            }
        };
        self.occurrences.push(Occurrence { field: FieldId(node), value, link });
        Ok(())
    }

    fn word(&mut self, word: &str, literal: Literal) -> Result<Scalar<'e>, EventError> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return self.wrong();
        }
        self.at += word.len();
        Ok(Scalar::Literal(literal))
    }

    fn number(&mut self) -> Result<&'e str, EventError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let zero = self.peek() == Some(b'0');
        let digits = self.digits();
        if digits == 0 || (zero && digits > 1) {
            return self.wrong();
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return self.wrong();
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if self.digits() == 0 {
                return self.wrong();
            }
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    /// Passes a string; `true` if it has escapes.
    fn pass_string(&mut self) -> Result<bool, EventError> {
        if self.peek() != Some(b'"') {
            return self.wrong();
        }
        self.at += 1;
        let mut escapes = false;
        loop {
            // Most bytes of most events are passed here.
            let rest = &self.bytes[self.at..];
            let Some(length) = rest.iter().position(|byte| STOPS[*byte as usize]) else { return self.wrong() };
            self.at += length;
            match rest[length] {
                b'"' => {
                    self.at += 1;
                    return Ok(escapes);
                }
                b'\\' => {
                    escapes = true;
                    self.at += 1;
                    self.pass_escape()?;
                }
                _ => return self.wrong(),
            }
        }
    }

    fn pass_escape(&mut self) -> Result<(), EventError> {
        let length = match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 1,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 1..self.at + 5).unwrap_or_default();
                if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return self.wrong();
                }
                5
            }
            _ => return self.wrong(),
        };
        self.at += length;
        Ok(())
    }

    /// Reads a string, with its quotation marks.
    fn string(&mut self) -> Result<Cow<'e, str>, EventError> {
        let start = self.at;
        let escapes = self.pass_string()?;
        let raw = &self.text[start..self.at];
        Ok(if escapes { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) })
    }

    /// Passes any value.
    fn skip(&mut self) -> Result<(), EventError> {
        match self.peek() {
            Some(b'"') => self.pass_string().map(|_| ()),
            Some(b't') => self.word("true", Literal::True).map(|_| ()),
            Some(b'f') => self.word("false", Literal::False).map(|_| ()),
            Some(b'n') => self.word("null", Literal::Null).map(|_| ()),
            Some(open @ (b'{' | b'[')) => self.skip_inside(open == b'{'),
            _ => self.number().map(|_| ()),
        }
    }

    fn skip_inside(&mut self, object: bool) -> Result<(), EventError> {
        let end = if object { b'}' } else { b']' };
        self.deeper()?;
        if self.is_empty(end) {
            return Ok(());
        }
        loop {
            self.skip_space();
            if object {
                self.pass_string()?;
                self.expect(b':')?;
                self.skip_space();
            }
            self.skip()?;
            if !self.another(end)? {
                return Ok(());
            }
        }
    }
}

/// The bytes at which a string ends, or is not plain.
const STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        stops[control] = true;
        control += 1;
    }
    stops[b'"' as usize] = true;
    stops[b'\\' as usize] = true;
    stops
};

/// Resolves the escapes of a string that was checked; the quotation marks around it stay.
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let kind = rest.as_bytes()[at + 1];
        rest = &rest[at + 2..];
        text.push(match kind {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (character, length) = unicode(rest);
                rest = &rest[length..];
                character
            }
            other => char::from(other),
        });
    }
    text.push_str(rest);
    text
}

/// A character from its code, and what was used up; half a character is a question mark, as on AWS.
fn unicode(rest: &str) -> (char, usize) {
    let code = |at: usize| u32::from_str_radix(rest.get(at..at + 4).unwrap_or_default(), 16).unwrap_or_default();
    let high = code(0);
    if (0xD800..0xDC00).contains(&high) && rest[4..].starts_with("\\u") {
        let low = code(6);
        if (0xDC00..0xE000).contains(&low) {
            let whole = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            return (char::from_u32(whole).unwrap_or('?'), 10);
        }
    }
    (char::from_u32(high).unwrap_or('?'), 4)
}
