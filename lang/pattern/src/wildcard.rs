//! Wildcards: `*` stands for any characters, or none.

/// A wildcard pattern: literals with `*` between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wildcard {
    pub literals: Vec<Box<[u8]>>,
}

impl Wildcard {
    /// Reads a pattern; the error is AWS's reason, which counts bytes and the opening quotation mark.
    pub fn parse(text: &str) -> Result<Wildcard, String> {
        let bytes = text.as_bytes();
        let mut literals = Vec::new();
        let mut literal = Vec::new();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let next = bytes.get(at + 1);
            match byte {
                b'*' if next == Some(&b'*') => {
                    return Err(format!("Consecutive wildcard characters at pos {}", at + 1));
                }
                b'*' => literals.push(std::mem::take(&mut literal).into()),
                b'\\' => {
                    let Some(escaped @ (b'*' | b'\\')) = next else {
                        return Err(format!("Invalid escape character at pos {}", at + 1));
                    };
                    literal.push(*escaped);
                    at += 1;
                }
                other => literal.push(*other),
            }
            at += 1;
        }
        literals.push(literal.into());
        Ok(Wildcard { literals })
    }

    /// In time linear in the text for each literal: the leftmost place of a literal is as good as any.
    pub fn matches(&self, text: &[u8]) -> bool {
        let [first, rest @ ..] = self.literals.as_slice() else { return false };
        let [middle @ .., last] = rest else { return text == first.as_ref() };
        let Some(mut text) = text.strip_prefix(first.as_ref()) else { return false };
        for literal in middle {
            let Some(at) = find(text, literal) else { return false };
            text = &text[at + literal.len()..];
        }
        text.ends_with(last)
    }

    /// Whether there is any `*`.
    pub fn is_literal(&self) -> bool {
        self.literals.len() == 1
    }
}

fn find(text: &[u8], literal: &[u8]) -> Option<usize> {
    if literal.is_empty() {
        return Some(0);
    }
    text.windows(literal.len()).position(|window| window == literal)
}

/// How many places of patterns one value can keep open at once, at worst; stops counting at `limit`.
///
/// AWS limits the same thing, by its automaton. A place is after a literal's byte or within a `*`; the sets of
/// places that can be open together are walked. What needs more than [`MOST_SETS`] is called too complex.
pub(crate) fn complexity(patterns: &[&Wildcard], limit: usize) -> usize {
    let alphabet = alphabet(patterns);
    let start: Vec<Spot> = closed(patterns, (0..patterns.len()).map(|pattern| (pattern, 0, 0)).collect());
    let mut worst = start.len();
    let mut seen = std::collections::HashSet::from([start.clone()]);
    let mut open = vec![start];
    while let Some(spots) = open.pop() {
        for byte in &alphabet {
            let next = closed(patterns, spots.iter().flat_map(|spot| step(patterns, *spot, *byte)).collect());
            worst = worst.max(next.len());
            if worst >= limit || seen.len() > MOST_SETS {
                return limit;
            }
            if !next.is_empty() && seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    worst
}

/// How many sets of places are looked at.
const MOST_SETS: usize = 4096;

/// Pattern, literal, bytes of it: after the last byte of a literal that a `*` follows, the `*` is open as well.
type Spot = (usize, usize, usize);

/// The bytes that tell patterns apart, and one that is in none.
fn alphabet(patterns: &[&Wildcard]) -> Vec<Option<u8>> {
    let mut bytes: Vec<u8> = patterns.iter().flat_map(|pattern| pattern.literals.iter()).flatten().copied().collect();
    bytes.sort_unstable();
    bytes.dedup();
    bytes.into_iter().map(Some).chain([None]).collect()
}

fn step(patterns: &[&Wildcard], (pattern, literal, taken): Spot, byte: Option<u8>) -> Vec<Spot> {
    let bytes = &patterns[pattern].literals[literal];
    let mut next = Vec::new();
    // The start of a later literal is within the `*` before it, which takes any byte.
    if taken == 0 && literal > 0 {
        next.push((pattern, literal, 0));
    }
    if bytes.get(taken).copied() == byte && byte.is_some() {
        next.push((pattern, literal, taken + 1));
    }
    next
}

fn closed(patterns: &[&Wildcard], mut spots: Vec<Spot>) -> Vec<Spot> {
    let mut at = 0;
    while let Some((pattern, literal, taken)) = spots.get(at).copied() {
        let literals = &patterns[pattern].literals;
        if taken == literals[literal].len() && literal + 1 < literals.len() {
            spots.push((pattern, literal + 1, 0));
        }
        at += 1;
    }
    spots.sort_unstable();
    spots.dedup();
    spots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matching() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*", "a", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*ab*ab*", "xabyabz", true),
            ("*ab*ab*", "xabz", false),
            (r"a\*b\\", r"a*b\", true),
            (r"a\*b", "axb", false),
            ("", "", true),
            ("", "a", false),
        ] {
            let wildcard = Wildcard::parse(pattern).expect("a pattern");
            assert_eq!(wildcard.matches(text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn repetition_is_complex() {
        let of = |text| complexity(&[&Wildcard::parse(text).expect("a pattern")], 1000);
        assert!(of("*abcdefghijk*") <= 3);
        assert!(of("arn:aws:events:us-east-1:*:event-bus/*") <= 3);
        assert!(of("*aaaaaaaaaaaa*") >= 10);
        assert!(of("*:*:*:*:*:event-bus/*") >= 10);
    }
}
