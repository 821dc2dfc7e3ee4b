//! The four operations of the streams' API.

use tidegate_api_dynamodbstreams::{
    DescribeStreamInput, DescribeStreamOutput, GetRecordsInput, GetRecordsOutput, GetShardIteratorInput,
    GetShardIteratorOutput, ListStreamsInput, ListStreamsOutput, SequenceNumberRange, Shard, Stream as WireStream,
    StreamDescription,
};
use tidegate_log::{LogId, LogPage, Page, Position};
use tidegate_protocol::Call;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Space};

use crate::domain::{Misuse, TableAddress};
use crate::error::Error;
use crate::service::{DynamoDb, DynamoDbStreams};
use crate::store::{ChangeRecord, StreamRecord, corrupt, decode, keys};
use crate::wire::streams as wire;
use crate::wire::streams::Iterator;

/// The most records of one answer.
const MAX_RECORDS: usize = 1000;
/// The most bytes of one answer.
const MAX_BYTES: usize = 1024 * 1024;
/// The most streams on one page.
const MAX_STREAMS: usize = 100;

async fn find(dynamodb: &DynamoDb, arn: &str) -> Result<(TableAddress, String, StreamRecord), Error> {
    let missing = || Error::NoSuchStream(format!("Requested resource not found: Stream: {arn} not found"));
    let invalid = || Misuse::new(format!("Invalid StreamArn: {arn}"));
    let (address, label) = wire::read_stream_arn(arn).ok_or_else(invalid)?;
    let key = keys::stream(&address, &label);
    let record = dynamodb.store.snapshot()?.get(Space::Map, &key).await?.ok_or_else(missing)?;
    Ok((address, label, decode(&key, &record)?))
}

/// The streams of the caller's tables, those of deleted ones for another day.
pub(crate) async fn list_streams(
    streams: &DynamoDbStreams,
    call: &Call,
    input: ListStreamsInput,
) -> Result<ListStreamsOutput, Error> {
    let dynamodb = &*streams.dynamodb;
    let table = input.table_name.as_deref().map(|name| dynamodb.address(call, Some(name))).transpose()?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_STREAMS).min(MAX_STREAMS);
    let prefix = keys::streams(call.account, &call.region, table.as_ref().map(|table| table.name.as_str()));
    let mut range = KeyRange::prefix(&prefix);
    if let Some((address, label)) = input.exclusive_start_stream_arn.as_deref().and_then(wire::read_stream_arn) {
        range.start = super::reading::behind(&keys::stream(&address, &label));
    }
    let view = dynamodb.store.snapshot()?;
    let entries = view.scan(Space::Map, &range, Order::Ascending, Page::of(limit + 1)).await?;
    let more = entries.len() > limit;
    let mut found = Vec::new();
    for entry in entries.iter().take(limit) {
        let (address, label) =
            keys::read_stream(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
        found.push(WireStream {
            stream_arn: Some(wire::stream_arn(&address, &label)),
            table_name: Some(address.name),
            stream_label: Some(label),
        });
    }
    let last = found.last().filter(|_| more).and_then(|stream| stream.stream_arn.clone());
    Ok(ListStreamsOutput { streams: Some(found), last_evaluated_stream_arn: last })
}

/// Describes a stream and its shards, of which there is one.
pub(crate) async fn describe_stream(
    streams: &DynamoDbStreams,
    _: &Call,
    input: DescribeStreamInput,
) -> Result<DescribeStreamOutput, Error> {
    let dynamodb = &*streams.dynamodb;
    let arn = input.stream_arn.unwrap_or_default();
    let (address, label, stream) = find(dynamodb, &arn).await?;
    let shard_id = wire::shard_id(&stream);
    let shown = input.exclusive_start_shard_id.is_none_or(|start| start < shard_id);
    let log = LogId(stream.log);
    let (oldest, newest) = (dynamodb.logs.oldest(log).await?, dynamodb.logs.newest(log).await?);
    let ended = stream.disabled_at.is_some();
    let shard = Shard {
        shard_id: Some(shard_id),
        sequence_number_range: Some(SequenceNumberRange {
            starting_sequence_number: Some(wire::sequence_number(oldest.unwrap_or(Position(0)))),
            ending_sequence_number: newest.filter(|_| ended).map(wire::sequence_number),
        }),
        parent_shard_id: None,
    };
    let description = StreamDescription {
        stream_arn: Some(arn),
        stream_label: Some(label),
        stream_status: Some(if ended { "DISABLED" } else { "ENABLED" }.to_owned()),
        stream_view_type: Some(wire::view_name(stream.view)),
        creation_request_date_time: Some(stream.created_at),
        table_name: Some(address.name),
        key_schema: Some(wire::stream_schema(&stream.keys)),
        shards: Some(if shown { vec![shard] } else { Vec::new() }),
        last_evaluated_shard_id: None,
    };
    Ok(DescribeStreamOutput { stream_description: Some(description) })
}

/// Says where in a shard to begin.
pub(crate) async fn get_shard_iterator(
    streams: &DynamoDbStreams,
    _: &Call,
    input: GetShardIteratorInput,
) -> Result<GetShardIteratorOutput, Error> {
    let dynamodb = &*streams.dynamodb;
    let arn = input.stream_arn.unwrap_or_default();
    let (_, _, stream) = find(dynamodb, &arn).await?;
    let shard = input.shard_id.unwrap_or_default();
    if shard != wire::shard_id(&stream) {
        let words = format!("Requested resource not found: Shard: {shard} in Stream: {arn} not found");
        return Err(Error::NoSuchStream(words));
    }
    let kind = input.shard_iterator_type.unwrap_or_default();
    let log = LogId(stream.log);
    let from = match kind.as_str() {
        "TRIM_HORIZON" => Position(0),
        "LATEST" => dynamodb.logs.newest(log).await?.map_or(Position(0), |newest| Position(newest.0 + 1)),
        _ => {
            let at = sequence_number(&kind, input.sequence_number.as_deref())?;
            if dynamodb.logs.read(log, at, Page::of(1)).await?.trimmed {
                return Err(Error::Trimmed);
            }
            if kind == "AFTER_SEQUENCE_NUMBER" { Position(at.0 + 1) } else { at }
        }
    };
    let iterator = Iterator { arn, from, issued_at: dynamodb.now() };
    Ok(GetShardIteratorOutput { shard_iterator: Some(iterator.seal()) })
}

fn sequence_number(kind: &str, text: Option<&str>) -> Result<Position, Misuse> {
    let Some(text) = text else {
        return Err(Misuse::new(format!(
            "The SequenceNumber parameter is required when the ShardIteratorType is {kind}"
        )));
    };
    wire::read_sequence_number(text)
        .ok_or_else(|| Misuse::new(format!("Invalid SequenceNumber for ShardIteratorType {kind}: {text}")))
}

/// Reads records. An answer without any says that there are none yet; one without an iterator, that
/// there will be none.
pub(crate) async fn get_records(
    streams: &DynamoDbStreams,
    _: &Call,
    input: GetRecordsInput,
) -> Result<GetRecordsOutput, Error> {
    let dynamodb = &*streams.dynamodb;
    let iterator = input.shard_iterator.as_deref().and_then(Iterator::open);
    let iterator = iterator.ok_or_else(|| Misuse::new("Invalid ShardIterator"))?;
    let now = dynamodb.now();
    if iterator.has_expired(now) {
        return Err(Error::ExpiredIterator);
    }
    let (address, _, stream) = find(dynamodb, &iterator.arn).await?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_RECORDS).min(MAX_RECORDS);
    let page = Page { entries: limit, bytes: MAX_BYTES };
    let LogPage { records, next, trimmed } = dynamodb.logs.read(LogId(stream.log), iterator.from, page).await?;
    if trimmed {
        return Err(Error::Trimmed);
    }
    let ended = stream.disabled_at.is_some() && records.is_empty();
    let mut shown = Vec::with_capacity(records.len());
    for record in &records {
        let change = ChangeRecord::decode(&record.value)
            .map_err(|error| corrupt(Space::Log, &record.position.0.to_be_bytes(), &error))?;
        shown.push(wire::record(&address.region, &stream, record, change));
    }
    let next = Iterator { arn: iterator.arn, from: next, issued_at: now };
    Ok(GetRecordsOutput { records: Some(shown), next_shard_iterator: (!ended).then(|| next.seal()) })
}
