//! What workers do about records that cannot be read: they count them, say so, and go on. Whoever asks
//! for such a record is told; a worker that stopped there would stop for everybody.

use bytes::Bytes;
use metrics::{counter, describe_counter};
use tidegate_store::{Entry, KeyRange, Order, Page, Space, StoreError, Tx};

use crate::error::Error;

const UNREADABLE: &str = "tidegate_dynamodb_unreadable_records_total";
const FAILED: &str = "tidegate_dynamodb_failed_copies_total";

/// Says what the counters mean.
pub(crate) fn describe() {
    describe_counter!(UNREADABLE, "Records that could not be read and that a worker passed over.");
    describe_counter!(FAILED, "Backups and restores that ended because a record of their source cannot be read.");
}

/// Counts records that a worker passed over.
pub(super) fn passed_over(worker: &'static str, keys: &[Bytes]) {
    for key in keys {
        counter!(UNREADABLE, "worker" => worker).increment(1);
        tracing::error!(worker, key = %hex(key), "a record cannot be read and was passed over");
    }
}

/// Counts a copy that was given up.
pub(super) fn gave_up(goal: &'static str, what: &str, error: &Error) {
    counter!(FAILED, "goal" => goal).increment(1);
    tracing::error!(goal, what, %error, "a copy cannot be finished and was given up");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The entries of a range up to a page's end, or up to the first that the store cannot read, whose key
/// comes with them.
pub(super) async fn scan_in_tx(
    tx: &Tx,
    range: &KeyRange,
    page: Page,
) -> Result<(Vec<Entry>, Option<Bytes>), StoreError> {
    match tx.scan(Space::Map, range, Order::Ascending, page).await {
        Ok(entries) => Ok((entries, None)),
        Err(StoreError::Corrupt { key, .. }) if range.contains(&key) => {
            let before = KeyRange { start: range.start.clone(), end: Some(key.clone()) };
            if before.is_empty() {
                return Ok((Vec::new(), Some(key)));
            }
            Ok((tx.scan(Space::Map, &before, Order::Ascending, page).await?, Some(key)))
        }
        Err(error) => Err(error),
    }
}

/// The last key that a scan has dealt with, behind which the next one begins.
pub(super) fn last_of(entries: &[Entry], damaged: Option<&Bytes>) -> Option<Bytes> {
    damaged.or(entries.last().map(|entry| &entry.key)).cloned()
}
