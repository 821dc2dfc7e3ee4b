use tidegate_record::Stored;
use tidegate_store::{Position, Space, Tx};

use crate::error::decode;
use crate::lifecycle::generation_in_tx;
use crate::records::Place;
use crate::{LogError, LogId, keys};

/// Creates a named cursor at `from`, or leaves the one that is there. Returns where it is.
///
/// # Errors
/// [`LogError::NoSuchLog`], or what the store answers.
pub async fn start_cursor_in_tx(tx: &mut Tx, log: LogId, name: &str, from: Position) -> Result<Position, LogError> {
    // The log must exist: the sweep of a dropped one has perhaps removed its cursors already.
    generation_in_tx(tx, log).await?;
    match cursor_in_tx(tx, log, name).await? {
        Some(present) => Ok(present),
        None => {
            tx.put(Space::Map, keys::cursor(log, name), Place { from }.encode());
            Ok(from)
        }
    }
}

/// Where a cursor is: the first position that its reader has not processed. The transaction
/// conflicts with another that moves it.
///
/// # Errors
/// What the store answers.
pub async fn cursor_in_tx(tx: &mut Tx, log: LogId, name: &str) -> Result<Option<Position>, LogError> {
    let key = keys::cursor(log, name);
    match tx.get(Space::Map, &key).await? {
        Some(record) => Ok(Some(decode::<Place>(&key, &record.value)?.from)),
        None => Ok(None),
    }
}

/// Moves a cursor from where its reader believes it to be to `to` ([`crate::LogPage::next`]), in the
/// transaction of what the reader made of the records between the two.
///
/// # Errors
/// [`LogError::CursorMoved`] if another reader was faster, [`LogError::NoSuchCursor`], or what the
/// store answers.
pub async fn advance_in_tx(
    tx: &mut Tx,
    log: LogId,
    name: &str,
    expected: Position,
    to: Position,
) -> Result<(), LogError> {
    assert!(to >= expected, "LOG-2: a cursor never goes back");
    let missing = || LogError::NoSuchCursor { log, name: name.to_owned() };
    let found = cursor_in_tx(tx, log, name).await?.ok_or_else(missing)?;
    if found != expected {
        return Err(LogError::CursorMoved { log, name: name.to_owned(), expected, found });
    }
    tx.put(Space::Map, keys::cursor(log, name), Place { from: to }.encode());
    Ok(())
}

/// Removes a cursor, if it is there.
pub fn forget_cursor_in_tx(tx: &mut Tx, log: LogId, name: &str) {
    tx.delete(Space::Map, keys::cursor(log, name));
}
