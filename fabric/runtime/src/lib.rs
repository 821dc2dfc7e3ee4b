//! Execution environments: warm processes that run functions, without containers where that is possible.
//!
//! A function's code runs in a process of this machine, started once and used for one invocation after
//! another. Around the process there is what AWS puts around it: the Runtime API on an endpoint of its own, by
//! which any runtime that AWS's documentation allows can work; extensions and telemetry; the variables, the
//! log, the limits, the words of errors. Node and Python functions run through small bootstraps of our own on
//! the machine's interpreters; custom runtimes and Go binaries as they are. What this machine cannot run so (Java,
//! .NET, Ruby, container images) runs in containers, if there is an engine.
//!
//! - `fleet`: which worker runs what, and when workers start and end.
//! - `environment`: one worker from init over invocations to shutdown.
//! - `endpoint`: the HTTP APIs that a worker's processes use.
//! - `process`: starting, confining, watching and killing processes. `container`: the same for containers.
//! - `output`: from pipes to log groups.
//! - `machine`: interpreters and folders. `install`: the SDKs that AWS's runtimes provide.
//!
//! This crate knows nothing of Lambda's API, its records, or how much may run at once: whoever calls
//! [`Runtimes::run`] has decided that it is to run now.
//!
//! *Invariant RUN-1.* An invocation runs at most once for each call, and its caller hears of it exactly once.
//!
//! *Invariant RUN-2.* No process outlives its worker, and no worker outlives the server. A container may outlive a
//! server that was killed, until the next one starts on the same data folder.

mod container;
mod credentials;
mod endpoint;
mod environment;
mod fleet;
mod install;
mod invocation;
mod machine;
mod output;
mod process;
mod settings;
mod spec;

use std::sync::Arc;

use tidegate_env::{Activity, Env, TaskHandle};
use tidegate_ports::LogLines;
use tokio::sync::oneshot;

pub use container::{Image, ImageFacts, PullRefusal};
pub use credentials::CredentialSource;
pub use fleet::Readiness;
pub use install::{Installed, install, installed};
pub use invocation::{Fault, Finding, Invocation, Outcome, Payload, ResponseStream, StreamEnd, Usage};
pub use settings::{Confinement, Settings};
pub use spec::{FunctionSpec, InitType, LogFormat, LogLevel, Runtime};

use container::{Engine, Reference, base_image};
use environment::Parts;
use fleet::Fleets;
use machine::{Folders, Interpreters};
use output::LogSink;
use process::{Launcher, Tiers};

/// All environments of a server.
pub struct Runtimes {
    fleets: Arc<Fleets>,
    _writing: TaskHandle<()>,
    _sweeping: Option<TaskHandle<()>>,
    _activity: Arc<dyn Activity>,
}

impl Runtimes {
    /// Empties the scratch folder and tries how far functions can be kept apart here. Interpreters are looked
    /// for when a function first needs one.
    ///
    /// # Errors
    /// The scratch folder cannot be written, or the system gives no thread.
    pub async fn new(
        env: Env,
        settings: Settings,
        lines: Arc<dyn LogLines>,
        credentials: Arc<dyn CredentialSource>,
    ) -> Result<Arc<Runtimes>, Fault> {
        let strict = settings.confinement == Confinement::Strict;
        let prepare = {
            let settings = settings.clone();
            move || Folders::make(&settings).map(|folders| (folders, Tiers::find(strict)))
        };
        let prepared = env.run_blocking(prepare).await;
        let (folders, tiers) = prepared.map_err(Fault::system("preparing the folder for functions"))?;
        let launcher =
            Launcher::start(&env, &tiers).map_err(Fault::system("starting the thread that starts functions"))?;
        let sink = LogSink::new(env.clone(), lines);
        let writing = env.spawn("functions' logs", sink.clone().run());
        let engine = Arc::new(Engine::new(&env, &settings));
        let sweeping = engine.may_have_left().then(|| env.spawn("containers that were left", sweep(engine.clone())));
        let parts = Parts { env: env.clone(), settings, folders, tiers, launcher, sink, engine };
        let fleets = Fleets::new(parts, credentials);
        let activity: Arc<dyn Activity> = fleets.clone();
        env.activity().register(&activity);
        Ok(Arc::new(Runtimes { fleets, _writing: writing, _sweeping: sweeping, _activity: activity }))
    }

    /// Runs a function once, in a warm worker if one is idle. If this future is dropped, the invocation goes
    /// on.
    ///
    /// # Errors
    /// [`Fault`] if it was not run. What the function did wrong is in the outcome.
    pub async fn run(&self, spec: &Arc<FunctionSpec>, invocation: Invocation) -> Result<Outcome, Fault> {
        let (caller, outcome) = oneshot::channel();
        self.fleets.dispatch(spec, invocation, caller)?;
        outcome.await.unwrap_or(Err(Fault::Stopping))
    }

    /// Keeps `count` environments of a function ready from now on, and resolves when they are, or have failed
    /// to be. Give a spec whose `init` says that it is provisioned.
    pub async fn provision(&self, spec: &Arc<FunctionSpec>, count: usize) -> Readiness {
        self.fleets.provision(spec, count).await
    }

    /// Stops the workers of a function's revision: idle ones now, busy ones when they are done.
    pub fn retire(&self, id: &str) {
        self.fleets.retire(id);
    }

    /// Stops all workers when they are done, and writes what is left of their logs.
    pub async fn stop(&self) {
        self.fleets.stop().await;
        self.fleets.parts.sink.stop().await;
    }

    /// The image that a runtime needs here because nothing else runs it; none if it runs as a process.
    ///
    /// # Errors
    /// [`Fault::Missing`]: there is no such image, or no engine that answers.
    pub async fn image_of(&self, runtime: &Runtime) -> Result<Option<String>, Fault> {
        let Runtime::Other { id } = runtime else { return Ok(None) };
        let image = base_image(id).ok_or_else(|| no_image(id))?;
        let ready = self.fleets.parts.engine.ready().await;
        ready
            .map_err(|why| Fault::Missing(format!("Functions with the runtime {id} need a container engine: {why}")))?;
        Ok(Some(image))
    }

    /// What the engine has of an image; nothing if that is not here yet. `architecture` is `x86_64` or `arm64`.
    ///
    /// # Errors
    /// [`Fault::Missing`]: no engine answers.
    pub async fn look_at_image(&self, name: &str, architecture: &str) -> Result<Option<ImageFacts>, Fault> {
        let engine = &self.fleets.parts.engine;
        let missing = |why| Fault::Missing(format!("Functions from container images need a container engine: {why}"));
        engine.ready().await.map_err(missing)?;
        engine.look(Reference { name, architecture }).await.map_err(missing)
    }

    /// What the engine has of an image, which it fetches if that is not here yet.
    ///
    /// # Errors
    /// [`PullRefusal`].
    pub async fn fetch_image(&self, name: &str, architecture: &str) -> Result<ImageFacts, PullRefusal> {
        self.fleets.parts.engine.fetch(Reference { name, architecture }).await
    }

    /// How many invocations are running. The idle barrier knows already.
    pub fn busy(&self) -> usize {
        self.fleets.running()
    }

    /// What this machine offers to functions.
    pub async fn findings(&self) -> Vec<Finding> {
        let Parts { env, settings, .. } = &self.fleets.parts;
        findings(env, settings).await
    }
}

/// What this machine offers to functions: for `tidegate doctor`, which has no server.
pub async fn findings(env: &Env, settings: &Settings) -> Vec<Finding> {
    let mut findings = Interpreters::findings(env).await;
    findings.push(installed(&settings.installed).finding());
    findings.push(Engine::new(env, settings).finding().await);
    let strict = settings.confinement == Confinement::Strict;
    findings.push(env.run_blocking(move || Tiers::find(strict).finding()).await);
    findings
}

/// Removes what a killed server left in the engine.
async fn sweep(engine: Arc<Engine>) {
    if let Err(why) = engine.ready().await {
        tracing::warn!(
            why,
            "containers of an earlier server may have been left; they are removed once the engine answers"
        );
    }
}

/// The name of an image without its tag and digest: `registry/app` of `registry/app:v1`.
pub fn repository(image: &str) -> &str {
    container::repository(image)
}

fn no_image(runtime: &str) -> Fault {
    Fault::Missing(format!("The runtime {runtime} runs neither as a process nor is there an image of it"))
}
