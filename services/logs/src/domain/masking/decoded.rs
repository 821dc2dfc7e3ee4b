//! A text as those see it who read its JSON: strings without their escapes.
//!
//! Insights shows the decoded strings of an event that is JSON, so that is where sensitive data is looked for:
//! in `"a\\n123-45-6789"` a number follows a line end and not the letter `n`. What is found there is masked in the
//! text as it came; all else of it stays as it is, byte for byte.

use std::ops::Range;

use serde::de::IgnoredAny;

/// A text with its JSON's strings decoded, and where each byte comes from.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    /// What is read.
    pub(super) text: String,
    /// For every byte of `text`, and for its end, the byte of the source at which what became of it begins.
    starts: Vec<usize>,
}

impl Decoded {
    /// Decodes a text, if that makes a difference. JSON in the strings of JSON is decoded too, and JSON behind other
    /// text, as Lambda's functions write it.
    pub(super) fn of(source: &str) -> Option<Decoded> {
        if !source.contains('\\') {
            return None;
        }
        let document = document(source)?;
        let mut decoded = Decoded::default();
        decoded.copy(source, 0..document.start);
        let mut at = document.start;
        while let Some(quote) = source[at..document.end].find('"').map(|length| at + length) {
            decoded.copy(source, at..quote + 1);
            at = decoded.string(source, quote + 1);
        }
        decoded.copy(source, at..source.len());
        decoded.starts.push(source.len());
        Some(decoded)
    }

    /// Where a part of what is read lies in the source.
    pub(super) fn source(&self, part: &Range<usize>) -> Range<usize> {
        self.starts[part.start]..self.starts[part.end]
    }

    fn copy(&mut self, source: &str, part: Range<usize>) {
        self.text.push_str(&source[part.clone()]);
        self.starts.extend(part);
    }

    fn push(&mut self, c: char, start: usize) {
        self.text.push(c);
        self.starts.extend(std::iter::repeat_n(start, c.len_utf8()));
    }

    /// Decodes the string that begins at `at`, behind its quote, and returns where it ends: at the other quote, which
    /// is copied with what follows.
    fn string(&mut self, source: &str, mut at: usize) -> usize {
        let mut inner = Decoded::default();
        loop {
            let plain = source[at..].find(['"', '\\']).map_or(source.len(), |length| at + length);
            inner.copy(source, at..plain);
            at = plain;
            if !source[at..].starts_with('\\') {
                break;
            }
            let (c, length) = escape(&source[at..]);
            inner.push(c, at);
            at += length;
        }
        match Decoded::of(&inner.text) {
            Some(deeper) => {
                self.text.push_str(&deeper.text);
                self.starts.extend(deeper.starts[..deeper.text.len()].iter().map(|start| inner.starts[*start]));
            }
            None => {
                self.text.push_str(&inner.text);
                self.starts.extend(inner.starts);
            }
        }
        let end = (at + 1).min(source.len());
        self.copy(source, at..end);
        end
    }
}

/// Where a text's JSON is: all of it, or its first object.
fn document(source: &str) -> Option<Range<usize>> {
    if serde_json::from_str::<IgnoredAny>(source).is_ok() {
        return Some(0..source.len());
    }
    let begin = source.find('{')?;
    let mut values = serde_json::Deserializer::from_str(&source[begin..]).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(begin..begin + values.byte_offset())
}

/// The character that an escape at the beginning of a text means, and how long the escape is.
fn escape(text: &str) -> (char, usize) {
    let code = |at: usize| u32::from_str_radix(text.get(at..at + 4)?, 16).ok();
    match text[1..].chars().next() {
        Some('n') => ('\n', 2),
        Some('t') => ('\t', 2),
        Some('r') => ('\r', 2),
        Some('b') => ('\u{8}', 2),
        Some('f') => ('\u{c}', 2),
        Some('u') => {
            let high = code(2).unwrap_or_default();
            let low = text.get(6..8).filter(|begin| *begin == "\\u").and_then(|_| code(8));
            let pair = low.filter(|low| (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(low));
            match pair.and_then(|low| char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))) {
                Some(c) => (c, 12),
                None => (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), text.len().min(6)),
            }
        }
        Some(c) => (c, 1 + c.len_utf8()),
        None => ('\\', 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn strings_are_read_without_their_escapes() {
        for (source, expected) in [
            (r#"{"a\u0041":"x\n1","b": 2}"#, "{\"aA\":\"x\n1\",\"b\": 2}"),
            (r#""\ud83d\ude00 \ud83d!""#, "\"\u{1f600} \u{fffd}!\""),
            (r#"got {"a":"\t"} then \t"#, "got {\"a\":\"\t\"} then \\t"),
            (r#"{"a":"{\"b\":\"x\\n1\"}"}"#, "{\"a\":\"{\"b\":\"x\n1\"}\"}"),
        ] {
            assert_eq!(Decoded::of(source).unwrap().text, expected, "{source}");
        }
        for source in [r#"{"a":"plain"}"#, r"C:\new", r#"{"a":"\n"#] {
            assert!(Decoded::of(source).is_none(), "{source}");
        }
    }

    proptest! {
        #[test]
        fn every_part_is_found_again(text in any::<String>(), name in any::<String>()) {
            let source = serde_json::json!({ name: [&text, 1] }).to_string();
            if let Some(decoded) = Decoded::of(&source) {
                prop_assert_eq!(decoded.starts.len(), decoded.text.len() + 1);
                prop_assert!(decoded.starts.is_sorted());
                prop_assert!(decoded.starts.iter().all(|start| source.is_char_boundary(*start)) || !source.is_ascii());
                prop_assert_eq!(decoded.source(&(0..decoded.text.len())), 0..source.len());
            }
        }
    }
}
