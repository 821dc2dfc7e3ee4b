//! Which alternatives an event may match.
//!
//! Each alternative is filed under the values of *one* of its fields: under a key for each condition, so that a
//! value that meets the condition always has the key. The field is the one whose keys are least crowded, and so
//! ten thousand rules of one source lie under their detail types. A key that gets crowded all the same files its
//! alternatives under a second field as well, and so on; the whole is a tree that asks about one field at a time.
//!
//! | condition | key |
//! |---|---|
//! | text, number, `true` | itself |
//! | prefix, suffix, with or without case | its text; a value is looked up by its head of each length in use |
//! | ignoring case | the text in one case |
//! | wildcard | its first literal as a prefix, or its last as a suffix, or four bytes of another anywhere |
//! | range, network | the aligned blocks of binary prefixes that make it up: at most 126, one for a network |
//! | `exists: true`, `anything-but` | that the field is there |
//! | `exists: false` | none: such a field is not filed under |
//!
//! What is found is only a candidate, and is then decided exactly. So a key may be a hash without a look at what
//! was hashed, keys may promise too much, and nothing here knows of arrays or absence. The rejected alternative
//! is AWS's: one automaton over all fields and bytes, whose states multiply with the values of a rule.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::address::{Address, Network, head};
use crate::branch::{Branch, Want};
use crate::case;
use crate::event::{Event, Occurrence};
use crate::matcher::{Literal, Matcher, Scalar};
use crate::number::Number;
use crate::paths::FieldId;

/// An alternative's number among the rules.
pub(crate) type BranchId = u32;

/// From how many alternatives on a key is crowded.
const CROWDED: usize = 8;
/// How many fields are asked about at most.
const MAX_LEVELS: u32 = 4;
/// A field with more keys is not asked about below the first: its alternative would be filed too often.
const MAX_KEYS_BELOW: usize = 4;

/// How a value is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
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
type Probe = (Kind, u32);

/// What a condition is filed under.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    probe: Probe,
    hash: u64,
}

impl Key {
    fn new(field: FieldId, probe: Probe, bytes: &[u8]) -> Key {
        Key { probe, hash: hash(field, probe, bytes) }
    }
}

fn hash(field: FieldId, (kind, length): Probe, bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, u64::from(field.0) << 32 | (kind as u64) << 24 | u64::from(length))
}

/// Keys are hashes already.
#[derive(Debug, Default, Clone)]
struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only numbers are hashed")
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// The alternatives of all rules.
#[derive(Debug, Default)]
pub(crate) struct Index {
    level: Level,
    /// What can be filed nowhere: decided for every event.
    always: Vec<BranchId>,
}

/// Alternatives by the keys of one field each.
#[derive(Debug, Default)]
struct Level {
    slots: HashMap<u64, Slot, BuildHasherDefault<Ready>>,
    /// How the values of a field are to be looked up, and how many keys want it.
    probes: HashMap<FieldId, Vec<(Probe, u32)>>,
    /// The field that an alternative is filed under.
    filed: HashMap<BranchId, FieldId>,
}

#[derive(Debug, Default)]
struct Slot {
    here: Vec<BranchId>,
    below: Option<Box<Level>>,
    count: usize,
}

impl Index {
    pub fn insert(&mut self, id: BranchId, branch: &Branch) {
        if !self.level.insert(id, branch, &mut Vec::new()) {
            self.always.push(id);
        }
    }

    pub fn remove(&mut self, id: BranchId, branch: &Branch) {
        if !self.level.remove(id, branch) {
            self.always.retain(|other| *other != id);
        }
    }

    /// Each alternative that may match, once.
    pub fn candidates(&self, event: &Event<'_>) -> Vec<BranchId> {
        let mut found = self.always.clone();
        self.level.collect(event, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl Level {
    /// Files an alternative; `false` if it has no field to be filed under.
    fn insert(&mut self, id: BranchId, branch: &Branch, used: &mut Vec<FieldId>) -> bool {
        let below = !used.is_empty();
        let choice = branch
            .wants
            .iter()
            .filter(|want| !used.contains(&want.field))
            .filter_map(|want| Some((want, keys(want)?)))
            .filter(|(_, keys)| !below || (keys.len() <= MAX_KEYS_BELOW && !is_weak(keys)))
            .min_by_key(|(_, keys)| (is_weak(keys), self.crowd(keys), keys.len()));
        let Some((want, keys)) = choice else { return false };
        self.filed.insert(id, want.field);
        used.push(want.field);
        for key in &keys {
            let probes = self.probes.entry(want.field).or_default();
            match probes.iter_mut().find(|(probe, _)| *probe == key.probe) {
                Some((_, count)) => *count += 1,
                None => probes.push((key.probe, 1)),
            }
            self.slots.entry(key.hash).or_default().insert(id, branch, used);
        }
        used.pop();
        true
    }

    fn crowd(&self, keys: &[Key]) -> usize {
        keys.iter().filter_map(|key| self.slots.get(&key.hash)).map(|slot| slot.count).sum()
    }

    fn remove(&mut self, id: BranchId, branch: &Branch) -> bool {
        let Some(field) = self.filed.remove(&id) else { return false };
        let want = branch.wants.iter().find(|want| want.field == field);
        for key in want.and_then(keys).unwrap_or_default() {
            if let Some(probes) = self.probes.get_mut(&field) {
                if let Some((_, count)) = probes.iter_mut().find(|(probe, _)| *probe == key.probe) {
                    *count -= 1;
                }
                probes.retain(|(_, count)| *count > 0);
            }
            if self.slots.get_mut(&key.hash).is_some_and(|slot| slot.remove(id, branch)) {
                self.slots.remove(&key.hash);
            }
        }
        if self.probes.get(&field).is_some_and(Vec::is_empty) {
            self.probes.remove(&field);
        }
        true
    }

    fn collect(&self, event: &Event<'_>, found: &mut Vec<BranchId>) {
        for occurrence in event.all() {
            let Some(probes) = self.probes.get(&occurrence.field) else { continue };
            let mut folded = None;
            for (probe, _) in probes {
                look_up(occurrence, *probe, &mut folded, &mut |hash| {
                    let Some(slot) = self.slots.get(&hash) else { return };
                    found.extend_from_slice(&slot.here);
                    if let Some(below) = &slot.below {
                        below.collect(event, found);
                    }
                });
            }
        }
    }
}

impl Slot {
    fn insert(&mut self, id: BranchId, branch: &Branch, used: &mut Vec<FieldId>) {
        self.count += 1;
        let deep = self.here.len() >= CROWDED && used.len() < MAX_LEVELS as usize;
        if !(deep && self.below.get_or_insert_default().insert(id, branch, used)) {
            self.here.push(id);
        }
    }

    /// Whether nothing is left.
    fn remove(&mut self, id: BranchId, branch: &Branch) -> bool {
        let deep = self.below.as_mut().is_some_and(|below| below.remove(id, branch));
        let before = self.here.len();
        if !deep && let Some(at) = self.here.iter().position(|other| *other == id) {
            self.here.swap_remove(at);
        }
        // Two keys of one field may be the same: the second finds nothing.
        if deep || self.here.len() < before {
            self.count -= 1;
        }
        if self.below.as_ref().is_some_and(|below| below.filed.is_empty()) {
            self.below = None;
        }
        self.here.is_empty() && self.below.is_none()
    }
}

/// Whether the keys say little more than that the field is there.
fn is_weak(keys: &[Key]) -> bool {
    keys.iter().any(|key| key.probe.0 == Kind::Present)
}

/// What a field's conditions are filed under; `None` if the field may be absent.
fn keys(want: &Want) -> Option<Vec<Key>> {
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
fn look_up(occurrence: &Occurrence<'_>, probe: Probe, folded: &mut Option<String>, visit: &mut impl FnMut(u64)) {
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
