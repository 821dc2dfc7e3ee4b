//! Backups on demand: made, shown, listed, deleted.

use tidegate_api_dynamodb::{
    CreateBackupInput, CreateBackupOutput, DeleteBackupInput, DeleteBackupOutput, DescribeBackupInput,
    DescribeBackupOutput, ListBackupsInput, ListBackupsOutput,
};
use tidegate_log::{LogId, create_in_tx};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};

use super::reading::behind;
use super::table_records::{leave_in_tx, read_in_tx};
use crate::domain::{BackupAddress, BackupKind, BackupState};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::store::keys::Garbage;
use crate::store::{BackupRecord, CopyRecord, Goal, Undo, corrupt, decode, keys};
use crate::wire::backups::{backup_description, backup_details, backup_summary};

/// The most backups that one answer lists.
const MAX_LISTED: usize = 100;
const PAGE: Page = Page::of(200);
/// The most backups of one table that are made at once: each has a journal, which every write feeds.
const MAX_UNDER_WAY: usize = 10;

/// Begins a backup of a table as it is now.
pub(crate) async fn create_backup(
    dynamodb: &DynamoDb,
    call: &Call,
    input: CreateBackupInput,
) -> Result<CreateBackupOutput, Error> {
    let address = &dynamodb.address(call, input.table_name.as_deref())?;
    let (now, name) = (dynamodb.now(), &input.backup_name.unwrap_or_default());
    let backup = &BackupAddress::new(address.clone(), now, dynamodb.env.random_u64());
    let (place, journal) = (dynamodb.env.random_u64(), dynamodb.env.random_u64());
    let transacted = dynamodb
        .transact(&[], async |tx: &mut Tx| {
            let missing = || Error::NoTableToBackUp(address.name.clone());
            let mut table = read_in_tx(tx, address).await?.ok_or_else(missing)?;
            if table.is_restoring() {
                return Err(Error::TableBusy(address.name.clone()));
            }
            if table.copies.len() >= MAX_UNDER_WAY {
                return Err(Error::TooManyBackups(address.name.clone()));
            }
            let record = BackupRecord {
                name: name.clone(),
                kind: BackupKind::User,
                created_at: now,
                expires_at: None,
                state: BackupState::Creating,
                place,
                items: 0,
                bytes: 0,
                restores: 0,
                table: table.clone(),
            };
            tx.put(Space::Map, keys::backup(backup), record.encode());
            create_in_tx(tx, LogId(journal));
            let undo = Undo { table: address.clone(), journal, after: None, met: true, next: 0, until: None };
            let goal = Goal::Backup(backup.clone());
            let copy = CopyRecord { source: table.id, undo: Some(undo), goal, last: None, items: 0, bytes: 0 };
            tx.put(Space::Map, keys::copy(place), copy.encode());
            table.copies.push(journal);
            tx.put(Space::Map, keys::table(address), table.encode());
            Ok(record)
        })
        .await?;
    Ok(CreateBackupOutput { backup_details: Some(backup_details(backup, &transacted.value)) })
}

/// The backup of an ARN, as it is durable.
pub(super) async fn named(
    dynamodb: &DynamoDb,
    call: &Call,
    arn: Option<&str>,
) -> Result<(BackupAddress, BackupRecord), Error> {
    let arn = arn.unwrap_or_default();
    let missing = || Error::NoSuchBackup(arn.to_owned());
    let address = BackupAddress::parse(arn).filter(|backup| backup.table.account == call.account);
    let address = address.filter(|backup| backup.table.region == call.region).ok_or_else(missing)?;
    let key = keys::backup(&address);
    let record = dynamodb.store.snapshot()?.get(Space::Map, &key).await?.ok_or_else(missing)?;
    Ok((address, decode(&key, &record)?))
}

/// Describes a backup.
pub(crate) async fn describe_backup(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DescribeBackupInput,
) -> Result<DescribeBackupOutput, Error> {
    let (address, backup) = named(dynamodb, call, input.backup_arn.as_deref()).await?;
    Ok(DescribeBackupOutput { backup_description: Some(backup_description(&address, &backup)) })
}

/// Deletes a backup that is not being made or read. Its items are swept later.
pub(crate) async fn delete_backup(
    dynamodb: &DynamoDb,
    call: &Call,
    input: DeleteBackupInput,
) -> Result<DeleteBackupOutput, Error> {
    let (address, _) = &named(dynamodb, call, input.backup_arn.as_deref()).await?;
    let transacted = dynamodb.transact(&[], async |tx: &mut Tx| delete_in_tx(tx, address).await).await?;
    let mut description = backup_description(address, &transacted.value);
    description.backup_details.iter_mut().for_each(|details| details.backup_status = Some("DELETED".to_owned()));
    Ok(DeleteBackupOutput { backup_description: Some(description) })
}

pub(crate) async fn delete_in_tx(tx: &mut Tx, address: &BackupAddress) -> Result<BackupRecord, Error> {
    let key = keys::backup(address);
    let record = tx.get(Space::Map, &key).await?.ok_or_else(|| Error::NoSuchBackup(address.arn()))?;
    let backup: BackupRecord = decode(&key, &record)?;
    if backup.state == BackupState::Creating || backup.restores > 0 {
        return Err(Error::BackupInUse(address.arn()));
    }
    leave_in_tx(tx, Garbage::Items(backup.place));
    tx.delete(Space::Map, key);
    Ok(backup)
}

/// Lists backups, by table and age.
pub(crate) async fn list_backups(
    dynamodb: &DynamoDb,
    call: &Call,
    input: ListBackupsInput,
) -> Result<ListBackupsOutput, Error> {
    let table = match input.table_name.as_deref() {
        Some(name) => Some(dynamodb.address(call, Some(name))?.name),
        None => None,
    };
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_LISTED).min(MAX_LISTED);
    let kind = input.backup_type.as_deref().filter(|kind| *kind != "ALL");
    let prefix = keys::backups(call.account, &call.region, table.as_deref());
    let mut range = KeyRange::prefix(&prefix);
    if let Some(arn) = input.exclusive_start_backup_arn {
        let start = BackupAddress::parse(&arn).ok_or(Error::NoSuchBackup(arn))?;
        range.start = range.start.max(behind(&keys::backup(&start)));
    }
    let view = dynamodb.store.snapshot()?;
    let mut found = Vec::new();
    loop {
        let entries = view.scan(Space::Map, &range, Order::Ascending, PAGE).await?;
        let Some(last) = entries.last() else { break };
        range.start = behind(&last.key);
        for entry in &entries {
            let address = keys::read_backup(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
            let backup: BackupRecord = decode(&entry.key, &entry.record)?;
            let listed = kind.is_none_or(|kind| backup.kind.name() == kind)
                && input.time_range_lower_bound.is_none_or(|from| backup.created_at >= from)
                && input.time_range_upper_bound.is_none_or(|to| backup.created_at < to);
            if !listed {
                continue;
            }
            if found.len() == limit {
                return Ok(listing(found, true));
            }
            found.push((address, backup));
        }
    }
    Ok(listing(found, false))
}

fn listing(found: Vec<(BackupAddress, BackupRecord)>, more: bool) -> ListBackupsOutput {
    ListBackupsOutput {
        last_evaluated_backup_arn: found.last().filter(|_| more).map(|(address, _)| address.arn()),
        backup_summaries: Some(found.iter().map(|(address, backup)| backup_summary(address, backup)).collect()),
    }
}
