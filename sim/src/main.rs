//! Runs the simulation over many seeds.

use std::process::ExitCode;

use clap::Parser;
use tidegate_sim::{Crashes, Plan, World};

#[derive(Parser)]
#[command(about = "Run the simulation over many seeds")]
struct Arguments {
    /// How many seeds to run
    #[arg(long, default_value_t = 50)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    start: u64,
    /// How much happens in each
    #[arg(long, default_value_t = Plan::DEFAULT_EVENTS)]
    events: u64,
    /// Run each seed twice and compare
    #[arg(long)]
    twice: bool,
    /// Instead of at random, crash once, at each of the committer's steps in turn
    #[arg(long)]
    sweep: bool,
    /// Crash once, at this step of the committer
    #[arg(long)]
    crash_at: Option<u64>,
    /// Print everything that happens
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut totals = Totals::default();
    for seed in arguments.start..arguments.start + arguments.seeds {
        let crashes = arguments.crash_at.map_or(Crashes::AtRandom, Crashes::Once);
        let mut plans =
            vec![Plan { seed, events: arguments.events, crashes, verbose: arguments.verbose, ..Plan::default() }];
        if arguments.sweep {
            plans = sweep(&plans[0], &mut totals);
        }
        for plan in plans {
            if !run(&plan, arguments.twice, &mut totals) {
                return ExitCode::FAILURE;
            }
        }
    }
    println!(
        "summary: {} runs, {} crashes, {} failures of the disk, {} operations of which {} were acknowledged, {} messages audited",
        totals.runs, totals.crashes, totals.faults, totals.operations, totals.acknowledged, totals.audited
    );
    ExitCode::SUCCESS
}

#[derive(Default)]
struct Totals {
    runs: u64,
    crashes: u64,
    faults: u64,
    operations: u64,
    acknowledged: u64,
    audited: u64,
}

/// A plan for each step that the committer makes in an undisturbed run.
fn sweep(plan: &Plan, totals: &mut Totals) -> Vec<Plan> {
    let undisturbed = Plan { crashes: Crashes::Never, ..plan.clone() };
    match World::run(&undisturbed) {
        Ok(summary) => {
            totals.runs += 1;
            (1..=summary.steps).map(|step| Plan { crashes: Crashes::Once(step), ..plan.clone() }).collect()
        }
        // It fails again in `run`, which says how to repeat it.
        Err(_) => vec![undisturbed],
    }
}

fn run(plan: &Plan, twice: bool, totals: &mut Totals) -> bool {
    let outcome = World::run(plan);
    match &outcome {
        Ok(summary) => {
            totals.runs += 1;
            totals.crashes += summary.crashes;
            totals.faults += summary.faults;
            totals.operations += summary.operations;
            totals.acknowledged += summary.acknowledged;
            totals.audited += summary.audited;
        }
        Err(failure) => {
            eprintln!("{failure}");
            return false;
        }
    }
    if twice && World::run(plan).ok() != outcome.ok() {
        eprintln!("seed {} did not repeat itself: something draws chance or time from elsewhere", plan.seed);
        return false;
    }
    true
}
