//! Telling of what becomes of mails, in the transaction in which it becomes so.

use bytes::Bytes;
use serde_json::{Value, json};
use tidegate_ports::{Delivery, Refusal, RetryPolicy};
use tidegate_store::{Space, StoreError, Tx};
use tidegate_types::{Arn, Timestamp};

use crate::domain::configuration_set::{ConfigurationSet, EventTarget, EventType};
use crate::domain::identity::{Identity, Notification};
use crate::service::Ses;
use crate::store::{Counters, Place, SHARDS, Sent, Shelf, bucket_of, keys};
use crate::wire::events::{self, Detail};
use tidegate_record::Stored;

/// How often and how long an event is tried, where its target is not in our store.
const RETRY: RetryPolicy = RetryPolicy { max_retries: 3, max_age_ms: 60 * 60 * 1000 };

/// What SES says to a topic that becomes an event destination.
const HELLO: &str = "Successfully validated SNS topic for Amazon SES event publishing.";

/// Something that became of a mail.
pub(crate) struct Event {
    /// What.
    pub(crate) kind: EventType,
    /// The member of the event that says more.
    pub(crate) member: &'static str,
    /// What it says.
    pub(crate) body: Value,
}

/// One delivery; `None` if the target's ARN is none, which is checked before it is stored.
pub(crate) fn delivery(
    place: &Place,
    source: &str,
    target: &str,
    payload: impl Into<Bytes>,
    now: Timestamp,
) -> Option<Delivery> {
    Some(Delivery {
        source: Arn::new("ses", &place.region, place.account, format!("configuration-set/{source}")),
        target: target.parse().ok()?,
        lane: None,
        deduplication_id: None,
        payload: payload.into(),
        attributes: Vec::new(),
        role: None,
        retry: RETRY,
        dead_letter: None,
        hops: 0,
        trace: None,
        raised_at: now,
    })
}

impl Ses {
    /// Tells everybody who wants to know.
    pub(crate) async fn raise(
        &self,
        tx: &mut Tx,
        sent: &Sent,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let place = Place { account: sent.account, region: sent.region.clone() };
        let set = match &sent.facts.configuration_set {
            Some(name) => Shelf { tx, place: place.clone() }.find::<ConfigurationSet>(name).await?,
            None => None,
        };
        let name = event.kind.in_events();
        for destination in set.iter().flat_map(|set| &set.destinations).filter(|own| own.wants(event.kind)) {
            let set = set.as_ref().map_or("", |set| set.name.as_str());
            let mut value = json!({ "eventType": name, "mail": events::mail(sent, Detail::Event) });
            value[event.member] = event.body.clone();
            let (target, value) = match &destination.target {
                EventTarget::Sns(topic) => (topic, value),
                EventTarget::EventBridge(bus) => {
                    let id = self.env.uuid().to_string();
                    (bus, events::for_bus(&place, &id, now, set, name, &value))
                }
                EventTarget::CloudWatch(_) | EventTarget::Firehose { .. } | EventTarget::Pinpoint(_) => continue,
            };
            self.tell(tx, delivery(&place, set, target, value.to_string(), now)).await?;
        }
        self.notify(tx, &place, sent, event, now).await
    }

    /// Tells the topics of the identity.
    async fn notify(
        &self,
        tx: &mut Tx,
        place: &Place,
        sent: &Sent,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let kind = match event.kind {
            EventType::Bounce => Notification::Bounce,
            EventType::Complaint => Notification::Complaint,
            EventType::Delivery => Notification::Delivery,
            _ => return Ok(()),
        };
        let Some((_, name)) = sent.facts.source_arn.split_once(":identity/") else { return Ok(()) };
        let mut shelf = Shelf { tx, place: place.clone() };
        let Some(identity) = shelf.find::<Identity>(name).await? else { return Ok(()) };
        let Some(notice) = identity.notices.get(&kind) else { return Ok(()) };
        let Some(topic) = &notice.topic else { return Ok(()) };
        let detail = Detail::Notification { headers: notice.headers };
        let mut value = json!({ "notificationType": event.kind.in_events(), "mail": events::mail(sent, detail) });
        value[event.member] = event.body.clone();
        let told = delivery(place, "", topic, value.to_string(), now).map(|told| Delivery {
            source: Arn::new("ses", &place.region, place.account, format!("identity/{name}")),
            ..told
        });
        self.tell(tx, told).await
    }

    /// Says hello to a topic that becomes an event destination, as AWS does.
    pub(crate) async fn greet(
        &self,
        tx: &mut Tx,
        place: &Place,
        set: &str,
        topic: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.tell(tx, delivery(place, set, topic, HELLO, now)).await
    }

    /// Sends one delivery. A target that is not there, or does not take it, loses it: so does AWS's. It is
    /// counted by whoever delivers, and logged.
    pub(crate) async fn tell(&self, tx: &mut Tx, delivery: Option<Delivery>) -> Result<(), StoreError> {
        let Some(delivery) = delivery else { return Ok(()) };
        let target = delivery.target.clone();
        match self.post.post(tx, delivery).await {
            Ok(()) => Ok(()),
            Err(Refusal::Retry(error)) => Err(error),
            Err(refusal) => {
                tracing::warn!(%target, %refusal, "an event of SES was not taken");
                Ok(())
            }
        }
    }
}

/// Counts what happened to a mail.
pub(crate) async fn count(
    tx: &mut Tx,
    place: &Place,
    id: &str,
    now: Timestamp,
    more: Counters,
) -> Result<(), StoreError> {
    // Any spread will do: mails that are sent at once shall not all write the same record.
    let shard = id.bytes().fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte)) % SHARDS;
    let key = keys::counters(bucket_of(now), place.account, &place.region, shard);
    let counted = match tx.get(Space::Map, &key).await? {
        Some(record) => Counters::decode(&record.value).map_err(|error| StoreError::Corrupt {
            space: Space::Map,
            key: key.clone(),
            what: error.to_string().into(),
        })?,
        None => Counters::default(),
    };
    tx.put(Space::Map, key, counted.plus(more).encode());
    Ok(())
}
