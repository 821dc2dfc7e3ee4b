use tidegate_api_dynamodb::{DeleteTableInput, DeleteTableOutput, TableDescription};
use tidegate_protocol::Call;
use tidegate_store::{Space, Tx};
use tidegate_types::Timestamp;

use super::table_records::{end_stream_in_tx, leave_in_tx, read_in_tx};
use crate::domain::{Misuse, Table, TableAddress};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::keys;
use crate::store::keys::Garbage;
use crate::wire::{Measure, tables};

/// Deletes a table. Its items are out of reach at once and swept later.
pub(crate) async fn delete_table(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DeleteTableInput,
) -> Result<DeleteTableOutput, Error> {
    let address = &dynamodb.address(call, input.table_name.as_deref())?;
    let now = dynamodb.now();
    let transacted = dynamodb
        .transact(&[], async |tx: &mut Tx| {
            let missing = || Error::NoTableNamed(address.name.clone());
            let mut table = read_in_tx(tx, address).await?.ok_or_else(missing)?;
            if table.deletion_protection {
                return Err(Misuse::new(
                    "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
                )
                .into());
            }
            let shown = table.clone();
            remove_in_tx(tx, address, &mut table, now).await?;
            Ok(shown)
        })
        .await?;
    let description = tables::description(address, &transacted.value, "DELETING", Measure::default());
    // AWS shows of a table that goes neither its keys nor its indexes.
    let description = TableDescription {
        attribute_definitions: None,
        key_schema: None,
        creation_date_time: None,
        local_secondary_indexes: None,
        global_secondary_indexes: None,
        ..description
    };
    Ok(DeleteTableOutput { table_description: Some(description) })
}

/// Removes every table of every account, protected or not.
pub(crate) async fn delete_all_tables(dynamodb: &DynamoDb) -> Result<(), Error> {
    let now = dynamodb.now();
    for known in dynamodb.directory.all()? {
        let address = &known.address;
        dynamodb
            .transact(&[], async |tx: &mut Tx| match read_in_tx(tx, address).await? {
                Some(mut table) => remove_in_tx(tx, address, &mut table, now).await,
                None => Ok(()),
            })
            .await?;
    }
    Ok(())
}

async fn remove_in_tx(tx: &mut Tx, address: &TableAddress, table: &mut Table, now: Timestamp) -> Result<(), Error> {
    end_stream_in_tx(tx, address, table, now).await?;
    leave_contents_in_tx(tx, table);
    tx.delete(Space::Map, keys::table(address));
    Ok(())
}

fn leave_contents_in_tx(tx: &mut Tx, table: &Table) {
    leave_in_tx(tx, Garbage::Items(table.id));
    for index in &table.indexes {
        leave_in_tx(tx, Garbage::Entries(table.id, index.id));
        tx.delete(Space::Map, keys::backfill(table.id, index.id));
    }
    if let Some(ttl) = &table.ttl {
        leave_in_tx(tx, Garbage::Expiries(table.id, ttl.id));
        tx.delete(Space::Map, keys::backfill(table.id, ttl.id));
    }
}
