use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use futures::future::BoxFuture;
use parking_lot::RwLock;
use tidegate_ports::{Delivery, Post, Refusal, Sink};
use tidegate_store::{LatchKey, StoreError, Tx};
use tidegate_types::limits::MAX_HOPS;

use crate::permission::DeliveryPermission;
use crate::tally;

/// Knows which sink serves which ARNs.
///
/// It does not keep sinks alive: a service is a sink and also holds this dispatcher, and two that
/// own each other would never be dropped, nor would the store under them be closed.
pub struct Dispatcher {
    sinks: RwLock<HashMap<&'static str, Weak<dyn Sink>>>,
    /// Set where permissions are enforced.
    permission: OnceLock<DeliveryPermission>,
}

/// Two sinks want to serve the same ARNs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("something serves {0} ARNs already")]
pub struct ServiceTaken(pub &'static str);

impl Dispatcher {
    /// A dispatcher that serves nothing yet: services need it before they exist as sinks.
    pub fn new() -> Dispatcher {
        tally::describe();
        Dispatcher { sinks: RwLock::default(), permission: OnceLock::new() }
    }

    /// From now on `sink` serves the ARNs of its service, for as long as the caller keeps it.
    ///
    /// # Errors
    /// [`ServiceTaken`] if another living sink does.
    pub fn register(&self, sink: &Arc<dyn Sink>) -> Result<(), ServiceTaken> {
        let mut sinks = self.sinks.write();
        let service = sink.service();
        if sinks.get(service).is_some_and(|present| present.strong_count() > 0) {
            return Err(ServiceTaken(service));
        }
        sinks.insert(service, Arc::downgrade(sink));
        Ok(())
    }

    /// From now on deliveries need permission. The first call counts: permissions are not changed while
    /// a server runs.
    pub fn enforce(&self, permission: DeliveryPermission) {
        self.permission.get_or_init(|| permission);
    }

    /// Refuses a delivery that policies do not allow.
    fn check(&self, delivery: &Delivery) -> Result<(), Refusal> {
        match self.permission.get() {
            Some(permission) if !permission.allows(delivery) => {
                Err(Refusal::Denied { source_arn: Box::new(delivery.source.clone()), target: delivery.target.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The sink that will take this delivery, or why none will.
    fn sink_for(&self, delivery: &Delivery) -> Result<Arc<dyn Sink>, Refusal> {
        if delivery.hops >= MAX_HOPS {
            return Err(Refusal::TooManyHops { target: delivery.target.clone(), hops: delivery.hops });
        }
        let sinks = self.sinks.read();
        let Some(sink) = sinks.get(delivery.target.service.as_str()) else {
            return Err(Refusal::NoSuchTarget(delivery.target.clone()));
        };
        // The server is stopping. The target exists, so its sender must not give the event up.
        sink.upgrade()
            .ok_or_else(|| StoreError::Unavailable { reason: "the target's service has stopped".into() }.into())
    }

    /// The label under which deliveries to this target are counted.
    fn label(&self, delivery: &Delivery) -> &'static str {
        self.sinks.read().get_key_value(delivery.target.service.as_str()).map_or(tally::NOBODY, |(service, _)| *service)
    }
}

impl Default for Dispatcher {
    fn default() -> Self {
        Dispatcher::new()
    }
}

impl Post for Dispatcher {
    fn latches(&self, deliveries: &[Delivery]) -> Vec<LatchKey> {
        let needed = deliveries.iter().filter_map(|delivery| Some(self.sink_for(delivery).ok()?.latches(delivery)));
        let mut latches: Vec<_> = needed.flatten().collect();
        latches.sort_unstable();
        latches.dedup();
        latches
    }

    fn post<'a>(&'a self, tx: &'a mut Tx, delivery: Delivery) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let (source, target) = (delivery.source.service.clone(), self.label(&delivery));
            let sink = self.sink_for(&delivery).and_then(|sink| self.check(&delivery).map(|()| sink));
            let outcome = match sink {
                Ok(sink) => sink.accept(tx, delivery).await,
                Err(refusal) => Err(refusal),
            };
            tally::count(source, target, &outcome);
            if let Err(refusal) = &outcome {
                tracing::debug!(%refusal, "a delivery was refused");
            }
            outcome
        })
    }
}
