use tidegate_api_dynamodb::{DeleteTableInput, DeleteTableOutput, TableDescription};
use tidegate_log::{LogId, drop_in_tx};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};
use tidegate_types::Timestamp;

use super::counting::counted;
use super::table_records::{check_restored, end_stream_in_tx, leave_in_tx, read_in_tx};
use crate::domain::{BackupAddress, BackupKind, BackupState, Misuse, Table, TableAddress};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::keys::Garbage;
use crate::store::{BackupRecord, decode, keys};
use crate::wire::{Measure, tables};

/// For how long the backup of a deleted table is kept.
const SYSTEM_BACKUP_MS: u64 = 35 * 86_400_000;

/// Deletes a table. Its items are out of reach at once and swept later.
pub(crate) async fn delete_table(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DeleteTableInput,
) -> Result<DeleteTableOutput, Error> {
    let address = &dynamodb.address(call, input.table_name.as_deref())?;
    let now = dynamodb.now();
    let backup = &BackupAddress::new(address.clone(), now, dynamodb.env.random_u64());
    let measure = match dynamodb.directory.get(address)? {
        Some(known) if known.table.recovery.is_some() => counted(dynamodb, &known.table).await?.table,
        _ => Measure::default(),
    };
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
            check_idle(address, &table)?;
            let shown = table.clone();
            back_up_in_tx(tx, address, &table, backup, measure, now);
            let keeps_items = table.recovery.is_some();
            remove_in_tx(tx, address, &mut table, now, keeps_items).await?;
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
                Some(mut table) => remove_in_tx(tx, address, &mut table, now, false).await,
                None => Ok(()),
            })
            .await?;
    }
    delete_all_backups(dynamodb).await
}

/// Removes every backup and gives up every copy, when no table is left that they could be about.
async fn delete_all_backups(dynamodb: &DynamoDb) -> Result<(), Error> {
    for prefix in [keys::copies(), keys::all_backups()] {
        let range = &KeyRange::prefix(&prefix);
        let step = async |tx: &mut Tx| {
            let entries = tx.scan(Space::Map, range, Order::Ascending, Page::of(200)).await?;
            for entry in &entries {
                if let Ok(target) = keys::read_copy(&entry.key) {
                    leave_in_tx(tx, Garbage::Items(target));
                    leave_in_tx(tx, Garbage::Undone(target));
                } else {
                    let backup: BackupRecord = decode(&entry.key, &entry.record)?;
                    leave_in_tx(tx, Garbage::Items(backup.place));
                }
                tx.delete(Space::Map, entry.key.clone());
            }
            Ok(!entries.is_empty())
        };
        while dynamodb.transact(&[], step).await?.value {}
    }
    Ok(())
}

/// Refuses to delete a table that is being restored, or that a backup or a restore is reading.
fn check_idle(address: &TableAddress, table: &Table) -> Result<(), Error> {
    check_restored(address, table)?;
    if !table.copies.is_empty() || table.recovery.is_some_and(|recovery| recovery.restores > 0) {
        let words = "Attempt to change a resource which is still in use: Table is being backed up or restored";
        return Err(Error::TableInUse(format!("{words}: {}", address.name)));
    }
    Ok(())
}

/// Keeps a table that had point-in-time recovery as a backup. Nothing is copied: the items stay where
/// they are, and are the backup's from now on.
fn back_up_in_tx(
    tx: &mut Tx,
    address: &TableAddress,
    table: &Table,
    backup: &BackupAddress,
    measure: Measure,
    now: Timestamp,
) {
    if table.recovery.is_none() {
        return;
    }
    let record = BackupRecord {
        name: format!("{}$DeletedTableBackup", address.name),
        kind: BackupKind::System,
        created_at: now,
        expires_at: Some(now.plus_millis(SYSTEM_BACKUP_MS)),
        state: BackupState::Available,
        place: table.id,
        items: measure.items.unsigned_abs(),
        bytes: measure.bytes.unsigned_abs(),
        restores: 0,
        table: Table { recovery: None, ..table.clone() },
    };
    tx.put(Space::Map, keys::backup(backup), record.encode());
}

async fn remove_in_tx(
    tx: &mut Tx,
    address: &TableAddress,
    table: &mut Table,
    now: Timestamp,
    keeps_items: bool,
) -> Result<(), Error> {
    end_stream_in_tx(tx, address, table, now).await?;
    leave_contents_in_tx(tx, table, keeps_items);
    for journal in table.journals() {
        drop_in_tx(tx, LogId(journal)).await?;
    }
    tx.delete(Space::Map, keys::table(address));
    Ok(())
}

/// Leaves what lies under a table's number to the sweep.
pub(crate) fn leave_contents_in_tx(tx: &mut Tx, table: &Table, keeps_items: bool) {
    if !keeps_items {
        leave_in_tx(tx, Garbage::Items(table.id));
    }
    for index in &table.indexes {
        leave_in_tx(tx, Garbage::Entries(table.id, index.id));
        tx.delete(Space::Map, keys::backfill(table.id, index.id));
    }
    if table.bounds_collections() {
        leave_in_tx(tx, Garbage::Collections(table.id));
    }
    if let Some(ttl) = &table.ttl {
        leave_in_tx(tx, Garbage::Expiries(table.id, ttl.id));
        tx.delete(Space::Map, keys::backfill(table.id, ttl.id));
    }
}
