//! What was seen and must not be.

use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};

/// Faults found so far by all workers. A test that stopped at the first would hide the pattern.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<String>>);

/// How many are told.
const TOLD: usize = 20;

impl Faults {
    /// Notes a fault.
    pub fn note(&self, fault: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// Fails if there is any.
    pub fn verdict(&self) -> Result<()> {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.is_empty() {
            return Ok(());
        }
        bail!("{} faults:\n  {}", faults.len(), faults[..faults.len().min(TOLD)].join("\n  "))
    }
}
