//! What `pattern` makes of texts: words that differ from event to event become `<Kind-N>`.
//!
//! AWS clusters the events of a query. Here a word is dynamic by its looks alone: it has a digit in it, or is a hash or
//! an address; so a template needs one event and no memory, and the groups of `stats` can count it.

/// The longest template, in characters: two texts that differ behind it are one.
const MAX_CHARS: usize = 2000;

/// The template of a text.
pub(crate) fn template(text: &str) -> String {
    let (mut shown, mut number, mut length) = (String::new(), 0, 0);
    for word in words(text) {
        if length >= MAX_CHARS {
            break;
        }
        let before = shown.len();
        match kind(word) {
            Some(kind) => {
                number += 1;
                shown.push_str(&format!("<{kind}-{number}>"));
            }
            None => shown.push_str(word),
        }
        length += shown[before..].chars().count();
    }
    shown
}

/// Words and what stands between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_alphanumeric() || "_-.:@/+%".contains(c);
    let mut rest = text;
    std::iter::from_fn(move || {
        // A word begins with a letter or a digit; what comes before it stands between words.
        let word = match rest.chars().next()?.is_alphanumeric() {
            false => &rest[..rest.find(char::is_alphanumeric).unwrap_or(rest.len())],
            true => {
                let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
                // What ends a sentence, or comes before a value, is no part of it.
                word.trim_end_matches(['.', ':', '/', '-'])
            }
        };
        rest = &rest[word.len()..];
        Some(word)
    })
}

/// What a dynamic word is.
fn kind(word: &str) -> Option<&'static str> {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let hexes = word.bytes().filter(u8::is_ascii_hexdigit).count();
    let all_of = |set: &str| word.chars().all(|c| c.is_ascii_digit() || set.contains(c));
    if digits == 0 {
        return None;
    }
    let dashes = word.matches('-').count();
    if word.len() == 36 && dashes == 4 && hexes == 32 {
        return Some("UUID");
    }
    if all_of(".") && word.matches('.').count() == 3 {
        return Some("IPAddress");
    }
    if all_of("-:.TZ+/") && (word.contains(':') || dashes == 2) {
        return Some("Time");
    }
    if all_of(".-+%") {
        return Some("Number");
    }
    if word.len() >= 16 && hexes == word.len() {
        return Some("ID");
    }
    Some("Token")
}

/// The level that a text tells of.
pub(crate) fn severity(text: &str) -> &'static str {
    const LEVELS: [(&str, &[&str]); 5] = [
        ("FATAL", &["fatal", "critical", "emergency"]),
        ("ERROR", &["error", "exception", "failed", "failure"]),
        ("WARN", &["warn", "warning"]),
        ("INFO", &["info", "notice"]),
        ("DEBUG", &["debug", "trace"]),
    ];
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).collect();
    let found = LEVELS.iter().find(|(_, names)| words.iter().any(|word| names.contains(word)));
    found.map_or("NONE", |(level, _)| level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamic_words_become_tokens() {
        for (text, expected) in [
            (
                "2023-01-01T19:00:01 [INFO] Calling DynamoDB to store for resource id 12342342k124-12345",
                "<Time-1> [INFO] Calling DynamoDB to store for resource id <Token-2>",
            ),
            ("GET /items took 12.5 ms from 10.0.0.1.", "GET /items took <Number-1> ms from <IPAddress-2>."),
            ("request 123e4567-e89b-12d3-a456-426614174000: done", "request <UUID-1>: done"),
            ("plain", "plain"),
            (r#"{"id":1,"b":-2.5}"#, r#"{"id":<Number-1>,"b":-<Number-2>}"#),
        ] {
            assert_eq!(template(text), expected);
        }
        assert_eq!((severity("[ERROR] x"), severity("a warning: x"), severity("terror")), ("ERROR", "WARN", "NONE"));
    }
}
