//! Init scripts: what a project wants to have done once the server is ready.
//!
//! LocalStack's layout is understood: `boot.d`, `start.d`, `ready.d` and `shutdown.d`; scripts that
//! lie directly in the folder are for `ready`. They run one after the other, by name, those of a stage's
//! folder before those of its subfolders. A script that fails is reported and the next one runs, as there.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tidegate_env::Env;
use tidegate_gateway::{InitBoard, ScriptState, Stage};
use tokio::process::Command;

use crate::platform;

/// How long the scripts of `shutdown.d` may take together.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(30);

/// The scripts of a server.
pub struct InitScripts {
    folder: Option<PathBuf>,
    board: Arc<InitBoard>,
}

impl InitScripts {
    /// The scripts in `folder`, whose fate is noted on `board`.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn new(folder: Option<PathBuf>, board: Arc<InitBoard>) -> anyhow::Result<InitScripts> {
        let scripts = InitScripts { folder, board };
        for stage in Stage::ALL {
            for (name, _) in scripts.of(stage)? {
                scripts.board.set(stage, &name, ScriptState::Waiting);
            }
        }
        Ok(scripts)
    }

    /// Runs those of one stage. `url` is the server's, once it has one.
    ///
    /// # Errors
    /// If the folder cannot be read. Scripts that fail are on the board.
    pub async fn run(&self, stage: Stage, url: Option<&str>) -> anyhow::Result<()> {
        let scripts = self.of(stage)?;
        if !scripts.is_empty() {
            let shims = shims().context("cannot prepare the init scripts' environment")?;
            for (name, path) in scripts {
                self.board.set(stage, &name, ScriptState::Running);
                let state = match run_script(&path, url, shims.path()).await {
                    Ok(status) if status.success() => ScriptState::Successful,
                    Ok(status) => {
                        tracing::error!(script = %path.display(), %status, "an init script failed");
                        ScriptState::Failed
                    }
                    Err(error) => {
                        tracing::error!(script = %path.display(), %error, "an init script could not be run");
                        ScriptState::Failed
                    }
                };
                self.board.set(stage, &name, state);
            }
        }
        self.board.complete(stage);
        Ok(())
    }

    /// Runs those for the end, within a limit: nobody waits for ever for a server to stop.
    pub async fn run_last(&self, env: &Env, url: &str) {
        match env.timeout_real(SHUTDOWN_PATIENCE, self.run(Stage::Shutdown, Some(url))).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(error = format!("{error:#}"), "the shutdown scripts did not run"),
            Err(late) => tracing::error!(%late, "the shutdown scripts were cut off"),
        }
    }

    fn of(&self, stage: Stage) -> anyhow::Result<Vec<Named>> {
        let Some(folder) = &self.folder else { return Ok(Vec::new()) };
        let unreadable = || format!("cannot read the init folder {}", folder.display());
        let (mut scripts, subfolders) =
            list(&folder.join(stage.folder())).or_else(absent_is_empty).with_context(unreadable)?;
        if stage == Stage::Ready {
            scripts.extend(list(folder).with_context(unreadable)?.0);
        }
        scripts.sort();
        for subfolder in subfolders {
            add_tree(&mut scripts, String::new(), subfolder).with_context(unreadable)?;
        }
        Ok(scripts)
    }
}

/// A name and where it is.
type Named = (String, PathBuf);

fn absent_is_empty(error: std::io::Error) -> std::io::Result<(Vec<Named>, Vec<Named>)> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok((Vec::new(), Vec::new())) } else { Err(error) }
}

/// The scripts and the folders in a folder, each by name.
fn list(folder: &Path) -> std::io::Result<(Vec<Named>, Vec<Named>)> {
    let (mut scripts, mut folders) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        // A link to a folder is not followed: it could lead round in a circle.
        if entry.file_type()?.is_dir() {
            folders.push((name, path));
        } else if path.is_file() && (interpreter(&path).is_some() || platform::is_executable(&path)) {
            scripts.push((name, path));
        }
    }
    scripts.sort();
    folders.sort();
    Ok((scripts, folders))
}

/// Adds the scripts of a subfolder and of those in it; they are called by their way from the stage's folder.
fn add_tree(scripts: &mut Vec<Named>, above: String, (name, folder): Named) -> std::io::Result<()> {
    let way = format!("{above}{name}/");
    let (inside, subfolders) = list(&folder)?;
    scripts.extend(inside.into_iter().map(|(name, path)| (format!("{way}{name}"), path)));
    subfolders.into_iter().try_for_each(|subfolder| add_tree(scripts, way.clone(), subfolder))
}

/// What runs a file that is no program by itself.
fn interpreter(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()? {
        "sh" => Some("sh"),
        "py" => Some("python3"),
        _ => None,
    }
}

async fn run_script(path: &Path, url: Option<&str>, shims: &Path) -> std::io::Result<ExitStatus> {
    let path = std::path::absolute(path)?;
    let mut command = match interpreter(&path) {
        Some(interpreter) if !platform::is_executable(&path) => {
            let mut command = Command::new(interpreter);
            command.arg(&path);
            command
        }
        _ => Command::new(&path),
    };
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ] {
        // What the user set stays: under `--auth enforce` these are real keys.
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    if let Some(url) = url {
        command.env("AWS_ENDPOINT_URL", url).env("TIDEGATE_URL", url);
    }
    let path_variable = std::env::var_os("PATH").unwrap_or_default();
    // At the end, so that an `awslocal` of the user's wins.
    let folders = std::env::split_paths(&path_variable).chain([shims.to_owned()]);
    command.env("PATH", std::env::join_paths(folders).unwrap_or(path_variable));
    // Our standard output is for the line that says where we listen.
    command.stdin(Stdio::null()).stdout(std::io::stderr()).kill_on_drop(true);
    command.status().await
}

/// A folder with `awslocal`, which scripts written for LocalStack call.
fn shims() -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("awslocal");
    std::fs::write(&path, "#!/bin/sh\nexec aws --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"\n")?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn scripts_run_by_name_with_the_servers_address_and_failures_do_not_stop_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready.d");
        std::fs::create_dir(&ready).unwrap();
        let log = folder.path().join("log");
        let write = |path: PathBuf, text: &str| std::fs::write(path, text).unwrap();
        write(ready.join("1-first.sh"), &format!("echo $AWS_ENDPOINT_URL $AWS_REGION >> {}", log.display()));
        write(ready.join("2-fails.sh"), "exit 3");
        write(
            folder.path().join("3-direct.sh"),
            &format!("command -v awslocal >/dev/null && echo direct >> {}", log.display()),
        );
        write(ready.join("notes.txt"), "not a script");
        std::fs::create_dir_all(ready.join("0-more/b")).unwrap();
        write(ready.join("0-more/b/deepest.sh"), &format!("echo deepest >> {}", log.display()));
        write(ready.join("0-more/z.sh"), &format!("echo deeper >> {}", log.display()));
        let board = Arc::new(InitBoard::default());
        let scripts = InitScripts::new(Some(folder.path().to_owned()), board.clone()).unwrap();
        scripts.run(Stage::Ready, Some("http://127.0.0.1:1")).await.unwrap();
        let region = std::env::var("AWS_REGION").unwrap_or_else(|_| "us-east-1".to_owned());
        let expected = format!("http://127.0.0.1:1 {region}\ndirect\ndeeper\ndeepest\n");
        assert_eq!(std::fs::read_to_string(log).unwrap(), expected);
        let names = ["1-first.sh", "2-fails.sh", "3-direct.sh", "0-more/b/deepest.sh"];
        let states: Vec<_> = names.map(|name| board.state(Stage::Ready, name)).into();
        let [good, bad] = [ScriptState::Successful, ScriptState::Failed];
        let expected = [good, bad, good, good].map(Some);
        assert_eq!(states, expected);
        assert_eq!(board.state(Stage::Ready, "notes.txt"), None);
    }
}
