use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::decode::DecodeError;

/// What RFC 3986 calls unreserved stays as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The values of a pattern's labels in a path that fits it, decoded. A slash within a value is written
/// `%2F`; a greedy label's value may also have plain ones.
///
/// # Errors
/// A value that is not UTF-8.
pub fn labels(pattern: &'static str, path: &str) -> Result<Vec<(&'static str, String)>, DecodeError> {
    let pattern = pattern.split('?').next().unwrap_or(pattern);
    let mut rest = path.strip_prefix('/').unwrap_or(path);
    let mut found = Vec::new();
    for segment in pattern.split('/').filter(|segment| !segment.is_empty()) {
        let (value, behind) = rest.split_once('/').unwrap_or((rest, ""));
        if let Some(name) = segment.strip_prefix('{').and_then(|name| name.strip_suffix("+}")) {
            found.push((name, decoded(rest)?));
            break;
        }
        if let Some(name) = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            found.push((name, decoded(value)?));
        }
        rest = behind;
    }
    Ok(found)
}

/// A pattern with its labels filled in, as a client asks for it.
pub fn fill<'a>(pattern: &str, value_of: impl Fn(&str) -> Option<&'a str>) -> String {
    let (path, query) = pattern.split_once('?').map_or((pattern, None), |(path, query)| (path, Some(query)));
    let mut out = String::new();
    for segment in path.split('/').skip(1) {
        out.push('/');
        let name = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
        match name.map(|name| (name.trim_end_matches('+'), name.ends_with('+'))) {
            None => out.push_str(segment),
            Some((name, false)) => out.push_str(&encoded(value_of(name).unwrap_or_default())),
            Some((name, true)) => {
                let parts: Vec<String> = value_of(name).unwrap_or_default().split('/').map(encoded).collect();
                out.push_str(&parts.join("/"));
            }
        }
    }
    if let Some(query) = query {
        out.push('?');
        out.push_str(query);
    }
    out
}

pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

pub(super) fn decoded(text: &str) -> Result<String, DecodeError> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(String::from).map_err(|_| DecodeError::Malformed("The request's path and query must be UTF-8".to_owned()))
}
