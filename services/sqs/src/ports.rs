//! What others may ask of SQS, or send to it.

mod follow;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use tidegate_policy::Document;
use tidegate_ports::{AdminAnswer, AdminRoute, Delivery, DeliveryAttribute, Refusal, ResourcePolicies, Sink};
use tidegate_queue::{LeaseState, Peeked, QueueError};
use tidegate_store::{CommitError, LatchKey, Position, StoreError, Tx};
use tidegate_types::limits::MAX_HOPS;
use tidegate_types::{AccountId, Arn, Region};

pub(crate) use follow::QueueFollowers;

use crate::domain::{AttributeValue, Draft, MessageError, QueueAddress, QueueReference, RawAttribute};
use crate::ops::{Sender, Sending, decode_message, enqueue};
use crate::service::Sqs;
use crate::store::Queue;

/// Queues as the target of deliveries: a message from another service is written in that service's
/// own transaction.
pub(crate) struct QueueSink {
    sqs: Arc<Sqs>,
}

impl QueueSink {
    pub(crate) fn new(sqs: Arc<Sqs>) -> QueueSink {
        QueueSink { sqs }
    }

    fn prepare(&self, delivery: Delivery) -> Result<(Arc<Queue>, Sending), Refusal> {
        let target = delivery.target.clone();
        if delivery.hops > MAX_HOPS {
            return Err(Refusal::TooManyHops { target, hops: delivery.hops });
        }
        let queue = self.find(&target)?;
        let sending = self.sending(&queue, delivery);
        sending.map(|sending| (queue, sending)).map_err(|what| Refusal::Unacceptable { target, what })
    }

    fn find(&self, target: &Arn) -> Result<Arc<Queue>, Refusal> {
        let missing = || Refusal::NoSuchTarget(target.clone());
        let address = QueueAddress::of_arn(target).ok_or_else(missing)?;
        self.sqs.directory.get(&address)?.ok_or_else(missing)
    }

    fn sending(&self, queue: &Queue, delivery: Delivery) -> Result<Sending, &'static str> {
        let body = String::from_utf8(delivery.payload.into()).map_err(|_| "the payload is not UTF-8")?;
        let draft = Draft {
            body,
            // What only FIFO queues know is no obstacle for a standard one.
            deduplication_id: delivery.deduplication_id.filter(|_| queue.is_fifo()),
            group_id: delivery.lane,
            attributes: delivery.attributes.into_iter().map(raw_attribute).collect(),
            ..Draft::default()
        };
        let outgoing = draft.check(&queue.record.settings).map_err(|error| refusal(&error))?;
        let sender = delivery.source.account.unwrap_or(queue.address.account).to_string();
        let sender =
            Sender { name: &sender, trace: delivery.trace.as_deref(), hops: delivery.hops + 1, now: self.sqs.now() };
        Ok(Sending::new(queue, outgoing, self.sqs.env.uuid(), sender))
    }
}

fn raw_attribute(attribute: DeliveryAttribute) -> RawAttribute {
    let DeliveryAttribute { name, data_type, value } = attribute;
    RawAttribute { name, data_type: Some(data_type.to_owned()), text: Some(value), ..RawAttribute::default() }
}

fn refusal(error: &MessageError) -> &'static str {
    match error {
        MessageError::NoBody => "the payload is empty",
        MessageError::BodyCharacters => "the payload has characters that SQS does not allow",
        MessageError::TooLarge { .. } => "the payload is larger than the queue's messages may be",
        MessageError::NoGroup => "a FIFO queue needs a message group",
        MessageError::NoDeduplicationId => "the FIFO queue needs a deduplication id",
        MessageError::Id(_) => "the message group or deduplication id has characters that SQS does not allow",
        MessageError::DelayOutOfRange(_)
        | MessageError::NotForThisQueue { .. }
        | MessageError::Attribute(_)
        | MessageError::UnknownSystemAttribute { .. }
        | MessageError::MalformedSystemAttribute { .. } => "the queue does not take such a message",
    }
}

fn store_error(error: CommitError) -> StoreError {
    match error {
        CommitError::Store(error) => error,
        other => StoreError::Unavailable { reason: other.to_string().into() },
    }
}

impl Sink for QueueSink {
    fn service(&self) -> &'static str {
        "sqs"
    }

    fn latches(&self, delivery: &Delivery) -> Vec<LatchKey> {
        // What is refused writes nothing, and needs no latch.
        let prepared = self.prepare(delivery.clone()).ok();
        prepared.and_then(|(queue, sending)| sending.latch(&queue)).into_iter().collect()
    }

    fn accept<'a>(&'a self, tx: &'a mut Tx, delivery: Delivery) -> BoxFuture<'a, Result<(), Refusal>> {
        async move {
            let target = delivery.target.clone();
            let (queue, sending) = self.prepare(delivery)?;
            match enqueue(tx, &queue, &sending).await {
                Ok(_placed) => Ok(()),
                Err(QueueError::NoSuchQueue(_)) => Err(Refusal::NoSuchTarget(target)),
                Err(QueueError::InFlightLimit) => unreachable!("sending leases nothing"),
                Err(QueueError::Store(error)) => Err(error.into()),
                Err(QueueError::Commit(error)) => Err(store_error(error).into()),
            }
        }
        .boxed()
    }
}

/// The policies of queues, for whoever decides about requests.
pub(crate) struct QueuePolicies {
    sqs: Arc<Sqs>,
}

impl QueuePolicies {
    pub(crate) fn new(sqs: Arc<Sqs>) -> QueuePolicies {
        QueuePolicies { sqs }
    }
}

impl ResourcePolicies for QueuePolicies {
    fn service(&self) -> &'static str {
        "sqs"
    }

    fn policy_of(&self, arn: &str) -> Option<Arc<Document>> {
        let address = QueueAddress::of_arn(&arn.parse().ok()?)?;
        // A record that cannot be read fails the operation itself.
        self.sqs.directory.get(&address).ok()??.policy.clone()
    }
}

/// `GET /_tidegate/sqs/peek`: looks at a queue's messages without receiving them.
pub(crate) struct Peek {
    sqs: Arc<Sqs>,
}

/// The most messages of one look.
const MAX_PEEKED: usize = 100;

/// What a look asks for.
struct PeekRequest {
    queue: QueueAddress,
    after: Option<Position>,
    max: usize,
}

impl Peek {
    pub(crate) fn new(sqs: Arc<Sqs>) -> Peek {
        Peek { sqs }
    }

    async fn look(&self, query: &[(String, String)]) -> AdminAnswer {
        let request = match parse(query) {
            Ok(request) => request,
            Err(message) => return AdminAnswer::error(400, message),
        };
        let queue = match self.sqs.directory.get(&request.queue) {
            Ok(Some(queue)) => queue,
            Ok(None) => return AdminAnswer::error(404, format!("there is no queue {}", request.queue.arn())),
            Err(error) => return AdminAnswer::error(503, error.to_string()),
        };
        let peeked = match self.sqs.queues.peek(queue.id(), request.after, request.max).await {
            Ok(peeked) => peeked,
            Err(error) => return AdminAnswer::error(503, error.to_string()),
        };
        // More may follow also if fewer than asked for were read, because bodies are large.
        let next = peeked.last().map(|last| last.key.position.0);
        match peeked.iter().map(|peeked| self.show(&queue, peeked)).collect::<Result<Vec<_>, _>>() {
            Ok(messages) => {
                let queue = queue.address.arn().to_string();
                AdminAnswer::ok(json!({ "queueArn": queue, "messages": messages, "nextAfter": next }))
            }
            Err(error) => AdminAnswer::error(500, error.to_string()),
        }
    }

    fn show(&self, queue: &Queue, peeked: &Peeked) -> Result<Value, StoreError> {
        let message = decode_message(&peeked.body, peeked.key.position.0)?;
        let lease = &peeked.lease;
        let state = match peeked.state {
            _ if queue.expires_at(lease.sent_at) <= self.sqs.now() => "expired",
            LeaseState::Delayed => "delayed",
            LeaseState::Ready => "ready",
            LeaseState::InFlight => "inFlight",
        };
        let attributes: Map<String, Value> = message
            .attributes
            .iter()
            .map(|attribute| {
                let value = match &attribute.value {
                    AttributeValue::Text(text) => json!({ "dataType": attribute.data_type, "stringValue": text }),
                    AttributeValue::Binary(bytes) => {
                        json!({ "dataType": attribute.data_type, "binaryValue": STANDARD.encode(bytes) })
                    }
                };
                (attribute.name.clone(), value)
            })
            .collect();
        Ok(json!({
            "messageId": message.id.to_string(),
            "position": peeked.key.position.0,
            "state": state,
            "body": message.body,
            "attributes": attributes,
            "senderId": message.sender,
            "groupId": String::from_utf8_lossy(&peeked.key.lane.0),
            "deduplicationId": message.deduplication_id.as_ref().map(|id| id.as_str()),
            "traceHeader": message.trace_header,
            "deadLetterSourceArn": message.origin.as_ref().map(|origin| origin.source.arn().to_string()),
            "sentTimestamp": lease.sent_at.as_millis(),
            "visibleTimestamp": lease.visible_at.as_millis(),
            "receiveCount": lease.receive_count + message.origin.as_ref().map_or(0, |origin| origin.receive_count),
        }))
    }
}

fn parse(query: &[(String, String)]) -> Result<PeekRequest, String> {
    let text = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let number = |name: &str| {
        let parse = |value: &str| value.parse::<u64>().map_err(|_| format!("{name} is a number, not {value:?}"));
        text(name).map(parse).transpose()
    };
    let url = text("queueUrl").ok_or("queueUrl is missing: GET /_tidegate/sqs/peek?queueUrl=…[&max=…][&after=…]")?;
    let reference = QueueReference::parse(url).ok_or_else(|| format!("{url:?} is not the URL of a queue"))?;
    let account = text("account").map_or(Ok(AccountId::DEFAULT), str::parse).map_err(|error| error.to_string())?;
    let region = text("region").map_or(Ok(Region::us_east_1()), str::parse).map_err(|error| error.to_string())?;
    let max = number("max")?.map_or(10, |max| usize::try_from(max).unwrap_or(MAX_PEEKED)).clamp(1, MAX_PEEKED);
    Ok(PeekRequest { queue: reference.resolve(account, &region), after: number("after")?.map(Position), max })
}

impl AdminRoute for Peek {
    fn path(&self) -> &'static str {
        "sqs/peek"
    }

    fn get<'a>(&'a self, query: &'a [(String, String)]) -> BoxFuture<'a, AdminAnswer> {
        self.look(query).boxed()
    }
}
