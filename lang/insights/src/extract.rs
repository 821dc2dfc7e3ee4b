//! The `parse` command: new fields out of a field.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use serde_json::Value as Json;

use crate::value::Value;

/// A compiled expression larger than this is refused: a query must not be able to take all memory.
const MAX_PROGRAM_BYTES: usize = 4 << 20;

/// How `parse` takes a text apart.
#[derive(Debug, Clone)]
pub(crate) enum Extractor {
    /// Groups of an expression, each with the field that it becomes.
    Groups { regex: Regex, names: Vec<(usize, Arc<str>)> },
    /// `key=value` pairs, as a structure.
    Logfmt(Arc<str>),
}

/// Builds a regular expression. AWS's have look-around neither.
pub(crate) fn regex(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(MAX_PROGRAM_BYTES).build()
}

impl Extractor {
    /// From a glob: each `*` is a field. The last, if it ends the glob, takes all that is left.
    pub(crate) fn glob(glob: &str, names: Vec<Arc<str>>) -> Option<Extractor> {
        let pieces: Vec<&str> = glob.split('*').collect();
        if pieces.len() != names.len() + 1 || names.is_empty() {
            return None;
        }
        let mut pattern = "(?s)".to_owned();
        for (at, piece) in pieces.iter().enumerate() {
            pattern.push_str(&regex::escape(piece));
            let is_last = at + 2 == pieces.len() && pieces[at + 1].is_empty();
            if at + 1 < pieces.len() {
                pattern.push_str(if is_last { "(.*)" } else { "(.*?)" });
            }
        }
        let names = names.into_iter().enumerate().map(|(at, name)| (at + 1, name)).collect();
        Some(Extractor::Groups { regex: regex(&pattern).ok()?, names })
    }

    /// From an expression: its named groups, or all groups in order if names are given beside it.
    pub(crate) fn groups(regex: Regex, names: Vec<Arc<str>>) -> Option<Extractor> {
        let own: Vec<(usize, Arc<str>)> = match names.len() {
            0 => regex.capture_names().enumerate().filter_map(|(at, name)| Some((at, name?.into()))).collect(),
            count if count + 1 == regex.captures_len() => {
                names.into_iter().enumerate().map(|(at, name)| (at + 1, name)).collect()
            }
            _ => return None,
        };
        (!own.is_empty()).then_some(Extractor::Groups { regex, names: own })
    }

    /// The fields that it makes.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        match self {
            Extractor::Groups { names, .. } => names.iter().map(|(_, name)| name.clone()).collect(),
            Extractor::Logfmt(name) => vec![name.clone()],
        }
    }

    /// The fields in a text. What does not fit has none.
    pub(crate) fn fields(&self, text: &str) -> Vec<(Arc<str>, Value)> {
        match self {
            Extractor::Logfmt(name) => vec![(name.clone(), Value::Structure(logfmt(text)))],
            Extractor::Groups { regex, names } => {
                let Some(captures) = regex.captures(text) else { return Vec::new() };
                let found = |(group, name): &(usize, Arc<str>)| {
                    Some((name.clone(), Value::Text(captures.get(*group)?.as_str().to_owned())))
                };
                names.iter().filter_map(found).collect()
            }
        }
    }
}

/// The pairs of `a=1 b="two words" c`.
fn logfmt(text: &str) -> Json {
    let mut pairs = serde_json::Map::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (key, behind) = rest.split_at(end);
        let (value, behind) = match behind.strip_prefix('=') {
            None => ("", behind),
            Some(quoted) if quoted.starts_with('"') => quoted[1..].split_once('"').unwrap_or((&quoted[1..], "")),
            Some(bare) => bare.split_at(bare.find(char::is_whitespace).unwrap_or(bare.len())),
        };
        if !key.is_empty() {
            pairs.insert(key.to_owned(), Json::String(value.to_owned()));
        }
        rest = behind.trim_start();
    }
    Json::Object(pairs)
}
