//! A server on a disk that can fail.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tidegate_harness::{Client, server_binary};

use crate::Disk;

/// A server that has not said that it is ready by then is taken for broken.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A server with a disk of its own. Dropping it kills the server, and shows its log if the test is
/// failing.
#[derive(Debug)]
pub struct Machine {
    /// The disk.
    pub disk: Disk,
    port: u16,
    server: Option<Child>,
}

impl Machine {
    /// A machine that is switched off.
    pub fn new(disk: Disk) -> Machine {
        Machine { disk, port: 0, server: None }
    }

    /// Starts the server, on the same port as before.
    ///
    /// # Errors
    /// It runs, or does not become ready.
    pub fn start(&mut self) -> Result<()> {
        ensure!(self.server.is_none(), "the server is running");
        let log = std::fs::File::options().create(true).append(true).open(self.log_path())?;
        let mut server = Command::new(server_binary()?)
            // A line for each refused request would hide what the store has to say.
            .args([
                "up",
                "--virtual-clock",
                "--log",
                "info,tidegate_gateway=error",
                "--port",
                &self.port.to_string(),
                "--data",
            ])
            .arg(self.disk.folder())
            .envs(self.disk.environment())
            .current_dir(self.disk.root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot start the server")?;
        let stdout = server.stdout.take().context("the server has no standard output")?;
        self.server = Some(server);
        // Also if the server ends: nobody sends any more then.
        let Ok(port) = await_port(stdout).recv_timeout(READY_WITHIN) else {
            bail!("the server did not become ready; its log:\n{}", self.log());
        };
        self.port = port;
        Ok(())
    }

    /// Starts the server on a disk that may lose power meanwhile. Returns whether it came up.
    ///
    /// # Errors
    /// It failed in another way.
    pub fn start_unless_cut(&mut self) -> Result<bool> {
        let started = self.start();
        if started.is_ok() {
            return Ok(true);
        }
        let status = self.server.as_mut().context("the server did not start")?.wait()?;
        if status.signal() == Some(9) {
            self.server = None;
            return Ok(false);
        }
        started.map(|()| true)
    }

    /// A client of its own.
    pub fn client(&self) -> Client {
        Client::new(&format!("http://127.0.0.1:{}", self.port))
    }

    /// Waits until the power was cut.
    ///
    /// # Errors
    /// The server ended in another way.
    pub fn await_cut(&mut self) -> Result<()> {
        let mut server = self.server.take().context("the server does not run")?;
        let status = server.wait()?;
        ensure!(status.signal() == Some(9), "the server ended with {status} by itself; its log:\n{}", self.log());
        Ok(())
    }

    /// Whether the server has ended by itself or by a cut.
    ///
    /// # Errors
    /// The operating system's.
    pub fn is_down(&mut self) -> Result<bool> {
        self.server.as_mut().map_or(Ok(true), |server| Ok(server.try_wait()?.is_some()))
    }

    /// Kills the server; what it has written stays.
    ///
    /// # Errors
    /// It does not run.
    pub fn kill(&mut self) -> Result<()> {
        let mut server = self.server.take().context("the server does not run")?;
        server.kill()?;
        server.wait()?;
        Ok(())
    }

    /// Verifies the folder of the server, which must not run, with `tidegate check`.
    ///
    /// # Errors
    /// What the check finds.
    pub fn check(&self) -> Result<()> {
        let output = Command::new(server_binary()?).arg("check").arg(self.disk.folder()).output()?;
        let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "`tidegate check` ended with {}:\n{shown}", output.status);
        Ok(())
    }

    fn log_path(&self) -> std::path::PathBuf {
        self.disk.root().join("server.log")
    }

    /// The end of the server's log.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.log_path()).unwrap_or_else(|error| format!("(no log: {error})"));
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // A drop cannot fail: a server that has already ended is what it wants.
        if let Some(mut server) = self.server.take() {
            server.kill().ok();
            server.wait().ok();
        }
        if std::thread::panicking() {
            eprintln!("--- log of the server\n{}\n---", self.log());
        }
    }
}

/// Reads the server's standard output for its whole life, and sends the port of the first URL in it.
fn await_port(stdout: ChildStdout) -> Receiver<u16> {
    let (send, ready) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let url = line.split_whitespace().find(|word| word.starts_with("http://"));
            let port = url.and_then(|url| url.trim_end_matches(['.', ',', '/']).rsplit(':').next()?.parse().ok());
            if let Some(port) = port {
                // Nobody listens any more after the first.
                send.send(port).ok();
            }
        }
    });
    ready
}
