//! Runs the conformance suites and says how each went.

#![allow(clippy::disallowed_methods, reason = "a test's clocks, tasks and time-outs are the machine's own")]

use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use tidegate_conformance::suites::{Outcome, SUITES, Size, Suite};

#[derive(Parser)]
#[command(about = "Real clients against a real server: $TIDEGATE_BIN, or the one built beside this program")]
struct Arguments {
    /// Run at the counts that the documentation promises, instead of small ones.
    #[arg(long)]
    prove: bool,
    /// Only suites whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// How often the crash suite kills the server, instead of the size's own count.
    #[arg(long)]
    rounds: Option<u32>,
    /// The crash suite's seed, to mix the same load again [default: the time].
    #[arg(long)]
    seed: Option<u64>,
    /// List the suites and run nothing.
    #[arg(long)]
    list: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let size = Size {
        prove: arguments.prove,
        rounds: arguments.rounds.unwrap_or(if arguments.prove { 40 } else { 5 }),
        seed: arguments.seed.map_or_else(now, Ok)?,
    };
    let chosen = SUITES.iter().filter(|suite| arguments.only.as_deref().is_none_or(|part| suite.name.contains(part)));
    if arguments.list {
        chosen.for_each(|suite| println!("{:20} {}", suite.name, suite.what));
        return Ok(ExitCode::SUCCESS);
    }
    Ok(conclude(&run_all(&chosen.collect::<Vec<_>>(), &size)))
}

type Results<'a> = Vec<(&'a str, anyhow::Result<Outcome>)>;

/// Patient suites, which mostly wait, run beside the others; those run one after the other, for
/// they measure time and memory.
fn run_all<'a>(chosen: &[&'a Suite], size: &Size) -> Results<'a> {
    let (patient, busy): (Vec<&Suite>, Vec<&Suite>) = chosen.iter().partition(|suite| suite.is_patient);
    std::thread::scope(|scope| {
        let waiting: Vec<_> = patient.into_iter().map(|suite| (suite.name, scope.spawn(|| run(suite, size)))).collect();
        let mut results: Results<'a> = busy.into_iter().map(|suite| (suite.name, run(suite, size))).collect();
        for (name, thread) in waiting {
            let result = thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the suite panicked; see above")));
            results.push((name, result));
        }
        results
    })
}

fn now() -> anyhow::Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

fn run(suite: &Suite, size: &Size) -> anyhow::Result<Outcome> {
    println!("{:20} {} …", suite.name, suite.what);
    let start = Instant::now();
    let result = (suite.run)(size);
    let seconds = start.elapsed().as_secs_f64();
    match &result {
        Ok(Outcome::Passed(record)) => println!("summary: {:20} passed in {seconds:.1} s: {record}", suite.name),
        Ok(Outcome::Skipped(reason)) => println!("{:20} skipped: {reason}", suite.name),
        Err(error) => println!("summary: {:20} FAILED after {seconds:.1} s: {error:#}", suite.name),
    }
    result
}

fn conclude(results: &[(&str, anyhow::Result<Outcome>)]) -> ExitCode {
    let mut counts = [0, 0, 0];
    println!();
    for (name, result) in results {
        match result {
            Ok(Outcome::Passed(_)) => counts[0] += 1,
            Err(_) => {
                counts[1] += 1;
                println!("failed: {name}");
            }
            Ok(Outcome::Skipped(reason)) => {
                counts[2] += 1;
                println!("skipped: {name}: {reason}");
            }
        }
    }
    println!("{} passed, {} failed, {} skipped", counts[0], counts[1], counts[2]);
    if counts[1] == 0 && counts[0] + counts[2] > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
