//! Who steps the committer: its thread, or, while that one rests, whoever submits a batch.
//!
//! The thread alone would do, but waking it for a single batch, and being woken by it, costs about
//! as much as the sync itself. So on an idle store the submitter writes, syncs and publishes its own
//! batch (and whatever was accepted beside it), once; as soon as there is more to do than that, the
//! thread takes over, and it alone deals with failures.

use std::time::Duration;

use parking_lot::Mutex;

use crate::committer::{Step, Stepper};
use crate::embedded::Shared;

/// How long to wait before the next attempt to open a failed engine, at first and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

/// Who may step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The commit thread; or whoever steps by hand.
    Thread,
    /// The commit thread rests: the next submitter.
    Free,
    /// A submitter, at this moment.
    Submitter,
}

/// The stepper, in the hands of whoever has the turn. Empty while one does, so that a panic in the
/// middle of a step drops the stepper, which tells all who wait for it.
#[derive(Default)]
pub(crate) struct Driver(Mutex<Option<Stepper>>);

impl Driver {
    /// Hands the stepper in.
    pub(crate) fn put(&self, stepper: Stepper) {
        *self.0.lock() = Some(stepper);
    }

    fn take(&self) -> Option<Stepper> {
        self.0.lock().take()
    }

    /// The commit thread: until the store is stopped.
    pub(crate) fn run(&self, shared: &Shared) {
        let mut backoff = BACKOFF.0;
        while let Some(mut stepper) = self.take() {
            let step = stepper.step();
            let idle_limit = stepper.idle_limit();
            self.put(stepper);
            let go_on = match step {
                Step::Idle => shared.wait_for_work(idle_limit),
                Step::Failed => {
                    let go_on = shared.wait_to_retry(backoff);
                    backoff = (backoff * 2).min(BACKOFF.1);
                    go_on
                }
                Step::Recovered => {
                    backoff = BACKOFF.0;
                    true
                }
                Step::Wrote | Step::Synced | Step::Published => true,
            };
            if !go_on {
                break;
            }
        }
        if let Some(stepper) = self.take() {
            stepper.finish();
        }
    }

    /// A submitter that has the turn: brings what is accepted to the disk, and gives the turn back.
    pub(crate) fn lead(&self, shared: &Shared) {
        let _turn = Led(shared);
        let Some(mut stepper) = self.take() else { return };
        while matches!(stepper.step(), Step::Wrote | Step::Synced) {}
        self.put(stepper);
    }
}

/// A submitter's turn. It ends also if a step panics.
struct Led<'a>(&'a Shared);

impl Drop for Led<'_> {
    fn drop(&mut self) {
        self.0.end_lead();
    }
}
