//! Names with dots: `outer.inner`, and `list.0` or `list[0]` for an element.

use serde_json::{Map, Value};

use crate::{MAX_DEPTH, Malformed};

/// A way into an event's object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(Vec<String>);

impl Path {
    pub(crate) fn parse(text: &str) -> Result<Path, Malformed> {
        let plain = text.replace('[', ".").replace(']', "");
        let names: Vec<String> = plain.split('.').map(str::to_owned).collect();
        if names.iter().any(String::is_empty) {
            return Err(Malformed::Wrong(format!("Invalid key path: {text}")));
        }
        if names.len() > MAX_DEPTH {
            return Err(Malformed::Wrong(format!(
                "The nested depth of key {text} exceeds the maximum of {MAX_DEPTH}."
            )));
        }
        Ok(Path(names))
    }

    /// The value at its end.
    pub(crate) fn get<'v>(&self, fields: &'v Map<String, Value>) -> Option<&'v Value> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(fields.get(first)?, |value, name| match value {
            Value::Object(members) => members.get(name),
            Value::Array(elements) => elements.get(name.parse::<usize>().ok()?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
    }

    /// The same, to be changed.
    pub(crate) fn get_mut<'v>(&self, fields: &'v mut Map<String, Value>) -> Option<&'v mut Value> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(fields.get_mut(first)?, |value, name| match value {
            Value::Object(members) => members.get_mut(name),
            Value::Array(elements) => elements.get_mut(name.parse::<usize>().ok()?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
    }

    /// Puts a value there, with the objects on the way. What is no object and lies on the way is kept, and the
    /// value is not put; nor is it over another one unless `overwrite`.
    pub(crate) fn put(&self, fields: &mut Map<String, Value>, value: Value, overwrite: bool) {
        let Some((last, way)) = self.0.split_last() else { return };
        let mut members = fields;
        for name in way {
            let inner = members.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
            match inner {
                Value::Object(inner) => members = inner,
                _ => return,
            }
        }
        if overwrite || !members.contains_key(last) {
            members.insert(last.clone(), value);
        }
    }

    /// Takes a value out.
    pub(crate) fn take(&self, fields: &mut Map<String, Value>) -> Option<Value> {
        let (last, way) = self.0.split_last()?;
        let mut members = fields;
        for name in way {
            members = members.get_mut(name)?.as_object_mut()?;
        }
        members.remove(last)
    }

    /// The same way with another last name.
    pub(crate) fn sibling(&self, name: &Path) -> Path {
        let mut names = self.0.clone();
        names.pop();
        names.extend(name.0.iter().cloned());
        Path(names)
    }
}
