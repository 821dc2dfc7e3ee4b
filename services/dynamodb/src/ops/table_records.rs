//! What changes of tables have in common.

use tidegate_record::Stored;
use tidegate_store::{Space, Tx};
use tidegate_types::Timestamp;

use super::writing::EMPTY;
use crate::domain::{Table, TableAddress};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::keys::Garbage;
use crate::store::{StreamRecord, decode, keys};

/// A table's record in accepted state.
pub(crate) async fn read_in_tx(tx: &mut Tx, address: &TableAddress) -> Result<Option<Table>, Error> {
    let key = keys::table(address);
    match tx.get(Space::Map, &key).await? {
        Some(record) => Ok(Some(decode(&key, &record)?)),
        None => Ok(None),
    }
}

/// Changes a table's record in a transaction of its own; the table as it is then.
pub(crate) async fn change(
    dynamodb: &DynamoDb,
    address: &TableAddress,
    change: impl AsyncFnOnce(&mut Tx, &mut Table) -> Result<(), Error> + Clone,
) -> Result<Table, Error> {
    let change = &change;
    let transacted = dynamodb
        .transact(&[], async |tx: &mut Tx| {
            let missing = || Error::NoTableNamed(address.name.clone());
            let mut table = read_in_tx(tx, address).await?.ok_or_else(missing)?;
            check_restored(address, &table)?;
            let before = table.clone();
            change.clone()(tx, &mut table).await?;
            if table != before {
                tx.put(Space::Map, keys::table(address), table.encode());
            }
            Ok(table)
        })
        .await?;
    Ok(transacted.value)
}

/// Refuses to change a table that is still being restored.
pub(crate) fn check_restored(address: &TableAddress, table: &Table) -> Result<(), Error> {
    if table.is_restoring() {
        let words = "Attempt to change a resource which is still in use: Table is being created";
        return Err(Error::TableInUse(format!("{words}: {}", address.name)));
    }
    Ok(())
}

/// Leaves something to the sweep.
pub(crate) fn leave_in_tx(tx: &mut Tx, garbage: Garbage) {
    tx.put(Space::Map, keys::garbage(garbage), EMPTY);
}

/// Ends a table's stream, if it has one. What it holds can be read for another day.
pub(crate) async fn end_stream_in_tx(
    tx: &mut Tx,
    address: &TableAddress,
    table: &mut Table,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(stream) = table.stream.take() else { return Ok(()) };
    let key = keys::stream(address, &stream.label);
    let Some(record) = tx.get(Space::Map, &key).await? else { return Ok(()) };
    let mut record: StreamRecord = decode(&key, &record)?;
    record.end(now);
    tx.put(Space::Map, key, record.encode());
    Ok(())
}
