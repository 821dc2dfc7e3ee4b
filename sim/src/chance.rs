//! Chance that repeats.

use std::cell::RefCell;
use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A generator that all parts of one world share.
#[derive(Debug)]
pub struct Chance(RefCell<ChaCha8Rng>);

impl Chance {
    /// A generator that follows `seed`.
    pub fn new(seed: u64) -> Chance {
        Chance(RefCell::new(ChaCha8Rng::seed_from_u64(seed)))
    }

    /// A number in a range that is not empty.
    pub fn within(&self, range: Range<u64>) -> u64 {
        range.start + self.0.borrow_mut().next_u64() % (range.end - range.start)
    }

    /// Whether something happens that happens `times` in a thousand.
    pub fn permille(&self, times: u64) -> bool {
        self.within(0..1000) < times
    }

    /// One of several.
    pub fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        &from[self.within(0..from.len() as u64) as usize]
    }
}
