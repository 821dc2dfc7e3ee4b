//! Wildcards: `*` stands for any characters, or none.

use std::collections::HashSet;

use crate::MAX_WILDCARD_COMPLEXITY;

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

impl Wildcard {
    /// Whether one value can keep [`MAX_WILDCARD_COMPLEXITY`] places of the pattern open at once, at worst.
    pub fn is_too_complex(&self) -> bool {
        self.complexity(MAX_WILDCARD_COMPLEXITY) >= MAX_WILDCARD_COMPLEXITY
    }

    /// How many places one value can keep open; stops counting at `limit`.
    ///
    /// AWS limits the same thing, by its automaton. A place is after a literal's byte or within a `*`; the sets
    /// of places that can be open together are walked. What needs more than [`MOST_SETS`] is too complex.
    fn complexity(&self, limit: usize) -> usize {
        let start = self.closed(vec![(0, 0)]);
        let mut worst = start.len();
        let mut seen = HashSet::from([start.clone()]);
        let mut open = vec![start];
        while let Some(spots) = open.pop() {
            for byte in self.alphabet(&spots) {
                let next = self.closed(spots.iter().flat_map(|spot| self.step(*spot, byte)).collect());
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

    /// The bytes that one of the places waits for, and one that none does.
    fn alphabet(&self, spots: &[Spot]) -> Vec<Option<u8>> {
        let mut bytes: Vec<Option<u8>> =
            spots.iter().map(|(literal, taken)| self.literals[*literal].get(*taken).copied()).chain([None]).collect();
        bytes.sort_unstable();
        bytes.dedup();
        bytes
    }

    fn step(&self, (literal, taken): Spot, byte: Option<u8>) -> impl Iterator<Item = Spot> {
        // The start of a later literal is within the `*` before it, which takes any byte.
        let stay = (taken == 0 && literal > 0).then_some((literal, 0));
        let on = byte.is_some() && self.literals[literal].get(taken).copied() == byte;
        stay.into_iter().chain(on.then_some((literal, taken + 1)))
    }

    /// With the `*` that are open as well, because the literal before is through.
    fn closed(&self, mut spots: Vec<Spot>) -> Vec<Spot> {
        let mut at = 0;
        while let Some((literal, taken)) = spots.get(at).copied() {
            if taken == self.literals[literal].len() && literal + 1 < self.literals.len() {
                spots.push((literal + 1, 0));
            }
            at += 1;
        }
        spots.sort_unstable();
        spots.dedup();
        spots
    }
}

/// How many sets of places are looked at.
const MOST_SETS: usize = 4096;

/// A literal, and how many bytes of it were taken.
type Spot = (usize, usize);

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
        let of = |text| Wildcard::parse(text).expect("a pattern").complexity(1000);
        assert!(of("*abcdefghijk*") <= 3);
        assert!(of("arn:aws:events:us-east-1:*:event-bus/*") <= 3);
        assert!(of("*aaaaaaaaaaaa*") >= 10);
        assert!(of("*:*:*:*:*:event-bus/*") >= 10);
    }
}
