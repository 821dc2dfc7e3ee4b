use std::vec::IntoIter;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use tidegate_types::Timestamp;

use super::form::Node;
use crate::decode::DecodeError;
use crate::schema::{Kind, ListSchema, MapSchema, StructSchema};
use crate::shape::Reader;
use crate::time;

/// Pulls typed values out of a [`Form`](super::Form).
pub struct FormReader<'a> {
    /// Where the next value is.
    current: &'a Node,
    /// Whether that value is a flattened list or map.
    flattened: bool,
    open: Vec<Open<'a>>,
}

/// A structure, list or map that has been entered.
enum Open<'a> {
    /// The structure's node and the index of the next member to look for.
    Struct(&'a Node, usize),
    List(IntoIter<&'a Node>),
    Map(IntoIter<&'a Node>, &'static MapSchema),
}

fn malformed<T>(text: &str) -> Result<T, DecodeError> {
    Err(DecodeError::BadParameter(text.to_owned()))
}

impl<'a> FormReader<'a> {
    pub(super) fn new(root: &'a Node) -> FormReader<'a> {
        FormReader { current: root, flattened: false, open: Vec::new() }
    }

    /// The numbered entries under `node`, in the order of their numbers. Numbers may start anywhere
    /// and leave gaps, as AWS allows.
    fn numbered(node: &'a Node) -> Result<Vec<&'a Node>, DecodeError> {
        let mut entries = Vec::with_capacity(node.children.len());
        for (key, child) in &node.children {
            match key.parse::<u32>() {
                Ok(number) => entries.push((number, child)),
                Err(_) => return malformed(&format!("Key {key} is not a valid list index")),
            }
        }
        entries.sort_by_key(|(number, _)| *number);
        Ok(entries.into_iter().map(|(_, child)| child).collect())
    }

    /// The entries of the list or map at hand, which unless flattened lie under `entry_name`.
    fn entries(&self, entry_name: &str) -> Result<Vec<&'a Node>, DecodeError> {
        let node = self.current;
        if node.value.as_deref().is_some_and(|value| !value.is_empty()) {
            return malformed("Unexpected list element termination");
        }
        if self.flattened {
            return Self::numbered(node);
        }
        match node.children.get(entry_name) {
            Some(entries) => Self::numbered(entries),
            None if node.children.is_empty() => Ok(Vec::new()),
            None => malformed("Unexpected list element termination"),
        }
    }

    fn text(&self) -> Result<&'a str, DecodeError> {
        if !self.current.children.is_empty() {
            return malformed("Start of list found where not expected");
        }
        Ok(self.current.value.as_deref().unwrap_or_default())
    }

    fn parse<T>(&self, parse: fn(&str) -> Option<T>, wanted: &str) -> Result<T, DecodeError> {
        let text = self.text()?;
        parse(text).map_or_else(|| malformed(&format!("{text} can not be converted to {wanted}")), Ok)
    }
}

impl Reader for FormReader<'_> {
    fn begin_struct(&mut self, _: &'static StructSchema) -> Result<(), DecodeError> {
        let nested = !self.open.is_empty();
        if nested && self.current.value.as_deref().is_some_and(|value| !value.is_empty()) {
            return malformed("Unexpected complex element termination");
        }
        self.open.push(Open::Struct(self.current, 0));
        Ok(())
    }

    fn next_member(&mut self, schema: &'static StructSchema) -> Result<Option<usize>, DecodeError> {
        let Some(Open::Struct(node, next)) = self.open.last_mut() else { unreachable!("no structure is open") };
        while let Some(member) = schema.members.get(*next) {
            let index = *next;
            *next += 1;
            if let Some(child) = node.children.get(member.wire_name) {
                self.current = child;
                self.flattened = member.flattened;
                return Ok(Some(index));
            }
        }
        self.open.pop();
        Ok(None)
    }

    fn begin_list(&mut self, schema: &'static ListSchema) -> Result<(), DecodeError> {
        let scalar = !matches!(schema.element.kind, Kind::Struct(_) | Kind::List(_) | Kind::Map(_));
        let value = self.current.value.as_deref().unwrap_or_default();
        // boto 2 asks for one attribute with `AttributeName=All`, without a number, and AWS answers it.
        let entries = match self.flattened && scalar && !value.is_empty() && self.current.children.is_empty() {
            true => vec![self.current],
            false => self.entries(schema.entry_name)?,
        };
        self.open.push(Open::List(entries.into_iter()));
        Ok(())
    }

    fn next_element(&mut self) -> Result<bool, DecodeError> {
        let Some(Open::List(entries)) = self.open.last_mut() else { unreachable!("no list is open") };
        match entries.next() {
            Some(entry) => {
                self.current = entry;
                // A list within a list is never flattened.
                self.flattened = false;
                Ok(true)
            }
            None => {
                self.open.pop();
                Ok(false)
            }
        }
    }

    fn begin_map(&mut self, schema: &'static MapSchema) -> Result<(), DecodeError> {
        // boto 2 sets one attribute with `Attribute.Name=…&Attribute.Value=…`, without a number.
        let entries = match self.flattened && self.current.children.contains_key(schema.key_name) {
            true => vec![self.current],
            false => self.entries("entry")?,
        };
        self.open.push(Open::Map(entries.into_iter(), schema));
        Ok(())
    }

    fn next_key(&mut self) -> Result<Option<String>, DecodeError> {
        let Some(Open::Map(entries, schema)) = self.open.last_mut() else { unreachable!("no map is open") };
        let Some(entry) = entries.next() else {
            self.open.pop();
            return Ok(None);
        };
        let key = entry.children.get(schema.key_name).and_then(|key| key.value.clone());
        self.current = entry.children.get(schema.value_name).unwrap_or(&EMPTY);
        self.flattened = false;
        Ok(Some(key.unwrap_or_default()))
    }

    fn string(&mut self) -> Result<String, DecodeError> {
        self.text().map(str::to_owned)
    }

    fn boolean(&mut self) -> Result<bool, DecodeError> {
        let parse = |text: &str| match text {
            "true" | "True" | "1" => Some(true),
            "false" | "False" | "0" => Some(false),
            _ => None,
        };
        self.parse(parse, "a boolean")
    }

    fn integer(&mut self) -> Result<i32, DecodeError> {
        self.parse(|text| text.trim().parse().ok(), "an integer")
    }

    fn long(&mut self) -> Result<i64, DecodeError> {
        self.parse(|text| text.trim().parse().ok(), "a long")
    }

    fn double(&mut self) -> Result<f64, DecodeError> {
        self.parse(|text| text.trim().parse().ok(), "a double")
    }

    fn blob(&mut self) -> Result<Bytes, DecodeError> {
        self.parse(|text| BASE64.decode(text).ok().map(Bytes::from), "a blob")
    }

    fn timestamp(&mut self) -> Result<Timestamp, DecodeError> {
        self.parse(time::from_iso8601, "a timestamp")
    }
}

/// Stands in for the value of a map's entry that has only a key.
static EMPTY: Node = Node { value: None, children: std::collections::BTreeMap::new() };
