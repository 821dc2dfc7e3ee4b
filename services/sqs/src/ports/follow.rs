//! Queues as sources of event source mappings and pipes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tidegate_env::{Activity, Report};
use tidegate_ports::{
    HandleOutcomes, HandleRefusal, QueueAttributeValue, QueueDescription, QueueFollowError, QueueMessage,
    QueueMessageAttribute, QueueReceive, QueueSource,
};
use tidegate_queue::QueueId;
use tidegate_store::StoreError;
use tidegate_types::{Arn, Timestamp};

use crate::domain::{
    AttributeValue, MAX_VISIBILITY_SECONDS, MessageAttribute, QueueAddress, SystemAttribute, VisibilityError,
};
use crate::error::Error;
use crate::ops::{Following, Wish, receive_now, settle};
use crate::service::Sqs;
use crate::store::Queue;
use crate::wire::{Received, system_attribute};

/// How soon a follower looks again that may not have more messages in flight: nothing wakes it when one
/// of those is deleted, because nothing has become ready by that.
const LIMIT_PAUSE: Duration = Duration::from_secs(1);

/// See [`QueueSource`].
pub(crate) struct QueueFollowers {
    sqs: Arc<Sqs>,
    attached: Arc<Attached>,
}

impl QueueFollowers {
    pub(crate) fn new(sqs: Arc<Sqs>) -> QueueFollowers {
        let attached = Arc::new(Attached { sqs: sqs.clone(), queues: Mutex::default() });
        let activity: Arc<dyn Activity> = attached.clone();
        sqs.env.activity().register(&activity);
        QueueFollowers { sqs, attached }
    }

    fn find(&self, arn: &Arn) -> Result<Arc<Queue>, QueueFollowError> {
        let missing = || QueueFollowError::NoSuchQueue(arn.clone());
        let address = QueueAddress::of_arn(arn).ok_or_else(missing)?;
        self.sqs.directory.get(&address)?.ok_or_else(missing)
    }

    async fn settle(&self, arn: &Arn, handles: &[String], wish: Wish) -> Result<HandleOutcomes, QueueFollowError> {
        let queue = self.find(arn)?;
        settle(&self.sqs, &queue, handles, wish).await.map(outcomes).map_err(|error| follow_error(error, arn))
    }

    async fn receive_waiting(&self, arn: &Arn, asked: QueueReceive) -> Result<Vec<QueueMessage>, QueueFollowError> {
        let Sqs { env, queues, .. } = &*self.sqs;
        let following = following(asked);
        let deadline = env.monotonic().saturating_add(asked.wait);
        loop {
            let queue = self.find(arn)?;
            // In line before the look, so that a message that comes in between is not missed.
            let mut line = queues.wait(queue.id());
            let _attached = self.attached.attach(queue.id());
            let mut pause = Duration::MAX;
            match Box::pin(receive_now(&self.sqs, &queue, &following)).await {
                Ok(received) if received.is_empty() => {}
                Ok(received) => return Ok(received.into_iter().map(message).collect()),
                Err(Error::TooManyInFlight) => pause = LIMIT_PAUSE,
                Err(error) => return Err(follow_error(error, arn)),
            }
            let left = deadline.saturating_sub(env.monotonic());
            if left.is_zero() {
                return Ok(Vec::new());
            }
            tokio::select! {
                biased;
                () = line.woken() => {}
                () = env.sleep_real(left.min(pause)) => {}
            }
        }
    }
}

fn following(asked: QueueReceive) -> Following {
    // What is shorter than a second is a second: a lease that is over at once would be no lease.
    let seconds = |timeout: Duration| {
        let seconds = timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
        u32::try_from(seconds).unwrap_or(MAX_VISIBILITY_SECONDS).min(MAX_VISIBILITY_SECONDS)
    };
    Following {
        max: asked.messages.clamp(1, QueueReceive::MAX_MESSAGES),
        max_bytes: asked.bytes,
        visibility_seconds: asked.visibility_timeout.map(seconds),
    }
}

fn message(received: Received) -> QueueMessage {
    let named = |attribute: SystemAttribute| Some((attribute.name(), system_attribute(&received, attribute)?));
    let attributes = SystemAttribute::ALL.into_iter().filter_map(named).collect();
    let Received { message, group, receipt_handle, .. } = received;
    QueueMessage {
        message_id: message.id.to_string(),
        receipt_handle,
        md5_of_body: message.body_md5.to_hex(),
        body: message.body,
        attributes,
        message_attributes: message.attributes.into_iter().map(message_attribute).collect(),
        group: Some(group).filter(|group| !group.is_empty()),
        trace: message.trace_header,
        hops: message.hops,
    }
}

fn message_attribute(attribute: MessageAttribute) -> QueueMessageAttribute {
    let MessageAttribute { name, data_type, value } = attribute;
    let value = match value {
        AttributeValue::Text(text) => QueueAttributeValue::Text(text),
        AttributeValue::Binary(bytes) => QueueAttributeValue::Binary(bytes),
    };
    QueueMessageAttribute { name, data_type, value }
}

fn follow_error(error: Error, queue: &Arn) -> QueueFollowError {
    match error {
        Error::NoSuchQueue { .. } => QueueFollowError::NoSuchQueue(queue.clone()),
        Error::Store(error) => error.into(),
        Error::Commit(error) => error.into(),
        other => unreachable!("followers are not refused, but: {other}"),
    }
}

fn outcomes(settled: Vec<Result<(), Error>>) -> HandleOutcomes {
    let refusal = |error| match error {
        Error::Visibility { reason: VisibilityError::OutOfRange(_) | VisibilityError::BeyondLimit(_), .. } => {
            HandleRefusal::BeyondLimit
        }
        Error::Visibility { .. } => HandleRefusal::Expired,
        // A handle of another queue, or of one of the same name before this one.
        _ => HandleRefusal::Invalid,
    };
    settled.into_iter().map(|outcome| outcome.map_err(refusal)).collect()
}

impl QueueSource for QueueFollowers {
    fn service(&self) -> &'static str {
        "sqs"
    }

    fn describe(&self, queue: &Arn) -> Result<Option<QueueDescription>, StoreError> {
        let Some(address) = QueueAddress::of_arn(queue) else { return Ok(None) };
        let Some(queue) = self.sqs.directory.get(&address)? else { return Ok(None) };
        let settings = &queue.record.settings;
        Ok(Some(QueueDescription {
            visibility_timeout: Duration::from_secs(settings.visibility_timeout_seconds.into()),
            fifo: queue.is_fifo(),
            max_receive_count: settings.redrive.as_ref().map(|policy| policy.max_receive_count),
        }))
    }

    fn receive<'a>(
        &'a self,
        queue: &'a Arn,
        receive: QueueReceive,
    ) -> BoxFuture<'a, Result<Vec<QueueMessage>, QueueFollowError>> {
        self.receive_waiting(queue, receive).boxed()
    }

    fn delete<'a>(
        &'a self,
        queue: &'a Arn,
        handles: &'a [String],
    ) -> BoxFuture<'a, Result<HandleOutcomes, QueueFollowError>> {
        self.settle(queue, handles, Wish::Delete).boxed()
    }

    fn change_visibility<'a>(
        &'a self,
        queue: &'a Arn,
        handles: &'a [String],
        timeout: Duration,
    ) -> BoxFuture<'a, Result<HandleOutcomes, QueueFollowError>> {
        let seconds = i32::try_from(timeout.as_secs()).unwrap_or(i32::MAX);
        self.settle(queue, handles, Wish::Hide { seconds }).boxed()
    }
}

/// Which queues have a follower that waits for a message: one that could be had from them is work, and
/// the server is not idle before it has been received.
struct Attached {
    sqs: Arc<Sqs>,
    queues: Mutex<HashMap<QueueId, usize>>,
}

/// A follower's stay at a queue.
struct Stay<'a> {
    attached: &'a Attached,
    queue: QueueId,
}

impl Attached {
    fn attach(&self, queue: QueueId) -> Stay<'_> {
        *self.queues.lock().entry(queue).or_default() += 1;
        Stay { attached: self, queue }
    }
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        let mut queues = self.attached.queues.lock();
        if let Some(stays) = queues.get_mut(&self.queue) {
            *stays -= 1;
            if *stays == 0 {
                queues.remove(&self.queue);
            }
        }
    }
}

impl Activity for Attached {
    fn report(&self, _now: Timestamp, report: &mut Report) {
        let queues = self.queues.lock();
        let ready = queues.keys().filter(|queue| self.sqs.queues.has_ready(**queue)).count();
        report.busy("queue with messages for a follower", ready as u64);
    }
}
