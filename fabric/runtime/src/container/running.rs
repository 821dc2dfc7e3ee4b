//! A container that runs, from its start to its end.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use tidegate_env::{Env, TaskHandle};

use super::Engine;
use super::arguments::{Plan, Reach};
use crate::Fault;
use crate::process::{self, Launcher, Process, Program, Sandbox};

/// How long the engine's program may take to see that its container was killed.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A running container. Dropping it ends it.
pub(crate) struct Container {
    env: Env,
    engine: Arc<Engine>,
    name: String,
    /// The engine's program, which prints what the container prints and ends when it ends.
    client: Process,
    /// What is started in it first.
    program: String,
    variables_file: Option<PathBuf>,
    reach: Reach,
    /// The number of its first process on this machine, once that is known.
    first: Arc<AtomicI32>,
    looking: Option<TaskHandle<()>>,
    /// Its end was seen here.
    has_ended: bool,
    /// Nothing of it is left in the engine.
    is_gone: bool,
}

/// Starts a container.
///
/// # Errors
/// The system's. What the engine finds wrong is said by the container's end.
pub(crate) async fn start(
    env: &Env,
    engine: &Arc<Engine>,
    launcher: &Launcher,
    plan: Plan<'_>,
    output: OwnedFd,
) -> Result<Container, Fault> {
    let mut command = engine.command().ok_or_else(|| Fault::Missing("there is no container engine".to_owned()))?;
    write_private(&plan)?;
    command.args(plan.arguments()).envs(&plan.variables.inherited);
    command.stdin(Stdio::null()).stdout(Stdio::from(output.try_clone()?)).stderr(Stdio::from(output));
    let program = Program { command, sandbox: Sandbox::none(), events: None };
    let client = launcher.launch(program).await.map_err(Fault::system("starting a container"))?;
    Ok(Container {
        env: env.clone(),
        engine: engine.clone(),
        name: plan.name.to_owned(),
        client,
        program: plan.contents.program().to_owned(),
        variables_file: Some(plan.variables_file.to_owned()),
        reach: plan.reach,
        first: Arc::default(),
        looking: None,
        has_ended: false,
        is_gone: false,
    })
}

/// Writes the function's variables where nobody else can read them.
fn write_private(plan: &Plan<'_>) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(plan.variables_file)?;
    file.write_all(plan.variables.file.as_bytes())
}

impl Container {
    /// Its runtime has begun to speak: the variables need no longer lie about, and its memory can be watched.
    pub(crate) fn has_started(&mut self) {
        if let Some(file) = self.variables_file.take()
            && let Err(error) = std::fs::remove_file(file)
        {
            tracing::warn!(%error, "a container's variables could not be removed");
        }
        // In a virtual machine numbers of processes mean others than here.
        if self.reach == Reach::Shared && self.looking.is_none() {
            let (engine, name, first) = (self.engine.clone(), self.name.clone(), self.first.clone());
            self.looking = Some(self.env.spawn("container's process", async move {
                if let Some(pid) = engine.first_process(&name).await {
                    first.store(pid, Ordering::Release);
                }
            }));
        }
    }

    /// Resolves when it has ended, with AWS's words for how. May be asked again and again.
    pub(crate) async fn ended(&mut self) -> String {
        let status = self.client.status().await;
        self.has_ended = true;
        status.map_or_else(|error| format!("error: {error}"), describe)
    }

    /// What is wrong if it ended like this before its runtime spoke: the engine found nothing that it could start.
    pub(crate) fn unstartable(&self, how: &str) -> Option<String> {
        let words = match how {
            "exit status 126" => "permission denied",
            "exit status 127" => "no such file or directory",
            _ => return None,
        };
        Some(format!("fork/exec {}: {words}", self.program))
    }

    /// How much memory its processes use, in bytes, as far as this machine can tell.
    pub(crate) fn memory(&self) -> u64 {
        self.first_process().map_or(0, process::memory)
    }

    /// The most memory that its first process has used, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.first_process().map_or(0, process::peak_memory)
    }

    fn first_process(&self) -> Option<i32> {
        Some(self.first.load(Ordering::Acquire)).filter(|pid| *pid > 0 && !self.has_ended)
    }

    /// Asks it to end: the engine's program passes signals on.
    pub(crate) fn terminate(&self) {
        self.client.terminate();
    }

    /// Ends it, and waits until it has ended.
    pub(crate) async fn kill(&mut self) {
        let env = self.env.clone();
        // What it printed last comes out before the program ends.
        let is_dead = !self.has_ended
            && self.engine.kill(&self.name).await
            && env.timeout_real(LAST_WORDS, self.client.status()).await.is_ok();
        self.has_ended = true;
        self.client.kill().await;
        // Either the engine was still making it, which its program can no longer start; or the program's end was not the
        // container's, as when the engine was started anew. One that is gone already is not missed.
        if !is_dead {
            self.engine.remove(&self.name).await;
        }
        self.is_gone = true;
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if !self.is_gone {
            self.engine.remove_later(&self.name);
        }
    }
}

/// As AWS words it: `exit status 1`, `signal: killed`. An engine tells signals as a shell does.
fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) if (129..=159).contains(&code) => format!("signal: {}", process::signal_words(code - 128)),
        _ => process::describe(status),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn ends_are_worded_as_aws_does() {
        for (code, words) in
            [(0, "exit status 0"), (1, "exit status 1"), (137, "signal: killed"), (139, "signal: segmentation fault")]
        {
            assert_eq!(describe(ExitStatus::from_raw(code << 8)), words);
        }
    }
}
