//! Tables made of backups, and of other tables as they were.

use tidegate_api_dynamodb::{
    RestoreTableFromBackupInput, RestoreTableFromBackupOutput, RestoreTableToPointInTimeInput,
    RestoreTableToPointInTimeOutput,
};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::backups::named;
use super::table_records::read_in_tx;
use crate::domain::{BackupState, Misuse, Restored, Table, TableAddress};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::{BackupRecord, CopyRecord, Goal, Undo, decode, keys};
use crate::wire::backups::{Overrides, restored_table};
use crate::wire::{Measure, tables};

/// Begins to make a table of a backup.
pub(crate) async fn restore_table_from_backup(
    dynamodb: &DynamoDb,
    call: &Call,
    input: RestoreTableFromBackupInput,
) -> Result<RestoreTableFromBackupOutput, Error> {
    let target = &dynamodb.address(call, input.target_table_name.as_deref())?;
    let (source, backup) = named(dynamodb, call, input.backup_arn.as_deref()).await?;
    let (source, now) = (&source, dynamodb.now());
    let overrides = Overrides {
        billing: input.billing_mode_override,
        throughput: input.provisioned_throughput_override,
        on_demand: input.on_demand_throughput_override,
        globals: input.global_secondary_index_override,
        locals: input.local_secondary_index_override,
        encryption: input.sse_specification_override,
    };
    let mut table = restored_table(&backup.table, overrides, dynamodb.env.random_u64(), now)?;
    let origin =
        Restored { backup: Some(source.arn()), table: source.table.clone(), at: backup.created_at, in_progress: true };
    table.restored = Some(origin);
    let table = &table;
    dynamodb
        .transact(&[], async |tx: &mut Tx| {
            let key = keys::backup(source);
            let record = tx.get(Space::Map, &key).await?.ok_or_else(|| Error::NoSuchBackup(source.arn()))?;
            let mut backup: BackupRecord = decode(&key, &record)?;
            if backup.state == BackupState::Failed {
                return Err(Error::NoSuchBackup(source.arn()));
            }
            if backup.state == BackupState::Creating {
                return Err(Error::BackupInUse(source.arn()));
            }
            let goal = Goal::Table(target.clone(), Some(source.clone()));
            let copy = CopyRecord { source: backup.place, undo: None, goal, last: None, items: 0, bytes: 0 };
            begin_in_tx(tx, target, table, &copy).await?;
            backup.restores += 1;
            tx.put(Space::Map, key, backup.encode());
            Ok(())
        })
        .await?;
    let description = tables::description(target, table, "CREATING", Measure::default());
    Ok(RestoreTableFromBackupOutput { table_description: Some(description) })
}

async fn begin_in_tx(tx: &mut Tx, target: &TableAddress, table: &Table, copy: &CopyRecord) -> Result<(), Error> {
    match read_in_tx(tx, target).await? {
        Some(table) if table.is_restoring() => return Err(Error::TableBusy(target.name.clone())),
        Some(_) => return Err(Error::RestoredTableExists(target.name.clone())),
        None => {}
    }
    tx.put(Space::Map, keys::table(target), table.encode());
    tx.put(Space::Map, keys::copy(table.id), copy.encode());
    Ok(())
}

/// Begins to make a table of another one as it was at a moment.
pub(crate) async fn restore_table_to_point_in_time(
    dynamodb: &DynamoDb,
    call: &Call,
    input: RestoreTableToPointInTimeInput,
) -> Result<RestoreTableToPointInTimeOutput, Error> {
    let target = &dynamodb.address(call, input.target_table_name.as_deref())?;
    let source_name = input.source_table_name.as_deref().or(input.source_table_arn.as_deref());
    let source = &dynamodb.address(call, source_name)?;
    let now = dynamodb.now();
    let latest = input.use_latest_restorable_time == Some(true);
    let at = match (latest, input.restore_date_time) {
        (true, None) => now,
        (false, Some(at)) => at,
        (true, Some(_)) | (false, None) => {
            return Err(Misuse::new(
                "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both",
            )
            .into());
        }
    };
    let overrides = &Overrides {
        billing: input.billing_mode_override,
        throughput: input.provisioned_throughput_override,
        on_demand: input.on_demand_throughput_override,
        globals: input.global_secondary_index_override,
        locals: input.local_secondary_index_override,
        encryption: input.sse_specification_override,
    };
    let id = dynamodb.env.random_u64();
    let transacted = dynamodb
        .transact(&[], async |tx: &mut Tx| {
            let missing = || Error::NoTableToRestore(source.name.clone());
            let mut original = read_in_tx(tx, source).await?.ok_or_else(missing)?;
            if original.is_restoring() {
                return Err(Error::TableBusy(source.name.clone()));
            }
            let unavailable = || Error::NoRecovery(source.name.clone());
            let mut table = restored_table(&original, overrides.clone(), id, now)?;
            let recovery = original.recovery.as_mut().ok_or_else(unavailable)?;
            if at < recovery.earliest(now) || at > now {
                return Err(Error::RestoreTime { earliest: recovery.earliest(now), latest: now });
            }
            recovery.restores += 1;
            let journal = recovery.journal;
            let undo = Undo { table: source.clone(), journal, after: Some(at), met: false, next: 0, until: None };
            let goal = Goal::Table(target.clone(), None);
            let copy = CopyRecord { source: original.id, undo: Some(undo), goal, last: None, items: 0, bytes: 0 };
            table.restored = Some(Restored { backup: None, table: source.clone(), at, in_progress: true });
            begin_in_tx(tx, target, &table, &copy).await?;
            tx.put(Space::Map, keys::table(source), original.encode());
            Ok(table)
        })
        .await?;
    let description = tables::description(target, &transacted.value, "CREATING", Measure::default());
    Ok(RestoreTableToPointInTimeOutput { table_description: Some(description) })
}
