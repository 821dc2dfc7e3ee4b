//! The init phase.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tidegate_env::{Env, TaskHandle};
use tidegate_ports::RoleCredentials;
use tokio::net::unix::pipe;
use tokio::process::Command;

use super::variables::{self, Own, Paths};
use super::worker::Worker;
use super::{Environment, Failure, millis};
use crate::container::{self, Contents, Engine, Plan, Variables};
use crate::endpoint::{Endpoint, Event, ShutdownReason};
use crate::machine::{Folders, Interpreter};
use crate::output::{Framing, InitReport, Log, LogSink, Origin, Pump, Status};
use crate::process::{Launcher, Process, Program, Sandbox, Tiers, View};
use crate::{Fault, FunctionSpec, Runtime, Settings};

/// How much of its memory a Node function may fill with its heap, in percent, as AWS sets it.
const NODE_HEAP_PERCENT: u32 = 90;

/// How long an engine may take to make a container.
const CONTAINER_PATIENCE: Duration = Duration::from_secs(20);

/// What every environment of a server is made from.
pub(crate) struct Parts {
    pub env: Env,
    pub settings: Settings,
    pub folders: Folders,
    pub tiers: Tiers,
    pub launcher: Launcher,
    pub sink: Arc<LogSink>,
    pub engine: Arc<Engine>,
}

/// What was started, or why it failed. The log of a failure is already written.
pub(crate) type Started = Result<Box<Environment>, Failure>;

/// Where a function runs.
#[derive(Clone)]
pub(crate) enum Host {
    /// As a process, with an interpreter unless it needs none.
    Machine(Option<Interpreter>),
    /// In a container.
    Container(Box<Contents>),
}

/// What one function needs besides.
#[derive(Clone)]
pub(crate) struct Ingredients {
    pub host: Host,
    pub layers: Option<PathBuf>,
    pub credentials: RoleCredentials,
}

/// A pipe whose reading end is a pump.
fn pump(log: &Arc<Log>, origin: Origin, framing: Framing) -> std::io::Result<(Arc<Pump>, OwnedFd)> {
    let (reader, writer) = std::io::pipe()?;
    let reader = pipe::Receiver::from_owned_fd(reader.into())?;
    Ok((Pump::new(reader, log.clone(), origin, framing), writer.into()))
}

impl Environment {
    /// Starts one and waits until its runtime asks for work, for at most `limit`.
    ///
    /// # Errors
    /// [`Fault`] if it could not be tried; a [`Failure`] if it was tried in vain.
    pub(crate) async fn start(
        parts: &Parts,
        spec: &Arc<FunctionSpec>,
        ingredients: Ingredients,
        log: &Arc<Log>,
        phase: &'static str,
        limit: Duration,
    ) -> Result<Started, Fault> {
        // A container is made first, which is no part of the function's own start.
        let limit = match &ingredients.host {
            Host::Machine(_) => limit,
            Host::Container(_) => limit + CONTAINER_PATIENCE,
        };
        let mut environment = Environment::launch(parts, spec, ingredients, log).await?;
        let started = parts.env.monotonic();
        let result = match parts.env.timeout_real(limit, environment.ready()).await {
            Ok(result) => result,
            Err(_) => Err(Failure::timeout(limit)),
        };
        let took = parts.env.monotonic() - started;
        let status = result.as_ref().map_or_else(|failure| failure.status.clone(), |()| Status::Success);
        environment.drain();
        environment.log.init_done(&status);
        environment.log.init_report(&InitReport { duration_ms: millis(took), phase, status });
        match result {
            Ok(()) => {
                environment.init = Some(took);
                environment.runtime.has_started();
                Ok(Ok(Box::new(environment)))
            }
            Err(failure) => {
                let reason = failure.shutdown_reason();
                environment.shut_down(reason).await;
                Ok(Err(failure))
            }
        }
    }

    async fn launch(
        parts: &Parts,
        spec: &Arc<FunctionSpec>,
        ingredients: Ingredients,
        log: &Arc<Log>,
    ) -> Result<Environment, Fault> {
        let env = &parts.env;
        let (endpoint, events) = Endpoint::open(env, spec, log.telemetry()).await?;
        let folder = parts.folders.worker(&env.uuid().simple().to_string())?;
        let credentials_end = ingredients.credentials.expires_at;
        let place = Place { parts, spec, log, endpoint: &endpoint, folder: &folder };
        log.init_start();
        let launched = match &ingredients.host {
            Host::Machine(interpreter) => place.on_machine(interpreter.as_ref(), &ingredients).await?,
            Host::Container(contents) => place.in_container(contents, &ingredients).await?,
        };
        let Launched { runtime, extensions, pumps } = launched;
        let pumping: Vec<TaskHandle<()>> =
            pumps.iter().map(|pump| env.spawn("function output", pump.clone().run())).collect();
        Ok(Environment {
            env: env.clone(),
            spec: spec.clone(),
            log: log.clone(),
            endpoint,
            events,
            runtime,
            extensions,
            waiting: None,
            pumps,
            _pumping: pumping,
            folder,
            init: None,
            max_memory: 0,
            credentials_end,
        })
    }

    /// Resolves when the runtime and all extensions wait for the first invocation.
    async fn ready(&mut self) -> Result<(), Failure> {
        loop {
            if self.waiting.is_some() {
                self.endpoint.extensions().close();
                if let Some(missing) = self.endpoint.extensions().missing().first() {
                    let message = format!("extension {missing} did not register");
                    // It may still do so until the limit, as long as it runs.
                    tracing::trace!(message);
                } else if self.endpoint.extensions().idle() {
                    for (name, events) in self.endpoint.extensions().summary() {
                        self.log.extension(&name, "Ready", &events, None);
                    }
                    return Ok(());
                }
            }
            let extension_ended = first_end(&mut self.extensions);
            tokio::select! {
                biased;
                event = self.events.recv() => match event {
                    Some(Event::Next(waiting)) => self.waiting = Some(waiting),
                    Some(Event::InitError { kind, body }) => return Err(Failure::reported(kind, body)),
                    Some(Event::ExtensionError { name, kind }) => {
                        self.log.extension(&name, "LaunchError", &[], Some(&kind));
                        return Err(Failure::extension("Extension.InitError", format!("exit code 0: {kind}")));
                    }
                    Some(Event::Answered(_) | Event::Extensions) => {}
                    None => return Err(Failure::exit("exit status 1")),
                },
                how = self.runtime.ended() => {
                    for event in self.last_words().await {
                        if let Event::InitError { kind, body } = event {
                            return Err(Failure::reported(kind, body));
                        }
                    }
                    return Err(match self.runtime.unstartable(&how) {
                        Some(message) => Failure::entrypoint(&message),
                        None => Failure::exit(&how),
                    });
                }
                how = extension_ended => {
                    return Err(Failure::extension("Extension.Crash", how));
                }
            }
        }
    }

    /// Gives an environment up that nobody used.
    pub(crate) async fn spin_down(self: Box<Self>) {
        self.shut_down(ShutdownReason::Spindown).await;
    }
}

/// Where an environment is made.
struct Place<'a> {
    parts: &'a Parts,
    spec: &'a Arc<FunctionSpec>,
    log: &'a Arc<Log>,
    endpoint: &'a Endpoint,
    /// A folder of its own.
    folder: &'a Path,
}

/// What runs now.
struct Launched {
    runtime: Worker,
    extensions: Vec<Process>,
    pumps: Vec<Arc<Pump>>,
}

impl Place<'_> {
    async fn on_machine(
        &self,
        interpreter: Option<&Interpreter>,
        ingredients: &Ingredients,
    ) -> Result<Launched, Fault> {
        let Place { parts, spec, log, endpoint, folder } = *self;
        let layers = ingredients.layers.clone();
        let view = View {
            code: spec.code.clone(),
            layers: layers.clone(),
            bootstrap: parts.folders.bootstrap.clone(),
            installed: parts.settings.installed.clone(),
            tmp: folder.to_owned(),
            stage: parts.folders.stage.clone(),
            interpreter: interpreter.map(|interpreter| interpreter.home.clone()),
        };
        let paths = Paths::of(&view, parts.tiers.real_paths(), interpreter);
        let events_pipe = matches!(spec.runtime, Runtime::Node { .. } | Runtime::Python { .. });
        let own = Own {
            api: &endpoint.address(),
            stream: log.stream(),
            endpoint_url: &parts.settings.endpoint_url,
            credentials: &ingredients.credentials,
            events: events_pipe,
        };
        let variables = variables::runtime(spec, &paths, &own);
        let mut pumps = Vec::new();
        let names = extension_names(layers.as_deref());
        endpoint.extensions().expect(names.clone());
        let mut extensions = Vec::new();
        if !names.is_empty() {
            let (pump, writer) = pump(log, Origin::Extension, Framing::Lines)?;
            pumps.push(pump);
            for name in names {
                let mut command = Command::new(paths.opt.join("extensions").join(&name));
                command.env_clear().envs(variables::extension(variables.clone()));
                extensions.push(start(parts, &view, command, writer.try_clone()?, None).await?);
            }
        }
        let (printed, writer) = pump(log, Origin::Function, Framing::Lines)?;
        pumps.push(printed);
        let mut framed_end = None;
        if events_pipe {
            let (framed, writer) = pump(log, Origin::Function, Framing::Frames)?;
            pumps.push(framed);
            framed_end = Some(writer);
        }
        let mut command = command(spec, &paths)?;
        command.env_clear().envs(variables);
        let runtime = Worker::Process(start(parts, &view, command, writer, framed_end).await?);
        Ok(Launched { runtime, extensions, pumps })
    }

    async fn in_container(&self, contents: &Contents, ingredients: &Ingredients) -> Result<Launched, Fault> {
        let Place { parts, spec, log, endpoint, folder } = *self;
        let engine = parts.engine.ready().await.map_err(Fault::Missing)?;
        let own = Own {
            api: &engine.reach.call(&endpoint.address()),
            stream: log.stream(),
            endpoint_url: &engine.reach.call(&parts.settings.endpoint_url),
            credentials: &ingredients.credentials,
            events: false,
        };
        let variables = Variables::of(variables::container(spec, &own))?;
        let is_image = matches!(spec.runtime, Runtime::Image(_));
        let name = format!("tidegate-{}", parts.env.uuid().simple());
        let extensions = extension_names(ingredients.layers.as_deref());
        let beside = if extensions.is_empty() { contents.clone() } else { contents.with_extensions() };
        endpoint.extensions().expect(extensions);
        let plan = Plan {
            name: &name,
            owner: &engine.owner,
            function: &spec.name,
            architecture: &spec.architecture,
            contents: &beside,
            code: (!is_image).then_some(spec.code.as_path()),
            layers: ingredients.layers.as_deref(),
            memory_mb: spec.memory_mb,
            reach: engine.reach,
            variables: &variables,
            variables_file: &folder.join("variables"),
        };
        let (printed, writer) = pump(log, Origin::Function, Framing::Lines)?;
        let container = container::start(&parts.env, &parts.engine, &parts.launcher, plan, writer).await?;
        Ok(Launched { runtime: Worker::Container(container), extensions: Vec::new(), pumps: vec![printed] })
    }
}

/// Resolves when one of these has ended; never if there is none.
async fn first_end(extensions: &mut [Process]) -> String {
    if extensions.is_empty() {
        return std::future::pending().await;
    }
    futures::future::select_all(extensions.iter_mut().map(|extension| Box::pin(extension.ended()))).await.0
}

async fn start(
    parts: &Parts,
    view: &View,
    mut command: Command,
    output: OwnedFd,
    events: Option<OwnedFd>,
) -> Result<Process, Fault> {
    let sandbox = Sandbox::prepare(&parts.tiers, view)?;
    command.stdin(Stdio::null()).stdout(Stdio::from(output.try_clone()?)).stderr(Stdio::from(output));
    if !parts.tiers.real_paths() {
        command.current_dir(&view.code);
    }
    let name = command.as_std().get_program().display().to_string();
    parts.launcher.launch(Program { command, sandbox, events }).await.map_err(|error| {
        // In Go's words, which are those of AWS's messages.
        let words = match error.raw_os_error() {
            Some(libc::ENOENT) => "no such file or directory",
            Some(libc::EACCES) => "permission denied",
            Some(libc::ENOEXEC) => "exec format error",
            _ => return Fault::System { doing: "starting a worker", reason: format!("{name}: {error}") },
        };
        Fault::Invalid(format!("fork/exec {name}: {words}"))
    })
}

/// The executables in `/opt/extensions`, in alphabetical order.
fn extension_names(layers: Option<&Path>) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt;
    let Some(folder) = layers.map(|layers| layers.join("extensions")) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let executable = |entry: std::fs::DirEntry| {
        let metadata = std::fs::metadata(entry.path()).ok()?;
        let runs = metadata.is_file() && metadata.permissions().mode() & 0o111 != 0;
        runs.then(|| entry.file_name().into_string().ok()).flatten()
    };
    let mut names: Vec<String> = entries.filter_map(|entry| executable(entry.ok()?)).collect();
    names.sort();
    names
}

/// What runs the function: an interpreter with our bootstrap, or its own executable; wrapped, if it says so.
fn command(spec: &FunctionSpec, paths: &Paths) -> Result<Command, Fault> {
    let mut parts: Vec<PathBuf> = Vec::new();
    // A script that is started in place of the runtime, with the runtime's command line as its arguments.
    if let Some(wrapper) = spec.environment.get("AWS_LAMBDA_EXEC_WRAPPER").filter(|wrapper| !wrapper.is_empty()) {
        parts.push(match wrapper.strip_prefix("/opt/") {
            Some(within) => paths.opt.join(within),
            None => wrapper.into(),
        });
    }
    let interpreter = || {
        let missing = || Fault::Missing(format!("nothing runs {}", spec.runtime.id()));
        paths.interpreter.clone().ok_or_else(missing)
    };
    match &spec.runtime {
        Runtime::Node { .. } => {
            parts.push(interpreter()?);
            parts.push(format!("--max-old-space-size={}", spec.memory_mb * NODE_HEAP_PERCENT / 100).into());
            parts.push(paths.runtime.join("node.cjs"));
        }
        Runtime::Python { .. } => {
            parts.push(interpreter()?);
            parts.push(paths.runtime.join("python_bootstrap.py"));
        }
        Runtime::Provided { .. } => parts.push(bootstrap(spec, paths)?),
        Runtime::Go => parts.push(paths.task.join(&spec.handler)),
        Runtime::Other { .. } | Runtime::Image(_) => {
            return Err(Fault::Missing(format!("no process runs {}", spec.runtime.id())));
        }
    }
    let mut parts = parts.into_iter();
    let program = parts.next().ok_or_else(|| Fault::Invalid("there is nothing to run".to_owned()))?;
    let mut command = Command::new(program);
    command.args(parts);
    Ok(command)
}

/// The executable of a custom runtime: in the code, otherwise in a layer.
fn bootstrap(spec: &FunctionSpec, paths: &Paths) -> Result<PathBuf, Fault> {
    if spec.code.join("bootstrap").is_file() {
        return Ok(paths.task.join("bootstrap"));
    }
    if spec.layers.iter().any(|layer| layer.join("bootstrap").is_file()) {
        return Ok(paths.opt.join("bootstrap"));
    }
    Err(Fault::Invalid("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]".to_owned()))
}
