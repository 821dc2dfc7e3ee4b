//! A server process with a folder of its own.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Client, resident_bytes, server_binary};

/// A server that has not said that it is ready by then is taken for broken.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// A server that has not ended after SIGTERM by then is taken for stuck.
const STOPPED_WITHIN: Duration = Duration::from_secs(60);
/// How much of a failed server's log is shown.
const SHOWN_LOG_LINES: usize = 200;

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Options {
    /// The defaults, on a free port.
    pub fn new() -> Options {
        Options::default()
    }

    /// Adds arguments of `tidegate up`.
    #[must_use]
    pub fn args<const N: usize>(mut self, arguments: [&str; N]) -> Options {
        self.arguments.extend(arguments.map(str::to_owned));
        self
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Options {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts a server on a new folder and waits until it is ready.
    ///
    /// # Errors
    /// It does not start; the error holds its log.
    pub fn start(self) -> Result<Server> {
        let folder = tempfile::Builder::new().prefix("tidegate-test-").tempdir()?;
        let mut server = Server { options: self, folder, port: 0, process: None };
        server.start()?;
        Ok(server)
    }
}

/// A server, running or killed. Dropping it kills it, and shows its log if the test is failing.
#[derive(Debug)]
pub struct Server {
    options: Options,
    folder: TempDir,
    /// Kept over restarts, so that clients find the server again; 0 until it has one.
    port: u16,
    process: Option<Child>,
}

impl Server {
    /// Starts the killed or stopped server again: same folder, same port.
    ///
    /// # Errors
    /// It runs, or does not start.
    pub fn start(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "the server is running");
        let log = OpenOptions::new().create(true).append(true).open(self.log_path())?;
        let mut process = Command::new(server_binary()?)
            .args(["up", "--port", &self.port.to_string(), "--data"])
            .arg(self.data())
            .args(&self.options.arguments)
            .envs(self.options.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot start the server")?;
        let stdout = process.stdout.take().context("the server has no standard output")?;
        let ready = await_endpoint(stdout);
        self.process = Some(process);
        let endpoint = ready.recv_timeout(READY_WITHIN).map_err(|_| self.not_ready())?;
        let port = endpoint.rsplit(':').next().and_then(|text| text.parse().ok());
        self.port = port.with_context(|| format!("{endpoint:?} has no port"))?;
        Ok(())
    }

    fn not_ready(&self) -> anyhow::Error {
        anyhow::anyhow!("the server did not become ready; its log:\n{}", self.log())
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A client of its own: nothing is shared but the server.
    pub fn client(&self) -> Client {
        Client::new(&self.endpoint())
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// The end of what the server logged, over all its starts.
    pub fn log(&self) -> String {
        let text = std::fs::read(self.log_path()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let text = text.unwrap_or_else(|error| format!("(no log: {error})"));
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(SHOWN_LOG_LINES)..].join("\n")
    }

    /// The memory that the server keeps resident, in bytes.
    ///
    /// # Errors
    /// It does not run.
    pub fn resident_bytes(&self) -> Result<u64> {
        resident_bytes(self.process.as_ref().context("the server does not run")?.id())
    }

    /// Kills the server as a power switch would: no warning, no cleaning up.
    ///
    /// # Errors
    /// It does not run.
    pub fn kill(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the server does not run")?;
        process.kill()?;
        process.wait()?;
        Ok(())
    }

    /// Asks the server to end and waits until it has.
    ///
    /// # Errors
    /// It does not run, or does not end within a minute (it is killed then).
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.ask_to_stop()?;
        self.wait_until_stopped()
    }

    /// Sends SIGTERM and does not wait.
    ///
    /// # Errors
    /// It does not run.
    pub fn ask_to_stop(&self) -> Result<()> {
        let process = self.process.as_ref().context("the server does not run")?;
        kill(Pid::from_raw(process.id().cast_signed()), Signal::SIGTERM)?;
        Ok(())
    }

    /// Waits until a server that was asked to stop has ended.
    ///
    /// # Errors
    /// As [`Server::stop`].
    pub fn wait_until_stopped(&mut self) -> Result<ExitStatus> {
        let mut process = self.process.take().context("the server does not run")?;
        let pid = Pid::from_raw(process.id().cast_signed());
        let (send, ended) = mpsc::channel();
        std::thread::spawn(move || send.send(process.wait()));
        match ended.recv_timeout(STOPPED_WITHIN) {
            Ok(status) => Ok(status?),
            Err(_) => {
                kill(pid, Signal::SIGKILL)?;
                bail!("the server did not stop within {STOPPED_WITHIN:?}; its log:\n{}", self.log())
            }
        }
    }

    /// Verifies the folder of the server, which must not run, with `tidegate check`.
    ///
    /// # Errors
    /// What the check finds.
    pub fn check(&self) -> Result<()> {
        check(&self.data())
    }

    /// Waits until the system is idle: no request open but long polls, nothing on its way.
    ///
    /// # Errors
    /// It is not reachable, or does not come to rest.
    pub async fn settle(&self) -> Result<Value> {
        self.admin("settle", &json!({})).await
    }

    /// Moves the server's time by an ISO 8601 duration; needs `--virtual-clock`.
    ///
    /// # Errors
    /// It is not reachable, or time is not to be moved.
    pub async fn advance(&self, duration: &str) -> Result<Value> {
        self.admin("clock", &json!({ "advance": duration })).await
    }

    async fn admin(&self, page: &str, body: &Value) -> Result<Value> {
        let request = http::Request::post(format!("/_tidegate/{page}")).body(body.to_string().into())?;
        let answer = self.client().send(request).await?;
        ensure!(answer.status == 200, "{page} answers {}: {}", answer.status, answer.text());
        Ok(serde_json::from_slice(&answer.body)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A drop cannot fail: a server that has already ended is what it wants.
        if let Some(mut process) = self.process.take() {
            process.kill().ok();
            process.wait().ok();
        }
        if std::thread::panicking() {
            eprintln!("--- log of the server on port {}\n{}\n---", self.port, self.log());
        }
    }
}

/// Reads the server's standard output for its whole life, so that it never blocks or breaks, and
/// sends the first URL that it prints.
fn await_endpoint(stdout: ChildStdout) -> Receiver<String> {
    let (send, ready) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(endpoint) = find_endpoint(&line) {
                // Nobody listens any more after the first.
                send.send(endpoint).ok();
            }
        }
    });
    ready
}

fn find_endpoint(line: &str) -> Option<String> {
    let word = line.split_whitespace().find(|word| word.starts_with("http://"))?;
    Some(word.trim_end_matches(['.', ',', '/']).to_owned())
}

fn check(folder: &Path) -> Result<()> {
    let output = Command::new(server_binary()?).arg("check").arg(folder).stdin(Stdio::null()).output()?;
    let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "`tidegate check` ended with {}:\n{shown}", output.status);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::find_endpoint;

    #[test]
    fn the_endpoint_is_the_url_in_the_line() {
        for (line, endpoint) in [
            ("Tidegate is ready: http://127.0.0.1:4566", Some("http://127.0.0.1:4566")),
            ("ready at http://127.0.0.1:1/.", Some("http://127.0.0.1:1")),
            ("starting", None),
        ] {
            assert_eq!(find_endpoint(line).as_deref(), endpoint, "{line}");
        }
    }
}
