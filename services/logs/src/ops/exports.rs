//! Exports: a group's events between two times, as objects in a bucket.

use tidegate_api_logs::{
    CancelExportTaskRequest, CreateExportTaskRequest, CreateExportTaskResponse, DescribeExportTasksRequest,
    DescribeExportTasksResponse,
};
use tidegate_ports::{Acting, ObjectAddress};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{Entry, KeyRange, Order, Page, Space, Tx};

use crate::domain::{ExportState, WRITE_TEST, is_stretch, write_test_key};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{ExportRecord, behind, corrupt, decode, keys};
use crate::wire::{self, Paging};

/// The most exports that are remembered of an account in a region. The oldest that have ended go first.
const MAX_KEPT: usize = 1000;
/// What keys begin with if the request does not say.
const DEFAULT_PREFIX: &str = "exportedlogs";

/// Begins an export, if the bucket takes an object. One at a time goes on in an account and region, as AWS has it.
pub(crate) async fn create_export_task(
    service: &CloudWatchLogs,
    call: &Call,
    input: CreateExportTaskRequest,
) -> Result<CreateExportTaskResponse, Error> {
    let now = service.now();
    let (from_ms, to_ms) = (wire::millis(input.from).unwrap_or(0), wire::millis(input.to).unwrap_or(0));
    if !is_stretch(from_ms, to_ms, now) {
        return Err(Error::invalid("fromTime must be before toTime, and not in the future."));
    }
    let group = service.group(call, input.log_group_name, None)?;
    group.must_be_standard()?;
    let record = &ExportRecord {
        name: input.task_name,
        group: group.address.name.clone(),
        stream_prefix: input.log_stream_name_prefix,
        from_ms,
        to_ms,
        bucket: input.destination.unwrap_or_default(),
        prefix: input.destination_prefix.unwrap_or_else(|| DEFAULT_PREFIX.to_owned()),
        state: ExportState::Unfinished,
        created_at: now,
        ended_at: None,
    };
    let address = ObjectAddress { bucket: record.bucket.clone(), key: write_test_key(&record.prefix), version: None };
    let test = service.objects()?.write(Acting::Caller(call), &address, WRITE_TEST.into(), "text/plain");
    test.await.map_err(Error::Bucket)?;
    let id = service.env.uuid().to_string();
    let (key, all) = (&keys::export(call.account, &call.region, &id), &keys::exports(call.account, &call.region));
    service
        .transact(std::slice::from_ref(all), async |tx: &mut Tx| {
            let known = tx.scan(Space::Map, &KeyRange::prefix(all), Order::Ascending, Page::of(MAX_KEPT)).await?;
            let mut ended = Vec::new();
            for Entry { key, record } in &known {
                let export: ExportRecord = decode(Space::Map, key, record)?;
                match export.state {
                    ExportState::Unfinished => return Err(Error::LimitExceeded),
                    _ => ended.push((export.created_at, key.clone())),
                }
            }
            if let Some((_, oldest)) = ended.iter().min().filter(|_| known.len() == MAX_KEPT) {
                tx.delete(Space::Map, oldest.clone());
            }
            tx.put(Space::Map, key.clone(), record.encode());
            Ok(())
        })
        .await?;
    service.exports_due.give();
    Ok(CreateExportTaskResponse { task_id: Some(id) })
}

/// Ends an export. What is in the bucket already stays there.
pub(crate) async fn cancel_export_task(
    service: &CloudWatchLogs,
    call: &Call,
    input: CancelExportTaskRequest,
) -> Result<(), Error> {
    let key = &keys::export(call.account, &call.region, input.task_id.as_deref().unwrap_or_default());
    let now = service.now();
    service
        .transact(&[], async |tx: &mut Tx| {
            let found = tx.get(Space::Map, key).await?.ok_or(Error::NoSuchExport)?;
            let export: ExportRecord = decode(Space::Map, key, &found)?;
            if export.state != ExportState::Unfinished {
                return Err(Error::ExportHasEnded);
            }
            let ended = ExportRecord { state: ExportState::Cancelled, ended_at: Some(now), ..export };
            tx.put(Space::Map, key.clone(), ended.encode());
            Ok(())
        })
        .await?;
    Ok(())
}

/// The caller's exports, by id.
pub(crate) async fn describe_export_tasks(
    service: &CloudWatchLogs,
    call: &Call,
    input: DescribeExportTasksRequest,
) -> Result<DescribeExportTasksResponse, Error> {
    let paging = Paging::new(input.limit, 50, input.next_token.as_deref())?;
    let prefix = keys::exports(call.account, &call.region);
    let mut range = KeyRange::prefix(&prefix);
    if let Some(after) = paging.after()? {
        range.start = behind(&keys::export(call.account, &call.region, after));
    }
    let entries = service.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, Page::of(MAX_KEPT)).await?;
    let mut found = Vec::new();
    for entry in entries {
        let id = keys::read_name(&entry.key, &prefix).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
        let shown = wire::export_task(id, decode(Space::Map, &entry.key, &entry.record)?);
        let code = shown.status.as_ref().and_then(|status| status.code.as_ref());
        let is_wanted = input.task_id.as_ref().is_none_or(|wanted| shown.task_id.as_ref() == Some(wanted))
            && input.status_code.as_ref().is_none_or(|wanted| code == Some(wanted));
        if is_wanted {
            found.push(shown);
        }
    }
    let next_token = paging.cut(&mut found, |shown| shown.task_id.clone().unwrap_or_default());
    Ok(DescribeExportTasksResponse { export_tasks: Some(found), next_token })
}
