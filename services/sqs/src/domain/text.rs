/// Whether a text consists of the characters that SQS takes in bodies and attribute values:
/// `#x9 | #xA | #xD | #x20-#xD7FF | #xE000-#xFFFD | #x10000-#x10FFFF`, the characters of XML 1.0.
pub fn has_only_allowed_characters(text: &str) -> bool {
    // Nearly every body is ASCII, which is decided many bytes at a time: a chunk is looked at without
    // stopping in it, so that the compiler makes vectors of it.
    let is_plain = |byte: u8| (0x20..0x80).contains(&byte) | matches!(byte, b'\t' | b'\n' | b'\r');
    let are_plain = |chunk: &[u8]| chunk.iter().fold(true, |plain, byte| plain & is_plain(*byte));
    text.as_bytes().chunks(64).all(are_plain) || text.chars().all(is_allowed)
}

fn is_allowed(character: char) -> bool {
    // A `char` is never a surrogate, so of the gaps between the ranges only U+FFFE and U+FFFF are left.
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        other => other >= ' ',
    }
}

/// Whether a text can be a message group, a deduplication id or a receive attempt: 1 to 128 ASCII
/// letters, digits and punctuation marks.
pub fn is_graphic_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_characters_of_xml_are_allowed_and_no_others() {
        for allowed in ["", "plain", "\t\n\r ~", "\u{7f}\u{80}\u{d7ff}\u{e000}\u{fffd}\u{10000}\u{10ffff}"] {
            assert!(has_only_allowed_characters(allowed), "{allowed:?}");
        }
        let long = |character: &str| format!("{}{character}{}", "x".repeat(63), "\n".repeat(99));
        assert!(has_only_allowed_characters(&long("é")) && !has_only_allowed_characters(&long("\u{1}")));
        for refused in ["\0", "a\u{8}", "\u{b}", "\u{c}", "\u{1f}", "\u{fffe}", "x\u{ffff}"] {
            assert!(!has_only_allowed_characters(refused), "{refused:?}");
        }
    }

    #[test]
    fn ids_are_graphic_and_short() {
        assert!(is_graphic_id("a-B_1!~"));
        assert!(is_graphic_id(&"x".repeat(128)));
        for refused in ["", "a b", "é", "\u{7f}", &"x".repeat(129)] {
            assert!(!is_graphic_id(refused), "{refused:?}");
        }
    }
}
