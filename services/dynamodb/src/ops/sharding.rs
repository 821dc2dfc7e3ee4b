//! Shards that follow others.

use tidegate_log::{LogId, create_in_tx};
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::table_records::change;
use crate::domain::{Table, TableAddress};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::{StreamRecord, decode, keys};

/// Closes an open shard of a table's stream and opens its children: one takes its whole range, two
/// share it. Nothing happens if the shard is closed by now.
///
/// The table's record changes with it, whose version every writer checks. So each change of an item
/// that is accepted before this lies in the parent, and each that is accepted after it in a child:
/// whoever reads parents before children sees the changes of an item in their order.
pub(crate) async fn replace_shard(
    dynamodb: &DynamoDb,
    address: &TableAddress,
    shard: u64,
    children: &[u64],
) -> Result<(), Error> {
    let now = dynamodb.now();
    let replaced = change(dynamodb, address, async |tx: &mut Tx, table: &mut Table| {
        let Some(stream) = &mut table.stream else { return Ok(()) };
        let Some(place) = stream.shards.iter().position(|open| open.log == shard) else { return Ok(()) };
        let key = keys::stream(address, &stream.label);
        let missing = || Error::NoSuchStream(format!("{address} has no stream {}", stream.label));
        let mut record: StreamRecord = decode(&key, &tx.get(Space::Map, &key).await?.ok_or_else(missing)?)?;
        // The stream ended between the two reads: this conflicts, and runs again.
        if !record.replace(shard, children, now) {
            return Ok(());
        }
        stream.replace(place, children);
        children.iter().for_each(|&log| create_in_tx(tx, LogId(log)));
        tx.put(Space::Map, key, record.encode());
        Ok(())
    })
    .await;
    match replaced {
        // The table was deleted meanwhile, and its stream ended with it.
        Ok(_) | Err(Error::NoTableNamed(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
