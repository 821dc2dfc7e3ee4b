//! One round: how much is done before the kill, and chance.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tidegate_harness::Failure;
use tokio::sync::Notify;

use super::faults::Faults;

/// A round of a few hundred requests that has not got there by then is stuck.
const REACHED_WITHIN: Duration = Duration::from_secs(90);

/// What the workers of a round share.
#[derive(Debug)]
pub struct Round {
    faults: Arc<Faults>,
    seed: u64,
    left: AtomicU64,
    done: Notify,
    killed: AtomicBool,
}

impl Round {
    /// A round that ends after a random number of acknowledged requests.
    pub fn new(faults: Arc<Faults>, seed: u64) -> Round {
        let operations = 100 + Chance::new(seed).below(900);
        Round { faults, seed, left: AtomicU64::new(operations), done: Notify::new(), killed: AtomicBool::new(false) }
    }

    /// A round in which nobody is killed.
    pub fn endless(faults: Arc<Faults>) -> Round {
        Round { faults, seed: 0, left: AtomicU64::new(u64::MAX), done: Notify::new(), killed: AtomicBool::new(false) }
    }

    /// Chance for one worker.
    pub fn chance(&self, worker: u64) -> Chance {
        Chance::new(self.seed ^ (worker + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Counts a request that was acknowledged.
    pub fn count(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.done.notify_one();
        }
    }

    /// Waits until enough was acknowledged.
    pub async fn reached(&self) -> Result<()> {
        tokio::time::timeout(REACHED_WITHIN, self.done.notified()).await.context("the round came to a standstill")
    }

    /// From now on, broken connections are what we asked for.
    pub fn announce_kill(&self) {
        self.killed.store(true, Ordering::SeqCst);
    }

    /// Judges a failed request: a refusal is a fault, and so is a broken connection without a kill.
    pub fn failed(&self, what: &str, failure: &Failure) {
        match failure {
            Failure::InDoubt(_) if self.killed.load(Ordering::SeqCst) => {}
            _ => self.faults.note(format!("{what}: {failure}")),
        }
    }
}

/// Random numbers from a seed (splitmix64): repeatable and enough for mixing a load.
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// Chance from a seed.
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// True once in `times` times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}
