//! Fuzz targets, one for each parser, as tests on stable Rust.
//!
//! Random bytes never get past the first brace of a JSON document, so each target starts from
//! examples and [`Edit`]s them: bolero draws the edits (and shrinks them when a target fails), we apply
//! them. Words from a dictionary are spliced in whole, so that an edited document stays close to one
//! that somebody might send.
//!
//! All targets together take [`DEFAULT_SECONDS`] by default, each its share;
//! `TIDEGATE_FUZZ_SECONDS=300` gives them five minutes. A failure prints the edited input; with
//! `BOLERO_RANDOM_SEED` as printed, it fails again.

use std::sync::LazyLock;
use std::time::Duration;

use bolero::TypeGenerator;

mod service;

pub use service::call;

/// How long all targets take together unless `TIDEGATE_FUZZ_SECONDS` says otherwise.
pub const DEFAULT_SECONDS: u64 = 24;

/// One change of an input.
#[derive(Debug, Clone, TypeGenerator)]
pub enum Edit {
    /// Flips a bit.
    Flip(u16, u8),
    /// Puts a byte in the place of another.
    Set(u16, u8),
    /// Removes some bytes.
    Remove(u16, u8),
    /// Repeats some bytes.
    Repeat(u16, u8),
    /// Puts bytes in.
    Insert(u16, [u8; 3]),
    /// Puts in a word of the dictionary.
    Word(u16, u8),
    /// Puts a word of the dictionary in the place of as many bytes.
    Overwrite(u16, u8),
    /// Puts in a part of another example.
    Splice(u16, u8, u16, u8),
    /// Cuts off the rest.
    Truncate(u16),
}

/// What a target starts from.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// Inputs that are good, or nearly.
    pub examples: &'a [&'a [u8]],
    /// Words that mean something to the parser.
    pub words: &'a [&'a str],
}

/// Runs a target for its share of the time. It must not panic, whatever the input.
pub fn fuzz(material: Material<'_>, target: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let seconds = std::env::var("TIDEGATE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let share = Duration::from_secs(seconds.unwrap_or(DEFAULT_SECONDS)) / *TARGETS;
    for example in material.examples {
        target(example);
    }
    bolero::check!()
        .with_test_time(share)
        .with_type::<(u8, Vec<Edit>)>()
        .for_each(|(example, edits)| target(&edited(material, *example, edits)));
}

/// How many targets share the time: this crate's tests are counted, because a number that somebody must remember to
/// raise was wrong soon. A few of them are no targets; all together take a little less than they may.
static TARGETS: LazyLock<u32> = LazyLock::new(|| count_targets().expect("the tests' sources lie beside this crate"));

fn count_targets() -> std::io::Result<u32> {
    let mut count = 0;
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let tests = std::fs::read_to_string(path)?.lines().filter(|line| *line == "#[test]").count();
            count += u32::try_from(tests).map_err(std::io::Error::other)?;
        }
    }
    Ok(count)
}

fn edited(material: Material<'_>, example: u8, edits: &[Edit]) -> Vec<u8> {
    let mut input = pick(material.examples, example).map_or_else(Vec::new, |example| example.to_vec());
    for edit in edits {
        edit.apply(&mut input, material);
    }
    input
}

fn pick<'a, T: ?Sized>(from: &[&'a T], index: u8) -> Option<&'a T> {
    from.get(usize::from(index) % from.len().max(1)).copied()
}

impl Edit {
    fn apply(&self, input: &mut Vec<u8>, material: Material<'_>) {
        let length = input.len();
        let place = |at: u16| usize::from(at) % (length + 1);
        let byte = |at: u16| usize::from(at) % length.max(1);
        match *self {
            Edit::Flip(at, bit) => {
                if let Some(byte) = input.get_mut(byte(at)) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Edit::Set(at, value) => {
                if let Some(byte) = input.get_mut(byte(at)) {
                    *byte = value;
                }
            }
            Edit::Remove(at, count) => {
                let from = place(at);
                let to = length.min(from + usize::from(count % 16));
                input.drain(from..to);
            }
            Edit::Repeat(at, count) => {
                let from = place(at);
                let to = length.min(from + usize::from(count));
                let part = input[from..to].to_vec();
                input.splice(from..from, part);
            }
            Edit::Insert(at, bytes) => {
                let at = place(at);
                input.splice(at..at, bytes);
            }
            Edit::Word(at, word) => {
                let at = place(at);
                let word = pick(material.words, word).unwrap_or_default();
                input.splice(at..at, word.bytes());
            }
            Edit::Overwrite(at, word) => {
                let from = place(at);
                let word = pick(material.words, word).unwrap_or_default();
                let to = length.min(from + word.len());
                input.splice(from..to, word.bytes());
            }
            Edit::Splice(at, other, from, count) => {
                let at = place(at);
                let other = pick(material.examples, other).unwrap_or_default();
                let from = usize::from(from) % (other.len() + 1);
                let to = other.len().min(from + usize::from(count));
                input.splice(at..at, other[from..to].iter().copied());
            }
            Edit::Truncate(at) => input.truncate(place(at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_counted() {
        assert!(*TARGETS >= 38, "{} targets", *TARGETS);
    }

    #[test]
    fn edits_stay_within_the_input() {
        let material = Material { examples: &[b"abc", b""], words: &["word"] };
        let edits = [Edit::Word(3, 0), Edit::Remove(0, 1), Edit::Splice(0, 0, 1, 200), Edit::Overwrite(9, 5)];
        assert_eq!(edited(material, 0, &edits), b"wordword".as_slice());
        for edit in [Edit::Flip(9, 9), Edit::Set(9, 9), Edit::Remove(9, 9), Edit::Repeat(9, 9), Edit::Truncate(9)] {
            assert_eq!(edited(material, 1, &[edit]), b"");
        }
    }
}
