//! What PutLogEvents, deliveries from other services and functions' output share: writing events into a
//! stream, with everything that follows from it, in one transaction.

use std::borrow::Cow;

use bytes::Bytes;
use tidegate_log::LogId;
use tidegate_ports::{Delivery, Refusal, RetryPolicy};
use tidegate_record::Stored;
use tidegate_store::{LatchKey, Space, Tx};
use tidegate_types::Timestamp;

use tidegate_transform::Source;

use crate::domain::{
    Criteria, Envelope, Event, Masks, MetricTransformation, Sample, StreamName, data_messages, samples, split,
};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{
    ChunkRecord, FilterOptions, Group, GroupSizeRecord, IndexRecord, StreamId, StreamRecord, Subscription, Written,
    decode, keys,
};

/// Where events come from.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Origin<'a> {
    /// How many resources they have passed through.
    pub hops: u32,
    /// The trace that they belong to.
    pub trace: Option<&'a str>,
    /// Whether their stream is created if it is not there.
    pub creates: bool,
}

/// Events on their way into a stream: what is written, and what follows from it.
pub(crate) struct Appending {
    group: Group,
    stream: StreamName,
    /// What the stream becomes if it has to be created.
    created: Option<StreamRecord>,
    chunks: Vec<Packed>,
    deliveries: Vec<Delivery>,
    samples: Vec<(MetricTransformation, Vec<Sample>)>,
    events: u64,
    now: Timestamp,
}

struct Packed {
    record: Bytes,
    first_ms: u64,
    last_ms: u64,
    bytes: u64,
}

impl Appending {
    /// Prepares events, which are in order of time.
    pub(crate) fn new(
        service: &CloudWatchLogs,
        group: Group,
        stream: StreamName,
        mut events: Vec<Event>,
        origin: Origin<'_>,
    ) -> Appending {
        let now = service.now();
        transform(&group, &stream, &mut events);
        let views = Views::new(&group, &events, now);
        let deliveries = deliveries(service, &group, &stream, &views, origin);
        let samples = metric_samples(&group, &views);
        drop(views);
        let id = StreamId(service.env.random_u64());
        let created = origin.creates.then_some(StreamRecord { id, created_at: now, written: None });
        let count = events.len() as u64;
        let chunks = split(events, now).into_iter().map(|chunk| Packed {
            first_ms: chunk.first_ms(),
            last_ms: chunk.last_ms(),
            bytes: chunk.bytes(),
            record: ChunkRecord(chunk).encode(),
        });
        Appending { chunks: chunks.collect(), group, stream, created, deliveries, samples, events: count, now }
    }

    /// The latches that writing it needs. Everything of one group shares a counter, and whoever writes it
    /// without the latch would only run again.
    pub(crate) fn latches(&self, service: &CloudWatchLogs) -> Vec<LatchKey> {
        let mut latches = service.post.latches(&self.deliveries);
        latches.push(keys::group_size(self.group.id()));
        latches
    }

    /// Writes it, and sends it to the group's subscribers.
    pub(crate) async fn write(&self, service: &CloudWatchLogs, tx: &mut Tx) -> Result<(), Error> {
        let stream = self.stream_in_tx(tx).await?;
        if self.chunks.is_empty() {
            return Ok(());
        }
        for chunk in &self.chunks {
            self.append(tx, stream.id, chunk).await?;
        }
        self.note_in_tx(tx, stream).await?;
        for delivery in &self.deliveries {
            match service.post.post(tx, delivery.clone()).await {
                Ok(()) => {}
                Err(Refusal::Retry(error)) => return Err(error.into()),
                // The subscriber's fault must not keep the events from being written.
                Err(refusal) => {
                    service.meters.refused.increment(1);
                    tracing::warn!(group = %self.group.address.arn(), %refusal, "a subscriber did not take events");
                }
            }
        }
        Ok(())
    }

    /// Counts it. To be called when it is durable.
    pub(crate) fn count(&self, service: &CloudWatchLogs) {
        service.meters.written.increment(self.events);
        service.meters.written_bytes.increment(self.bytes());
        for (metric, samples) in &self.samples {
            service.meters.samples(&self.group, metric, samples);
        }
    }

    fn bytes(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.bytes).sum()
    }

    async fn stream_in_tx(&self, tx: &mut Tx) -> Result<StreamRecord, Error> {
        let key = keys::stream(self.group.id(), self.stream.as_str());
        if let Some(record) = tx.get(Space::Map, &key).await? {
            return Ok(decode(Space::Map, &key, &record)?);
        }
        let created = self.created.ok_or(Error::NoSuchStream)?;
        create_stream_in_tx(tx, &self.group, self.stream.as_str(), created).await?;
        Ok(created)
    }

    async fn append(&self, tx: &mut Tx, stream: StreamId, chunk: &Packed) -> Result<(), Error> {
        let slot = tidegate_log::append_in_tx(tx, LogId(stream.0), chunk.record.clone()).await?;
        let Packed { first_ms, last_ms, bytes, .. } = *chunk;
        let index = IndexRecord { stream, name: self.stream.as_str().to_owned(), first_ms, bytes }.encode();
        for place in [keys::group_index(self.group.id()), keys::stream_index(stream)] {
            tx.put_at(Space::Log, keys::at_time(place, last_ms), slot, Bytes::new(), index.clone());
        }
        Ok(())
    }

    /// Notes what was written at the stream and the group.
    async fn note_in_tx(&self, tx: &mut Tx, mut stream: StreamRecord) -> Result<(), Error> {
        let (group, name) = (self.group.id(), self.stream.as_str());
        let before = stream.last_ms();
        let last_ms = self.chunks.iter().map(|chunk| chunk.last_ms).max().max(before).unwrap_or_default();
        stream.written = Some(Written { last_ms, ingested_at: self.now });
        tx.put(Space::Map, keys::stream(group, name), stream.encode());
        if before != Some(last_ms) {
            tx.delete(Space::Map, keys::stream_by_time(group, before, name));
            tx.put(Space::Map, keys::stream_by_time(group, Some(last_ms), name), Bytes::new());
        }
        let mut size = group_size_in_tx(tx, &self.group).await?;
        size.bytes += self.bytes();
        tx.put(Space::Map, keys::group_size(group), size.encode());
        Ok(())
    }
}

/// How much a group holds; the transaction conflicts with others that change it.
pub(crate) async fn group_size_in_tx(tx: &mut Tx, group: &Group) -> Result<GroupSizeRecord, Error> {
    let key = keys::group_size(group.id());
    match tx.get(Space::Map, &key).await? {
        Some(record) => Ok(decode(Space::Map, &key, &record)?),
        None => Ok(GroupSizeRecord::default()),
    }
}

/// Creates a stream, whose key was seen to be free, in a group that is still there.
pub(crate) async fn create_stream_in_tx(
    tx: &mut Tx,
    group: &Group,
    name: &str,
    stream: StreamRecord,
) -> Result<(), Error> {
    // The sweep of a deleted group must not be overtaken by a stream in it.
    super::read_group(tx, &group.address).await?.filter(|now| now.id == group.id()).ok_or(Error::NoSuchGroup)?;
    tidegate_log::create_in_tx(tx, LogId(stream.id.0));
    tx.put(Space::Map, keys::stream(group.id(), name), stream.encode());
    tx.put(Space::Map, keys::stream_by_time(group.id(), None, name), Bytes::new());
    Ok(())
}

/// Applies the group's transformer, if it has one.
fn transform(group: &Group, stream: &StreamName, events: &mut [Event]) {
    let Some(transformer) = group.transformer() else { return };
    let account = group.address.account.to_string();
    let region = group.address.region.as_str();
    let source = Source { group: &group.address.name, stream: stream.as_str(), account: &account, region };
    for event in events {
        event.transformed = transformer.apply(&event.message, source);
    }
}

/// Events as filters see them: what is sensitive is masked, and some look at what a transformer made of them.
struct Views<'e> {
    events: Cow<'e, [Event]>,
    transformed: Option<Vec<Event>>,
}

impl<'e> Views<'e> {
    fn new(group: &Group, events: &'e [Event], now: Timestamp) -> Views<'e> {
        let masks = group.masks();
        let masked = |event: &Event, text: &str| Event::new(event.timestamp, shown(&masks, text, now));
        let has_transformed = events.iter().any(|event| event.transformed.is_some());
        // An event that the transformer could not read is seen as it came.
        let transformed = |event: &Event| masked(event, event.transformed.as_ref().unwrap_or(&event.message));
        Views {
            events: match masks.0.is_empty() {
                true => Cow::Borrowed(events),
                false => events.iter().map(|event| masked(event, &event.message)).collect(),
            },
            transformed: has_transformed.then(|| events.iter().map(transformed).collect()),
        }
    }

    fn of(&self, options: &FilterOptions) -> &[Event] {
        let transformed = self.transformed.as_deref().filter(|_| options.on_transformed);
        transformed.unwrap_or(&self.events)
    }
}

fn shown(masks: &Masks, text: &str, at: Timestamp) -> String {
    masks.masked(text, at).unwrap_or_else(|| text.to_owned())
}

/// Whether a filter's selection chooses what is written into a group.
fn selects(criteria: Option<&Criteria>, group: &Group) -> bool {
    let account = group.address.account.to_string();
    let is = |field: &str, value: &str| match field {
        "@aws.account" => account == value,
        "@aws.region" => group.address.region.as_str() == value,
        _ => false,
    };
    criteria.is_none_or(|criteria| criteria.holds(&is))
}

fn metric_samples(group: &Group, views: &Views<'_>) -> Vec<(MetricTransformation, Vec<Sample>)> {
    let account = group.address.account.to_string();
    let chosen = group.metric_filters().values().filter(|filter| selects(filter.criteria.as_ref(), group));
    let sampled = chosen.map(|filter| {
        let (metric, options) = (filter.record.metric.clone(), &filter.record.options);
        let mut samples = samples(&filter.pattern, &metric, views.of(options));
        for sample in &mut samples {
            let known = system_fields(options, &account, group.address.region.as_str());
            sample.dimensions.extend(known.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        (metric, samples)
    });
    sampled.collect()
}

/// The fields of the system that a filter wants with each event.
fn system_fields<'a>(options: &'a FilterOptions, account: &'a str, region: &'a str) -> Vec<(&'a str, &'a str)> {
    let value = |name: &str| if name == "@aws.account" { account } else { region };
    options.system_fields.iter().map(|name| (name.as_str(), value(name))).collect()
}

fn deliveries(
    service: &CloudWatchLogs,
    group: &Group,
    stream: &StreamName,
    views: &Views<'_>,
    origin: Origin<'_>,
) -> Vec<Delivery> {
    let owner = group.address.account.to_string();
    let mut deliveries = Vec::new();
    let own = group.subscriptions().iter().map(|(name, filter)| (name, filter, false));
    let of_account = group.account_subscription().map(|(name, filter)| (name, filter, true));
    for (filter, subscription, is_of_account) in own.chain(of_account) {
        if !selects(subscription.criteria.as_ref(), group) {
            continue;
        }
        let options = &subscription.record.options;
        let envelope = Envelope {
            owner: &owner,
            group: &group.address.name,
            stream: stream.as_str(),
            filter,
            is_of_account,
            system_fields: &system_fields(options, &owner, group.address.region.as_str()),
        };
        // Positions are known only when the transaction is accepted; a number of chance tells batches apart.
        let batch = service.env.random_u64();
        for message in data_messages(envelope, &subscription.pattern, views.of(options), batch) {
            deliveries.push(delivery(group, subscription, &message, (stream.as_str(), batch), origin, service.now()));
        }
    }
    deliveries
}

fn delivery(
    group: &Group,
    subscription: &Subscription,
    message: &str,
    (stream, batch): (&str, u64),
    origin: Origin<'_>,
    now: Timestamp,
) -> Delivery {
    subscription_delivery(group, &subscription.record, message, origin, now).in_lane(if subscription.record.is_random {
        format!("{batch:x}")
    } else {
        stream.to_owned()
    })
}

/// What a subscriber's target gets: the form in which functions get it, which other targets share.
pub(crate) fn subscription_delivery(
    group: &Group,
    record: &crate::store::SubscriptionRecord,
    message: &str,
    origin: Origin<'_>,
    now: Timestamp,
) -> Unaddressed {
    Unaddressed(Delivery {
        source: group.address.arn(),
        target: record.target.clone(),
        lane: None,
        deduplication_id: None,
        payload: format!(r#"{{"awslogs":{{"data":"{message}"}}}}"#).into(),
        attributes: Vec::new(),
        role: record.role.as_deref().and_then(|role| role.parse().ok()),
        // As long as AWS tries: a day.
        retry: RetryPolicy { max_retries: 185, max_age_ms: 86_400_000 },
        dead_letter: None,
        hops: origin.hops,
        trace: origin.trace.map(str::to_owned),
        raised_at: now,
    })
}

/// A delivery whose lane is still to be chosen.
pub(crate) struct Unaddressed(Delivery);

impl Unaddressed {
    /// The delivery in this lane.
    pub(crate) fn in_lane(self, lane: String) -> Delivery {
        // What only FIFO targets know is no obstacle for others; the lane is at most 128 of the characters
        // that they allow.
        let lane: String = lane.chars().map(|c| if c.is_ascii_graphic() { c } else { '-' }).take(128).collect();
        Delivery { lane: Some(lane), ..self.0 }
    }
}
