//! `cargo xtask demo`: build, start, run the sample applications, leave the server running.
//!
//! First a queue, a function and a table, then a queue and workers of one's own. Between the halves of each
//! the server is killed with `kill -9` and started again: the one thing that a newcomer should see first is
//! that nothing was lost.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::process::{self, installed, quiet, root};
use crate::suite::build_server;

const DEVICES: &str = "200";
const ORDERS: &str = "500";
const USUAL_PORT: u16 = 4566;

#[derive(clap::Args)]
pub struct Options {
    /// Stop the server at the end instead of leaving it running.
    #[arg(long)]
    stop: bool,
    /// How to build the server.
    #[arg(long, default_value = "release")]
    profile: String,
}

impl Options {
    /// What the tests run: the same steps, on a port of its own, with nothing left behind.
    pub fn checked() -> Options {
        Options { stop: true, profile: "quick".to_owned() }
    }
}

pub fn run(options: &Options) -> Result<()> {
    ensure!(
        installed("node") && installed("npm"),
        "the sample application needs Node.js 20 or newer with npm: install them first"
    );
    println!("Building the server (the first time takes some minutes) …");
    build_server(&options.profile)?;
    let data = tempfile::Builder::new().prefix("tidegate-demo-").tempdir()?.keep();
    let applications = [install_application("device-metadata")?, install_application("order-workers")?];
    install_sdk(&options.profile, &data)?;
    let port = if options.stop { 0 } else { free_usual_port()? };
    let mut demo = Demo::start(&options.profile, data, port)?;
    let shown = demo.show(&applications);
    if options.stop || shown.is_err() {
        demo.server.kill()?;
        demo.server.wait()?;
        std::fs::remove_dir_all(&demo.data)?;
        return shown;
    }
    demo.print_what_next();
    Ok(())
}

/// A server and what was shown on it.
struct Demo {
    profile: String,
    data: PathBuf,
    server: Child,
    endpoint: String,
}

impl Demo {
    fn start(profile: &str, data: PathBuf, port: u16) -> Result<Demo> {
        let (server, endpoint) = start(profile, &data, port)?;
        Ok(Demo { profile: profile.to_owned(), data, server, endpoint })
    }

    fn show(&mut self, applications: &[PathBuf; 2]) -> Result<()> {
        let [devices, orders] = applications;
        println!("\n--- queue -> function -> table: examples/device-metadata");
        self.step(devices, &["deploy"])?;
        self.step(devices, &["send", DEVICES])?;
        self.kill()?;
        self.step(devices, &["show", DEVICES])?;

        println!("\n--- queue -> workers: examples/order-workers");
        self.step(orders, &["place", ORDERS])?;
        self.kill()?;
        self.step(orders, &["work", ORDERS])
    }

    fn kill(&mut self) -> Result<()> {
        println!("\n$ kill -9 {}     # the server dies without warning …", self.server.id());
        self.server.kill()?;
        self.server.wait()?;
        let port = self.endpoint.rsplit(':').next().and_then(|text| text.parse().ok());
        let port = port.context("an endpoint without a port")?;
        (self.server, self.endpoint) = start(&self.profile, &self.data, port)?;
        println!("                      # … and is back, with all that it had acknowledged");
        Ok(())
    }

    fn step(&self, application: &Path, arguments: &[&str]) -> Result<()> {
        println!("\n$ node main.js {}", arguments.join(" "));
        process::run(Command::new("node").arg("main.js").args(arguments).current_dir(application).envs([
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "demo"),
            ("AWS_SECRET_ACCESS_KEY", "demo"),
            // The SDK warns of next year's Node at each start.
            ("NODE_NO_WARNINGS", "1"),
        ]))
    }

    fn print_what_next(&self) {
        let Demo { server, endpoint, data, .. } = self;
        println!(
            "
The server is still running (process {pid}, data in {data}). Try:

  export AWS_ENDPOINT_URL={endpoint} AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo
  aws --endpoint-url {endpoint} sqs send-message --queue-url {endpoint}/000000000000/device-metadata \\
      --message-body '{{\"user_id\":\"me\",\"device\":\"laptop\",\"location\":\"here\"}}'
  aws --endpoint-url {endpoint} dynamodb get-item --table-name device-metadata --key '{{\"user_id\":{{\"S\":\"me\"}}}}'
  aws --endpoint-url {endpoint} logs tail /aws/lambda/device-metadata
  aws --endpoint-url {endpoint} sqs receive-message --queue-url {endpoint}/000000000000/orders-dead
  curl {endpoint}/_tidegate/health

Stop it with: kill {pid}",
            pid = server.id(),
            data = data.display(),
        );
    }
}

/// The SDK that functions find on AWS. It is kept from one demonstration to the next.
fn install_sdk(profile: &str, data: &Path) -> Result<()> {
    let kept = root().join("target/demo/sdk");
    println!("Installing the SDK that functions find on AWS …");
    let binary = root().join("target").join(profile).join("tidegate");
    quiet(Command::new(binary).args(["runtime", "install", "--data"]).arg(&kept))
        .context("the SDK comes from npm: without a network functions cannot use it")?;
    std::fs::create_dir_all(data)?;
    std::os::unix::fs::symlink(kept.join("runtime"), data.join("runtime"))?;
    Ok(())
}

fn install_application(name: &str) -> Result<PathBuf> {
    let source = root().join("examples").join(name);
    let folder = root().join("target/demo").join(name);
    println!("Installing the packages of examples/{name} …");
    copy(&source, &folder)?;
    quiet(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true if entry.file_name() == "node_modules" => {}
            true => copy(&entry.path(), &place)?,
            false => drop(std::fs::copy(entry.path(), place)?),
        }
    }
    Ok(())
}

fn free_usual_port() -> Result<u16> {
    TcpListener::bind(("127.0.0.1", USUAL_PORT)).with_context(|| {
        format!(
            "port {USUAL_PORT} is taken: stop what listens there (another Tidegate, LocalStack?) and run the demo again"
        )
    })?;
    Ok(USUAL_PORT)
}

fn start(profile: &str, data: &Path, port: u16) -> Result<(Child, String)> {
    let binary = root().join("target").join(profile).join("tidegate");
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
