use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate_ports::{FunctionAnswer, FunctionCall, Functions, InvokeRefusal};
use tidegate_store::{CommitError, StoreError};
use tidegate_types::Arn;

use crate::domain::{FunctionRef, MAX_SYNC_PAYLOAD};
use crate::error::Error;
use crate::invoke::{Asked, Ran, pool};
use crate::service::Lambda;
use crate::store::VersionRecord;

/// Functions, for those who wait for what they answer.
pub(crate) struct Invoker {
    lambda: Arc<Lambda>,
}

impl Invoker {
    pub(crate) fn new(lambda: Arc<Lambda>) -> Invoker {
        Invoker { lambda }
    }

    fn version(&self, function: &Arn) -> Option<Arc<VersionRecord>> {
        let named = FunctionRef::of_arn(function)?;
        Some(self.lambda.known(&named).ok()?.version(&named.meant(), 0)?.1)
    }

    async fn run(&self, call: &FunctionCall) -> Result<Ran, Error> {
        let missing = || Error::NoFunction(call.function.to_string());
        let named = FunctionRef::of_arn(&call.function).ok_or_else(missing)?;
        if call.payload.len() > MAX_SYNC_PAYLOAD {
            return Err(Error::PayloadTooLarge { bytes: call.payload.len(), limit: MAX_SYNC_PAYLOAD });
        }
        // For the machine it waits, for the function's own limit it does not: its caller tries again.
        let machine = self.lambda.gate.machine(&pool(&*self.lambda.known(&named)?)).await;
        let place = self.lambda.enter(&*self.lambda.known(&named)?)?.on(machine);
        let asked = Asked {
            request_id: self.lambda.env.uuid().to_string(),
            payload: call.payload.clone(),
            client_context: None,
            trace: call.trace.clone(),
            tail: false,
            streaming: false,
        };
        Ok(self.lambda.run(&named, asked, place).await?.whole().await)
    }
}

impl Functions for Invoker {
    fn exists(&self, function: &Arn) -> bool {
        self.version(function).is_some()
    }

    fn timeout_ms(&self, function: &Arn) -> Option<u64> {
        Some(u64::from(self.version(function)?.timeout) * 1000)
    }

    fn invoke(&self, call: FunctionCall) -> BoxFuture<'_, Result<FunctionAnswer, InvokeRefusal>> {
        async move {
            match self.run(&call).await {
                Ok(Ran { payload, error, executed_version, .. }) => {
                    Ok(FunctionAnswer { payload, error, executed_version })
                }
                Err(error) => Err(refusal(call.function, error)),
            }
        }
        .boxed()
    }
}

fn refusal(function: Arn, error: Error) -> InvokeRefusal {
    match error {
        Error::NoFunction(_) => InvokeRefusal::NoSuchFunction(function),
        Error::Throttled { .. } => InvokeRefusal::Throttled(function),
        Error::PayloadTooLarge { bytes, limit } => InvokeRefusal::TooLarge { bytes, limit },
        Error::Store(error) | Error::Commit(CommitError::Store(error)) => InvokeRefusal::Store(error),
        Error::Commit(error) => InvokeRefusal::Store(StoreError::Unavailable { reason: error.to_string().into() }),
        other => InvokeRefusal::CannotStart { function, reason: other.to_string() },
    }
}
