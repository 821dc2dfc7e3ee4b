use http::HeaderMap;

use super::uri;
use crate::decode::DecodeError;
use crate::model::Operation;
use crate::schema::{Kind, Location, Member, StructSchema};

/// The most parameters that a query string may have; no API has a tenth of it.
const MAX_PARAMETERS: usize = 10_000;

/// Everything of a message that stands outside its body.
#[derive(Debug)]
pub struct Head<'a> {
    labels: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
    headers: &'a HeaderMap,
    names: Names,
    status: Option<u16>,
}

/// What a member has there, not yet of its type.
#[derive(Debug)]
pub(super) enum Value {
    Text(String),
    List(Vec<String>),
    Pairs(Vec<(String, Vec<String>)>),
}

impl<'a> Head<'a> {
    /// A request's.
    ///
    /// # Errors
    /// Labels and parameters that are not UTF-8, or too many of them.
    pub fn of_request(
        operation: &Operation,
        path: &str,
        query: Option<&str>,
        headers: &'a HeaderMap,
    ) -> Result<Head<'a>, DecodeError> {
        let labels = uri::labels(operation.uri, path)?;
        Ok(Head { labels, query: parameters(query.unwrap_or(""))?, headers, names: Names::of(headers), status: None })
    }

    /// An answer's.
    pub fn of_answer(status: u16, headers: &'a HeaderMap) -> Head<'a> {
        Head { labels: Vec::new(), query: Vec::new(), headers, names: Names::of(headers), status: Some(status) }
    }

    /// What a member has here; `None` if it is absent or travels in the body.
    pub(super) fn value(&self, schema: &StructSchema, member: &Member) -> Option<Value> {
        match member.location {
            Location::Body | Location::Payload | Location::Attribute(_) => None,
            Location::Uri(label) => {
                let (_, text) = self.labels.iter().find(|(name, _)| *name == label)?;
                Some(Value::Text(text.clone()))
            }
            Location::Query(key) => self.in_query(schema, member, key),
            Location::Header(name) => self.in_header(member, name),
            Location::Headers(prefix) => self.in_headers(prefix),
            Location::StatusCode => Some(Value::Text(self.status?.to_string())),
        }
    }

    fn in_query(&self, schema: &StructSchema, member: &Member, key: &str) -> Option<Value> {
        if let Kind::Map(_) = member.schema.kind {
            return self.unnamed(schema);
        }
        let mut values = self.query.iter().filter(|(name, _)| name == key).map(|(_, value)| value.clone());
        if let Kind::List(_) = member.schema.kind {
            let values: Vec<String> = values.collect();
            return (!values.is_empty()).then_some(Value::List(values));
        }
        let value = values.next()?;
        // `?MaxItems=` says nothing; an empty text is a text.
        let says_nothing = value.is_empty() && !matches!(member.schema.kind, Kind::String);
        (!says_nothing).then_some(Value::Text(value))
    }

    /// The parameters that no other member names: a map's.
    fn unnamed(&self, schema: &StructSchema) -> Option<Value> {
        let names = |location, key: &str| matches!(location, Location::Query(name) if name == key);
        let is_named = |key: &str| schema.members.iter().any(|member| names(member.location, key));
        let mut pairs: Vec<(String, Vec<String>)> = Vec::new();
        for (key, value) in self.query.iter().filter(|(key, _)| !is_named(key)) {
            match pairs.iter_mut().find(|(name, _)| name == key) {
                Some((_, values)) => values.push(value.clone()),
                None => pairs.push((key.clone(), vec![value.clone()])),
            }
        }
        (!pairs.is_empty()).then_some(Value::Pairs(pairs))
    }

    fn in_header(&self, member: &Member, name: &str) -> Option<Value> {
        if !self.names.may_include(name) {
            return None;
        }
        let mut lines = self.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        if let Kind::List(_) = member.schema.kind {
            let texts: Vec<String> = lines.flat_map(|line| items(&line)).collect();
            return (!texts.is_empty()).then_some(Value::List(texts));
        }
        let mut text = lines.next()?.into_owned();
        for line in lines {
            text.push(',');
            text.push_str(&line);
        }
        Some(Value::Text(text))
    }

    fn in_headers(&self, prefix: &str) -> Option<Value> {
        let prefix = prefix.to_ascii_lowercase();
        let pairs: Vec<(String, Vec<String>)> = self
            .headers
            .iter()
            .filter_map(|(name, value)| {
                let key = name.as_str().strip_prefix(&prefix)?;
                Some((key.to_owned(), vec![String::from_utf8_lossy(value.as_bytes()).into_owned()]))
            })
            .collect();
        (!pairs.is_empty()).then_some(Value::Pairs(pairs))
    }
}

/// Which names the headers may have. Members are sought by the dozen and hardly any is there; to find that out in
/// the map itself took a tenth of the instructions of a small `PutObject`.
#[derive(Debug, Clone, Copy, Default)]
struct Names(u128);

impl Names {
    fn of(headers: &HeaderMap) -> Names {
        Names(headers.keys().fold(0, |names, name| names | Names::mark(name.as_str())))
    }

    fn may_include(self, name: &str) -> bool {
        self.0 & Names::mark(name) != 0
    }

    /// One bit for a name, whatever its case.
    fn mark(name: &str) -> u128 {
        let letter = |at: usize| name.as_bytes().get(at).map_or(0, |byte| usize::from(byte.to_ascii_lowercase()));
        let sum = 37 * name.len() + 11 * letter(name.len() / 2) + 5 * letter(name.len().saturating_sub(3));
        1 << ((sum + letter(name.len().saturating_sub(1))) % 128)
    }
}

/// The entries of a header that lists: between commas, in quotes if they have commas themselves.
fn items(line: &str) -> Vec<String> {
    let (mut items, mut item, mut quoted, mut was_quoted) = (Vec::new(), String::new(), false, false);
    let mut letters = line.trim().chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => (quoted, was_quoted) = (!quoted, true),
            '\\' if quoted => item.extend(letters.next()),
            ',' if !quoted => {
                items.push(finished(&item, was_quoted));
                (item, was_quoted) = (String::new(), false);
            }
            other => item.push(other),
        }
    }
    items.push(finished(&item, was_quoted));
    items
}

fn finished(item: &str, was_quoted: bool) -> String {
    if was_quoted { item.trim_start().to_owned() } else { item.trim().to_owned() }
}

fn parameters(query: &str) -> Result<Vec<(String, String)>, DecodeError> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == MAX_PARAMETERS {
            return Err(DecodeError::TooLarge("Too many parameters"));
        }
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| uri::decoded(&text.replace('+', " "));
        pairs.push((decoded(key)?, decoded(value)?));
    }
    Ok(pairs)
}
