use std::vec::IntoIter;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use roxmltree::{Document, Node, NodeId, ParsingOptions};
use tidegate_types::Timestamp;

use crate::decode::DecodeError;
use crate::schema::{Kind, ListSchema, Location, MapSchema, StructSchema};
use crate::shape::Reader;
use crate::time;

/// The most elements, texts and attributes of a body: ten thousand parts of an upload have eight each.
const MAX_NODES: u32 = 200_000;

/// Pulls typed values out of an XML document. Which element is the root, and in which namespaces elements
/// are, is not looked at: AWS does not either.
pub struct XmlReader<'a> {
    document: Document<'a>,
    /// The element or attribute whose value comes next.
    value: Source,
    /// The entries of the flattened list or map that comes next.
    flattened: Option<Vec<NodeId>>,
    open: Vec<Open>,
}

#[derive(Clone)]
enum Source {
    Element(NodeId),
    Attribute(String),
}

/// A structure, list or map that has been entered.
enum Open {
    Struct {
        node: NodeId,
        /// Members that travel in attributes and were not looked for yet begin here.
        attribute: usize,
        children: IntoIter<NodeId>,
        /// The flattened members that were yielded: their other entries are skipped.
        done: Vec<usize>,
    },
    Entries(IntoIter<NodeId>),
    Map(IntoIter<NodeId>, &'static MapSchema),
}

impl<'a> XmlReader<'a> {
    /// A reader over a body.
    ///
    /// # Errors
    /// [`DecodeError::Xml`] if it is no well-formed document, has a document type, or is too large.
    pub fn new(body: &'a [u8]) -> Result<XmlReader<'a>, DecodeError> {
        let text = std::str::from_utf8(body).map_err(|_| DecodeError::Xml)?;
        let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options).map_err(|_| DecodeError::Xml)?;
        let value = Source::Element(document.root_element().id());
        Ok(XmlReader { document, value, flattened: None, open: Vec::new() })
    }

    fn node(&self, id: NodeId) -> Result<Node<'_, 'a>, DecodeError> {
        self.document.get_node(id).ok_or(DecodeError::Xml)
    }

    fn element(&self) -> Result<NodeId, DecodeError> {
        match &self.value {
            Source::Element(id) => Ok(*id),
            Source::Attribute(_) => Err(DecodeError::Xml),
        }
    }

    fn children(&self, id: NodeId) -> Result<Vec<NodeId>, DecodeError> {
        Ok(self.node(id)?.children().filter(Node::is_element).map(|child| child.id()).collect())
    }

    /// The entries of the list or map that comes next.
    fn entries(&mut self) -> Result<IntoIter<NodeId>, DecodeError> {
        let entries = match self.flattened.take() {
            Some(entries) => entries,
            None => self.children(self.element()?)?,
        };
        Ok(entries.into_iter())
    }

    fn text(&self) -> Result<String, DecodeError> {
        match &self.value {
            Source::Attribute(text) => Ok(text.clone()),
            Source::Element(id) => {
                let node = self.node(*id)?;
                if node.children().any(|child| child.is_element()) {
                    return Err(DecodeError::Xml);
                }
                Ok(node.children().filter(Node::is_text).filter_map(|text| text.text()).collect())
            }
        }
    }

    fn parsed<T>(&self, parse: impl Fn(&str) -> Option<T>) -> Result<T, DecodeError> {
        parse(self.text()?.trim()).ok_or(DecodeError::Xml)
    }

    /// The next member that is an attribute.
    fn next_attribute(&mut self, schema: &'static StructSchema) -> Result<Option<usize>, DecodeError> {
        let Some(Open::Struct { node, attribute, .. }) = self.open.last_mut() else { return Err(DecodeError::Xml) };
        let (id, from) = (*node, *attribute);
        *attribute = schema.members.len();
        for (index, member) in schema.members.iter().enumerate().skip(from) {
            let Location::Attribute(name) = member.location else { continue };
            let local = name.rsplit(':').next().unwrap_or(name);
            let node = self.node(id)?;
            let Some(found) = node.attributes().find(|attribute| attribute.name() == local) else { continue };
            self.value = Source::Attribute(found.value().to_owned());
            if let Some(Open::Struct { attribute, .. }) = self.open.last_mut() {
                *attribute = index + 1;
            }
            return Ok(Some(index));
        }
        Ok(None)
    }

    /// The entries of a flattened member: all children of its structure with this one's name.
    fn siblings(&self, parent: NodeId, name: &str) -> Result<Vec<NodeId>, DecodeError> {
        let children = self.node(parent)?.children();
        Ok(children
            .filter(|child| child.is_element() && child.tag_name().name() == name)
            .map(|child| child.id())
            .collect())
    }
}

impl Reader for XmlReader<'_> {
    fn begin_struct(&mut self, _: &'static StructSchema) -> Result<(), DecodeError> {
        let node = self.element()?;
        let children = self.children(node)?.into_iter();
        self.open.push(Open::Struct { node, attribute: 0, children, done: Vec::new() });
        Ok(())
    }

    fn next_member(&mut self, schema: &'static StructSchema) -> Result<Option<usize>, DecodeError> {
        if let Some(index) = self.next_attribute(schema)? {
            return Ok(Some(index));
        }
        loop {
            let Some(Open::Struct { node, children, .. }) = self.open.last_mut() else { return Err(DecodeError::Xml) };
            let parent = *node;
            let Some(child) = children.next() else {
                self.open.pop();
                return Ok(None);
            };
            let name = self.node(child)?.tag_name().name().to_owned();
            let is_called =
                |member: &crate::schema::Member| member.wire_name == name && member.location == Location::Body;
            let Some(index) = schema.members.iter().position(is_called) else { continue };
            let member = &schema.members[index];
            if member.flattened && matches!(member.schema.kind, Kind::List(_) | Kind::Map(_)) {
                let siblings = self.siblings(parent, &name)?;
                let Some(Open::Struct { done, .. }) = self.open.last_mut() else { return Err(DecodeError::Xml) };
                if done.contains(&index) {
                    continue;
                }
                done.push(index);
                self.flattened = Some(siblings);
            }
            self.value = Source::Element(child);
            return Ok(Some(index));
        }
    }

    fn begin_list(&mut self, _: &'static ListSchema) -> Result<(), DecodeError> {
        let entries = self.entries()?;
        self.open.push(Open::Entries(entries));
        Ok(())
    }

    fn next_element(&mut self) -> Result<bool, DecodeError> {
        let Some(Open::Entries(entries)) = self.open.last_mut() else { return Err(DecodeError::Xml) };
        match entries.next() {
            Some(entry) => {
                self.value = Source::Element(entry);
                Ok(true)
            }
            None => {
                self.open.pop();
                Ok(false)
            }
        }
    }

    fn begin_map(&mut self, schema: &'static MapSchema) -> Result<(), DecodeError> {
        let entries = self.entries()?;
        self.open.push(Open::Map(entries, schema));
        Ok(())
    }

    fn next_key(&mut self) -> Result<Option<String>, DecodeError> {
        let Some(Open::Map(entries, schema)) = self.open.last_mut() else { return Err(DecodeError::Xml) };
        let schema = *schema;
        let Some(entry) = entries.next() else {
            self.open.pop();
            return Ok(None);
        };
        let child = |name| self.siblings(entry, name)?.first().copied().ok_or(DecodeError::Xml);
        let (key, value) = (child(schema.key_name)?, child(schema.value_name)?);
        self.value = Source::Element(key);
        let key = self.text()?;
        self.value = Source::Element(value);
        Ok(Some(key))
    }

    fn string(&mut self) -> Result<String, DecodeError> {
        self.text()
    }

    fn boolean(&mut self) -> Result<bool, DecodeError> {
        self.parsed(|text| match text {
            _ if text.eq_ignore_ascii_case("true") => Some(true),
            _ if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        })
    }

    fn integer(&mut self) -> Result<i32, DecodeError> {
        self.parsed(|text| text.parse().ok())
    }

    fn long(&mut self) -> Result<i64, DecodeError> {
        self.parsed(|text| text.parse().ok())
    }

    fn double(&mut self) -> Result<f64, DecodeError> {
        self.parsed(|text| text.parse().ok())
    }

    fn blob(&mut self) -> Result<Bytes, DecodeError> {
        self.parsed(|text| BASE64.decode(text).ok().map(Bytes::from))
    }

    fn timestamp(&mut self) -> Result<Timestamp, DecodeError> {
        self.parsed(time::from_any)
    }
}
