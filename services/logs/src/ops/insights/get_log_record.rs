use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use tidegate_api_logs::{FieldsData, GetLogObjectRequest, GetLogRecordRequest, GetLogRecordResponse};
use tidegate_protocol::{Call, EventStream, StreamEvent};
use tidegate_store::Position;

use super::event;
use crate::domain::{EventId, GroupAddress, Masks, Pointer, QueryRefused};
use crate::error::Error;
use crate::ops::read_stream;
use crate::service::CloudWatchLogs;

/// How much of an event one piece of a stream has.
const PIECE_BYTES: usize = 64 * 1024;

/// All fields of one event, found by the `@ptr` of a query's answer.
pub(crate) async fn get_log_record(
    service: &CloudWatchLogs,
    call: &Call,
    input: GetLogRecordRequest,
) -> Result<GetLogRecordResponse, Error> {
    let text = input.log_record_pointer.unwrap_or_default();
    let fields = fields_of(service, call, text, input.unmask.unwrap_or(false)).await?;
    Ok(GetLogRecordResponse { log_record: Some(fields) })
}

/// The same as a stream, for what is too large for one answer: a JSON object in pieces.
pub(crate) async fn get_log_object(
    service: &CloudWatchLogs,
    call: &Call,
    input: GetLogObjectRequest,
) -> Result<EventStream, Error> {
    let text = input.log_object_pointer.unwrap_or_default();
    let fields = fields_of(service, call, text, input.unmask.unwrap_or(false)).await?;
    let object = serde_json::json!(fields).to_string();
    let piece = |piece: &[u8]| {
        let data = Some(Bytes::copy_from_slice(piece));
        Ok(StreamEvent { name: "fields", shape: Box::new(FieldsData { data }) })
    };
    let pieces: Vec<_> = object.as_bytes().chunks(PIECE_BYTES).map(piece).collect();
    Ok(EventStream::new(stream::iter(pieces).boxed()))
}

async fn fields_of(
    service: &CloudWatchLogs,
    call: &Call,
    text: String,
    unmask: bool,
) -> Result<BTreeMap<String, String>, Error> {
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
    let masks = if unmask { Masks::default() } else { group.masks() };
    let found = crate::ops::found(id, Arc::from(pointer.stream), chunk.ingested_at, found, &masks);
    let mut fields: BTreeMap<String, String> = tidegate_insights::fields(&event(&address, found)).into_iter().collect();
    fields.insert("@ptr".to_owned(), text);
    Ok(fields)
}
