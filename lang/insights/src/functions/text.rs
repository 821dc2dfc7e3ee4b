//! Functions of texts. Positions and lengths are code points.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::Digest as _;

use crate::expression::{Expression, Scope};
use crate::value::Value;

/// The longest text that a function makes, in bytes: `replace` in a filter must not make gigabytes.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// What a URL leaves as it is.
const URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn text(value: &Value) -> Option<String> {
    value.text().map(std::borrow::Cow::into_owned)
}

fn answer(text: Option<String>) -> Value {
    text.filter(|text| text.len() <= MAX_TEXT_BYTES).map_or(Value::Missing, Value::Text)
}

fn map(values: &[Value], function: impl FnOnce(&str) -> String) -> Value {
    answer(values[0].text().map(|text| function(&text)))
}

/// Whether something holds of two texts; a missing one has no answer but no.
fn holds(values: &[Value], test: impl FnOnce(&str, &str) -> bool) -> Value {
    let held = || Some(test(&values[0].text()?, &values[1].text()?));
    Value::Flag(held().unwrap_or(false))
}

pub(super) fn is_empty(values: &[Value]) -> Value {
    Value::Flag(values[0].text().is_none_or(|text| text.is_empty()))
}

pub(super) fn is_blank(values: &[Value]) -> Value {
    Value::Flag(values[0].text().is_none_or(|text| text.trim().is_empty()))
}

/// Missing texts are empty ones.
pub(super) fn concat(values: &[Value]) -> Value {
    answer(Some(values.iter().filter_map(text).collect()))
}

/// What a `trim` takes away: white space, or the characters of the second text.
fn strip<'t>(values: &[Value], text: &'t str, left: bool, right: bool) -> &'t str {
    let set = values.get(1).and_then(Value::text);
    let goes = |c: char| set.as_ref().map_or_else(|| c.is_whitespace(), |set| set.contains(c));
    let text = if left { text.trim_start_matches(goes) } else { text };
    if right { text.trim_end_matches(goes) } else { text }
}

pub(super) fn ltrim(values: &[Value]) -> Value {
    map(values, |text| strip(values, text, true, false).to_owned())
}

pub(super) fn rtrim(values: &[Value]) -> Value {
    map(values, |text| strip(values, text, false, true).to_owned())
}

pub(super) fn trim(values: &[Value]) -> Value {
    map(values, |text| strip(values, text, true, true).to_owned())
}

pub(super) fn strlen(values: &[Value]) -> Value {
    values[0].text().map_or(Value::Missing, |text| Value::Number(text.chars().count() as f64))
}

pub(super) fn to_upper(values: &[Value]) -> Value {
    map(values, str::to_uppercase)
}

pub(super) fn to_lower(values: &[Value]) -> Value {
    map(values, str::to_lowercase)
}

pub(super) fn substr(values: &[Value]) -> Value {
    let cut = || {
        let text = values[0].text()?;
        let from = values[1].number()?.max(0.0) as usize;
        let length = match values.get(2) {
            Some(length) => length.number()?.max(0.0) as usize,
            None => usize::MAX,
        };
        Some(text.chars().skip(from).take(length).collect())
    };
    answer(cut())
}

pub(super) fn replace(values: &[Value]) -> Value {
    let replaced = || {
        let (text, old, new) = (values[0].text()?, values[1].text()?, values[2].text()?);
        let times = if old.is_empty() { 0 } else { text.matches(&*old).count() };
        // Nothing is replaced by nothing, and what would be too long is not made.
        (times.saturating_mul(new.len()) <= MAX_TEXT_BYTES).then(|| match times {
            0 => text.clone().into_owned(),
            _ => text.replace(&*old, &new),
        })
    };
    answer(replaced())
}

pub(super) fn regex_replace(arguments: &[Expression], scope: &Scope<'_>) -> Value {
    let replaced = || {
        let text = text(&arguments[0].value(scope))?;
        let new = arguments[2].value(scope);
        let new = new.text()?;
        match &arguments[1] {
            Expression::Regex(regex) => {
                let times = regex.find_iter(&text).count();
                let made = times.saturating_mul(new.len() + text.len());
                (made <= 64 * MAX_TEXT_BYTES).then(|| regex.replace_all(&text, &*new).into_owned())
            }
            _ => None,
        }
    };
    answer(replaced())
}

/// A third argument is accepted and means nothing: AWS documents that it ignores case, but it does not.
pub(super) fn strcontains(values: &[Value]) -> Value {
    holds(values, |text, part| text.contains(part))
}

pub(super) fn starts_with(values: &[Value]) -> Value {
    holds(values, |text, part| text.starts_with(part))
}

pub(super) fn ends_with(values: &[Value]) -> Value {
    holds(values, |text, part| text.ends_with(part))
}

pub(super) fn split(values: &[Value]) -> Value {
    let parts = || {
        let (text, by) = (values[0].text()?, values[1].text()?);
        let parts = text.split(&*by).map(|part| serde_json::Value::String(part.to_owned()));
        (!by.is_empty()).then(|| Value::Structure(parts.collect()))
    };
    parts().unwrap_or(Value::Missing)
}

pub(super) fn url_encode(values: &[Value]) -> Value {
    map(values, |text| utf8_percent_encode(text, URL).to_string())
}

pub(super) fn url_decode(values: &[Value]) -> Value {
    map(values, |text| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned())
}

pub(super) fn base64_encode(values: &[Value]) -> Value {
    map(values, |text| STANDARD.encode(text))
}

pub(super) fn base64_decode(values: &[Value]) -> Value {
    let decoded = || String::from_utf8(STANDARD.decode(values[0].text()?.trim()).ok()?).ok();
    answer(decoded())
}

pub(super) fn md5(values: &[Value]) -> Value {
    map(values, |text| hex::encode(md5::Md5::digest(text)))
}

pub(super) fn sha256(values: &[Value]) -> Value {
    map(values, |text| hex::encode(sha2::Sha256::digest(text)))
}

pub(super) fn template(values: &[Value]) -> Value {
    values[0].text().map_or(Value::Missing, |text| Value::Text(crate::template::template(&text)))
}

pub(super) fn severity(values: &[Value]) -> Value {
    values[0].text().map_or(Value::Missing, |text| Value::Text(crate::template::severity(&text).to_owned()))
}
