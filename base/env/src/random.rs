use parking_lot::Mutex;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::cell::RefCell;

/// Where chance comes from.
pub trait Random: Send + Sync {
    /// Fills `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);
}

/// Chance from the operating system, stretched by a ChaCha generator for each thread: identifiers
/// are drawn several times a request, and a system call for each would show.
#[derive(Debug, Clone, Copy)]
pub struct OsRandom;

thread_local! {
    static GENERATOR: RefCell<ChaCha12Rng> = RefCell::new(ChaCha12Rng::from_seed(seed_from_system()));
}

fn seed_from_system() -> [u8; 32] {
    let mut seed = [0; 32];
    for half in seed.chunks_exact_mut(16) {
        // Version 4 UUIDs carry 122 random bits each from the system's generator.
        half.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    }
    seed
}

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) {
        GENERATOR.with_borrow_mut(|generator| generator.fill_bytes(bytes));
    }
}

/// Chance that repeats: the same seed gives the same bytes.
#[derive(Debug)]
pub struct SeededRandom(Mutex<ChaCha12Rng>);

impl SeededRandom {
    /// A generator that follows `seed`.
    pub fn new(seed: u64) -> SeededRandom {
        SeededRandom(Mutex::new(ChaCha12Rng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_the_system_does_not() {
        let draw = |source: &dyn Random| {
            let mut bytes = [0; 16];
            source.fill(&mut bytes);
            bytes
        };
        assert_eq!(draw(&SeededRandom::new(7)), draw(&SeededRandom::new(7)));
        assert_ne!(draw(&SeededRandom::new(7)), draw(&SeededRandom::new(8)));
        assert_ne!(draw(&OsRandom), draw(&OsRandom));
    }
}
