//! The regular expressions that AWS takes between two `%`.
//!
//! A subset without groups: letters, digits, the symbols below, and the operators `^ $ ? [ ] { } | \ * + .`.
//! They run on bytes: multi-byte characters cannot be written in them, and AWS's classes are ASCII.

use regex::bytes::{Regex, RegexBuilder};

use crate::Error;

/// Symbols that stand for themselves.
const SYMBOLS: &str = ":_#=@/;,-";
/// Operators.
const OPERATORS: &str = "^$?[]{}|\\*+.";
/// A program larger than this is refused: `%a{1000}{1000}%` would otherwise take all memory.
const MAX_PROGRAM_BYTES: usize = 1 << 20;

/// Builds an expression, or says which character is not allowed.
pub(crate) fn build(text: &str) -> Result<Regex, Error> {
    let mut escaped = false;
    for c in text.chars() {
        let allowed = c.is_ascii_alphanumeric() || SYMBOLS.contains(c) || OPERATORS.contains(c);
        // An escape makes an operator ordinary (`\.`), or a letter a class (`\d`); it does not admit others.
        if !allowed {
            return Err(Error::Term(c.to_string()));
        }
        escaped = c == '\\' && !escaped;
    }
    if text.is_empty() || escaped {
        return Err(Error::Term(format!("%{text}%")));
    }
    RegexBuilder::new(text)
        .unicode(false)
        .size_limit(MAX_PROGRAM_BYTES)
        .build()
        .map_err(|_| Error::Term(format!("%{text}%")))
}
