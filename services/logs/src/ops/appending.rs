//! What PutLogEvents, deliveries from other services and functions' output share: writing events into a
//! stream, with everything that follows from it, in one transaction.

use bytes::Bytes;
use tidegate_log::LogId;
use tidegate_ports::{Delivery, Refusal, RetryPolicy};
use tidegate_record::Stored;
use tidegate_store::{LatchKey, Space, Tx};
use tidegate_types::Timestamp;

use crate::domain::{Envelope, Event, MetricTransformation, Sample, StreamName, data_messages, samples, split};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{
    ChunkRecord, Group, GroupSizeRecord, IndexRecord, StreamId, StreamRecord, Subscription, Written, decode, keys,
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
        events: Vec<Event>,
        origin: Origin<'_>,
    ) -> Appending {
        let now = service.now();
        let deliveries = deliveries(service, &group, &stream, &events, origin);
        let samples = group.metric_filters().values().map(|filter| {
            let metric = filter.record.metric.clone();
            let samples = samples(&filter.pattern, &metric, &events);
            (metric, samples)
        });
        let samples = samples.collect();
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

fn deliveries(
    service: &CloudWatchLogs,
    group: &Group,
    stream: &StreamName,
    events: &[Event],
    origin: Origin<'_>,
) -> Vec<Delivery> {
    let owner = group.address.account.to_string();
    let mut deliveries = Vec::new();
    for (filter, subscription) in group.subscriptions() {
        let envelope = Envelope { owner: &owner, group: &group.address.name, stream: stream.as_str(), filter };
        // Positions are known only when the transaction is accepted; a number of chance tells batches apart.
        let batch = service.env.random_u64();
        for message in data_messages(envelope, &subscription.pattern, events, batch) {
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
