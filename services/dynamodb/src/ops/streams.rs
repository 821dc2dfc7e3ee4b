//! The four operations of the streams' API.

use tidegate_api_dynamodbstreams::{
    DescribeStreamInput, DescribeStreamOutput, GetRecordsInput, GetShardIteratorInput, GetShardIteratorOutput,
    ListStreamsInput, ListStreamsOutput, SequenceNumberRange, Shard as WireShard, ShardFilter, Stream as WireStream,
    StreamDescription,
};
use tidegate_log::{LogId, LogPage, LogRecord, Page, Position};
use tidegate_protocol::Call;
use tidegate_store::{KeyRange, Order, Space};

use crate::domain::{Misuse, TableAddress};
use crate::error::Error;
use crate::service::{DynamoDb, DynamoDbStreams};
use crate::store::{Shard, StoredChange, StreamRecord, corrupt, decode, keys};
use crate::wire::streams as wire;
use crate::wire::streams::Iterator;
use crate::wire::{Changes, ChangesAnswer, ChangesPage};

/// The most records of one answer.
const MAX_RECORDS: usize = 1000;
/// The most bytes of one answer.
const MAX_BYTES: usize = 1024 * 1024;
/// The most streams on one page.
const MAX_STREAMS: usize = 100;
/// The most shards on one page.
const MAX_SHARDS: usize = 100;

async fn find(dynamodb: &DynamoDb, arn: &str) -> Result<(TableAddress, String, StreamRecord), Error> {
    let missing = || Error::NoSuchStream(format!("Requested resource not found: Stream: {arn} not found"));
    let invalid = || Misuse::new(format!("Invalid StreamArn: {arn}"));
    let (address, label) = wire::read_stream_arn(arn).ok_or_else(invalid)?;
    let key = keys::stream(&address, &label);
    let record = dynamodb.store.snapshot()?.get(Space::Map, &key).await?.ok_or_else(missing)?;
    Ok((address, label, decode(&key, &record)?))
}

/// How many a page may have. The model has no upper bound; the service does.
fn limit(wanted: Option<i32>, most: usize) -> Result<usize, Misuse> {
    match wanted.map(|limit| usize::try_from(limit).unwrap_or(0)) {
        None => Ok(most),
        Some(limit) if limit <= most => Ok(limit),
        Some(limit) => Err(Misuse::new(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to {most}"
        ))),
    }
}

/// The streams of the caller's tables, those of deleted ones for another day.
pub(crate) async fn list_streams(
    streams: &DynamoDbStreams,
    call: &Call,
    input: ListStreamsInput,
) -> Result<ListStreamsOutput, Error> {
    let dynamodb = &*streams.dynamodb;
    let table = input.table_name.as_deref().map(|name| dynamodb.address(call, Some(name))).transpose()?;
    let limit = limit(input.limit, MAX_STREAMS)?;
    let prefix = keys::streams(call.account, &call.region, table.as_ref().map(|table| table.name.as_str()));
    let mut range = KeyRange::prefix(&prefix);
    if let Some(start) = input.exclusive_start_stream_arn {
        let invalid = || Misuse::new(format!("Invalid StreamArn: {start}"));
        let (address, label) = wire::read_stream_arn(&start).ok_or_else(invalid)?;
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

/// Describes a stream and its shards.
pub(crate) async fn describe_stream(
    streams: &DynamoDbStreams,
    _: &Call,
    input: DescribeStreamInput,
) -> Result<DescribeStreamOutput, Error> {
    let dynamodb = &*streams.dynamodb;
    let arn = input.stream_arn.unwrap_or_default();
    let (address, label, stream) = find(dynamodb, &arn).await?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_SHARDS).min(MAX_SHARDS);
    let start = input.exclusive_start_shard_id;
    let parent = input.shard_filter.as_ref().map(children_of).transpose()?;
    let is_wanted = |shard: &&Shard| {
        start.as_ref().is_none_or(|start| *start < wire::shard_id(shard.name))
            && parent.is_none_or(|parent| shard.parent.is_some_and(|own| wire::shard_id(own) == *parent))
    };
    let wanted: Vec<&Shard> = stream.shards.iter().filter(is_wanted).collect();
    let mut shards = Vec::new();
    for shard in wanted.iter().take(limit) {
        shards.push(describe_shard(dynamodb, &stream, shard).await?);
    }
    let last = shards.last().filter(|_| wanted.len() > limit).and_then(|shard| shard.shard_id.clone());
    let description = StreamDescription {
        stream_arn: Some(arn),
        stream_label: Some(label),
        stream_status: Some(if stream.disabled_at.is_some() { "DISABLED" } else { "ENABLED" }.to_owned()),
        stream_view_type: Some(wire::view_name(stream.view)),
        creation_request_date_time: Some(stream.created_at),
        table_name: Some(address.name),
        key_schema: Some(wire::stream_schema(&stream.keys)),
        shards: Some(shards),
        last_evaluated_shard_id: last,
    };
    Ok(DescribeStreamOutput { stream_description: Some(description) })
}

/// The shard whose children a filter asks for.
fn children_of(filter: &ShardFilter) -> Result<&String, Misuse> {
    match (filter.r#type.as_deref(), &filter.shard_id) {
        (Some("CHILD_SHARDS"), Some(parent)) => Ok(parent),
        _ => Err(Misuse::new("ShardFilter must have both Type CHILD_SHARDS and ShardId")),
    }
}

async fn describe_shard(dynamodb: &DynamoDb, stream: &StreamRecord, shard: &Shard) -> Result<WireShard, Error> {
    let start = first_position(dynamodb, stream, shard).await?;
    let newest = dynamodb.logs.newest(LogId(shard.name.log)).await?;
    // One that was closed before anything came ends where it starts.
    let end = shard.closed_at.map(|_| newest.unwrap_or(start));
    Ok(WireShard {
        shard_id: Some(wire::shard_id(shard.name)),
        sequence_number_range: Some(SequenceNumberRange {
            starting_sequence_number: Some(wire::sequence_number(start)),
            ending_sequence_number: end.map(wire::sequence_number),
        }),
        parent_shard_id: shard.parent.map(wire::shard_id),
    })
}

/// Where a shard begins: at its oldest record, behind what was trimmed, or behind its parent's end.
async fn first_position(dynamodb: &DynamoDb, stream: &StreamRecord, shard: &Shard) -> Result<Position, Error> {
    let page = dynamodb.logs.read(LogId(shard.name.log), Position(0), Page::of(1)).await?;
    let own = page.records.first().map_or(page.next, |record| record.position);
    let parent = shard.parent.and_then(|parent| stream.shard(parent.log)).filter(|_| own == Position(0));
    let Some(parent) = parent else { return Ok(own) };
    let end = dynamodb.logs.newest(LogId(parent.name.log)).await?;
    Ok(end.map_or(own, |end| Position(end.0 + 1)))
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
    let id = input.shard_id.unwrap_or_default();
    let Some(shard) = stream.shards.iter().find(|shard| wire::shard_id(shard.name) == id) else {
        let words = format!("Requested resource not found: Shard: {id} in Stream: {arn} not found");
        return Err(Error::NoSuchStream(words));
    };
    let kind = input.shard_iterator_type.unwrap_or_default();
    let log = LogId(shard.name.log);
    let from = match kind.as_str() {
        "TRIM_HORIZON" | "LATEST" if input.sequence_number.is_some() => {
            return Err(Misuse::new(format!(
                "The SequenceNumber parameter must not be specified when the ShardIteratorType is {kind}"
            ))
            .into());
        }
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
    let iterator = Iterator { arn, log: log.0, from, issued_at: dynamodb.now() };
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
/// there will be none, because the shard is closed and was read to its end.
pub(crate) async fn get_records(
    streams: &DynamoDbStreams,
    _: &Call,
    input: GetRecordsInput,
) -> Result<ChangesAnswer, Error> {
    let dynamodb = &*streams.dynamodb;
    let iterator = input.shard_iterator.as_deref().and_then(Iterator::open);
    let iterator = iterator.ok_or_else(|| Misuse::new("Invalid ShardIterator"))?;
    let now = dynamodb.now();
    if iterator.has_expired(now) {
        return Err(Error::ExpiredIterator);
    }
    let (address, _, stream) = find(dynamodb, &iterator.arn).await?;
    // A shard that an iterator once named and that is gone was trimmed as a whole.
    let shard = stream.shard(iterator.log).ok_or(Error::Trimmed)?;
    let limit = limit(input.limit, MAX_RECORDS)?;
    let page = Page { entries: limit, bytes: MAX_BYTES };
    let LogPage { records, next, trimmed } = dynamodb.logs.read(LogId(iterator.log), iterator.from, page).await?;
    if trimmed {
        return Err(Error::Trimmed);
    }
    // Closed before the records were read, so they cannot be followed by others.
    let ended = shard.closed_at.is_some() && records.is_empty();
    let mut changes = Vec::with_capacity(records.len());
    for LogRecord { position, value } in records {
        let change = StoredChange::new(value);
        changes.push((position, change.map_err(|error| corrupt(Space::Log, &position.0.to_be_bytes(), &error))?));
    }
    let page = ChangesPage { region: address.region, view: stream.view, log: iterator.log, changes };
    let next = Iterator { arn: iterator.arn, log: iterator.log, from: next, issued_at: now };
    Ok(ChangesAnswer { records: Changes::Stored(page), next_shard_iterator: (!ended).then(|| next.seal()) })
}
