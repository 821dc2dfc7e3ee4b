//! What the store's threads do: commit, and keep the marker.

use std::time::Duration;

use super::shared::{Home, Shared};
use crate::committer::{Step, Stepper};
use crate::folder;

/// How long to wait before the next attempt to open a failed engine, at first and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

/// How often the marker is made durable.
const MARKER_INTERVAL: Duration = Duration::from_secs(1);

/// The commit thread.
pub(super) fn run(mut stepper: Stepper) {
    let shared = stepper.shared();
    let mut backoff = BACKOFF.0;
    loop {
        let go_on = match stepper.step() {
            Step::Idle => shared.wait_for_work(stepper.idle_limit()),
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
    stepper.finish();
}

/// Makes durable once a second how far the store has been synced.
pub(super) fn keep_marker(shared: &Shared) {
    let disk_bytes = metrics::gauge!("tidegate_store_disk_bytes");
    let Some(home) = &shared.home else { return };
    while shared.wait_to_save(MARKER_INTERVAL) {
        home.save_marker();
        if let Ok(bytes) = folder::disk_bytes(home.folder.dir()) {
            disk_bytes.set(bytes as f64);
        }
    }
}

impl Home {
    pub(super) fn save_marker(&self) {
        if let Err(error) = self.marker.save() {
            // The store's own write or sync meets the same disk; the marker is only a lower bound.
            tracing::warn!(%error, "the marker of the last acknowledged commit could not be saved");
        }
    }
}
