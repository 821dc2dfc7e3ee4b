use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tidegate_types::Timestamp;

use super::lexer::plain_prefix;
use crate::schema::{ListSchema, MapSchema, StructSchema, TimeFormat};
use crate::shape::Writer;
use crate::time;

/// What a new document has room for: most answers need no more, and those that do are spared the first few of its
/// moves.
const FIRST_BYTES: usize = 512;

/// Pushes values into a JSON document.
pub struct JsonWriter {
    out: Vec<u8>,
    /// Whether the next value or key must be set off from the one before it.
    comma: bool,
    /// Whether members go by their names on the wire, and times by their formats.
    is_rest: bool,
    /// The format of the member at hand.
    format: Option<TimeFormat>,
}

impl Default for JsonWriter {
    fn default() -> JsonWriter {
        JsonWriter { out: Vec::with_capacity(FIRST_BYTES), comma: false, is_rest: false, format: None }
    }
}

impl JsonWriter {
    /// The document, once the outermost value has been written.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    /// A writer of a REST service's body.
    pub fn of_rest() -> JsonWriter {
        JsonWriter { is_rest: true, ..JsonWriter::default() }
    }

    fn value(&mut self, text: &str) {
        self.separate();
        self.out.extend_from_slice(text.as_bytes());
        self.comma = true;
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
    }

    fn open(&mut self, bracket: u8) {
        self.separate();
        self.out.push(bracket);
        self.comma = false;
    }

    fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.comma = true;
    }

    /// Announces the value under `name`, as [`Writer::key`] does.
    pub fn name(&mut self, name: &str) {
        quote(&mut self.out, self.comma, name);
        self.out.push(b':');
        self.comma = false;
    }

    /// Announces the value under a name of the model, which holds nothing that JSON wants escaped.
    fn plain_name(&mut self, name: &'static str) {
        debug_assert_eq!(plain_prefix(name.as_bytes()), name.len(), "{name}");
        self.out.reserve(name.len() + 4);
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.comma = false;
    }

    /// Enters an object that no schema describes, such as an error's.
    pub fn begin_object(&mut self) {
        self.open(b'{');
    }

    /// Leaves it.
    pub fn end_object(&mut self) {
        self.close(b'}');
    }
}

impl Writer for JsonWriter {
    fn begin_struct(&mut self, _: &'static StructSchema) {
        self.open(b'{');
    }

    fn member(&mut self, schema: &'static StructSchema, index: usize) {
        let member = &schema.members[index];
        if self.is_rest {
            self.format = member.time;
        }
        self.plain_name(if self.is_rest { member.wire_name } else { member.name });
    }

    fn end_struct(&mut self) {
        self.close(b'}');
    }

    fn begin_list(&mut self, _: &'static ListSchema, _: usize) {
        self.open(b'[');
    }

    fn end_list(&mut self) {
        self.close(b']');
    }

    fn begin_map(&mut self, _: &'static MapSchema, _: usize) {
        self.open(b'{');
    }

    fn key(&mut self, key: &str) {
        self.name(key);
    }

    fn end_map(&mut self) {
        self.close(b'}');
    }

    fn string(&mut self, value: &str) {
        quote(&mut self.out, self.comma, value);
        self.comma = true;
    }

    fn boolean(&mut self, value: bool) {
        self.value(if value { "true" } else { "false" });
    }

    fn long(&mut self, value: i64) {
        self.value(&value.to_string());
    }

    fn double(&mut self, value: f64) {
        // JSON has no words for these three; the protocol spells them as texts.
        if value.is_nan() {
            self.value("\"NaN\"");
        } else if value.is_infinite() {
            self.value(if value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
        } else {
            self.value(&value.to_string());
        }
    }

    fn blob(&mut self, value: &[u8]) {
        self.value(&format!("\"{}\"", BASE64.encode(value)));
    }

    fn timestamp(&mut self, value: Timestamp) {
        match self.format {
            None | Some(TimeFormat::EpochSeconds) => self.value(&time::to_epoch_seconds(value)),
            Some(format) => self.value(&format!("\"{}\"", time::written(value, format))),
        }
    }
}

/// Appends `text` in quotes, set off from what is before it if `comma` says so.
fn quote(out: &mut Vec<u8>, comma: bool, text: &str) {
    out.reserve(text.len() + 4);
    if comma {
        out.push(b',');
    }
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let plain = plain_prefix(rest);
        out.extend_from_slice(&rest[..plain]);
        let Some(special) = rest.get(plain) else { break };
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => out.extend_from_slice(format!("\\u{other:04x}").as_bytes()),
        }
        rest = &rest[plain + 1..];
    }
    out.push(b'"');
}
