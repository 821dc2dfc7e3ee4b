//! `substituteString`: another text for what an expression matches.
//!
//! What it makes can be longer than what it found, and the next one can find that: doubled often enough, any text
//! fills all memory. So each is bounded while it is built.

use regex::{Regex, RegexBuilder};

use crate::path::Path;
use crate::{MAX_EVENT_BYTES, Malformed};

/// How large compiled expressions may be: the first of these that is enough is what one counts as. A transformer has
/// up to 190 of them, and is kept in memory.
const PROGRAM_BYTES: [usize; 3] = [64 << 10, 512 << 10, 4 << 20];
/// The most that the expressions of one transformer count as together.
pub(crate) const MAX_PROGRAMS_BYTES: usize = 16 << 20;
/// A longer field is left alone. One search takes time in proportion to the text and to the expression; but each
/// may look at all that is left to find a match of one letter, and for all matches that is the square of the text.
const MAX_FIELD_BYTES: usize = 16 << 10;

/// One entry.
#[derive(Debug, Clone)]
pub(crate) struct Substitution {
    pub(crate) key: Path,
    from: Regex,
    /// What the expression counts as.
    pub(crate) size: usize,
    /// The replacement in pieces, each with one reference to a group at most.
    to: Vec<String>,
}

impl Substitution {
    pub(crate) fn new(key: Path, from: &str, to: &str) -> Result<Substitution, Malformed> {
        let built = |size| Some((RegexBuilder::new(from).size_limit(size).build().ok()?, size));
        let wrong = || Malformed::Wrong(format!("Invalid regular expression: {from}"));
        let (from, size) = PROGRAM_BYTES.into_iter().find_map(built).ok_or_else(wrong)?;
        Ok(Substitution { key, from, size, to: pieces(to) })
    }

    /// What becomes of a text; `None` if it is more than an event may have.
    pub(crate) fn of(&self, text: &str) -> Option<String> {
        if text.len() > MAX_FIELD_BYTES {
            return Some(text.to_owned());
        }
        let (mut made, mut end) = (String::new(), 0);
        for found in self.from.captures_iter(text) {
            let whole = found.get(0)?;
            made.push_str(&text[end..whole.start()]);
            end = whole.end();
            for piece in &self.to {
                found.expand(piece, &mut made);
                if made.len() > MAX_EVENT_BYTES {
                    return None;
                }
            }
        }
        made.push_str(&text[end..]);
        Some(made)
    }
}

/// Cuts a replacement before each `$`, but neither in the middle of `$$` nor of `${…}`.
fn pieces(to: &str) -> Vec<String> {
    let (mut pieces, mut rest) = (Vec::new(), to);
    while !rest.is_empty() {
        let own = match rest.as_bytes() {
            [b'$', b'$', ..] => 2,
            [b'$', b'{', ..] => rest.find('}').map_or(2, |end| end + 1),
            [b'$', ..] => 1,
            _ => 0,
        };
        let end = rest[own..].find('$').map_or(rest.len(), |at| own + at);
        pieces.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    pieces
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn replacements_are_those_of_the_crate() {
        let from = Regex::new(r"(?<a>\w)(\w)").unwrap();
        for to in ["", "x", "$0$0", "$$0", "$$$0", "a$", "$$", "${a}$2-", "$${a}", "${a$1}$1", "${", "$a_$1", "é$1é"]
        {
            let own = Substitution::new(Path::parse("a").unwrap(), from.as_str(), to).unwrap();
            assert_eq!(own.of("ab cd é").unwrap(), from.replace_all("ab cd é", to), "{to}");
            assert_eq!(own.to.concat(), to);
        }
    }
}
