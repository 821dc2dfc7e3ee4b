//! What the marker's thread does.

use std::time::Duration;

use super::shared::{Home, Shared};
use crate::folder;

/// How often the marker is made durable.
const MARKER_INTERVAL: Duration = Duration::from_secs(1);

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
