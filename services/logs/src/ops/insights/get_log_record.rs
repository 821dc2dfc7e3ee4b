use std::sync::Arc;

use tidegate_api_logs::{GetLogRecordRequest, GetLogRecordResponse};
use tidegate_protocol::Call;
use tidegate_store::Position;

use super::event;
use crate::domain::{EventId, GroupAddress, Masks, Pointer, QueryRefused};
use crate::error::Error;
use crate::ops::read_stream;
use crate::service::CloudWatchLogs;

/// All fields of one event, found by the `@ptr` of a query's answer.
pub(crate) async fn get_log_record(
    service: &CloudWatchLogs,
    call: &Call,
    input: GetLogRecordRequest,
) -> Result<GetLogRecordResponse, Error> {
    let text = input.log_record_pointer.unwrap_or_default();
    let pointer = Pointer::parse(&text).ok_or_else(|| Error::invalid("Invalid log record pointer."))?;
    let gone = || QueryRefused::NoSuchRecord(text.clone());
    let address = GroupAddress { account: call.account, region: call.region.clone(), name: pointer.group.clone() };
    let group = service.directory.get(&address)?.ok_or_else(gone)?;
    let stream = match read_stream(service, &group, &pointer.stream).await {
        Err(Error::NoSuchStream) => return Err(gone().into()),
        other => other?,
    };
    let chunk = service.chunk(stream.id, Position(pointer.position)).await?.ok_or_else(gone)?;
    let cutoff_ms = group.record.cutoff_ms(service.now());
    let found = chunk.events.into_iter().nth(pointer.index as usize).filter(|event| event.timestamp >= cutoff_ms);
    let found = found.ok_or_else(gone)?;
    let id = EventId { timestamp: found.timestamp, position: pointer.position, index: pointer.index };
    let masks = if input.unmask.unwrap_or(false) { Masks::default() } else { group.masks() };
    let found = crate::ops::found(id, Arc::from(pointer.stream), chunk.ingested_at, found, &masks);
    let mut fields: std::collections::BTreeMap<String, String> =
        tidegate_insights::fields(&event(&address, found)).into_iter().collect();
    fields.insert("@ptr".to_owned(), text);
    Ok(GetLogRecordResponse { log_record: Some(fields) })
}
