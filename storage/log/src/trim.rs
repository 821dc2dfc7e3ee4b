use bytes::Bytes;
use tidegate_record::{Key, Root};
use tidegate_store::{Order, Page, Position, Space, Tx, transact};

use crate::lifecycle::{generation_in_tx, watermark_in_tx};
use crate::logs::{place_at, record};
use crate::{LogError, LogId, LogRecord, Logs, keys};

/// The most that one step deletes, so that trimming never holds up the commits of others.
pub(crate) const STEP: Page = Page { entries: 1000, bytes: 4 * 1024 * 1024 };

/// What one step of trimming did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trimmed {
    /// How many records it deleted.
    pub records: usize,
    /// Whether the step was full: there may be more to trim.
    pub more: bool,
}

impl Logs {
    /// One bounded step (1000 records, 4 MiB) of deleting records from the front of the log, up to
    /// the first of which `expired` says no. It is asked once for each record of a step, and again
    /// if the step has to be tried again.
    ///
    /// # Errors
    /// [`LogError::NoSuchLog`], or what the store answers.
    pub async fn trim_while(
        &self,
        log: LogId,
        expired: impl Fn(&LogRecord) -> bool + Sync,
    ) -> Result<Trimmed, LogError> {
        let expired = &expired;
        let step = async move |tx: &mut Tx| step_in_tx(tx, log, expired).await;
        Ok(transact(&*self.store, &[front_latch(log)], step).await?.value)
    }
}

/// Two trimmers of one log would delete the same records twice.
fn front_latch(log: LogId) -> Bytes {
    Key::new(Root::Log).text("front").u64(log.0).build()
}

async fn step_in_tx(
    tx: &mut Tx,
    log: LogId,
    expired: &(impl Fn(&LogRecord) -> bool + Sync),
) -> Result<Trimmed, LogError> {
    // Checked: a log that is cleared or dropped meanwhile leaves its front to the sweep.
    let generation = generation_in_tx(tx, log).await?;
    // Checked as well: trimmers elsewhere, which this process's latch does not hold back, conflict.
    tx.get(Space::Map, &keys::watermark(log)).await?;
    let watermark = watermark_in_tx(tx, log).await?;
    let range = keys::records_from(log, generation, watermark);
    let entries = tx.scan(Space::Log, &range, Order::Ascending, STEP).await?;
    let (found, mut trimmed) = (entries.len(), 0);
    let mut front = watermark;
    for entry in entries {
        let key = entry.key.clone();
        let record = record(entry)?;
        if !expired(&record) {
            break;
        }
        tx.delete(Space::Log, key);
        trimmed += 1;
        front = Position(record.position.0 + 1);
    }
    if trimmed > 0 {
        assert!(front > watermark, "LOG-2: the watermark never goes back");
        tx.put(Space::Map, keys::watermark(log), place_at(front));
    }
    Ok(Trimmed { records: trimmed, more: trimmed > 0 && trimmed == found })
}
