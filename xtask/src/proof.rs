//! docs/proof.md: what `cargo xtask prove` ran, on which machine, and what came of it.

use std::fmt::Write as _;

use anyhow::Result;

use crate::process::{answer_of, root};
use crate::suite::Outcome;

/// Lines of a suite's output that say what it counted.
fn is_summary(line: &str) -> bool {
    let counted = line.contains(" passed") && line.contains(" failed");
    counted || ["skipped: ", "seeds: ", "rounds: ", "summary: "].iter().any(|start| line.starts_with(start))
}

pub fn write(outcomes: &[Outcome]) -> Result<()> {
    let mut page = String::from(
        "# What has been proven\n\nWritten by `cargo xtask prove`, which runs the suites of `cargo xtask test` at full counts.\n\n",
    );
    writeln!(page, "- commit: `{}`", answer_of("git", &["rev-parse", "--short", "HEAD"]))?;
    writeln!(page, "- date: {}", answer_of("date", &["-u", "+%Y-%m-%d %H:%M UTC"]))?;
    writeln!(page, "- machine: {} cores, {}", answer_of("nproc", &[]), answer_of("uname", &["-srm"]))?;
    writeln!(page, "- compiler: {}\n", answer_of("rustc", &["--version"]))?;
    writeln!(page, "| suite | covers | result | took |\n|---|---|---|---|")?;
    for outcome in outcomes {
        let result = outcome.failure.as_ref().map_or("passed".to_owned(), |failure| format!("failed: {failure}"));
        writeln!(page, "| {} | {} | {result} | {:.0} s |", outcome.name, outcome.what, outcome.took.as_secs_f64())?;
    }
    for outcome in outcomes {
        let lines: Vec<_> = outcome.output.iter().filter(|line| is_summary(line) && !is_empty_run(line)).collect();
        if !lines.is_empty() {
            writeln!(page, "\n## {}\n\n```", outcome.name)?;
            for line in lines {
                writeln!(page, "{line}")?;
            }
            writeln!(page, "```")?;
        }
    }
    std::fs::write(root().join("docs/proof.md"), page)?;
    println!("docs/proof.md is written");
    Ok(())
}

/// Crates without tests of some kind say so once each; that proves nothing.
fn is_empty_run(line: &str) -> bool {
    line.contains(" 0 passed; 0 failed")
}
