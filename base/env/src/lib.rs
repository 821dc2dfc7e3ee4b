//! Everything that makes a run of the server unrepeatable comes from here: the time, chance,
//! identifiers, tasks and threads. Clippy bans the originals elsewhere, so that a test or the
//! simulator controls all of them through one [`Env`].
//!
//! Three clocks, because they answer different questions:
//!
//! - [`Env::now`] is **product time**: delays, visibility timeouts, retention, schedules. It is the
//!   wall clock plus an offset that `POST /_tidegate/clock` moves forward, and never runs backwards.
//! - [`Env::real_now`] is the wall clock: signature skew, credential expiry, certificates. Clients
//!   live there, so moving product time must not invalidate their signatures.
//! - [`Env::monotonic`] measures how long something took.
//!
//! [`Activity`] is how the idle barrier (`POST /_tidegate/settle`) learns whether anything still
//! moves: each part that can hold work registers itself.

#![allow(clippy::disallowed_methods, reason = "this crate is where the banned originals are wrapped")]

mod activity;
mod clock;
mod random;
mod tasks;
mod waits;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use activity::{Activity, ActivityBoard, Busy, Report, Waiting};
pub use clock::{Clock, ManualClock, ShiftedClock, SystemClock};
pub use random::{OsRandom, Random, SeededRandom};
pub use tasks::{TaskHandle, ThreadHandle};
use tidegate_types::Timestamp;
pub use waits::{Wait, Waits};

/// Time, chance, identifiers and spawning, handed to every constructor that needs one of them.
///
/// Cheap to clone: all clones share one clock, one source of chance and one activity board.
#[derive(Clone)]
pub struct Env {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    board: Arc<ActivityBoard>,
    waits: Arc<Waits>,
}

/// The time given to [`Env::timeout_real`] ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("timed out after {0:?}")]
pub struct TimedOut(pub Duration);

impl Env {
    /// The environment of a production server: the system's clock and randomness.
    pub fn real() -> Env {
        Env::new(Arc::new(SystemClock::new()), Arc::new(OsRandom))
    }

    /// An environment from parts: tests and the simulator bring their own clock and seed.
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Env {
        Env { clock, random, board: Arc::default(), waits: Arc::default() }
    }

    /// A repeatable environment: time stands at `start` until the returned clock is moved, and
    /// chance follows `seed`.
    pub fn manual(seed: u64, start: Timestamp) -> (Env, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(start));
        (Env::new(clock.clone(), Arc::new(SeededRandom::new(seed))), clock)
    }

    /// Product time. Never earlier than an earlier answer of the same clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The wall clock, untouched by `POST /_tidegate/clock`.
    pub fn real_now(&self) -> Timestamp {
        self.clock.real_now()
    }

    /// Time since an arbitrary start, for measuring durations.
    pub fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Resolves once product time has reached `due`, also when it gets there by a jump.
    pub async fn sleep_until(&self, due: Timestamp) {
        self.clock.sleep_until(due).await;
    }

    /// Resolves after `duration` of real time.
    pub async fn sleep_real(&self, duration: Duration) {
        self.clock.sleep_real(duration).await;
    }

    /// Gives `future` at most `limit` of real time.
    ///
    /// # Errors
    /// [`TimedOut`] if the future has not resolved by then; it is dropped.
    pub async fn timeout_real<T>(&self, limit: Duration, future: impl Future<Output = T>) -> Result<T, TimedOut> {
        tokio::select! {
            biased;
            value = future => Ok(value),
            () = self.clock.sleep_real(limit) => Err(TimedOut(limit)),
        }
    }

    /// Sixty-four random bits.
    pub fn random_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Fills `bytes` with random ones.
    pub fn fill_random(&self, bytes: &mut [u8]) {
        self.random.fill(bytes);
    }

    /// A random (version 4) UUID.
    pub fn uuid(&self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// The board on which every part that can hold work is registered.
    pub fn activity(&self) -> &ActivityBoard {
        &self.board
    }

    /// The requests that wait for something to happen: every long poll is noted here.
    pub fn waits(&self) -> &Waits {
        &self.waits
    }

    /// Spawns a task on the current tokio runtime. Dropping the handle aborts the task: whoever
    /// spawned it supervises it. A panic is logged under `name` and reported by the handle.
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &'static str,
        future: impl Future<Output = T> + Send + 'static,
    ) -> TaskHandle<T> {
        tasks::spawn(name, future)
    }

    /// Starts an OS thread. Dropping the handle does not stop it; joining waits for it.
    ///
    /// # Errors
    /// The operating system's, if it cannot start a thread.
    pub fn spawn_thread(&self, name: &str, body: impl FnOnce() + Send + 'static) -> std::io::Result<ThreadHandle> {
        tasks::spawn_thread(name, body)
    }

    /// Runs a blocking closure on tokio's blocking pool.
    pub async fn run_blocking<T: Send + 'static>(&self, body: impl FnOnce() -> T + Send + 'static) -> T {
        tasks::run_blocking(body).await
    }
}
