use std::sync::Arc;

use bytes::Bytes;
use tidegate_api_logs::{DescribeLogStreamsRequest, DescribeLogStreamsResponse, LogStream};
use tidegate_protocol::Call;
use tidegate_store::{KeyRange, Order, Page, Snapshot, Space};

use crate::domain::Cut;
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{Group, IndexRecord, StreamRecord, behind, corrupt, decode, keys};
use crate::wire::{self, Paging};

/// How many chunks are looked at to find a stream's first event.
const FIRST_CHUNKS: usize = 32;

/// The streams of a group by name, or by the time of their last events.
pub(crate) async fn describe_log_streams(
    service: &CloudWatchLogs,
    call: &Call,
    input: DescribeLogStreamsRequest,
) -> Result<DescribeLogStreamsResponse, Error> {
    let group = service.group(call, input.log_group_name, input.log_group_identifier)?;
    let is_by_time = input.order_by.as_deref() == Some("LastEventTime");
    if is_by_time && input.log_stream_name_prefix.is_some() {
        return Err(Error::invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let paging = Paging::new(input.limit, 50, input.next_token.as_deref())?;
    let order = if input.descending.unwrap_or(false) { Order::Descending } else { Order::Ascending };
    let prefix = match is_by_time {
        true => keys::streams_by_time(group.id()),
        false => keys::streams_with_prefix(group.id(), &input.log_stream_name_prefix.unwrap_or_default()),
    };
    let mut range = KeyRange::prefix(&prefix);
    if let Some(after) = paging.after_key(&prefix)? {
        match order {
            Order::Ascending => range.start = behind(&after),
            Order::Descending => range.end = Some(after),
        }
    }
    let view = service.store.snapshot()?;
    let mut entries = view.scan(Space::Map, &range, order, Page::of(paging.max + 1)).await?;
    let next_token = paging.cut_keys(&mut entries, |entry| entry.key.clone());
    let mut streams = Vec::with_capacity(entries.len());
    for entry in entries {
        let name = name_of(&entry.key, &group, is_by_time)?;
        streams.extend(shown(service, &view, &group, name).await?);
    }
    Ok(DescribeLogStreamsResponse { log_streams: Some(streams), next_token })
}

fn name_of(key: &Bytes, group: &Group, is_by_time: bool) -> Result<String, Error> {
    let name = match is_by_time {
        true => keys::read_stream_by_time(key, group.id()),
        false => keys::read_stream(key).map(|(_, name)| name),
    };
    Ok(name.map_err(|error| corrupt(Space::Map, key, &error))?)
}

async fn shown(
    service: &CloudWatchLogs,
    view: &Arc<dyn Snapshot>,
    group: &Group,
    name: String,
) -> Result<Option<LogStream>, Error> {
    let key = keys::stream(group.id(), &name);
    let Some(record) = view.get(Space::Map, &key).await? else { return Ok(None) };
    let stream: StreamRecord = decode(Space::Map, &key, &record)?;
    let first = match stream.written {
        Some(_) => first_ms(view, &stream, group.record.cutoff_ms(service.now())).await?,
        None => None,
    };
    Ok(Some(wire::stream(group, name, &stream, first)))
}

/// When the first event happened that is still there: the least of the first few chunks, because the
/// index has them by their last events.
async fn first_ms(view: &Arc<dyn Snapshot>, stream: &StreamRecord, cutoff_ms: u64) -> Result<Option<u64>, Error> {
    let index = keys::stream_index(stream.id);
    let start = keys::at_time(index.clone(), cutoff_ms);
    let range = KeyRange::between(start, keys::at_time(index, Cut::END.0.timestamp));
    let entries = view.scan(Space::Log, &range, Order::Ascending, Page::of(FIRST_CHUNKS)).await?;
    let mut first = None;
    for entry in entries {
        let IndexRecord { first_ms, .. } = decode(Space::Log, &entry.key, &entry.record)?;
        first = Some(first.unwrap_or(u64::MAX).min(first_ms.max(cutoff_ms)));
    }
    Ok(first)
}
