//! docs/proof.md: what `cargo xtask prove` ran, on which machine, and what came of it.
//!
//! All suites take hours, so each has a section of its own, which the suite's next run replaces. What else
//! is on the page is written by hand and stays.

use std::fmt::Write as _;

use anyhow::{Context, Result};

use crate::process::{answer_of, root};
use crate::suite::Outcome;

/// Lines of a suite's output that say what it counted.
fn is_summary(line: &str) -> bool {
    let counted = line.contains(" passed") && line.contains(" failed");
    counted || ["skipped: ", "seeds: ", "rounds: ", "summary: "].iter().any(|start| line.starts_with(start))
}

pub fn write(outcomes: &[Outcome]) -> Result<()> {
    let path = root().join("docs/proof.md");
    let mut page = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let conditions = format!(
        "{}, commit `{}`, {} cores, {}, {}",
        answer_of("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        answer_of("git", &["rev-parse", "--short", "HEAD"]),
        answer_of("nproc", &[]),
        answer_of("uname", &["-srm"]),
        answer_of("rustc", &["--version"]),
    );
    for outcome in outcomes {
        page = with_section(&page, outcome.name, &section(outcome, &conditions)?);
    }
    std::fs::write(&path, page)?;
    println!("docs/proof.md is written");
    Ok(())
}

fn section(outcome: &Outcome, conditions: &str) -> Result<String> {
    let Outcome { name, what, took, failure, output } = outcome;
    let result = failure.as_ref().map_or("passed".to_owned(), |failure| format!("failed: {failure}"));
    let mut section = format!("## {name}: {what}\n\n{result} in {:.0} s; {conditions}.\n", took.as_secs_f64());
    let lines: Vec<_> = output.iter().filter(|line| is_summary(line) && !is_empty_run(line)).collect();
    if !lines.is_empty() {
        section.push_str("\n```\n");
        for line in lines {
            writeln!(section, "{line}")?;
        }
        section.push_str("```\n");
    }
    Ok(section)
}

/// The page with a suite's section in its place, or at the end if it has none yet.
fn with_section(page: &str, name: &str, section: &str) -> String {
    let (begin, end) = (format!("<!-- suite {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let section = format!("{begin}{section}{end}");
    let old = page.find(&begin).zip(page.find(&end).map(|at| at + end.len())).filter(|(from, to)| from < to);
    match old {
        Some((from, to)) => [&page[..from], &section, &page[to..]].concat(),
        None => format!("{}\n\n{section}", page.trim_end()),
    }
}

/// Crates without tests of some kind say so once each; that proves nothing.
fn is_empty_run(line: &str) -> bool {
    line.contains(" 0 passed; 0 failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_replaces_its_own_section_only() {
        let page = with_section("# Proof\n", "rust", "one\n");
        let page = with_section(&page, "demo", "two\n");
        let page = with_section(&page, "rust", "three\n");
        let end =
            "<!-- suite rust -->\nthree\n<!-- end of rust -->\n\n<!-- suite demo -->\ntwo\n<!-- end of demo -->\n";
        assert_eq!(page, format!("# Proof\n\n{end}"));
    }
}
