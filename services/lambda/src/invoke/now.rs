//! Running a function once, whoever wants it.

use bytes::{Bytes, BytesMut};
use tidegate_ports::FunctionError;
use tidegate_runtime::{Fault, Invocation, Outcome, Payload, ResponseStream};

use super::gate::{Full, Limit, Place, Pool};
use super::lineage::{self, MAX_TURNS};
use crate::domain::{ACCOUNT_CONCURRENCY, FunctionRef};
use crate::error::Error;
use crate::ops::check_ready;
use crate::service::Lambda;
use crate::store::Function;
use crate::wire;

/// What is asked of a function.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub request_id: String,
    pub payload: Bytes,
    pub client_context: Option<String>,
    pub trace: Option<String>,
    pub tail: bool,
    pub streaming: bool,
}

/// A function that was run, or has begun to answer.
pub(crate) struct Began {
    pub payload: Answer,
    pub error: Option<FunctionError>,
    pub executed_version: String,
    pub log_tail: Option<Bytes>,
    /// The trace, with the function in it.
    pub trace: String,
}

/// What it answers: all of it, or piece by piece.
pub(crate) enum Answer {
    Whole(Bytes),
    Stream(ResponseStream, Place),
}

/// A function that was run.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub payload: Bytes,
    pub error: Option<FunctionError>,
    pub executed_version: String,
    pub log_tail: Option<Bytes>,
    /// The trace, with the function in it.
    pub trace: String,
}

impl Began {
    /// All of it. What goes wrong in the middle of a stream is the answer's error.
    pub(crate) async fn whole(self) -> Ran {
        let Began { payload, mut error, executed_version, mut log_tail, trace } = self;
        let payload = match payload {
            Answer::Whole(payload) => payload,
            Answer::Stream(mut stream, _place) => {
                let mut all = BytesMut::new();
                while let Some(chunk) = stream.chunks.recv().await {
                    all.extend_from_slice(&chunk);
                }
                let end = stream.end.await.unwrap_or_default();
                log_tail = end.log_tail;
                match end.error {
                    Some((_, described)) => {
                        error = Some(FunctionError::Unhandled);
                        described
                    }
                    None => all.freeze(),
                }
            }
        };
        Ran { payload, error, executed_version, log_tail, trace }
    }
}

impl Lambda {
    /// How many invocations of a function may go on at the moment.
    pub(crate) fn limit(&self, function: &Function) -> Limit {
        match function.record.reserved {
            Some(reserved) => Limit::Reserved(reserved),
            None => {
                let address = &function.address;
                Limit::Shared(ACCOUNT_CONCURRENCY - self.directory.reserved(address.account, &address.region))
            }
        }
    }

    /// A place among the invocations that go on, now or not at all.
    pub(crate) fn enter(&self, function: &Function) -> Result<Place, Error> {
        let place = self.gate.enter(&pool(function), self.limit(function));
        place.map_err(|full| Error::Throttled {
            reason: match full {
                Full::Reserved => "ReservedFunctionConcurrentInvocationLimitExceeded",
                Full::Account => "ConcurrentInvocationLimitExceeded",
            },
        })
    }

    /// Runs a function once. What the function does wrong is in the answer.
    ///
    /// # Errors
    /// It was not run.
    pub(crate) async fn run(&self, named: &FunctionRef, asked: Asked, place: Place) -> Result<Began, Error> {
        let function = self.known(named)?;
        let found = function.version(&named.meant(), self.env.random_u64());
        let (number, version) = found.ok_or_else(|| Error::NoFunction(named.qualified_arn()))?;
        check_ready(&version)?;
        let fresh = || {
            let chance = u128::from(self.env.random_u64()) << 64 | u128::from(self.env.random_u64());
            (self.env.real_now().as_secs(), chance)
        };
        let traced = lineage::enter(asked.trace.as_deref(), &function.address.arn(), fresh);
        if traced.turns > MAX_TURNS && function.record.ends_recursion {
            tracing::warn!(function = %named.qualified_arn(), "a chain of events went round in circles and was ended");
            metrics::counter!("tidegate_lambda_recursions_total").increment(1);
            return Err(Error::Recursion);
        }
        let spec = self.specs.of(self, &function, number, &version).await?;
        let invocation = Invocation {
            request_id: asked.request_id,
            payload: asked.payload,
            client_context: asked.client_context,
            cognito_identity: None,
            trace: Some(traced.header.clone()),
            invoked_arn: named.qualified_arn(),
            tail: asked.tail,
            streaming: asked.streaming,
        };
        let outcome = self.runtimes.run(&spec, invocation).await;
        let Outcome { payload, error, log_tail, .. } = outcome.map_err(not_run)?;
        let payload = match payload {
            Payload::Whole(payload) => Answer::Whole(payload),
            Payload::Stream(stream) => Answer::Stream(stream, place),
        };
        Ok(Began { payload, error, executed_version: wire::number(number), log_tail, trace: traced.header })
    }
}

/// Whose invocations are counted together.
pub(crate) fn pool(function: &Function) -> Pool {
    let address = &function.address;
    Pool { account: address.account, region: address.region.clone(), function: address.name.clone() }
}

fn not_run(fault: Fault) -> Error {
    Error::CannotRun(fault.to_string())
}
