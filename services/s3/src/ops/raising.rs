//! Raising events in the transaction of what they tell of: an event is sent if and only if its change is
//! committed.
//!
//! ```text
//! let audience = service.audience(call, &bucket, key);            // before the transaction
//! let latches = [own_latches, audience.latches(service)].concat();
//! service.transact(&latches, async |tx| {
//!     …
//!     audience.raise_in_tx(service, tx, Event::Put, &version).await   // the version that came, went or changed
//! })
//! ```

use bytes::Bytes;
use metrics::counter;
use serde_json::Value;
use tidegate_api_s3::NotificationConfiguration;
use tidegate_ports::{Delivery, Refusal, RetryPolicy};
use tidegate_protocol::Call;
use tidegate_store::{LatchKey, Tx};
use tidegate_types::{Arn, Timestamp};

use super::subscribers::{Subscriber, subscribers};
use crate::domain::Event;
use crate::error::Error;
use crate::service::S3;
use crate::store::{Bucket, ConfigKind, VersionRecord};
use crate::wire::{Happening, Origin, bus_event, notification};

/// How long functions are tried.
const RETRY: RetryPolicy = RetryPolicy { max_retries: 2, max_age_ms: 6 * 3600 * 1000 };

/// Who may hear of what happens to a key: those whose filters let it through. Mostly it is nobody, and then nothing
/// more is known.
#[derive(Debug, Clone)]
pub(crate) struct Audience(Option<Box<Hearers>>);

#[derive(Debug, Clone)]
struct Hearers {
    bucket: Bucket,
    key: String,
    origin: Origin,
    subscribers: Vec<Subscriber>,
    /// The default bus of the bucket's account and region, if it hears of everything.
    bus: Option<Arn>,
}

impl S3 {
    /// Who may hear of what a request does to a key.
    pub(crate) fn audience(&self, call: &Call, bucket: &Bucket, key: &str) -> Audience {
        Audience::new(bucket, key, || Origin {
            principal: format!("AWS:{}", call.caller.user_id),
            requester: call.account.to_string(),
            source: call.http.as_ref().map_or_else(|| "127.0.0.1".to_owned(), |http| http.source.to_string()),
            request_id: call.request_id.clone(),
            trace: call.trace.clone(),
            at: self.now(),
        })
    }

    /// Who may hear of what lifecycle does to a key.
    pub(crate) fn audience_of_lifecycle(&self, bucket: &Bucket, key: &str) -> Audience {
        let service = "s3.amazonaws.com";
        Audience::new(bucket, key, || Origin {
            principal: service.to_owned(),
            requester: service.to_owned(),
            source: service.to_owned(),
            request_id: self.env.uuid().to_string(),
            trace: None,
            at: self.now(),
        })
    }
}

impl Audience {
    fn new(bucket: &Bucket, key: &str, origin: impl FnOnce() -> Origin) -> Audience {
        let Some(config) = bucket.config::<NotificationConfiguration>(ConfigKind::Notification) else {
            return Audience(None);
        };
        let (region, account) = (&bucket.record.region, bucket.record.account);
        let has_bus = config.event_bridge_configuration.is_some();
        let bus = has_bus.then(|| Arn::new("events", region, account, "event-bus/default"));
        let mut subscribers = subscribers(config);
        subscribers.retain(|subscriber| subscriber.filter.matches(key));
        let hears = !subscribers.is_empty() || bus.is_some();
        Audience(hears.then(|| {
            Box::new(Hearers { bucket: bucket.clone(), key: key.to_owned(), origin: origin(), subscribers, bus })
        }))
    }

    /// The latches that raising any event needs; to be taken before the transaction.
    pub(crate) fn latches(&self, service: &S3) -> Vec<LatchKey> {
        let Some(hearers) = &self.0 else { return Vec::new() };
        let targets = hearers.subscribers.iter().map(|subscriber| &subscriber.target).chain(&hearers.bus);
        let deliveries: Vec<Delivery> = targets.map(|target| hearers.delivery(target, Bytes::new())).collect();
        service.post.latches(&deliveries)
    }

    /// Tells those who want to hear of it. `version` is the one that came, went or changed.
    ///
    /// One who does not take the event is counted and must not keep the change from being made.
    pub(crate) async fn raise_in_tx(
        &self,
        service: &S3,
        tx: &mut Tx,
        event: Event,
        version: &VersionRecord,
    ) -> Result<(), Error> {
        match &self.0 {
            Some(hearers) => hearers.raise_in_tx(service, tx, event, version).await,
            None => Ok(()),
        }
    }
}

impl Hearers {
    async fn raise_in_tx(&self, service: &S3, tx: &mut Tx, event: Event, version: &VersionRecord) -> Result<(), Error> {
        let sequencer = match event {
            _ if event.is_creation() => Some(version.version),
            Event::DeleteMarkerCreated | Event::LifecycleDeleteMarkerCreated => Some(version.version),
            _ if event.is_removal() => Some(service.draw_version().behind(version.version)),
            _ => None,
        };
        let happening = Happening { event, key: &self.key, version, sequencer };
        for subscriber in self.subscribers.iter().filter(|subscriber| subscriber.wants(event)) {
            let shown = notification(&self.origin, &self.bucket, &subscriber.id, happening);
            self.post(service, tx, &subscriber.target, &shown).await?;
        }
        if let Some(bus) = &self.bus {
            let id = service.env.uuid().to_string();
            self.post(service, tx, bus, &bus_event(&self.origin, &self.bucket, &id, happening)).await?;
        }
        Ok(())
    }

    async fn post(&self, service: &S3, tx: &mut Tx, target: &Arn, shown: &Value) -> Result<(), Error> {
        match service.post.post(tx, self.delivery(target, shown.to_string().into())).await {
            Ok(()) => Ok(()),
            Err(Refusal::Retry(error)) => Err(error.into()),
            Err(refusal) => {
                counter!("tidegate_s3_notifications_refused_total").increment(1);
                tracing::warn!(bucket = self.bucket.name, %refusal, "nobody took a notification");
                Ok(())
            }
        }
    }

    fn delivery(&self, target: &Arn, payload: Bytes) -> Delivery {
        let Origin { trace, at, .. } = &self.origin;
        Delivery { trace: trace.clone(), ..delivery_of(&self.bucket, target, payload, *at) }
    }
}

/// The bucket as a sender: targets' policies may ask whose it is.
fn source_of(bucket: &Bucket) -> Arn {
    let arn: Arn = bucket.arn().parse().expect("a bucket has an ARN");
    Arn { account: Some(bucket.record.account), ..arn }
}

/// A bucket's delivery, as nobody's request caused it.
pub(crate) fn delivery_of(bucket: &Bucket, target: &Arn, payload: Bytes, at: Timestamp) -> Delivery {
    Delivery {
        source: source_of(bucket),
        target: target.clone(),
        lane: None,
        deduplication_id: None,
        payload,
        attributes: Vec::new(),
        role: None,
        retry: RETRY,
        dead_letter: None,
        hops: 0,
        trace: None,
        raised_at: at,
    }
}
