//! Message attributes as an event.

use crate::Rules;

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
/// An array that is no JSON array, and a number that is none, are left out, as if the attribute were absent.
pub fn attributes<'a>(attributes: impl IntoIterator<Item = (&'a str, Attribute<'a>)>) -> Vec<u8> {
    let mut event = serde_json::Map::new();
    let mut text = String::from("{");
    for (name, attribute) in attributes {
        let value = match attribute {
            Attribute::String(value) => serde_json::Value::from(value).to_string(),
            Attribute::Number(value) if is_object(&format!("{{\"n\":{value}}}")) && is_number(value) => {
                value.to_owned()
            }
            Attribute::StringArray(value)
                if value.trim_start().starts_with('[') && is_object(&format!("{{\"a\":{value}}}")) =>
            {
                value.to_owned()
            }
            Attribute::Number(_) | Attribute::StringArray(_) | Attribute::Binary => continue,
        };
        // A name that is there twice counts once; SNS refuses it before.
        if event.insert(name.to_owned(), serde_json::Value::Null).is_some() {
            continue;
        }
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(name).to_string());
        text.push(':');
        text.push_str(&value);
    }
    text.push('}');
    text.into_bytes()
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'))
}

fn is_object(text: &str) -> bool {
    Rules::<u8>::new().matches(text.as_bytes()).is_ok()
}
