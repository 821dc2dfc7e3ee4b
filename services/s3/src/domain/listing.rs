//! Pages of keys: which keys are shown as one common prefix, and from where the next page goes on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What keys are looked for, and which of them are shown as one.
#[derive(Debug, Clone, Default)]
pub struct Grouping {
    /// How a key must begin.
    pub prefix: String,
    /// Behind the prefix, what follows this is left out. Never empty.
    pub delimiter: Option<String>,
}

impl Grouping {
    /// What S3 calls the common prefix of a key: up to the first delimiter behind the prefix, with it.
    pub fn group_of<'a>(&self, key: &'a str) -> Option<&'a str> {
        let delimiter = self.delimiter.as_deref()?;
        let rest = key.strip_prefix(&self.prefix)?;
        let at = rest.find(delimiter)?;
        Some(&key[..self.prefix.len() + at + delimiter.len()])
    }

    /// Whether a page that ended here ended with a common prefix, so that the next begins behind all its keys.
    pub fn is_group(&self, marker: &str) -> bool {
        self.group_of(marker) == Some(marker)
    }
}

/// The version of tokens, so that a later release can tell them apart.
const TOKEN: &str = "1";

/// The continuation token of a page that ended with a key or a common prefix.
pub fn continuation_token(last: &str) -> String {
    URL_SAFE_NO_PAD.encode([TOKEN, last].concat())
}

/// What the page that a token continues ended with.
pub fn read_continuation_token(token: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    String::from_utf8(bytes).ok()?.strip_prefix(TOKEN).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups() {
        let cases = [
            ("", "/", "a/b/c", Some("a/")),
            ("a/", "/", "a/b/c", Some("a/b/")),
            ("a/b", "/", "a/b/c", Some("a/b/")),
            ("a/b/", "/", "a/b/c", None),
            ("a/", "/", "a//", Some("a//")),
            ("", "äx", "oäxy", Some("oäx")),
            ("b", "/", "a/b", None),
            ("", "/", "/", Some("/")),
        ];
        for (prefix, delimiter, key, expected) in cases {
            let grouping = Grouping { prefix: prefix.to_owned(), delimiter: Some(delimiter.to_owned()) };
            assert_eq!(grouping.group_of(key), expected, "{prefix} {delimiter} {key}");
        }
        let plain = Grouping { prefix: "a/".to_owned(), delimiter: None };
        assert_eq!(plain.group_of("a/b/c"), None);
    }

    #[test]
    fn tokens_are_read_back_and_others_refused() {
        for last in ["", "a/ü\0", "1"] {
            assert_eq!(read_continuation_token(&continuation_token(last)).as_deref(), Some(last));
        }
        for token in ["", "%", "MmE", "gA"] {
            assert_eq!(read_continuation_token(token), None, "{token}");
        }
    }
}
