//! Events that nobody waits for: queued durably, tried up to three times, and told of at the end.
//!
//! What AWS does is in "How Lambda handles errors and retries with asynchronous invocation": a function that
//! fails is tried again after one minute, then after two; an event that is throttled, or that the server
//! itself failed to deliver, is tried again until it is too old.

use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use tidegate_effects::{Attempt, Effect, Kind, enqueue_in_tx};
use tidegate_ports::{Delivery, DeliveryAttribute, Refusal, RetryPolicy};
use tidegate_record::Stored;
use tidegate_store::{LatchKey, StoreError, Tx};
use tidegate_types::Arn;

use super::event::EventRecord;
use super::gate::Place;
use super::now::{Asked, pool};
use super::object_key;
use super::outcome::{Answered, Condition, Ended};
use crate::domain::{FunctionRef, MAX_EVENT_AGE_SECONDS, Qualifier};
use crate::error::Error;
use crate::service::Lambda;
use crate::store::{Address, Function, InvokeConfigRecord};

/// How many attempts follow the first, unless the function says otherwise.
const MAX_RETRIES: u32 = 2;
/// How long after the first failure the next attempt is made; it doubles.
const FIRST_PAUSE_MS: u64 = 60_000;
/// How long after a failure that was not the function's.
const FAULT_PAUSE_MS: u64 = 10_000;

/// Asynchronous invocations, as effects. The service is set once it exists.
#[derive(Default)]
pub(crate) struct Events {
    lambda: Arc<OnceLock<Weak<Lambda>>>,
}

/// A place, or why none is needed.
pub(crate) enum Permit {
    Place(Place),
    /// The function has reserved nothing for itself: its events are not tried.
    Zero,
    /// There is no such function any more, or the server ends.
    Nobody,
}

impl Events {
    /// Where the service is put.
    pub(crate) fn service(&self) -> Arc<OnceLock<Weak<Lambda>>> {
        self.lambda.clone()
    }

    fn lambda(&self) -> Option<Arc<Lambda>> {
        self.lambda.get()?.upgrade()
    }
}

impl Lambda {
    /// Queues an event for a function.
    pub(crate) async fn queue(&self, function: &Address, event: EventRecord) -> Result<(), Error> {
        let (now, target) = (self.now(), function.arn().to_string());
        let body = event.encode();
        self.transact(&[], async |tx: &mut Tx| {
            enqueue_in_tx::<Events>(tx, &self.env, &target, body.clone(), now, now).await?;
            Ok(())
        })
        .await?;
        Ok(())
    }
}

/// How a function's events are tried.
fn config<'a>(function: &'a Function, named: &FunctionRef) -> Option<&'a InvokeConfigRecord> {
    function.invoke_configs.get(named.qualifier.as_deref().unwrap_or("$LATEST"))
}

fn named(target: &Arn, text: &str) -> Option<FunctionRef> {
    let (account, region) = (target.account?, target.region.clone()?);
    FunctionRef::parse(text, None, account, &region).ok()
}

impl Kind for Events {
    const NAME: &'static str = "function events";
    const TAG: u8 = 1;
    type Permit = Permit;
    type Outcome = Ended;

    async fn admit(&self, target: &str) -> Permit {
        let (Some(lambda), Ok(arn)) = (self.lambda(), target.parse::<Arn>()) else { return Permit::Nobody };
        let Some(address) = named(&arn, target).map(|named| Address::of(&named)) else { return Permit::Nobody };
        let Some(function) = lambda.directory.get(&address) else { return Permit::Nobody };
        if function.record.reserved == Some(0) {
            return Permit::Zero;
        }
        let limit = || Some(lambda.limit(&*lambda.directory.get(&address)?));
        match lambda.gate.wait(&pool(&function), limit).await {
            Some(place) => Permit::Place(place),
            None => Permit::Nobody,
        }
    }

    async fn attempt(&self, permit: Permit, effect: &Effect) -> Attempt<Ended> {
        let Some(lambda) = self.lambda() else {
            // The server ends; what was not tried is tried after the next start.
            return std::future::pending().await;
        };
        let now = lambda.now();
        let ended =
            |condition| Attempt::Over(Ended { condition, invocations: effect.failures, answered: None, at: now });
        let known = EventRecord::decode(&effect.body).ok().zip(effect.target.parse::<Arn>().ok());
        let known = known.and_then(|(event, target)| Some((named(&target, &event.function)?, event)));
        let Some((named, event)) = known else {
            tracing::error!(function = effect.target, "an event cannot be read and is given up");
            return ended(Condition::RetriesExhausted);
        };
        let place = match permit {
            Permit::Place(place) => place,
            Permit::Zero => return ended(Condition::ZeroReservedConcurrency),
            Permit::Nobody => return ended(Condition::RetriesExhausted),
        };
        let Some(function) = lambda.directory.get(&Address::of(&named)) else {
            return ended(Condition::RetriesExhausted);
        };
        let config = config(&function, &named);
        let max_age = config.and_then(|config| config.max_age).unwrap_or(MAX_EVENT_AGE_SECONDS);
        let too_old_at = effect.raised_at.plus_millis(u64::from(max_age) * 1000);
        if now > too_old_at {
            return ended(Condition::EventAgeExceeded);
        }
        let asked = Asked {
            request_id: event.request_id,
            payload: event.payload,
            // As on AWS, only who waits gives a context.
            client_context: None,
            trace: event.trace,
            tail: false,
            streaming: false,
        };
        let ran = match lambda.run(&named, asked, place).await {
            Ok(began) => began.whole().await,
            Err(Error::Recursion) => return ended(Condition::RecursiveInvocationTerminated),
            Err(Error::NoFunction(_)) => return ended(Condition::RetriesExhausted),
            Err(error) => {
                tracing::warn!(function = %named.qualified_arn(), %error, "an event could not be delivered");
                return Attempt::Again { at: now.plus_millis(FAULT_PAUSE_MS), counts: false };
            }
        };
        let max_retries = config.and_then(|config| config.max_retries).unwrap_or(MAX_RETRIES);
        let now = lambda.now();
        let next = now.plus_millis(FIRST_PAUSE_MS << effect.failures.min(16));
        let condition = match ran.error {
            None => Condition::Success,
            Some(_) if effect.failures >= max_retries => Condition::RetriesExhausted,
            Some(_) if next > too_old_at => Condition::EventAgeExceeded,
            Some(_) => return Attempt::Again { at: next, counts: true },
        };
        let answered = Answered {
            payload: ran.payload,
            error: ran.error,
            executed_version: ran.executed_version,
            trace: ran.trace,
        };
        Attempt::Over(Ended { condition, invocations: effect.failures + 1, answered: Some(answered), at: now })
    }

    fn latches(&self, effect: &Effect, outcome: &Ended) -> Vec<LatchKey> {
        let Some(lambda) = self.lambda() else { return Vec::new() };
        lambda.post.latches(&deliveries(&lambda, effect, outcome))
    }

    async fn conclude(&self, tx: &mut Tx, effect: &Effect, outcome: &Ended) -> Result<(), StoreError> {
        let Some(lambda) = self.lambda() else {
            return Err(StoreError::Unavailable { reason: "the server is stopping".into() });
        };
        for delivery in deliveries(&lambda, effect, outcome) {
            let target = delivery.target.clone();
            match lambda.post.post(tx, delivery).await {
                Ok(()) => {}
                Err(Refusal::Retry(error)) => return Err(error),
                // There is nobody left to tell but the operator.
                Err(refusal) => {
                    metrics::counter!("tidegate_lambda_destination_failures_total").increment(1);
                    tracing::warn!(function = effect.target, %target, %refusal, "a destination refused an event");
                }
            }
        }
        Ok(())
    }
}

/// Whom an event's end is told to: its destination, and its dead letter.
fn deliveries(lambda: &Lambda, effect: &Effect, ended: &Ended) -> Vec<Delivery> {
    let told = || {
        let source: Arn = effect.target.parse().ok()?;
        let event = EventRecord::decode(&effect.body).ok()?;
        let named = named(&source, &event.function)?;
        let function = lambda.directory.get(&Address::of(&named))?;
        // A version or an alias that is gone by now has left nothing behind but the function.
        let version = function.version(&named.meant(), 0).map(|(_, version)| version);
        let version = version.or_else(|| function.latest().cloned())?;
        let went_well = ended.condition == Condition::Success;
        let config = config(&function, &named);
        let destination =
            config.and_then(|config| if went_well { config.on_success.clone() } else { config.on_failure.clone() });
        let arn = match named.meant() {
            Qualifier::Latest => format!("{}:$LATEST", function.address.arn()),
            _ => named.qualified_arn(),
        };
        let role = version.role.parse().ok();
        let mut all = Vec::new();
        if let Some(target) = destination.and_then(|target| target.parse().ok()) {
            let document = ended.document(&event, &arn);
            all.push(delivery(lambda, &source, target, document, &event, role.clone(), ended));
        }
        if !went_well && let Some(target) = version.dead_letter.as_ref().and_then(|target| target.parse().ok()) {
            let (code, message) = ended.error_of_dead_letter();
            let mut letter = delivery(lambda, &source, target, event.payload.clone(), &event, role, ended);
            letter.attributes = vec![
                attribute("RequestID", "String", event.request_id.clone()),
                attribute("ErrorCode", "Number", code.to_string()),
                attribute("ErrorMessage", "String", message),
            ];
            all.push(letter);
        }
        Some(all)
    };
    told().unwrap_or_default()
}

fn delivery(
    lambda: &Lambda,
    source: &Arn,
    target: Arn,
    payload: Bytes,
    event: &EventRecord,
    role: Option<Arn>,
    ended: &Ended,
) -> Delivery {
    // The trace with this function in it, so that a circle of functions can be told.
    let trace = ended.answered.as_ref().map(|answered| answered.trace.clone()).or_else(|| event.trace.clone());
    let object = || {
        let name = named(source, &event.function).map(|function| function.name).unwrap_or_default();
        object_key(&format!("aws/lambda/async/{name}"), ended.at, lambda.env.uuid())
    };
    Delivery {
        source: source.clone(),
        deduplication_id: (target.service == "s3").then(object),
        target,
        lane: None,
        payload,
        attributes: Vec::new(),
        role,
        retry: RetryPolicy { max_retries: MAX_RETRIES, max_age_ms: u64::from(MAX_EVENT_AGE_SECONDS) * 1000 },
        dead_letter: None,
        hops: 0,
        trace,
        raised_at: ended.at,
    }
}

fn attribute(name: &str, data_type: &'static str, value: String) -> DeliveryAttribute {
    DeliveryAttribute { name: name.to_owned(), data_type, value }
}
