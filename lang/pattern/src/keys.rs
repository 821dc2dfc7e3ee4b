//! The keys of the index: what a condition is filed under, and what a value is looked up by.
//!
//! A value that meets a condition always has one of the condition's keys; that it has one promises nothing. Keys
//! are hashes of the field, the kind and the bytes, so one table holds those of all fields and kinds, and looking
//! up allocates nothing.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::address::{Address, Network, head};
use crate::branch::Want;
use crate::case;
use crate::event::Occurrence;
use crate::matcher::{Literal, Matcher, Scalar};
use crate::number::Number;
use crate::paths::FieldId;

/// How a value is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Text,
    Number,
    NumberText,
    Literal,
    Prefix,
    Suffix,
    Case,
    PrefixCase,
    SuffixCase,
    /// Some bytes anywhere in the text.
    Within,
    /// A block of numbers that share their first bits.
    Range,
    /// A block of addresses.
    Network,
    Present,
}

/// A kind and the length that it looks at, where there is one.
pub(crate) type Probe = (Kind, u32);

/// What a condition is filed under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub probe: Probe,
    pub hash: u64,
}

impl Key {
    fn new(field: FieldId, probe: Probe, bytes: &[u8]) -> Key {
        Key { probe, hash: hash(field, probe, bytes) }
    }
}

fn hash(field: FieldId, (kind, length): Probe, bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, u64::from(field.0) << 32 | (kind as u64) << 24 | u64::from(length))
}

/// Whether the keys say little more than that the field is there.
pub(crate) fn is_weak(keys: &[Key]) -> bool {
    keys.iter().any(|key| key.probe.0 == Kind::Present)
}

/// What a field's conditions are filed under; `None` if the field may be absent.
pub(crate) fn keys(want: &Want) -> Option<Vec<Key>> {
    let mut keys = Vec::new();
    for matcher in &want.matchers {
        keys_of(want.field, matcher, &mut keys)?;
    }
    keys.sort_unstable_by_key(|key| key.hash);
    keys.dedup();
    Some(keys)
}

fn keys_of(field: FieldId, matcher: &Matcher, keys: &mut Vec<Key>) -> Option<()> {
    let mut add = |kind, length: usize, bytes: &[u8]| {
        // Longer than any event is found by no event.
        keys.push(Key::new(field, (kind, u32::try_from(length).unwrap_or(u32::MAX)), bytes));
    };
    match matcher {
        Matcher::Absent => return None,
        Matcher::Present | Matcher::AnythingBut(_) => add(Kind::Present, 0, b""),
        Matcher::Text(text) => add(Kind::Text, 0, text.as_bytes()),
        Matcher::Number(Number(bits)) => add(Kind::Number, 0, &bits.to_be_bytes()),
        Matcher::NumberText(text) => add(Kind::NumberText, 0, text.as_bytes()),
        Matcher::Literal(literal) => add(Kind::Literal, 0, &[literal_byte(*literal)]),
        Matcher::Prefix(text) | Matcher::Suffix(text) if text.is_empty() => add(Kind::Present, 0, b""),
        Matcher::Prefix(text) => add(Kind::Prefix, text.len(), text.as_bytes()),
        Matcher::Suffix(text) => add(Kind::Suffix, text.len(), text.as_bytes()),
        Matcher::SameButCase(text) => add(Kind::Case, 0, case::key(text).as_bytes()),
        Matcher::PrefixButCase(text) | Matcher::SuffixButCase(text) if text.is_empty() => add(Kind::Present, 0, b""),
        Matcher::PrefixButCase(text) => {
            let folded = case::key(text);
            add(Kind::PrefixCase, folded.len(), folded.as_bytes());
        }
        Matcher::SuffixButCase(text) => {
            let folded = case::key(text);
            add(Kind::SuffixCase, folded.len(), folded.as_bytes());
        }
        Matcher::Wildcard(wildcard) => match wildcard.literals.as_slice() {
            [first, ..] if !first.is_empty() => add(Kind::Prefix, first.len(), first),
            [.., last] if !last.is_empty() => add(Kind::Suffix, last.len(), last),
            literals => match literals.iter().max_by_key(|literal| literal.len()) {
                Some(longest) if !longest.is_empty() => {
                    let window = &longest[..longest.len().min(WINDOW)];
                    add(Kind::Within, window.len(), window);
                }
                _ => add(Kind::Present, 0, b""),
            },
        },
        Matcher::Range(low, high) => {
            for (length, block) in blocks(low.0, high.0) {
                add(Kind::Range, length as usize, &block.to_be_bytes());
            }
        }
        Matcher::Network(network) => {
            // An address of the other family may lie in it by its first digits; see `Network::contains`.
            let Network { bits, length, .. } = *network;
            add(Kind::Network, length as usize, &bits.to_be_bytes());
        }
    }
    Some(())
}

/// How many bytes of a literal are looked for.
const WINDOW: usize = 4;

fn literal_byte(literal: Literal) -> u8 {
    match literal {
        Literal::True => b't',
        Literal::False => b'f',
        Literal::Null => b'n',
    }
}

/// The aligned blocks that make up a range: the lengths of their common heads, and the heads.
fn blocks(mut low: u64, high: u64) -> Vec<(u32, u64)> {
    let mut blocks = Vec::new();
    while low <= high {
        // The largest block that begins at `low` and ends within the range.
        let mut free = low.trailing_zeros();
        while free > 0 && (free == 64 || high - low < (1 << free) - 1) {
            if free == 64 && low == 0 && high == u64::MAX {
                break;
            }
            free -= 1;
        }
        blocks.push((64 - free, low));
        match 1u64.checked_shl(free).and_then(|size| low.checked_add(size)) {
            Some(next) => low = next,
            None => break,
        }
    }
    blocks
}

/// Gives the hashes that a value has for a probe.
pub(crate) fn look_up(
    occurrence: &Occurrence<'_>,
    probe: Probe,
    folded: &mut Option<String>,
    visit: &mut impl FnMut(u64),
) {
    let field = occurrence.field;
    let (kind, length) = (probe.0, probe.1 as usize);
    let mut see = |bytes: &[u8]| visit(hash(field, probe, bytes));
    match (&occurrence.value, kind) {
        (_, Kind::Present) => see(b""),
        (Scalar::Number(_, Some(Number(bits))), Kind::Number) => see(&bits.to_be_bytes()),
        (Scalar::Number(_, Some(Number(bits))), Kind::Range) => {
            let block = head(u128::from(*bits) << 64, probe.1) >> 64;
            see(&(block as u64).to_be_bytes());
        }
        (Scalar::Number(text, None), Kind::NumberText) => see(text.as_bytes()),
        (Scalar::Literal(literal), Kind::Literal) => see(&[literal_byte(*literal)]),
        (Scalar::Text(quoted), _) => look_up_text(quoted, kind, length, folded, &mut see),
        (Scalar::Number(..) | Scalar::Literal(_), _) => {}
    }
}

fn look_up_text(quoted: &str, kind: Kind, length: usize, folded: &mut Option<String>, see: &mut impl FnMut(&[u8])) {
    let quoted = quoted.as_bytes();
    let text = &quoted[1..quoted.len() - 1];
    let folded: &[u8] = match kind {
        Kind::Case | Kind::PrefixCase | Kind::SuffixCase => {
            folded.get_or_insert_with(|| case::key(std::str::from_utf8(quoted).unwrap_or_default())).as_bytes()
        }
        _ => b"",
    };
    let found = match kind {
        Kind::Text => Some(text),
        Kind::Prefix => quoted[1..].get(..length),
        Kind::Suffix => tail(&quoted[..quoted.len() - 1], length),
        Kind::Case => Some(&folded[1..folded.len() - 1]),
        Kind::PrefixCase => folded[1..].get(..length),
        Kind::SuffixCase => tail(&folded[..folded.len() - 1], length),
        Kind::Within => return text.windows(length).for_each(see),
        Kind::Network => {
            let address = std::str::from_utf8(text).ok().and_then(Address::parse).and_then(Result::ok);
            return address.into_iter().for_each(|address| see(&head(address.bits, length as u32).to_be_bytes()));
        }
        Kind::Number | Kind::NumberText | Kind::Literal | Kind::Range | Kind::Present => None,
    };
    found.into_iter().for_each(see);
}

fn tail(bytes: &[u8], length: usize) -> Option<&[u8]> {
    bytes.len().checked_sub(length).map(|start| &bytes[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_make_up_their_range() {
        assert_eq!(blocks(0, u64::MAX), [(0, 0)]);
        assert_eq!(blocks(5, 5), [(64, 5)]);
        assert_eq!(blocks(6, 11), [(63, 6), (62, 8)]);
        assert_eq!(blocks(7, 6), []);
        let (low, high) = (3, u64::MAX - 5);
        let blocks = blocks(low, high);
        assert!(blocks.len() <= 126);
        let mut next = low;
        for (length, block) in blocks {
            assert_eq!(block, next);
            next = block + (1u64 << (64 - length));
        }
        assert_eq!(next, high + 1);
    }
}
