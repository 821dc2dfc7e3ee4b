//! Lookup tables: comma-separated values that the `lookup` command of queries finds rows in.

use tidegate_api_logs as api;
use tidegate_insights::Table;
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};
use tidegate_types::{AccountId, Region, Timestamp};

use super::kept::{arn_of, latch, name_of, page, read, read_in};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{Kept, LookupTableRecord, TableTextRecord, decode, keys};
use crate::wire;

/// The most tables of an account in a region, as AWS has it.
const MAX_TABLES: usize = 100;
/// The longest text, in bytes.
const MAX_BYTES: usize = 10 * 1024 * 1024;

/// Creates a table.
pub(crate) async fn create_lookup_table(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::CreateLookupTableRequest,
) -> Result<api::CreateLookupTableResponse, Error> {
    let name = &input.lookup_table_name.unwrap_or_default();
    let text = input.table_body.unwrap_or_default();
    let now = service.now();
    let record = LookupTableRecord {
        description: input.description,
        kms_key: input.kms_key_id,
        created_at: now,
        tags: input.tags.unwrap_or_default(),
        ..table_of(&text, now)?
    };
    let (record, text) = (&record, &TableTextRecord(text));
    let key = &keys::kept(LookupTableRecord::KIND, call.account, &call.region, name);
    let latch = latch::<LookupTableRecord>(call);
    let range = &KeyRange::prefix(&latch);
    let created = service.transact(std::slice::from_ref(&latch), async |tx: &mut Tx| {
        if tx.get(Space::Map, key).await?.is_some() {
            return Err(Error::Exists("lookup table"));
        }
        if tx.scan(Space::Map, range, Order::Ascending, Page::of(MAX_TABLES)).await?.len() == MAX_TABLES {
            return Err(Error::LimitExceeded);
        }
        tx.put(Space::Map, key.clone(), record.encode());
        tx.put(Space::Map, text_key(call.account, &call.region, name), text.encode());
        Ok(())
    });
    created.await?;
    let lookup_table_arn = Some(arn_of::<LookupTableRecord>(call, name));
    Ok(api::CreateLookupTableResponse { lookup_table_arn, created_at: wire::kept_millis(now) })
}

/// Replaces what a table has.
pub(crate) async fn update_lookup_table(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::UpdateLookupTableRequest,
) -> Result<api::UpdateLookupTableResponse, Error> {
    let arn = input.lookup_table_arn.unwrap_or_default();
    let name = &name_of::<LookupTableRecord>(call, &arn)?;
    let text = input.table_body.unwrap_or_default();
    let now = service.now();
    let (table, text) = (&table_of(&text, now)?, &TableTextRecord(text));
    let (description, kms_key) = (&input.description, &input.kms_key_id);
    let key = &keys::kept(LookupTableRecord::KIND, call.account, &call.region, name);
    let updated = service.transact(&[], async |tx: &mut Tx| {
        let before: LookupTableRecord = read_in(tx, call, name).await?;
        let record = LookupTableRecord {
            description: description.clone().or(before.description),
            kms_key: kms_key.clone().or(before.kms_key),
            created_at: before.created_at,
            tags: before.tags,
            ..table.clone()
        };
        tx.put(Space::Map, key.clone(), record.encode());
        tx.put(Space::Map, text_key(call.account, &call.region, name), text.encode());
        Ok(())
    });
    updated.await?;
    Ok(api::UpdateLookupTableResponse { lookup_table_arn: Some(arn), last_updated_time: wire::kept_millis(now) })
}

/// A table with all that it has.
pub(crate) async fn get_lookup_table(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::GetLookupTableRequest,
) -> Result<api::GetLookupTableResponse, Error> {
    let arn = input.lookup_table_arn.unwrap_or_default();
    let name = name_of::<LookupTableRecord>(call, &arn)?;
    let table: LookupTableRecord = read(service, call.account, &call.region, &name).await?;
    let text = text(service, call.account, &call.region, &name).await?;
    Ok(api::GetLookupTableResponse {
        lookup_table_arn: Some(arn),
        lookup_table_name: Some(name),
        description: table.description,
        table_body: text,
        size_bytes: i64::try_from(table.bytes).ok(),
        last_updated_time: wire::kept_millis(table.updated_at),
        kms_key_id: table.kms_key,
    })
}

/// Deletes a table.
pub(crate) async fn delete_lookup_table(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::DeleteLookupTableRequest,
) -> Result<(), Error> {
    let name = &name_of::<LookupTableRecord>(call, &input.lookup_table_arn.unwrap_or_default())?;
    let key = &keys::kept(LookupTableRecord::KIND, call.account, &call.region, name);
    let deleted = service.transact(&[], async |tx: &mut Tx| {
        let _: LookupTableRecord = read_in(tx, call, name).await?;
        tx.delete(Space::Map, key.clone());
        tx.delete(Space::Map, text_key(call.account, &call.region, name));
        Ok(())
    });
    deleted.await.map(drop)
}

/// The caller's tables, by name.
pub(crate) async fn describe_lookup_tables(
    service: &CloudWatchLogs,
    call: &Call,
    input: api::DescribeLookupTablesRequest,
) -> Result<api::DescribeLookupTablesResponse, Error> {
    let prefix = input.lookup_table_name_prefix.unwrap_or_default();
    let is_wanted = |name: &str, _: &LookupTableRecord| name.starts_with(&prefix);
    let (found, next_token) = page(service, call, input.max_results, input.next_token.as_deref(), is_wanted).await?;
    let shown = |(name, table): (String, LookupTableRecord)| {
        wire::lookup_table(arn_of::<LookupTableRecord>(call, &name), name, table)
    };
    Ok(api::DescribeLookupTablesResponse { lookup_tables: Some(found.into_iter().map(shown).collect()), next_token })
}

/// A table as queries use it, if it is there.
pub(crate) async fn lookup_table(
    service: &CloudWatchLogs,
    account: AccountId,
    region: &Region,
    name: &str,
) -> Result<Option<Table>, Error> {
    // It could be read when it was written.
    Ok(text(service, account, region, name).await?.and_then(|text| Table::parse(&text).ok()))
}

async fn text(
    service: &CloudWatchLogs,
    account: AccountId,
    region: &Region,
    name: &str,
) -> Result<Option<String>, Error> {
    let key = text_key(account, region, name);
    let Some(found) = service.store.snapshot()?.get(Space::Map, &key).await? else { return Ok(None) };
    let TableTextRecord(text) = decode(Space::Map, &key, &found)?;
    Ok(Some(text))
}

fn text_key(account: AccountId, region: &Region, name: &str) -> bytes::Bytes {
    keys::kept(TableTextRecord::KIND, account, region, name)
}

fn table_of(text: &str, now: Timestamp) -> Result<LookupTableRecord, Error> {
    if text.len() > MAX_BYTES {
        return Err(Error::NotValid("The lookup table must not exceed 10 MB.".to_owned()));
    }
    let table = Table::parse(text)
        .map_err(|wrong| Error::NotValid(format!("The content of the lookup table is not valid CSV: {wrong}.")))?;
    Ok(LookupTableRecord {
        description: None,
        columns: table.columns().to_vec(),
        rows: table.len() as u64,
        bytes: text.len() as u64,
        kms_key: None,
        created_at: now,
        updated_at: now,
        tags: Default::default(),
    })
}
