use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tidegate_types::Timestamp;

use super::uri::encoded;
use crate::schema::{ListSchema, Location, MapSchema, StructSchema, TimeFormat};
use crate::shape::Writer;
use crate::time;

/// The half of a protocol that writes bodies.
pub trait BodyWriter: Writer {
    /// Announces that `schema.members[index]` is the whole body.
    fn payload(&mut self, schema: &'static StructSchema, index: usize);

    /// What was written.
    fn finish(self) -> Vec<u8>;
}

/// A message, taken apart. A request has labels and a query, an answer a status.
#[derive(Debug, Default)]
pub struct Parts {
    /// The values of the path's labels.
    pub labels: Vec<(&'static str, String)>,
    /// The parameters of the query string, decoded.
    pub query: Vec<(String, String)>,
    /// The headers that members are written to.
    pub headers: HeaderMap,
    /// The status, if a member says it.
    pub status: Option<u16>,
    /// The body.
    pub body: PartsBody,
}

/// A message's body.
#[derive(Debug, Default)]
pub enum PartsBody {
    /// Nothing travels there.
    #[default]
    None,
    /// A document of the protocol.
    Document(Bytes),
    /// The bytes or the text of one member.
    Raw(Bytes),
}

impl Parts {
    /// The query string, encoded; empty if there is none.
    pub fn query_string(&self) -> String {
        let pairs = self.query.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// Sorts a shape's values into the parts of an HTTP message.
pub struct RestWriter<W> {
    parts: Parts,
    body: W,
    /// Where the value at hand goes.
    target: Location,
    format: Option<TimeFormat>,
    /// How many structures are open.
    depth: usize,
    /// Whether the outermost structure itself is the body.
    is_body: bool,
    raw: Option<Bytes>,
    has_payload: bool,
    /// The key of a map in the head.
    key: Option<String>,
    /// The entries of a list in a header.
    items: Option<Vec<String>>,
}

impl<W: BodyWriter> RestWriter<W> {
    /// A writer whose body goes to `body`.
    pub fn new(body: W) -> RestWriter<W> {
        RestWriter {
            parts: Parts::default(),
            body,
            target: Location::Body,
            format: None,
            depth: 0,
            is_body: false,
            raw: None,
            has_payload: false,
            key: None,
            items: None,
        }
    }

    /// The parts, once the outermost structure has been written.
    pub fn finish(self) -> Parts {
        let body = match self.raw {
            Some(raw) => PartsBody::Raw(raw),
            None if self.is_body || self.has_payload => PartsBody::Document(self.body.finish().into()),
            None => PartsBody::None,
        };
        Parts { body, ..self.parts }
    }

    fn in_body(&self) -> bool {
        matches!(self.target, Location::Body | Location::Payload)
    }

    /// Puts a text into the head.
    fn put(&mut self, text: String) {
        if let Some(items) = &mut self.items {
            items.push(text);
            return;
        }
        match self.target {
            Location::Body | Location::Payload | Location::Attribute(_) => {}
            Location::Uri(label) => self.parts.labels.push((label, text)),
            Location::Query(key) => {
                let key = self.key.clone().unwrap_or_else(|| key.to_owned());
                self.parts.query.push((key, text));
            }
            Location::Header(name) => self.header(name, &text),
            Location::Headers(prefix) => {
                let name = format!("{prefix}{}", self.key.as_deref().unwrap_or_default());
                self.header(&name, &text);
            }
            Location::StatusCode => self.parts.status = text.parse().ok(),
        }
    }

    /// Sets a header. A text that no header can carry is left out: it would end the head.
    fn header(&mut self, name: &str, text: &str) {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(text.as_bytes())) {
            self.parts.headers.insert(name, value);
        }
    }
}

impl<W: BodyWriter> Writer for RestWriter<W> {
    fn begin_struct(&mut self, schema: &'static StructSchema) {
        self.depth += 1;
        if self.depth > 1 {
            return self.body.begin_struct(schema);
        }
        let has = |location| schema.members.iter().any(|member| member.location == location);
        self.is_body = has(Location::Body) && !has(Location::Payload);
        if self.is_body {
            self.body.begin_struct(schema);
        }
    }

    fn member(&mut self, schema: &'static StructSchema, index: usize) {
        if self.depth > 1 {
            return self.body.member(schema, index);
        }
        let member = &schema.members[index];
        self.target = member.location;
        self.format = member.time;
        match member.location {
            Location::Body => self.body.member(schema, index),
            Location::Payload => {
                self.has_payload = true;
                self.body.payload(schema, index);
            }
            _ => {}
        }
    }

    fn end_struct(&mut self) {
        self.depth -= 1;
        if self.depth > 0 || self.is_body {
            self.body.end_struct();
        }
    }

    fn begin_list(&mut self, schema: &'static ListSchema, len: usize) {
        if self.in_body() {
            return self.body.begin_list(schema, len);
        }
        if let Location::Header(_) = self.target {
            self.items = Some(Vec::with_capacity(len));
        }
    }

    fn end_list(&mut self) {
        if self.in_body() {
            return self.body.end_list();
        }
        if let Some(items) = self.items.take().filter(|items| !items.is_empty()) {
            let quoted = items.iter().map(|item| quoted(item)).collect::<Vec<_>>();
            self.put(quoted.join(","));
        }
    }

    fn begin_map(&mut self, schema: &'static MapSchema, len: usize) {
        if self.in_body() {
            self.body.begin_map(schema, len);
        }
    }

    fn key(&mut self, key: &str) {
        match self.in_body() {
            true => self.body.key(key),
            false => self.key = Some(key.to_owned()),
        }
    }

    fn end_map(&mut self) {
        match self.in_body() {
            true => self.body.end_map(),
            false => self.key = None,
        }
    }

    fn string(&mut self, value: &str) {
        match self.target {
            Location::Payload if self.depth == 1 => self.raw = Some(Bytes::copy_from_slice(value.as_bytes())),
            Location::Body | Location::Payload => self.body.string(value),
            _ => self.put(value.to_owned()),
        }
    }

    fn boolean(&mut self, value: bool) {
        match self.in_body() {
            true => self.body.boolean(value),
            false => self.put(value.to_string()),
        }
    }

    fn long(&mut self, value: i64) {
        match self.in_body() {
            true => self.body.long(value),
            false => self.put(value.to_string()),
        }
    }

    fn double(&mut self, value: f64) {
        match self.in_body() {
            true => self.body.double(value),
            false => self.put(value.to_string()),
        }
    }

    fn blob(&mut self, value: &[u8]) {
        match self.target {
            Location::Payload if self.depth == 1 => self.raw = Some(Bytes::copy_from_slice(value)),
            Location::Body | Location::Payload => self.body.blob(value),
            _ => self.put(BASE64.encode(value)),
        }
    }

    fn timestamp(&mut self, value: Timestamp) {
        if self.in_body() {
            return self.body.timestamp(value);
        }
        let usual = match self.target {
            Location::Header(_) | Location::Headers(_) => TimeFormat::HttpDate,
            _ => TimeFormat::Iso8601,
        };
        self.put(time::written(value, self.format.unwrap_or(usual)));
    }
}

/// An entry of a header's list: in quotes if it could be misread.
fn quoted(item: &str) -> String {
    match item.is_empty() || item.trim() != item || item.contains([',', '"', '\\']) {
        true => format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\"")),
        false => item.to_owned(),
    }
}
