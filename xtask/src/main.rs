//! The project's own commands. `cargo xtask` lists them; CI calls what a developer types.

#![allow(clippy::disallowed_methods, reason = "the commands run on real time, outside of the product")]

mod codegen;
mod demo;
mod process;
mod proof;
mod suite;
mod tidy;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the server, start it, run the sample application, leave it running.
    Demo(demo::Options),
    /// Everything that must hold, at small counts: Rust tests, real clients, crashes.
    Test(suite::Options),
    /// The same code at the counts that the project promises; the record goes to docs/proof.md.
    Prove(suite::Options),
    /// Measure against a floor and a ceiling in one run; what follows `--` goes to the benchmark.
    Bench {
        /// Options of the benchmark itself.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Write the wire types and tables from the service models, and docs/coverage.md from both.
    Codegen {
        /// Write nothing; fail if anything would change.
        #[arg(long)]
        check: bool,
    },
    /// Check the layer rule and the other things that cheap checks can hold.
    Tidy,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Test(options) => suite::run_all(suite::Scale::Test, &options),
        Command::Prove(options) => suite::run_all(suite::Scale::Prove, &options),
        Command::Bench { options } => suite::bench(&options),
        Command::Codegen { check } => codegen::run(check),
        Command::Tidy => tidy::run(),
    }
}
