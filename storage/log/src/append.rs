use bytes::Bytes;
use tidegate_store::{Slot, Space, Tx};

use crate::lifecycle::generation_in_tx;
use crate::{LogError, LogId, keys};

/// Appends a record. Its position is in the returned slot of the commit.
///
/// The log's existence is checked again when the transaction is accepted; nothing else is, so any
/// number of transactions append to one log at once.
///
/// # Errors
/// [`LogError::NoSuchLog`], or what the store answers.
pub async fn append_in_tx(tx: &mut Tx, log: LogId, record: impl Into<Bytes>) -> Result<Slot, LogError> {
    let generation = generation_in_tx(tx, log).await?;
    let slot = tx.position();
    tx.put_at(Space::Log, keys::records(log, generation), slot, Bytes::new(), record);
    Ok(slot)
}
