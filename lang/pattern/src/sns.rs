//! Message attributes as an event.

use std::collections::HashSet;

use serde_json::Value;

/// The value of a message attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute<'a> {
    /// `String`, and types of one's own.
    String(&'a str),
    /// `Number`: matched by numbers only.
    Number(&'a str),
    /// `String.Array`: a JSON array, each element of which is a value.
    StringArray(&'a str),
    /// `Binary`: never matched, but by what wants nothing of it.
    Binary,
}

/// The event that filter policies with the scope `MessageAttributes` are matched with.
///
/// An array that is no JSON array, and a number that is none, are left out, as if the attribute were absent. Of
/// attributes with the same name the first counts; SNS refuses them before.
pub fn attributes<'a>(attributes: impl IntoIterator<Item = (&'a str, Attribute<'a>)>) -> Vec<u8> {
    let mut names = HashSet::new();
    let fields: Vec<String> = attributes
        .into_iter()
        .filter(|(name, _)| names.insert(*name))
        .filter_map(|(name, attribute)| Some(format!("{}:{}", Value::from(name), json(attribute)?)))
        .collect();
    format!("{{{}}}", fields.join(",")).into_bytes()
}

/// The value as JSON. Numbers stay as they were written, because that is how large ones are compared.
fn json(attribute: Attribute<'_>) -> Option<String> {
    let is = |text: &str, wanted: fn(&Value) -> bool| serde_json::from_str(text).is_ok_and(|value| wanted(&value));
    match attribute {
        Attribute::String(value) => Some(Value::from(value).to_string()),
        Attribute::Number(value) => is(value, Value::is_number).then(|| value.to_owned()),
        Attribute::StringArray(value) => is(value, Value::is_array).then(|| value.to_owned()),
        Attribute::Binary => None,
    }
}
