//! The server that a demonstration runs on: killed in the middle, and left running at the end.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process::{self, quiet, target};

const USUAL_PORT: u16 = 4566;

/// A running server with a folder of its own.
pub struct Server {
    binary: PathBuf,
    data: PathBuf,
    process: Child,
    endpoint: String,
}

impl Server {
    pub fn start(binary: PathBuf, port: u16) -> Result<Server> {
        let data = tempfile::Builder::new().prefix("tidegate-demo-").tempdir()?.keep();
        install_sdk(&binary, &data)?;
        let (process, endpoint) = start(&binary, &data, port)?;
        Ok(Server { binary, data, process, endpoint })
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// `kill -9`, and started again: same folder, same port.
    pub fn kill(&mut self) -> Result<()> {
        println!("\n$ kill -9 {}     # the server dies without warning …", self.id());
        self.process.kill()?;
        self.process.wait()?;
        let port = self.endpoint.rsplit(':').next().and_then(|text| text.parse().ok());
        (self.process, self.endpoint) = start(&self.binary, &self.data, port.context("an endpoint without a port")?)?;
        println!("                      # … and is back, with all that it had acknowledged");
        Ok(())
    }

    /// A program that finds the server by its environment, as it would find AWS.
    pub fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).envs([
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "demo"),
            ("AWS_SECRET_ACCESS_KEY", "demo"),
            // The SDK warns of next year's Node at each start.
            ("NODE_NO_WARNINGS", "1"),
        ]);
        command
    }

    /// `node main.js …` of an application, shown as it would be typed.
    pub fn step(&self, application: &Path, arguments: &[&str]) -> Result<()> {
        println!("\n$ node main.js {}", arguments.join(" "));
        process::run(self.command("node", application).arg("main.js").args(arguments))
    }

    /// Ends it and leaves nothing behind.
    pub fn throw_away(mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(std::fs::remove_dir_all(&self.data)?)
    }

    pub fn print_where(&self) {
        let Server { endpoint, data, .. } = self;
        println!(
            "
The server is still running (process {pid}, data in {data}). Try:

  export AWS_ENDPOINT_URL={endpoint} AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo
  curl {endpoint}/_tidegate/health",
            pid = self.id(),
            data = data.display(),
        );
    }
}

pub fn free_usual_port() -> Result<u16> {
    TcpListener::bind(("127.0.0.1", USUAL_PORT)).with_context(|| {
        format!(
            "port {USUAL_PORT} is taken: stop what listens there (another Tidegate, LocalStack?) and run the demo again"
        )
    })?;
    Ok(USUAL_PORT)
}

/// The SDK that functions find on AWS. It is kept from one demonstration to the next.
fn install_sdk(binary: &Path, data: &Path) -> Result<()> {
    let kept = target().join("demo/sdk");
    println!("Installing the SDK that functions find on AWS …");
    quiet(Command::new(binary).args(["runtime", "install", "--data"]).arg(&kept))
        .context("the SDK comes from npm: without a network functions cannot use it")?;
    std::fs::create_dir_all(data)?;
    std::os::unix::fs::symlink(kept.join("runtime"), data.join("runtime"))?;
    Ok(())
}

fn start(binary: &Path, data: &Path, port: u16) -> Result<(Child, String)> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(data.with_extension("log"))?;
    let mut server = Command::new(binary)
        .args(["up", "--port", &port.to_string(), "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0)
        .spawn()
        .context("cannot start the server")?;
    let stdout = server.stdout.take().context("the server has no standard output")?;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        if let Some(endpoint) = line.split_whitespace().find(|word| word.starts_with("http://")) {
            println!("{line}");
            return Ok((server, endpoint.to_owned()));
        }
    }
    bail!("the server ended before it was ready; its log is {}", data.with_extension("log").display())
}
