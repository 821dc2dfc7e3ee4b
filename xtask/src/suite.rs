//! `cargo xtask test` and `cargo xtask prove`: one list of suites at two sizes.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::demo;
use crate::process::{cargo, root, run};

#[derive(clap::Args)]
pub struct Options {
    /// Only the suites whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// List the suites and run nothing.
    #[arg(long)]
    list: bool,
}

/// How long a suite may take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Small counts: all suites together stay under half an hour on two cores.
    Test,
    /// The counts that the documentation promises.
    Prove,
}

struct Suite {
    name: &'static str,
    what: &'static str,
    run: fn(Scale) -> Result<()>,
}

const SUITES: &[Suite] = &[
    Suite { name: "rust", what: "unit, property, model and fuzz tests of every crate", run: rust },
    Suite { name: "simulation", what: "store, queues and SQS under simulated crashes", run: simulation },
    Suite { name: "conformance", what: "real clients, bad input, kill -9", run: conformance },
    Suite { name: "bench", what: "the benchmark runs (no figure is judged)", run: bench_smoke },
    Suite { name: "demo", what: "the sample application, a killed server included", run: demonstration },
];

pub fn run(scale: Scale, options: &Options) -> Result<()> {
    let chosen = SUITES.iter().filter(|suite| options.only.as_deref().is_none_or(|part| suite.name.contains(part)));
    let mut failed = Vec::new();
    for suite in chosen {
        println!("\n=== {}: {}", suite.name, suite.what);
        if options.list {
            continue;
        }
        let start = Instant::now();
        let outcome = (suite.run)(scale);
        println!("=== {} took {:.0} s", suite.name, start.elapsed().as_secs_f64());
        if let Err(error) = outcome {
            eprintln!("=== {} failed: {error:#}", suite.name);
            failed.push(suite.name);
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

pub fn bench(options: &[String]) -> Result<()> {
    build_server("release")?;
    let mut command = cargo(&["run", "--release", "--quiet", "--package", "tidegate-bench", "--"]);
    run(command.args(options))
}

/// Builds the server with `profile`; the suites that start it find it under `target/`.
pub fn build_server(profile: &str) -> Result<()> {
    run(&mut cargo(&["build", "--profile", profile, "--package", "tidegate"]))
}

fn rust(scale: Scale) -> Result<()> {
    build_server("dev")?;
    let mut command = cargo(&["test", "--workspace", "--no-fail-fast"]);
    if scale == Scale::Prove {
        command.env("PROPTEST_CASES", "5000").env("TIDEGATE_FUZZ_SECONDS", "300");
    }
    run(&mut command)
}

fn simulation(scale: Scale) -> Result<()> {
    let seeds = if scale == Scale::Prove { "2000" } else { "40" };
    run(&mut cargo(&["run", "--profile", "quick", "--quiet", "--package", "tidegate-sim", "--", "--seeds", seeds]))
}

fn conformance(scale: Scale) -> Result<()> {
    build_server("quick")?;
    let server = root().join("target/quick/tidegate");
    let mut command = cargo(&["run", "--profile", "quick", "--quiet", "--package", "tidegate-conformance", "--"]);
    command.env("TIDEGATE_BIN", server);
    if scale == Scale::Prove {
        command.arg("--prove");
    }
    run(&mut command)
}

fn bench_smoke(_: Scale) -> Result<()> {
    build_server("quick")?;
    let mut command = cargo(&["run", "--profile", "quick", "--quiet", "--package", "tidegate-bench", "--", "--quick"]);
    command.env("TIDEGATE_BIN", root().join("target/quick/tidegate"));
    run(&mut command)
}

fn demonstration(_: Scale) -> Result<()> {
    demo::run(&demo::Options::checked())
}

/// A command that is silent unless it fails.
pub fn quiet(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        eprintln!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("{command:?} ended with {}", output.status);
    }
    Ok(())
}
