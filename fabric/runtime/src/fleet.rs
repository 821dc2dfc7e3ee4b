//! The workers of each function, and which of them does what.
//!
//! A [`Slot`] is a task that owns one environment from its start to its end. Whoever has an invocation hands
//! it to an idle slot, the one that was used last, or has a new one started; a slot that is done puts itself
//! back. So there is no scheduler, and an invocation passes through two channels and no more.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tidegate_env::{Activity, Report, TaskHandle};
use tidegate_ports::RoleCredentials;
use tidegate_types::Timestamp;
use tokio::sync::{Notify, OnceCell, mpsc, oneshot};

use crate::container::{Contents, Reference, base_image};
use crate::environment::{After, Caller, Environment, Failure, Host, Ingredients, Parts, announce, fail};
use crate::machine::{Interpreters, merge_layers};
use crate::output::Log;
use crate::{CredentialSource, Fault, FunctionSpec, Invocation, Runtime};

/// How long an environment may take to start before it is started anew within the invocation, as on AWS.
const INIT_LIMIT: Duration = Duration::from_secs(10);
/// The same for one that starts ahead of invocations.
const PROVISIONED_INIT_LIMIT: Duration = Duration::from_secs(130);
/// How long before their end credentials are no longer given to an invocation.
const CREDENTIALS_MARGIN: Duration = Duration::from_secs(15 * 60);

/// One invocation and who waits for it.
pub(crate) struct Job {
    pub invocation: Invocation,
    pub caller: Caller,
    /// Counts as running until it is dropped.
    pub running: Running,
}

/// Counts something that runs.
pub(crate) struct Running(Arc<AtomicUsize>);

impl Running {
    fn new(count: &Arc<AtomicUsize>) -> Running {
        count.fetch_add(1, Ordering::AcqRel);
        Running(count.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

enum Message {
    Run(Box<Job>),
    Retire,
}

/// A slot that waits for something to do.
struct Slot {
    serial: u64,
    provisioned: bool,
    messages: mpsc::UnboundedSender<Message>,
}

/// The slots of one function's revision.
#[derive(Default)]
struct Fleet {
    idle: Vec<Slot>,
    /// All slots, idle or not.
    alive: usize,
    provisioned_alive: usize,
    /// How many are to be kept ready.
    target: usize,
    retired: bool,
    credentials: Option<RoleCredentials>,
    layers: Arc<OnceCell<std::path::PathBuf>>,
}

/// What came of keeping environments ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// How many are.
    pub ready: usize,
    /// The machine has no room for as many as were wanted; see [`crate::Settings::provisioned_limit`].
    pub is_capped: bool,
}

/// All workers of a server.
pub(crate) struct Fleets {
    pub parts: Parts,
    credentials: Arc<dyn CredentialSource>,
    interpreters: Interpreters,
    fleets: Mutex<HashMap<String, Fleet>>,
    tasks: Mutex<HashMap<u64, TaskHandle<()>>>,
    serial: AtomicU64,
    running: Arc<AtomicUsize>,
    stopping: AtomicBool,
    /// A slot has ended.
    ended: Notify,
}

impl Activity for Fleets {
    fn report(&self, _now: Timestamp, report: &mut Report) {
        report.busy("running function", self.running() as u64);
        report.busy("unwritten log line of a function", self.parts.sink.pending() as u64);
    }
}

impl Fleets {
    pub(crate) fn new(parts: Parts, credentials: Arc<dyn CredentialSource>) -> Arc<Fleets> {
        Arc::new(Fleets {
            parts,
            credentials,
            interpreters: Interpreters::default(),
            fleets: Mutex::default(),
            tasks: Mutex::default(),
            serial: AtomicU64::new(1),
            running: Arc::default(),
            stopping: AtomicBool::new(false),
            ended: Notify::new(),
        })
    }

    /// How many invocations are running.
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Acquire)
    }

    /// Hands an invocation to a slot.
    ///
    /// # Errors
    /// [`Fault::Stopping`].
    pub(crate) fn dispatch(
        self: &Arc<Self>,
        spec: &Arc<FunctionSpec>,
        invocation: Invocation,
        caller: Caller,
    ) -> Result<(), Fault> {
        let job = Job { invocation, caller, running: Running::new(&self.running) };
        let mut message = Message::Run(Box::new(job));
        let mut fleets = self.fleets.lock();
        if self.stopping.load(Ordering::Acquire) {
            return Err(Fault::Stopping);
        }
        let fleet = fleets.entry(spec.id.clone()).or_default();
        while let Some(slot) = fleet.idle.pop() {
            match slot.messages.send(message) {
                Ok(()) => return Ok(()),
                // It has just ended.
                Err(back) => message = back.0,
            }
        }
        fleet.alive += 1;
        drop(fleets);
        let Message::Run(job) = message else { unreachable!("only invocations are dispatched") };
        self.start_slot(spec, Some(job), None);
        Ok(())
    }

    fn start_slot(
        self: &Arc<Self>,
        spec: &Arc<FunctionSpec>,
        job: Option<Box<Job>>,
        ready: Option<oneshot::Sender<bool>>,
    ) {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let (messages, inbox) = mpsc::unbounded_channel();
        let slot =
            SlotTask { fleets: self.clone(), spec: spec.clone(), serial, provisioned: job.is_none(), messages, inbox };
        // The lock is held until the handle is in: a slot that ends at once removes it only after that.
        let mut tasks = self.tasks.lock();
        tasks.insert(serial, self.parts.env.spawn("function worker", slot.run(job, ready)));
    }

    /// Keeps `wanted` environments ready, or as many as there is room for, and tells how many are.
    pub(crate) async fn provision(self: &Arc<Self>, spec: &Arc<FunctionSpec>, wanted: usize) -> Readiness {
        let (kept, missing, is_capped) = {
            let mut fleets = self.fleets.lock();
            if self.stopping.load(Ordering::Acquire) {
                return Readiness { ready: 0, is_capped: false };
            }
            let others = fleets.iter().filter(|(id, _)| **id != spec.id).map(|(_, fleet)| fleet.target).sum();
            let target = wanted.min(self.parts.settings.provisioned_limit.saturating_sub(others));
            let fleet = fleets.entry(spec.id.clone()).or_default();
            fleet.target = target;
            fleet.retired = false;
            while fleet.provisioned_alive > target
                && let Some(at) = fleet.idle.iter().position(|slot| slot.provisioned)
            {
                fleet.provisioned_alive -= 1;
                retire(fleet.idle.remove(at));
            }
            let kept = fleet.provisioned_alive.min(target);
            let missing = target - kept;
            fleet.alive += missing;
            fleet.provisioned_alive += missing;
            (kept, missing, target < wanted)
        };
        let waiting: Vec<_> = (0..missing)
            .map(|_| {
                let (sender, receiver) = oneshot::channel();
                self.start_slot(spec, None, Some(sender));
                receiver
            })
            .collect();
        let started = futures::future::join_all(waiting).await;
        let ready = kept + started.into_iter().filter(|ready| matches!(ready, Ok(true))).count();
        Readiness { ready, is_capped }
    }

    /// Stops a revision's slots: idle ones now, busy ones when they are done.
    pub(crate) fn retire(&self, id: &str) {
        if let Some(fleet) = self.fleets.lock().get_mut(id) {
            fleet.retired = true;
            fleet.target = 0;
            fleet.idle.drain(..).for_each(retire);
        }
    }

    /// Stops all slots and waits for their end.
    pub(crate) async fn stop(&self) {
        {
            let mut fleets = self.fleets.lock();
            self.stopping.store(true, Ordering::Release);
            for fleet in fleets.values_mut() {
                fleet.retired = true;
                fleet.target = 0;
                fleet.idle.drain(..).for_each(retire);
            }
        }
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            ended.as_mut().enable();
            if self.tasks.lock().is_empty() {
                return;
            }
            ended.await;
        }
    }

    /// What an environment of this function is made from besides.
    async fn ingredients(&self, spec: &Arc<FunctionSpec>) -> Result<Ingredients, Fault> {
        let host = self.host(spec).await?;
        let layers = self.layers(spec).await?;
        let credentials = self.fresh_credentials(spec).await?;
        Ok(Ingredients { host, layers, credentials })
    }

    /// Where a function runs: as a process if this machine can, otherwise in a container.
    async fn host(&self, spec: &FunctionSpec) -> Result<Host, Fault> {
        let engine = &self.parts.engine;
        let refer = |name| Reference { name, architecture: &spec.architecture };
        if let Runtime::Image(image) = &spec.runtime {
            let here = engine.look(refer(&image.id)).await;
            let facts = match here.map_err(Fault::Missing)? {
                Some(facts) => facts,
                // It was removed from the engine since the function got it.
                None => engine.fetch(refer(&image.resolved)).await?,
            };
            return Ok(Host::Container(Box::new(Contents::of_image(facts, image))));
        }
        let missing = match self.interpreters.of(&self.parts.env, &spec.runtime).await {
            Ok(interpreter) => return Ok(Host::Machine(interpreter)),
            Err(missing) => missing,
        };
        let Some(base) = base_image(spec.runtime.id()) else { return Err(missing) };
        // Of an interpreter that is not there, the first thing to be told is that.
        engine.ready().await.map_err(|why| Fault::Missing(format!("{missing}; in a container: {why}")))?;
        let facts = engine.fetch(refer(&base)).await?;
        Ok(Host::Container(Box::new(Contents::of_runtime(facts, &spec.handler))))
    }

    async fn layers(&self, spec: &Arc<FunctionSpec>) -> Result<Option<std::path::PathBuf>, Fault> {
        match spec.layers.as_slice() {
            [] => return Ok(None),
            [only] => return Ok(Some(only.clone())),
            _ => {}
        }
        let merged = self.fleets.lock().entry(spec.id.clone()).or_default().layers.clone();
        let target = self.parts.folders.layers.join(self.serial.fetch_add(1, Ordering::Relaxed).to_string());
        let layers = spec.layers.clone();
        let merge = || async {
            let to = target.clone();
            self.parts
                .env
                .run_blocking(move || merge_layers(&layers, &to))
                .await
                .map_err(Fault::system("merging layers"))?;
            Ok::<_, Fault>(target)
        };
        merged.get_or_try_init(merge).await.cloned().map(Some)
    }

    /// Credentials that last a while yet: those of the last worker, or new ones.
    async fn fresh_credentials(&self, spec: &Arc<FunctionSpec>) -> Result<RoleCredentials, Fault> {
        let least = self.parts.env.real_now().plus(2 * CREDENTIALS_MARGIN);
        let known = self.fleets.lock().get(&spec.id).and_then(|fleet| fleet.credentials.clone());
        if let Some(known) = known.filter(|known| known.expires_at > least) {
            return Ok(known);
        }
        let issued = self.credentials.issue(spec).await.map_err(Fault::Credentials)?;
        self.fleets.lock().entry(spec.id.clone()).or_default().credentials = Some(issued.clone());
        Ok(issued)
    }

    /// A slot has ended: if it was to be kept ready, another takes its place.
    fn slot_ended(self: &Arc<Self>, spec: &Arc<FunctionSpec>, serial: u64, replace: bool, provisioned: bool) {
        let replaced = {
            let mut fleets = self.fleets.lock();
            let mut replaced = false;
            if let Some(fleet) = fleets.get_mut(&spec.id) {
                fleet.alive -= 1;
                if provisioned {
                    fleet.provisioned_alive = fleet.provisioned_alive.saturating_sub(1);
                    replaced = replace && !fleet.retired && fleet.provisioned_alive < fleet.target;
                }
                if replaced {
                    fleet.alive += 1;
                    fleet.provisioned_alive += 1;
                } else if fleet.alive == 0 && fleet.target == 0 {
                    self.forget(fleets.remove(&spec.id));
                }
            }
            replaced
        };
        if replaced {
            self.start_slot(spec, None, None);
        }
        // This ends the calling task at its next wait: it has none left.
        drop(self.tasks.lock().remove(&serial));
        self.ended.notify_waiters();
    }

    /// Nobody runs this revision any more: its merged layers go.
    fn forget(&self, fleet: Option<Fleet>) {
        if let Some(layers) = fleet.and_then(|fleet| fleet.layers.get().cloned())
            && let Err(error) = std::fs::remove_dir_all(layers)
        {
            tracing::warn!(%error, "a function's merged layers could not be removed");
        }
    }
}

fn retire(slot: Slot) {
    // One that has ended by itself needs no message.
    drop(slot.messages.send(Message::Retire));
}

/// The task behind a slot.
struct SlotTask {
    fleets: Arc<Fleets>,
    spec: Arc<FunctionSpec>,
    serial: u64,
    provisioned: bool,
    messages: mpsc::UnboundedSender<Message>,
    inbox: mpsc::UnboundedReceiver<Message>,
}

/// What a slot does next.
enum Next {
    /// The environment is absent if it died while the invocation was on its way.
    Run(Option<Box<Environment>>, Box<Job>),
    End,
}

impl SlotTask {
    async fn run(mut self, job: Option<Box<Job>>, ready: Option<oneshot::Sender<bool>>) {
        let mut after = match job {
            Some(job) => self.first_job(*job).await,
            None => self.ahead().await.map_or(After::Over, |environment| After::Ready(environment, None)),
        };
        // One that never started would fail again at once.
        let replace = matches!(after, After::Ready(..));
        if let Some(ready) = ready {
            // Perhaps nobody waits for it any more.
            if ready.send(replace).is_err() {
                tracing::trace!("nobody waits for a provisioned environment");
            }
        }
        while let After::Ready(environment, answer) = after {
            // The offer comes before the answer: who asks again at once finds this slot.
            let offered = self.put_back();
            if let Some(answer) = answer {
                answer.give();
            }
            after = match self.rest(environment, offered).await {
                Next::Run(Some(environment), job) => self.job(environment, *job).await,
                Next::Run(None, job) => self.first_job(*job).await,
                Next::End => After::Over,
            };
        }
        self.fleets.slot_ended(&self.spec, self.serial, replace, self.provisioned);
    }

    /// Waits for something to do.
    async fn rest(&mut self, mut environment: Box<Environment>, offered: bool) -> Next {
        if !offered {
            environment.spin_down().await;
            return Next::End;
        }
        let env = self.fleets.parts.env.clone();
        let mut patience = environment.credentials_end.since(env.real_now()).saturating_sub(CREDENTIALS_MARGIN);
        if !self.provisioned {
            patience = patience.min(self.fleets.parts.settings.idle);
        }
        let mut usable = true;
        let message = tokio::select! {
            biased;
            message = self.inbox.recv() => message,
            () = environment.watch() => { usable = false; None }
            () = env.sleep_real(patience) => None,
        };
        // Whoever took the offer just now will not wait in vain.
        let message = match message {
            None if !self.withdraw() => self.inbox.recv().await,
            message => message,
        };
        match message {
            Some(Message::Run(job)) if usable && environment.waits() => Next::Run(Some(environment), job),
            Some(Message::Run(job)) => {
                environment.spin_down().await;
                Next::Run(None, job)
            }
            Some(Message::Retire) | None => {
                environment.spin_down().await;
                Next::End
            }
        }
    }

    /// Offers this slot to whoever comes next. Not if its function's revision is no longer wanted.
    fn put_back(&self) -> bool {
        let mut fleets = self.fleets.fleets.lock();
        let Some(fleet) = fleets.get_mut(&self.spec.id) else { return false };
        if fleet.retired || self.provisioned && fleet.provisioned_alive > fleet.target {
            return false;
        }
        let slot = Slot { serial: self.serial, provisioned: self.provisioned, messages: self.messages.clone() };
        fleet.idle.push(slot);
        true
    }

    /// Takes the offer back. `false` if somebody has taken it.
    fn withdraw(&self) -> bool {
        let mut fleets = self.fleets.fleets.lock();
        let Some(fleet) = fleets.get_mut(&self.spec.id) else { return false };
        let at = fleet.idle.iter().position(|slot| slot.serial == self.serial);
        at.map(|at| fleet.idle.remove(at)).is_some()
    }

    /// Runs an invocation in an environment that is ready.
    async fn job(&self, environment: Box<Environment>, job: Job) -> After {
        let Job { invocation, caller, running } = job;
        environment.announce(&invocation);
        let limit = Duration::from_millis(self.spec.timeout_ms);
        environment.invoke(invocation, limit, caller, running).await
    }

    /// Starts an environment for an invocation and runs it. What fails to start is started once more within
    /// the invocation, as on AWS.
    async fn first_job(&self, job: Job) -> After {
        let ingredients = match self.fleets.ingredients(&self.spec).await {
            Ok(ingredients) => ingredients,
            Err(fault) => return refuse(job, fault),
        };
        let log = Log::new(&self.fleets.parts.env, &self.fleets.parts.sink, &self.spec);
        match self.start(&log, ingredients.clone(), "init", INIT_LIMIT).await {
            Ok(Ok(environment)) => self.job(environment, job).await,
            Ok(Err(_)) => self.second_try(&log, ingredients, job).await,
            Err(fault) => self.did_not_start(&log, job, fault),
        }
    }

    async fn second_try(&self, log: &Arc<Log>, ingredients: Ingredients, job: Job) -> After {
        let env = &self.fleets.parts.env;
        announce(log, &self.spec, &job.invocation);
        let limit = Duration::from_millis(self.spec.timeout_ms);
        let started = env.monotonic();
        let result = self.start(log, ingredients, "invoke", limit).await;
        let took = env.monotonic() - started;
        match result {
            Ok(Ok(environment)) => {
                let left = limit.saturating_sub(took).max(Duration::from_millis(1));
                environment.invoke(job.invocation, left, job.caller, job.running).await
            }
            Ok(Err(failure)) => {
                fail(log, &self.spec, &job.invocation, &failure, took, env.now(), job.caller);
                After::Over
            }
            Err(fault) => refuse(job, fault),
        }
    }

    /// What cannot be executed is the function's fault; all else is ours.
    fn did_not_start(&self, log: &Log, job: Job, fault: Fault) -> After {
        let Fault::Invalid(message) = &fault else { return refuse(job, fault) };
        let failure = Failure::entrypoint(message);
        announce(log, &self.spec, &job.invocation);
        let now = self.fleets.parts.env.now();
        fail(log, &self.spec, &job.invocation, &failure, Duration::ZERO, now, job.caller);
        After::Over
    }

    async fn start(
        &self,
        log: &Arc<Log>,
        ingredients: Ingredients,
        phase: &'static str,
        limit: Duration,
    ) -> Result<Result<Box<Environment>, Failure>, Fault> {
        Environment::start(&self.fleets.parts, &self.spec, ingredients, log, phase, limit).await
    }

    /// Starts an environment that waits for its first invocation.
    async fn ahead(&self) -> Option<Box<Environment>> {
        let log = Log::new(&self.fleets.parts.env, &self.fleets.parts.sink, &self.spec);
        let started = match self.fleets.ingredients(&self.spec).await {
            Ok(ingredients) => self.start(&log, ingredients, "init", PROVISIONED_INIT_LIMIT).await,
            Err(fault) => Err(fault),
        };
        match started {
            Ok(Ok(environment)) => Some(environment),
            Ok(Err(failure)) => {
                tracing::warn!(
                    function = self.spec.arn,
                    error = failure.kind,
                    "a provisioned environment did not start"
                );
                None
            }
            Err(fault) => {
                tracing::warn!(function = self.spec.arn, %fault, "a provisioned environment did not start");
                None
            }
        }
    }
}

fn refuse(job: Job, fault: Fault) -> After {
    drop(job.running);
    // Who does not wait any more does not hear of it.
    drop(job.caller.send(Err(fault)));
    After::Over
}
