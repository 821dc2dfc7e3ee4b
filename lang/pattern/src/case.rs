//! Comparing without regard to case, one character at a time.
//!
//! A character of the pattern stands for its lower and its upper case, as the full mappings of Unicode give
//! them: `ß` for `ß` and `SS`, but `s` not for `ſ`. The characters are Java's, so one beyond the basic plane is
//! two halves, each of which AWS reads as a question mark.

/// The rest of `text` after `pattern`.
pub(crate) fn strip_prefix<'t>(text: &'t str, pattern: &str) -> Option<&'t str> {
    if pattern.is_ascii() {
        let head = text.as_bytes().get(..pattern.len())?;
        // The head is ASCII if they are equal, so this is no cut through a character.
        return head.eq_ignore_ascii_case(pattern.as_bytes()).then(|| &text[pattern.len()..]);
    }
    pattern
        .chars()
        .try_fold(text, |rest, character| cases(character).iter().find_map(|case| rest.strip_prefix(case.as_str())))
}

/// Whether `text` ends with `pattern`.
pub(crate) fn ends_with(text: &str, pattern: &str) -> bool {
    if pattern.is_ascii() {
        let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
        return text.len() >= pattern.len() && text[text.len() - pattern.len()..].eq_ignore_ascii_case(pattern);
    }
    pattern
        .chars()
        .rev()
        .try_fold(text, |rest, character| cases(character).iter().find_map(|case| rest.strip_suffix(case.as_str())))
        .is_some()
}

/// What a text is looked up by: texts that a pattern stands for have the pattern's key.
pub(crate) fn key(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars()
        .flat_map(|character| if u32::from(character) > 0xFFFF { vec!['?', '?'] } else { vec![character] })
        // Down and up first: the capital ẞ becomes ß, and only then SS.
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}

fn cases(character: char) -> [String; 2] {
    if u32::from(character) > 0xFFFF {
        return ["??".to_owned(), "??".to_owned()];
    }
    [character.to_lowercase().collect(), character.to_uppercase().collect()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_may_change_lengths() {
        assert_eq!(strip_prefix("STRASSEN", "straße"), Some("N"));
        assert_eq!(strip_prefix("straße", "STRASSE"), None, "an S stands for s and S only");
        assert!(ends_with("große STRASSE", "Straße"));
        assert_eq!(strip_prefix("é", "a"), None);
        assert!(!ends_with("é", "a"));
    }

    /// The index may not miss what matches.
    #[test]
    fn both_cases_of_every_character_have_its_key() {
        for character in (0..=0xFFFF).filter_map(char::from_u32) {
            let expected = key(&character.to_string());
            for case in cases(character) {
                assert_eq!(key(&case), expected, "{character:?} {case:?}");
            }
        }
    }
}
