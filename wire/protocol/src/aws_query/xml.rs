use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tidegate_types::Timestamp;

use crate::scan::plain_prefix;
use crate::schema::{ListSchema, Location, MapSchema, StructSchema};
use crate::shape::Writer;
use crate::time;

/// Pushes values into an XML document.
pub struct XmlWriter {
    out: String,
    /// The element that the next value will stand in; empty for none.
    name: &'static str,
    /// Whether the next value is a flattened list or map.
    flattened: bool,
    /// The namespace that the next element declares.
    namespace: Option<&'static str>,
    /// The attribute that the next text is, instead of an element.
    attribute: Option<&'static str>,
    open: Vec<Open>,
}

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// A structure, list or map that has been entered. `element` is the element around it, empty for none.
enum Open {
    /// `tag` is where the tag's closing bracket stands, before which attributes go.
    Struct {
        element: &'static str,
        tag: Option<usize>,
    },
    List {
        element: &'static str,
        entry: &'static str,
    },
    Map {
        element: &'static str,
        entry: &'static str,
        schema: &'static MapSchema,
        in_entry: bool,
    },
}

impl XmlWriter {
    /// A writer that appends to `out`, and whose outermost value stands in the element `name`; empty
    /// for none.
    pub fn new(out: String, name: &'static str) -> XmlWriter {
        XmlWriter { out, name, flattened: false, namespace: None, attribute: None, open: Vec::new() }
    }

    /// The same, whose first element declares this namespace.
    #[must_use]
    pub fn in_namespace(mut self, namespace: Option<&'static str>) -> XmlWriter {
        self.namespace = namespace;
        self
    }

    /// Calls the next value's element so.
    pub(crate) fn payload_named(&mut self, name: &'static str) {
        self.name = name;
        self.flattened = false;
    }

    /// What was there and what was appended, once the outermost value has been written.
    pub fn finish(self) -> String {
        self.out
    }

    /// Decides which element the next value stands in.
    fn element(&self) -> &'static str {
        match self.open.last() {
            Some(Open::List { entry, .. }) => entry,
            _ => self.name,
        }
    }

    fn start(&mut self, element: &str) {
        if !element.is_empty() {
            self.out.push('<');
            self.out.push_str(element);
            if let Some(namespace) = self.namespace.take() {
                self.out.push_str(&format!(" xmlns=\"{namespace}\""));
            }
            self.out.push('>');
        }
    }

    /// Writes a text into the tag of the structure that is open.
    fn in_tag(&mut self, name: &str, text: &str) {
        let Some(Open::Struct { tag: Some(at), .. }) = self.open.last() else { return };
        let mut attribute = String::new();
        if name.starts_with("xsi:") {
            attribute.push_str(&format!(" xmlns:xsi=\"{XSI}\""));
        }
        attribute.push_str(&format!(" {name}=\""));
        let mut escaped = String::new();
        escape(&mut escaped, text);
        // In an attribute a parser makes a blank of them.
        attribute.push_str(&escaped.replace('\n', "&#xA;").replace('\t', "&#x9;"));
        attribute.push('"');
        self.out.insert_str(*at, &attribute);
    }

    fn end(&mut self, element: &str) {
        if !element.is_empty() {
            self.out.push_str("</");
            self.out.push_str(element);
            self.out.push('>');
        }
    }

    fn value(&mut self, text: &str) {
        let element = self.element();
        self.start(element);
        escape(&mut self.out, text);
        self.end(element);
    }

    /// The element around a list or map and the one around each of its entries.
    fn elements(&self, entry: &'static str) -> (&'static str, &'static str) {
        match self.flattened && !matches!(self.open.last(), Some(Open::List { .. })) {
            true => ("", self.name),
            false => (self.element(), entry),
        }
    }

    /// Leaves the map's entry that is open, if one is.
    fn end_entry(&mut self) {
        if let Some(Open::Map { entry, in_entry, .. }) = self.open.last_mut()
            && std::mem::replace(in_entry, false)
        {
            let entry = *entry;
            self.end(entry);
        }
    }
}

impl Writer for XmlWriter {
    fn begin_struct(&mut self, _: &'static StructSchema) {
        let element = self.element();
        self.start(element);
        let tag = (!element.is_empty()).then(|| self.out.len() - 1);
        self.open.push(Open::Struct { element, tag });
    }

    fn member(&mut self, schema: &'static StructSchema, index: usize) {
        let member = &schema.members[index];
        self.name = member.wire_name;
        self.flattened = member.flattened;
        self.attribute = match member.location {
            Location::Attribute(name) => Some(name),
            _ => None,
        };
    }

    fn end_struct(&mut self) {
        if let Some(Open::Struct { element, .. }) = self.open.pop() {
            self.end(element);
        }
    }

    fn begin_list(&mut self, schema: &'static ListSchema, _: usize) {
        let (element, entry) = self.elements(schema.entry_name);
        self.start(element);
        self.open.push(Open::List { element, entry });
        self.flattened = false;
    }

    fn end_list(&mut self) {
        if let Some(Open::List { element, .. }) = self.open.pop() {
            self.end(element);
        }
    }

    fn begin_map(&mut self, schema: &'static MapSchema, _: usize) {
        let (element, entry) = self.elements("entry");
        self.start(element);
        self.open.push(Open::Map { element, entry, schema, in_entry: false });
        self.flattened = false;
    }

    fn key(&mut self, key: &str) {
        self.end_entry();
        let Some(Open::Map { entry, schema, in_entry, .. }) = self.open.last_mut() else { return };
        *in_entry = true;
        let (entry, schema) = (*entry, *schema);
        self.start(entry);
        self.start(schema.key_name);
        escape(&mut self.out, key);
        self.end(schema.key_name);
        self.name = schema.value_name;
        self.flattened = false;
    }

    fn end_map(&mut self) {
        self.end_entry();
        if let Some(Open::Map { element, .. }) = self.open.pop() {
            self.end(element);
        }
    }

    fn string(&mut self, value: &str) {
        match self.attribute.take() {
            Some(name) => self.in_tag(name, value),
            None => self.value(value),
        }
    }

    fn boolean(&mut self, value: bool) {
        self.value(if value { "true" } else { "false" });
    }

    fn long(&mut self, value: i64) {
        self.value(&value.to_string());
    }

    fn double(&mut self, value: f64) {
        let infinite = if value > 0.0 { "Infinity" } else { "-Infinity" };
        match value.is_infinite() {
            true => self.value(infinite),
            false => self.value(&value.to_string()),
        }
    }

    fn blob(&mut self, value: &[u8]) {
        self.value(&BASE64.encode(value));
    }

    fn timestamp(&mut self, value: Timestamp) {
        self.value(&time::to_iso8601(value));
    }
}

/// Appends `text` as character data. Control characters become references: a raw carriage return
/// would reach the client as a line feed, and the others would not be XML at all.
pub(super) fn escape(out: &mut String, text: &str) {
    out.reserve(text.len());
    let mut rest = text;
    loop {
        let at = plain_prefix(rest.as_bytes(), is_special);
        out.push_str(&rest[..at]);
        let Some(special) = rest.as_bytes().get(at) else { return };
        match special {
            b'&' => out.push_str("&amp;"),
            b'<' => out.push_str("&lt;"),
            b'>' => out.push_str("&gt;"),
            b'"' => out.push_str("&quot;"),
            other => {
                let written = write!(out, "&#x{other:X};");
                debug_assert!(written.is_ok(), "writing to a String cannot fail");
            }
        }
        rest = &rest[at + 1..];
    }
}

fn is_special(byte: u8) -> bool {
    let control = (byte < 0x20) & (byte != b'\t') & (byte != b'\n');
    control | (byte == b'&') | (byte == b'<') | (byte == b'>') | (byte == b'"')
}
