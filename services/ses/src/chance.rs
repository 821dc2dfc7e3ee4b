//! The environment's chance, as makers of keys want it.

use rsa::rand_core::{CryptoRng, Error, RngCore};
use tidegate_env::Env;

/// Chance for keys and signatures. It is the machine's, which is fit for keys; a simulated machine's is for tests.
pub(crate) struct Chance(pub(crate) Env);

impl RngCore for Chance {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill_random(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill_random(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, to: &mut [u8]) {
        self.0.fill_random(to);
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Error> {
        self.0.fill_random(to);
        Ok(())
    }
}

impl CryptoRng for Chance {}
