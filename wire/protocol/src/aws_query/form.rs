use std::collections::BTreeMap;

use super::FormReader;
use crate::decode::DecodeError;
use crate::scan::plain_prefix;

/// The most pairs that a form may have. The largest legitimate form is a batch of ten messages with
/// ten attributes each, some four hundred pairs; a tree node costs a hundred times a pair's bytes.
const MAX_PAIRS: usize = 10_000;
/// The most dots in a key.
const MAX_DEPTH: usize = 16;

/// A parsed form: query parameters as a tree by the dots in their keys.
#[derive(Debug, Default)]
pub struct Form {
    root: Node,
    pairs: usize,
}

/// What stands under one key or prefix of keys.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub value: Option<String>,
    pub children: BTreeMap<String, Node>,
}

impl Form {
    /// Parses a form-encoded body.
    ///
    /// # Errors
    /// Values that are not UTF-8, too many pairs, keys with too many dots.
    pub fn parse(bytes: &[u8]) -> Result<Form, DecodeError> {
        let mut form = Form::default();
        form.add(bytes)?;
        Ok(form)
    }

    /// Adds the pairs of another source: a request may put some into its query string and the rest
    /// into its body. Of a key that occurs twice the first stays.
    ///
    /// # Errors
    /// As [`Form::parse`].
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            self.pairs += 1;
            if self.pairs > MAX_PAIRS {
                return Err(DecodeError::TooLarge("Too many parameters"));
            }
            let (key, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &pair[pair.len()..]),
            };
            self.insert(&unescape(key)?, unescape(value)?)?;
        }
        Ok(())
    }

    fn insert(&mut self, key: &str, value: String) -> Result<(), DecodeError> {
        let mut node = &mut self.root;
        for (depth, part) in key.split('.').enumerate() {
            if depth == MAX_DEPTH {
                return Err(DecodeError::TooLarge("Nesting is too deep"));
            }
            if !node.children.contains_key(part) {
                node.children.insert(part.to_owned(), Node::default());
            }
            let Some(child) = node.children.get_mut(part) else { unreachable!("it was inserted above") };
            node = child;
        }
        node.value.get_or_insert(value);
        Ok(())
    }

    /// A parameter without dots in its key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.root.children.get(key)?.value.as_deref()
    }

    /// The operation that the request names.
    pub fn action(&self) -> Option<&str> {
        self.get("Action")
    }

    /// The version of the API that the request was written for.
    pub fn version(&self) -> Option<&str> {
        self.get("Version")
    }

    /// Sets a parameter that the request lacks: old SQS clients put the queue's URL into the request's
    /// path alone.
    pub fn set_default(&mut self, key: &str, value: impl FnOnce() -> String) {
        let node = self.root.children.entry(key.to_owned()).or_default();
        node.value.get_or_insert_with(value);
    }

    /// A reader over the parameters.
    pub fn reader(&self) -> FormReader<'_> {
        FormReader::new(&self.root)
    }
}

/// Undoes form encoding. A percent sign that begins no byte stands for itself.
fn unescape(bytes: &[u8]) -> Result<String, DecodeError> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        let plain = plain_prefix(rest, |byte| (byte == b'+') | (byte == b'%'));
        out.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        let digit = |at: usize| rest.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let (byte, length) = match (rest.first(), digit(1), digit(2)) {
            (None, ..) => break,
            (Some(b'%'), Some(high), Some(low)) => ((high * 16 + low) as u8, 3),
            (Some(b'+'), ..) => (b' ', 1),
            (Some(other), ..) => (*other, 1),
        };
        out.push(byte);
        rest = &rest[length..];
    }
    String::from_utf8(out).map_err(|_| DecodeError::Malformed("Parameters must be UTF-8".to_owned()))
}
