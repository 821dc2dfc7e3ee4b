//! `cargo xtask test` and `cargo xtask prove`: one list of suites at two sizes.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::demo;
use crate::process::{cargo, root, run, run_and_keep, target};
use crate::proof;

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

/// Runs a suite; its output goes to the terminal and into the lines.
type Run = fn(Scale, &mut Vec<String>) -> Result<()>;

struct Suite {
    name: &'static str,
    what: &'static str,
    run: Run,
}

const SUITES: &[Suite] = &[
    Suite { name: "rust", what: "unit, property, model and fuzz tests of every crate", run: rust },
    Suite { name: "simulation", what: "store, queues and SQS under simulated crashes", run: simulation },
    Suite { name: "conformance", what: "real clients, bad input, kill -9", run: conformance },
    Suite { name: "bench", what: "the benchmark runs; `prove` writes its figures, `test` judges none", run: benchmark },
    Suite { name: "demo", what: "the sample application, a killed server included", run: demonstration },
];

/// What became of one suite.
pub struct Outcome {
    /// Its name.
    pub name: &'static str,
    /// What it covers.
    pub what: &'static str,
    /// How long it took.
    pub took: Duration,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// What it printed.
    pub output: Vec<String>,
}

pub fn run_all(scale: Scale, options: &Options) -> Result<()> {
    let chosen = SUITES.iter().filter(|suite| options.only.as_deref().is_none_or(|part| suite.name.contains(part)));
    let mut outcomes = Vec::new();
    for suite in chosen {
        println!("\n=== {}: {}", suite.name, suite.what);
        if !options.list {
            outcomes.push(run_one(suite, scale));
        }
    }
    if scale == Scale::Prove && !options.list {
        proof::write(&outcomes)?;
    }
    let failed: Vec<_> =
        outcomes.iter().filter(|outcome| outcome.failure.is_some()).map(|outcome| outcome.name).collect();
    for skipped in outcomes.iter().flat_map(|outcome| &outcome.output).filter(|line| line.starts_with("skipped: ")) {
        println!("{skipped}");
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn run_one(suite: &Suite, scale: Scale) -> Outcome {
    let (start, mut output) = (Instant::now(), Vec::new());
    let failure = (suite.run)(scale, &mut output).err().map(|error| format!("{error:#}"));
    let took = start.elapsed();
    match &failure {
        None => println!("=== {} passed in {:.0} s", suite.name, took.as_secs_f64()),
        Some(failure) => eprintln!("=== {} failed after {:.0} s: {failure}", suite.name, took.as_secs_f64()),
    }
    Outcome { name: suite.name, what: suite.what, took, failure, output }
}

pub fn bench(options: &[String]) -> Result<()> {
    build_server("release")?;
    let mut command = cargo(&["run", "--release", "--quiet", "--package", "tidegate-bench", "--"]);
    run(command.args(options))
}

/// What the suites run. Each asks for other features of the libraries below: built one by one, most of the workspace
/// would be compiled for each of them.
const PROGRAMS: [&str; 4] = ["tidegate", "tidegate-sim", "tidegate-conformance", "tidegate-bench"];

/// Builds what the suites run; answers the folder that it is in.
fn build_programs() -> Result<PathBuf> {
    let mut command = cargo(&["build", "--profile", "quick"]);
    run(command.args(PROGRAMS.iter().flat_map(|program| ["--package", program])))?;
    Ok(target().join("quick"))
}

/// One of them, which finds the server by itself.
fn program(name: &str) -> Result<Command> {
    let folder = build_programs()?;
    let mut command = Command::new(folder.join(name));
    command.current_dir(root()).env("TIDEGATE_BIN", folder.join("tidegate"));
    Ok(command)
}

/// Builds the server with `profile`; answers where it is.
pub fn build_server(profile: &str) -> Result<PathBuf> {
    run(&mut cargo(&["build", "--profile", profile, "--package", "tidegate"]))?;
    // Cargo's own name for the folder of that profile is older than profiles.
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(target().join(folder).join("tidegate"))
}

fn rust(scale: Scale, output: &mut Vec<String>) -> Result<()> {
    // That builds the server too: its own tests run it, and those of other packages find it there.
    let mut command = cargo(&["test", "--workspace", "--no-fail-fast"]);
    if scale == Scale::Prove {
        command.env("PROPTEST_CASES", "2000").env("TIDEGATE_FUZZ_SECONDS", "300").env("TIDEGATE_POWERCUT_CUTS", "60");
    }
    run_and_keep(&mut command, output)
}

fn simulation(scale: Scale, output: &mut Vec<String>) -> Result<()> {
    let seeds = if scale == Scale::Prove { "500" } else { "40" };
    run_and_keep(program("tidegate-sim")?.args(["--seeds", seeds]), output)?;
    if scale == Scale::Prove {
        // A crash at every step of the committer, not only at those that a seed draws.
        run_and_keep(program("tidegate-sim")?.args(["--seeds", "5", "--events", "300", "--sweep"]), output)?;
    }
    Ok(())
}

fn conformance(scale: Scale, output: &mut Vec<String>) -> Result<()> {
    let mut command = program("tidegate-conformance")?;
    if scale == Scale::Prove {
        command.arg("--prove");
    }
    run_and_keep(&mut command, output)
}

fn benchmark(scale: Scale, output: &mut Vec<String>) -> Result<()> {
    if scale == Scale::Prove {
        return bench(&["--write".to_owned()]);
    }
    run_and_keep(program("tidegate-bench")?.arg("--quick"), output)
}

fn demonstration(_: Scale, _: &mut Vec<String>) -> Result<()> {
    demo::run(&demo::Options::checked(build_programs()?.join("tidegate")))
}
