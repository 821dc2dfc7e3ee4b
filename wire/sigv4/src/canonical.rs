//! The canonical form of a request, which both sides hash.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::request::{Request, Style};

/// Everything that must be encoded: all but letters, digits and `-._~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same within a path, whose slashes stay.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// The canonical request. `signed_headers` are the names that the client listed; `payload` is the hash
/// of the body or the word that stands for it. A presigned URL's own signature is left out.
pub fn canonical_request(request: &Request<'_>, style: Style, signed_headers: &[&str], payload: &str) -> String {
    let mut names: Vec<&str> = signed_headers.to_vec();
    names.sort_unstable();
    let mut text = String::new();
    text.push_str(request.method);
    text.push('\n');
    text.push_str(&path(request.path, style));
    text.push('\n');
    text.push_str(&query(request.query));
    text.push('\n');
    for name in &names {
        let written = writeln!(text, "{name}:{}", header(request, name));
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    text.push('\n');
    text.push_str(&names.join(";"));
    text.push('\n');
    text.push_str(payload);
    text
}

/// A path in canonical form. What arrives is encoded already; S3 signs that encoding, in its own
/// spelling, and every other service encodes once more.
fn path(path: &str, style: Style) -> String {
    match style {
        Style::S3 => {
            let decoded: Vec<u8> = percent_decode_str(path).collect();
            let encoded = percent_encoding::percent_encode(&decoded, RESERVED_IN_PATH).to_string();
            if encoded.is_empty() { "/".to_owned() } else { encoded }
        }
        Style::Standard => utf8_percent_encode(&normalised(path), RESERVED_IN_PATH).to_string(),
    }
}

/// A path without empty, `.` and `..` segments.
fn normalised(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    let mut normal = format!("/{}", kept.join("/"));
    if !kept.is_empty() && (path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..")) {
        normal.push('/');
    }
    normal
}

/// A query string in canonical form: decoded, encoded in one spelling, sorted.
fn query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (recode(key), recode(value)))
        .filter(|(key, _)| key != "X-Amz-Signature")
        .collect();
    pairs.sort_unstable();
    pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
}

fn recode(text: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(&text.replace('+', " ")).collect();
    percent_encoding::percent_encode(&decoded, RESERVED).to_string()
}

/// Undoes the encoding of a query string's key or value.
pub fn decode_query(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// A header's values in canonical form: trimmed, runs of blanks as one, joined by commas. A header
/// that is listed and absent has an empty value, which no signature matches.
fn header(request: &Request<'_>, name: &str) -> String {
    if name == "host" && !request.headers.contains_key("host") {
        return request.authority.unwrap_or_default().to_owned();
    }
    let values = request.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    values.map(|value| squeezed(&value)).collect::<Vec<_>>().join(",")
}

fn squeezed(value: &str) -> String {
    value.split([' ', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (given, standard, s3) in [
            ("/", "/", "/"),
            ("", "/", "/"),
            ("//", "/", "//"),
            ("/a/../b/./c/", "/b/c/", "/a/../b/./c/"),
            ("/..", "/", "/.."),
            ("/a//b", "/a/b", "/a//b"),
            ("/a%20b", "/a%2520b", "/a%20b"),
            ("/a:b", "/a%3Ab", "/a%3Ab"),
            ("/%e1%88%b4", "/%25e1%2588%25b4", "/%E1%88%B4"),
            ("/-._~09AZaz", "/-._~09AZaz", "/-._~09AZaz"),
        ] {
            assert_eq!(path(given, Style::Standard), standard, "standard {given}");
            assert_eq!(path(given, Style::S3), s3, "s3 {given}");
        }
    }

    #[test]
    fn queries() {
        for (given, expected) in [
            ("", ""),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1", "a=1&a=2"),
            ("acl", "acl="),
            ("a=b%20c&d=e+f", "a=b%20c&d=e%20f"),
            ("p=a/b&%41=1", "A=1&p=a%2Fb"),
            ("a=1&X-Amz-Signature=0", "a=1"),
            ("a=b=c", "a=b%3Dc"),
        ] {
            assert_eq!(query(given), expected, "{given}");
        }
    }
}
