//! The engine: finding its program, asking it, fetching images, and removing what a killed server left.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tidegate_env::Env;
use tokio::process::Command;
use tokio::sync::OnceCell;

use super::arguments::Reach;
use super::image::{ImageFacts, PullRefusal, Reference, is_absent, read_facts, refusal};
use crate::{Fault, Finding, Settings};

/// How long the engine may take for what is done at once.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long an image may take to come: they have up to 10 GB.
const PULL_PATIENCE: Duration = Duration::from_secs(60 * 60);
/// The programs that are looked for, in this order.
const PROGRAMS: [&str; 2] = ["docker", "podman"];
/// What is named to have no containers.
const NONE: &str = "none";
/// The file that makes a data folder's containers its own.
const OWNER_FILE: &str = "containers-of";

/// What to do about a machine without one.
const HOW_TO_GET_ONE: &str = "install Docker (https://docs.docker.com/engine/install/) or Podman \
                              (https://podman.io/docs/installation), or name the program of another in TIDEGATE_DOCKER";

/// The engine of this machine, if there is one.
pub(crate) struct Engine {
    env: Env,
    program: Option<PathBuf>,
    /// The folder with the file that makes containers this server's.
    root: PathBuf,
    /// Only an engine that has answered is remembered: one that has not may be started at any time.
    answered: OnceCell<Answered>,
    /// One image is fetched once at a time.
    fetching: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// An engine that has answered.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub owner: String,
    pub reach: Reach,
}

/// What the engine's program said.
struct Said {
    is_good: bool,
    printed: String,
    complained: String,
}

impl Engine {
    pub(crate) fn new(env: &Env, settings: &Settings) -> Engine {
        let program = match &settings.engine {
            Some(named) if named.as_os_str() == NONE => None,
            Some(named) => Some(named.clone()),
            None => PROGRAMS.into_iter().find_map(on_path),
        };
        let root = settings.scratch.clone();
        Engine { env: env.clone(), program, root, answered: OnceCell::new(), fetching: Mutex::default() }
    }

    /// The engine, once it answers; whatever an earlier server on this folder left in it is gone then.
    ///
    /// # Errors
    /// What is missing, and what to do about it.
    pub(crate) async fn ready(&self) -> Result<&Answered, String> {
        let answer = || async {
            let version = self.version().await?;
            let owner = self.owner().map_err(|error| format!("{}: {error}", self.root.display()))?;
            self.sweep(&owner).await?;
            Ok(Answered { owner, reach: reach(&version) })
        };
        self.answered.get_or_try_init(answer).await
    }

    /// Whether a server on this folder has ever run a container: only then can any be left.
    pub(crate) fn may_have_left(&self) -> bool {
        self.program.is_some() && self.root.join(OWNER_FILE).is_file()
    }

    /// What the engine has of an image, if it has it and for these machines.
    ///
    /// # Errors
    /// Why the engine could not be asked.
    pub(crate) async fn look(&self, reference: Reference<'_>) -> Result<Option<ImageFacts>, String> {
        Ok(self.look_anyhow(reference.name).await?.filter(|facts| facts.architecture == reference.machine()))
    }

    async fn look_anyhow(&self, name: &str) -> Result<Option<ImageFacts>, String> {
        let said = self.ask(&["image", "inspect", name], PATIENCE).await?;
        if said.is_good {
            let facts = read_facts(&said.printed, name);
            return facts
                .map(Some)
                .ok_or_else(|| format!("the engine describes the image {name} in no way that is known"));
        }
        if is_absent(&said.complained) { Ok(None) } else { Err(said.complained.trim().to_owned()) }
    }

    /// An image that the engine has, or gets now.
    ///
    /// # Errors
    /// [`PullRefusal`].
    pub(crate) async fn fetch(&self, reference: Reference<'_>) -> Result<ImageFacts, PullRefusal> {
        self.ready().await.map_err(PullRefusal::NoEngine)?;
        let turn = self.fetching.lock().entry(reference.name.to_owned()).or_default().clone();
        let held = turn.lock().await;
        let fetched = self.fetch_now(reference).await;
        drop(held);
        drop(turn);
        self.fetching.lock().retain(|_, turn| Arc::strong_count(turn) > 1);
        fetched
    }

    async fn fetch_now(&self, reference: Reference<'_>) -> Result<ImageFacts, PullRefusal> {
        let present = self.look_anyhow(reference.name).await.map_err(|said| refusal(&said))?;
        let other = match present {
            Some(facts) if facts.architecture == reference.machine() => return Ok(facts),
            other => other,
        };
        tracing::info!(image = reference.name, "an image is fetched");
        let platform = reference.platform();
        let pull = ["pull", "--quiet", "--platform", platform.as_str(), reference.name];
        let said = self.ask(&pull, PULL_PATIENCE).await.map_err(PullRefusal::Unreachable)?;
        let wrong = |facts: &ImageFacts| {
            PullRefusal::Invalid(format!(
                "{} is for linux/{} and the function for {platform}",
                reference.name, facts.architecture
            ))
        };
        if !said.is_good {
            // An image that was built here is in no registry: that it is another machine's is what is wrong.
            return Err(other.as_ref().map_or_else(|| refusal(&said.complained), wrong));
        }
        match self.look_anyhow(reference.name).await.map_err(PullRefusal::Unreachable)? {
            Some(facts) if facts.architecture == reference.machine() => Ok(facts),
            Some(facts) => Err(wrong(&facts)),
            None => Err(PullRefusal::Unreachable(format!("{} was fetched and is not there", reference.name))),
        }
    }

    /// Ends a container by its name. One that is gone needs no end.
    pub(super) async fn kill(&self, name: &str) -> bool {
        self.ask(&["kill", name], PATIENCE).await.is_ok_and(|said| said.is_good)
    }

    /// Removes a container by its name, whatever state it is in.
    pub(super) async fn remove(&self, name: &str) {
        match self.ask(&["rm", "--force", "--volumes", name], PATIENCE).await {
            Ok(said) if !said.is_good => tracing::debug!(container = name, said = said.complained, "nothing to remove"),
            Ok(_) => {}
            Err(error) => tracing::warn!(container = name, error, "a container could not be removed"),
        }
    }

    /// Ends and removes a container without waiting for it, where nothing can be waited for.
    pub(super) fn remove_later(&self, name: &str) {
        let Some(program) = &self.program else { return };
        let mut command = std::process::Command::new(program);
        command.args(["rm", "--force", "--volumes", name]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // It outlives a server that ends at this moment, and is to.
        if let Err(error) = command.spawn() {
            tracing::warn!(%error, container = name, "a container could not be removed");
        }
    }

    /// The number that the first process of a container has on this machine.
    pub(super) async fn first_process(&self, name: &str) -> Option<i32> {
        let said = self.ask(&["inspect", "--format", "{{.State.Pid}}", name], PATIENCE).await.ok()?;
        said.printed.trim().parse().ok().filter(|pid| *pid > 0)
    }

    /// What starts a container.
    pub(super) fn command(&self) -> Option<Command> {
        self.program.as_ref().map(Command::new)
    }

    /// What `tidegate doctor` shows.
    pub(crate) async fn finding(&self) -> Finding {
        let (text, good) = match self.version().await {
            Ok(version) => {
                let program = self.program.as_deref().unwrap_or(Path::new("docker")).display();
                (
                    format!(
                        "{program} answers, version {} (functions from images; Java, .NET, Ruby)",
                        number(&version)
                    ),
                    true,
                )
            }
            Err(missing) => (format!("{missing} (optional: functions from images; Java, .NET, Ruby)"), false),
        };
        Finding { subject: "Container engine".to_owned(), text, good }
    }

    /// What the engine says of its version. The client alone is not enough.
    async fn version(&self) -> Result<String, String> {
        let Some(program) = &self.program else {
            return Err(format!("neither `docker` nor `podman` was found: {HOW_TO_GET_ONE}"));
        };
        let program = program.display();
        match self.ask(&["version"], PATIENCE).await {
            Ok(said) if said.is_good => Ok(said.printed),
            Ok(said) => {
                let words = said
                    .complained
                    .lines()
                    .map(str::trim)
                    .rfind(|line| !line.is_empty())
                    .unwrap_or("it does not say why");
                Err(format!("`{program}` was found, but its engine does not answer ({words}): start it and try again"))
            }
            Err(error) => Err(format!("{error}: start the engine and try again, or {HOW_TO_GET_ONE}")),
        }
    }

    /// Which containers are this data folder's: a name of its own, and its place, so that a copy is another's.
    fn owner(&self) -> std::io::Result<String> {
        let file = self.root.join(OWNER_FILE);
        let name = match std::fs::read_to_string(&file) {
            Ok(name) => name,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let name = self.env.uuid().simple().to_string();
                std::fs::write(&file, &name)?;
                name
            }
            Err(error) => return Err(error),
        };
        let place = std::fs::canonicalize(&self.root)?;
        let sum = Sha256::new().chain_update(name.trim()).chain_update(place.as_os_str().as_encoded_bytes()).finalize();
        Ok(hex::encode(&sum[..8]))
    }

    /// Removes the containers that a killed server on this data folder left.
    async fn sweep(&self, owner: &str) -> Result<(), String> {
        let filter = format!("label=tidegate.owner={owner}");
        let said = self.ask(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter], PATIENCE).await?;
        if !said.is_good {
            return Err(said.complained.trim().to_owned());
        }
        let left: Vec<&str> = said.printed.split_whitespace().collect();
        if left.is_empty() {
            return Ok(());
        }
        tracing::info!(containers = left.len(), "containers that an earlier server left are removed");
        let said = self.ask(&[&["rm", "--force", "--volumes"], left.as_slice()].concat(), PATIENCE).await?;
        // Some may have ended by themselves meanwhile.
        if !said.is_good
            && !is_absent(&said.complained)
            && !said.complained.to_ascii_lowercase().contains("no such container")
        {
            return Err(format!(
                "containers that an earlier server left could not be removed: {}",
                said.complained.trim()
            ));
        }
        Ok(())
    }

    async fn ask(&self, arguments: &[&str], patience: Duration) -> Result<Said, String> {
        let Some(mut command) = self.command() else { return Err(HOW_TO_GET_ONE.to_owned()) };
        let program = command.as_std().get_program().display().to_string();
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        match self.env.timeout_real(patience, command.output()).await {
            Ok(Ok(output)) => Ok(Said {
                is_good: output.status.success(),
                printed: String::from_utf8_lossy(&output.stdout).into_owned(),
                complained: String::from_utf8_lossy(&output.stderr).into_owned(),
            }),
            Ok(Err(error)) => Err(format!("`{program}` cannot be run ({error})")),
            Err(_) => Err(format!("`{program} {}` did not answer in time", arguments.first().unwrap_or(&""))),
        }
    }
}

impl From<PullRefusal> for Fault {
    fn from(refusal: PullRefusal) -> Fault {
        Fault::Missing(refusal.to_string())
    }
}

/// How containers of an engine with this version reach the server.
fn reach(version: &str) -> Reach {
    let is_shared = cfg!(target_os = "linux") && !version.contains("Docker Desktop");
    if is_shared { Reach::Shared } else { Reach::ByName }
}

/// The engine's own version in what it prints, which begins with its client's.
fn number(printed: &str) -> &str {
    let of = |text: &'_ str| -> Option<usize> { text.find("Version:").map(|at| at + "Version:".len()) };
    let server = printed.find("Server").map_or(printed, |at| &printed[at..]);
    of(server).and_then(|at| server[at..].split_whitespace().next()).unwrap_or("unknown")
}

/// Where a program is in `PATH`.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_version_is_not_its_clients() {
        let docker = "Client:\n Version:           28.2.2\n API version: 1.50\n\nServer: Docker Engine - Community\n Engine:\n  Version:          27.1.0\n";
        assert_eq!(number(docker), "27.1.0");
        assert_eq!(number("Client:       Podman Engine\nVersion:      5.4.2\n"), "5.4.2");
        assert_eq!(number(""), "unknown");
    }
}
