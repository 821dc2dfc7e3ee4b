//! The product, as a user runs it: its defaults, on a folder of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::connection::Connection;
use crate::options::Options;

/// A running server. Dropping it kills it and throws its data away.
pub struct Server {
    binary: PathBuf,
    root: TempDir,
    process: Option<Child>,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of its process to the first good answer about its health.
    pub healthy_after: Duration,
}

impl Server {
    /// Starts a server on an empty folder and waits until it is healthy.
    pub async fn start(options: &Options) -> Result<Server> {
        let root = tempfile::Builder::new().prefix("server-").tempdir_in(options.data_root()?)?;
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let healthy_after = Duration::ZERO;
        let mut server = Server { binary: options.server_binary()?, root, process: None, address, healthy_after };
        server.launch().await?;
        Ok(server)
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    async fn launch(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.root.path().join("log"))?;
        let start = Instant::now();
        let mut process = Command::new(&self.binary)
            .args(["up", "--port", &self.address.port().to_string(), "--data"])
            .arg(self.data())
            .current_dir(self.root.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", self.binary.display()))?;
        let stdout = process.stdout.take().context("the server has no standard output")?;
        self.process = Some(process);
        let mut lines = BufReader::new(stdout).lines();
        let Some(address) = lines.by_ref().map_while(Result::ok).find_map(|line| endpoint(&line)) else {
            bail!("the server ended before it was ready:\n{}", self.log());
        };
        // Whatever it prints later goes nowhere, but its pipe stays open.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        self.address = address;
        let mut connection = Connection::open(address).await?;
        connection.succeed(b"GET /_tidegate/health HTTP/1.1\r\nHost: 127.0.0.1:4566\r\n\r\n").await?;
        self.healthy_after = start.elapsed();
        Ok(())
    }

    /// Ends the server as its user does, and starts it again.
    pub async fn restart(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the server does not run")?;
        let pid = i32::try_from(process.id())?;
        terminate(pid)?;
        let status = process.wait()?;
        ensure!(status.success(), "the server ended with {status}:\n{}", self.log());
        self.launch().await
    }

    /// Kills the server and starts it again.
    pub async fn kill_and_restart(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the server does not run")?;
        process.kill()?;
        process.wait()?;
        self.launch().await
    }

    /// The memory that it keeps resident, in MiB.
    pub fn resident_mib(&self) -> Result<f64> {
        Ok(self.status_kib("VmRSS:")? / 1024.0)
    }

    /// The most memory that it has ever kept resident, in MiB.
    pub fn peak_mib(&self) -> Result<f64> {
        Ok(self.status_kib("VmHWM:")? / 1024.0)
    }

    fn status_kib(&self, name: &str) -> Result<f64> {
        let pid = self.process.as_ref().context("the server does not run")?.id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line in its status")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse()?)
    }

    fn log(&self) -> String {
        tail(&self.root.path().join("log"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().ok();
            process.wait().ok();
        }
    }
}

fn endpoint(line: &str) -> Option<SocketAddr> {
    let url = line.split_whitespace().find_map(|word| word.strip_prefix("http://"))?;
    url.trim_end_matches(['.', ',', '/']).replace("localhost", "127.0.0.1").parse().ok()
}

fn tail(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

#[allow(unsafe_code, reason = "kill(2) touches no memory")]
fn terminate(pid: i32) -> Result<()> {
    // SAFETY: a system call on two numbers; the process is our child and has not been waited for.
    let result = unsafe { libc::kill(pid, libc::SIGTERM) };
    ensure!(result == 0, "cannot end the server: {}", std::io::Error::last_os_error());
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_endpoint_is_in_the_line() {
        let found = super::endpoint("Tidegate is ready: http://127.0.0.1:4566/.");
        assert_eq!(found, Some(([127, 0, 0, 1], 4566).into()));
        assert_eq!(super::endpoint("starting"), None);
    }
}
