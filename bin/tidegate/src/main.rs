//! The Tidegate server and its command line: reads arguments, runs a command, reports what failed.

mod allocator;
mod cli;
mod client;
mod commands;
mod config;
mod folder;
mod init;
mod platform;
mod running;
mod secret_file;
mod tls;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator;

fn main() -> ExitCode {
    // First of all: it counts for memory that is touched from now on.
    platform::refuse_huge_pages();
    let cli = Cli::try_parse().unwrap_or_else(|error| refuse(&error));
    if !matches!(cli.command, Command::Up(_)) {
        platform::end_when_nobody_reads();
    }
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tidegate: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// Ends with what clap has to say, which names the flag even where the value is a variable's.
fn refuse(error: &clap::Error) -> ! {
    let said = error.print();
    if let Some(clap::error::ContextValue::String(value)) = error.get(clap::error::ContextKind::InvalidValue)
        && !std::env::args().any(|argument| argument.ends_with(value.as_str()))
        && let Some((name, _)) = std::env::vars().find(|(name, given)| name.starts_with("TIDEGATE_") && given == value)
    {
        eprintln!("tidegate: '{value}' is the value of the variable {name}");
    }
    std::process::exit(if said.is_ok() { error.exit_code() } else { 1 })
}

/// The chain on one line, outermost first: what was tried, then why it failed. Some errors tell their cause
/// themselves; it is not said twice.
fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    // One worker for each core, which is tokio's own choice.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("tidegate").build()?;
    runtime.block_on(async {
        match command {
            Command::Up(args) => commands::up::run(*args).await,
            Command::Env(args) => commands::env::run(&args),
            Command::Status(args) => commands::status::run(&args).await,
            Command::Doctor(args) => commands::doctor::run(&args).await,
            Command::Check(args) => commands::check::run(&args.folder).await,
            Command::Backup(args) => commands::backup::backup(&args.data, &args.to).await,
            Command::Restore(args) => commands::backup::restore(&args.from, &args.data).await,
            Command::Keys(args) => commands::keys::run(&args).await,
            Command::Runtime(args) => commands::runtime::run(&args).await,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow!("no such file").context("x: no such file").context("cannot read x");
        assert_eq!(told(&error), "cannot read x: x: no such file");
        assert_eq!(told(&anyhow!("alone")), "alone");
    }
}
