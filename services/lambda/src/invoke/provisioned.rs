//! Keeps environments ready, as provisioned concurrency asks for it.
//!
//! A worker compares what the directory asks for with what it has told the runtimes, and tells them the
//! difference. It is hinted by every change of the catalogue, so that an alias that moves, a version that is
//! deleted and a server that starts again need nothing of their own. Invocations beyond the provisioned number
//! find no idle environment and start one on demand, as any other would.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use futures::future::join_all;
use parking_lot::Mutex;
use tidegate_runtime::{FunctionSpec, Readiness};
use tidegate_workers::{Hint, Next, Worker};

use crate::error::Error;
use crate::service::Lambda;
use crate::store::Function;

const NOTHING: Readiness = Readiness { ready: 0, is_capped: false };

/// What the runtimes were told of a version, and what became of it.
struct Told {
    /// What they were told to run; nothing if its code could not be had.
    spec: Option<Arc<FunctionSpec>>,
    target: u32,
    /// What came of it; unknown while they start.
    outcome: Option<Readiness>,
}

/// How far the environments of one version or alias are.
pub(crate) struct State {
    pub ready: u32,
    /// Nothing more is to be expected.
    pub is_settled: bool,
    /// The machine has no room for more.
    pub is_capped: bool,
}

/// What is kept ready.
pub(crate) struct Provisioned {
    pub hint: Hint,
    /// By function and version.
    told: Mutex<HashMap<(u64, u64), Told>>,
}

impl Provisioned {
    pub(crate) fn new(hint: Hint) -> Provisioned {
        Provisioned { hint, told: Mutex::default() }
    }

    /// How far the environments for a version or an alias are.
    pub(crate) fn state(&self, function: &Function, qualifier: &str) -> State {
        let wanted = function.to_be_ready();
        let told = self.told.lock();
        let mut state = State { ready: 0, is_settled: true, is_capped: false };
        for (number, share) in function.provisioned_for(qualifier) {
            let found = told.get(&(function.record.id, number));
            let found = found.filter(|told| wanted.get(&number) == Some(&told.target));
            match found.and_then(|told| told.outcome) {
                Some(Readiness { ready, is_capped }) => {
                    state.ready += share.min(ready as u32);
                    state.is_capped |= is_capped;
                }
                None => state.is_settled = false,
            }
        }
        state
    }

    /// One version: nothing if the runtimes know it already.
    async fn settle(&self, lambda: &Lambda, function: &Function, number: u64, target: u32) {
        let Some(version) = function.versions.get(&number) else { return };
        let place = (function.record.id, number);
        let spec = match lambda.specs.of(lambda, function, number, version).await {
            Ok(spec) => spec,
            Err(error) => {
                tracing::warn!(function = %function.address.arn(), number, %error, "nothing can be kept ready of it");
                self.told.lock().insert(place, Told { spec: None, target, outcome: Some(NOTHING) });
                return;
            }
        };
        {
            let mut told = self.told.lock();
            let is_same = |known: &Arc<FunctionSpec>| known.id == spec.id;
            let is_known = |told: &Told| told.spec.as_ref().is_some_and(is_same) && told.target == target;
            // What there was no room for may have some now.
            let is_done = |told: &Told| told.outcome.is_some_and(|outcome| !outcome.is_capped);
            if told.get(&place).is_some_and(|told| is_known(told) && is_done(told)) {
                return;
            }
            told.insert(place, Told { spec: Some(spec.clone()), target, outcome: None });
        }
        let outcome = lambda.runtimes.provision(&spec, target as usize).await;
        if let Some(told) = self.told.lock().get_mut(&place) {
            told.outcome = Some(outcome);
        }
    }

    async fn reconcile(&self, lambda: &Lambda) {
        let functions = lambda.directory.all();
        let mut wanted = Vec::new();
        for function in &functions {
            for (number, target) in function.to_be_ready() {
                wanted.push((function.clone(), number, target));
            }
        }
        let is_wanted = |place: &(u64, u64)| wanted.iter().any(|(of, number, _)| (of.record.id, *number) == *place);
        let gone: Vec<((u64, u64), Told)> = self.told.lock().extract_if(|place, _| !is_wanted(place)).collect();
        for ((id, number), told) in gone {
            let Some(spec) = told.spec else { continue };
            // Of a version that is there, what was started on demand stays warm.
            match functions.iter().any(|of| of.record.id == id && of.versions.contains_key(&number)) {
                true => _ = lambda.runtimes.provision(&spec, 0).await,
                false => lambda.runtimes.retire(&spec.id),
            }
        }
        join_all(wanted.iter().map(|(function, number, target)| self.settle(lambda, function, *number, *target))).await;
    }
}

/// The worker.
pub(crate) struct Warming(pub Weak<Lambda>);

impl Worker for Warming {
    type Error = Error;

    fn name(&self) -> &'static str {
        "lambda provisioned concurrency"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        if let Some(lambda) = self.0.upgrade() {
            lambda.provisioned.reconcile(&lambda).await;
        }
        Ok(Next::OnHint)
    }
}
