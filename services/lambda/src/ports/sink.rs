use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_effects::{EffectError, enqueue_in_tx};
use tidegate_ports::{Delivery, Refusal, Sink};
use tidegate_queue::QueueError;
use tidegate_record::Stored;
use tidegate_store::{LatchKey, StoreError, Tx};

use crate::domain::{FunctionRef, MAX_ASYNC_PAYLOAD};
use crate::invoke::{EventRecord, Events};
use crate::service::Lambda;

/// Functions as the target of deliveries: the event is queued in the sender's own transaction.
pub(crate) struct FunctionSink {
    lambda: Arc<Lambda>,
}

impl FunctionSink {
    pub(crate) fn new(lambda: Arc<Lambda>) -> FunctionSink {
        FunctionSink { lambda }
    }

    async fn enqueue(&self, tx: &mut Tx, delivery: Delivery) -> Result<(), Refusal> {
        let Delivery { target, payload, trace, raised_at, .. } = delivery;
        let found = FunctionRef::of_arn(&target).and_then(|named| {
            let function = self.lambda.known(&named).ok()?;
            function.version(&named.meant(), 0).map(|_| (named, function))
        });
        let Some((named, function)) = found else { return Err(Refusal::NoSuchTarget(target)) };
        if payload.len() > MAX_ASYNC_PAYLOAD {
            return Err(Refusal::Unacceptable { target, what: "the payload is larger than an event may be" });
        }
        let event = EventRecord {
            request_id: self.lambda.env.uuid().to_string(),
            function: named.qualified_arn(),
            payload,
            trace,
            client_context: None,
        };
        let (queue, now) = (function.address.arn().to_string(), self.lambda.now());
        let enqueued = enqueue_in_tx::<Events>(tx, &self.lambda.env, &queue, event.encode(), raised_at, now).await;
        enqueued.map_err(|error| Refusal::Retry(store_error(error)))
    }
}

pub(super) fn store_error(error: EffectError) -> StoreError {
    match error {
        EffectError::Store(error) | EffectError::Queue(QueueError::Store(error)) => error,
        other => StoreError::Unavailable { reason: other.to_string().into() },
    }
}

impl Sink for FunctionSink {
    fn service(&self) -> &'static str {
        "lambda"
    }

    fn latches(&self, _delivery: &Delivery) -> Vec<LatchKey> {
        // Events of one function are put behind each other and never conflict.
        Vec::new()
    }

    fn accept<'a>(&'a self, tx: &'a mut Tx, delivery: Delivery) -> BoxFuture<'a, Result<(), Refusal>> {
        self.enqueue(tx, delivery).boxed()
    }
}
