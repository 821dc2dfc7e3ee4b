use tidegate_record::Stored;
use tidegate_store::{Position, Space, StoreError, Tx};

use crate::error::decode;
use crate::records::{Meta, Place};
use crate::{LogError, LogId, keys};

/// Creates a log. Its number must never have been a log's.
pub fn create_in_tx(tx: &mut Tx, log: LogId) {
    tx.check(Space::Map, keys::meta(log), None);
    tx.put(Space::Map, keys::meta(log), Meta { generation: 0 }.encode());
}

/// Removes what was appended before this commit; what is appended after it stays, and cursors keep
/// their places. Costs the same however much there is: [`crate::Logs::sweep`] reclaims the space.
///
/// # Errors
/// [`LogError::NoSuchLog`], or what the store answers.
pub async fn clear_in_tx(tx: &mut Tx, log: LogId) -> Result<(), LogError> {
    let generation = generation_in_tx(tx, log).await?;
    leave_as_garbage(tx, log, generation).await?;
    let next = generation.checked_add(1).expect("a log is not cleared four thousand million times");
    tx.put(Space::Map, keys::meta(log), Meta { generation: next }.encode());
    Ok(())
}

/// Drops a log with its records and cursors.
///
/// # Errors
/// [`LogError::NoSuchLog`], or what the store answers.
pub async fn drop_in_tx(tx: &mut Tx, log: LogId) -> Result<(), LogError> {
    let generation = generation_in_tx(tx, log).await?;
    leave_as_garbage(tx, log, generation).await?;
    tx.delete(Space::Map, keys::meta(log));
    Ok(())
}

/// Remembers from where on records of a generation may lie, for the sweep.
async fn leave_as_garbage(tx: &mut Tx, log: LogId, generation: u32) -> Result<(), StoreError> {
    let from = watermark_in_tx(tx, log).await?;
    tx.put(Space::Map, keys::garbage(log, generation), Place { from }.encode());
    Ok(())
}

/// The log's current generation; it will still be that when the transaction is accepted.
pub(crate) async fn generation_in_tx(tx: &mut Tx, log: LogId) -> Result<u32, LogError> {
    let key = keys::meta(log);
    let record = tx.get(Space::Map, &key).await?.ok_or(LogError::NoSuchLog(log))?;
    Ok(decode::<Meta>(&key, &record.value)?.generation)
}

/// The log's watermark. Unchecked: an older one is as true as a newer one, only slower.
pub(crate) async fn watermark_in_tx(tx: &Tx, log: LogId) -> Result<Position, StoreError> {
    let key = keys::watermark(log);
    match tx.peek(Space::Map, &key).await? {
        Some(record) => Ok(decode::<Place>(&key, &record.value)?.from),
        None => Ok(Position(0)),
    }
}
