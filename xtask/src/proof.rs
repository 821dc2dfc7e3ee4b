//! docs/proof.md: what `cargo xtask prove` ran, on which machine, and what came of it.
//!
//! All suites take hours, so each has a section of its own, which the suite's next run replaces. What else
//! is on the page is written by hand and stays.

use std::fmt::Write as _;

use anyhow::{Context, Result};

use crate::process::{answer_of, root};
use crate::suite::Outcome;

/// What a suite's output says was counted: its lines that say so, and Rust's tests in one.
fn summary(output: &[String]) -> Vec<String> {
    let said = output.iter().filter(|line| ["skipped: ", "summary: "].iter().any(|start| line.starts_with(start)));
    let results = output.iter().filter_map(|line| line.strip_prefix("test result: "));
    let totals = results.fold([0, 0, 0], |totals: [u64; 3], result| {
        let counts: Vec<u64> = result.split(' ').filter_map(|word| word.parse().ok()).collect();
        std::array::from_fn(|at| totals[at] + counts.get(at).copied().unwrap_or(0))
    });
    let [passed, failed, ignored] = totals;
    let tests = format!("{passed} tests passed, {failed} failed, {ignored} ignored");
    said.cloned().chain((totals != [0, 0, 0]).then_some(tests)).collect()
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
    // How it failed names folders of this machine; the terminal has shown it.
    let result = if failure.is_some() { "failed" } else { "passed" };
    let mut section = format!("## {name}: {what}\n\n{result} in {:.0} s; {conditions}.\n", took.as_secs_f64());
    let lines = summary(output);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rusts_tests_are_counted_together() {
        let output = [
            "running 3 tests",
            "summary: 5 runs",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ];
        let summary = summary(&output.map(str::to_owned));
        assert_eq!(summary, ["summary: 5 runs", "7 tests passed, 2 failed, 1 ignored"]);
    }

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
