//! `cargo xtask demo`: build, start, run the sample application, leave the server running.
//!
//! Between the application's two halves the server is killed with `kill -9` and started again: the
//! one thing that a newcomer should see first is that nothing was lost.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::process::{self, installed, quiet, root};
use crate::suite::build_server;

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
    let application = install_application()?;
    let data = tempfile::Builder::new().prefix("tidegate-demo-").tempdir()?.keep();
    let port = if options.stop { 0 } else { free_usual_port()? };

    let (mut server, endpoint) = start(&options.profile, &data, port)?;
    println!("\n$ node main.js place {ORDERS}");
    step(&application, &endpoint, "place")?;

    println!("\n$ kill -9 {}     # the server dies without warning …", server.id());
    server.kill()?;
    server.wait()?;
    let port = endpoint.rsplit(':').next().and_then(|text| text.parse().ok()).context("an endpoint without a port")?;
    let (mut server, endpoint) = start(&options.profile, &data, port)?;
    println!("                      # … and is back, with every order");

    println!("\n$ node main.js work {ORDERS}");
    let worked = step(&application, &endpoint, "work");
    if options.stop || worked.is_err() {
        server.kill()?;
        server.wait()?;
        std::fs::remove_dir_all(&data)?;
        return worked;
    }
    print_what_next(&server, &endpoint, &data);
    Ok(())
}

fn install_application() -> Result<PathBuf> {
    let source = root().join("examples/order-workers");
    let folder = root().join("target/demo/order-workers");
    std::fs::create_dir_all(&folder)?;
    for entry in std::fs::read_dir(&source)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    println!("Installing the application's packages …");
    quiet(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    Ok(folder)
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

fn step(application: &Path, endpoint: &str, step: &str) -> Result<()> {
    process::run(Command::new("node").args(["main.js", step, ORDERS]).current_dir(application).envs([
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "demo"),
        ("AWS_SECRET_ACCESS_KEY", "demo"),
    ]))
}

fn print_what_next(server: &Child, endpoint: &str, data: &Path) {
    println!(
        "
The server is still running (process {pid}, data in {data}). Try:

  export AWS_ENDPOINT_URL={endpoint} AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo
  aws --endpoint-url {endpoint} sqs list-queues
  aws --endpoint-url {endpoint} sqs receive-message --queue-url {endpoint}/000000000000/orders-dead
  curl '{endpoint}/_tidegate/sqs/peek?queueUrl={endpoint}/000000000000/orders-dead'
  curl {endpoint}/_tidegate/health

Stop it with: kill {pid}",
        pid = server.id(),
        data = data.display(),
    );
}
