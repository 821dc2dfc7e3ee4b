//! docs/benchmarks.json and the page made of it.
//!
//! A whole run takes long, so a run of some rows replaces those and leaves the others, and each row says
//! which run it comes from.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::report::Line;

/// All rows there are, each of the last run that measured it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Figures {
    runs: Vec<Run>,
    figures: Vec<Figure>,
}

/// When, where and how some rows were measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Run {
    /// What the page calls it; given when it is added.
    #[serde(default)]
    pub number: usize,
    /// When it ended.
    pub date: String,
    /// Of what.
    pub commit: String,
    /// How the server was built: the profile of Cargo.toml.
    pub profile: String,
    /// The machine.
    pub machine: Vec<String>,
    /// How it was measured.
    pub method: String,
    /// The disk's sync latency in the same minutes, in microseconds, if a row needed it.
    pub sync: Option<String>,
    /// The machine's load before and after: above what we make ourselves, others were at work.
    pub loads: [String; 2],
}

/// A row and where it comes from.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Figure {
    section: String,
    run: usize,
    #[serde(flatten)]
    line: Line,
}

impl Figures {
    /// Those that are committed; none if there is no file.
    ///
    /// # Errors
    /// It cannot be read, or is not ours.
    pub fn read() -> Result<Figures> {
        match std::fs::read(data()) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| format!("{} is damaged", data().display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Figures::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", data().display())),
        }
    }

    /// Takes over what a run measured. A row that was measured before is replaced where it stands; a run of
    /// which nothing is left is forgotten.
    pub fn merge(&mut self, run: Run, lines: &[(&'static str, Line)]) {
        let number = self.runs.last().map_or(0, |run| run.number) + 1;
        self.runs.push(Run { number, ..run });
        for (section, line) in lines {
            let figure = Figure { section: (*section).to_owned(), run: number, line: line.clone() };
            match self.figures.iter_mut().find(|old| old.section == *section && old.line.what == line.what) {
                Some(old) => *old = figure,
                None => self.figures.push(figure),
            }
        }
        self.runs.retain(|run| self.figures.iter().any(|figure| figure.run == run.number));
    }

    /// Writes the data and the page.
    ///
    /// # Errors
    /// One of them cannot be written.
    pub fn write(&self) -> Result<()> {
        let page = data().with_extension("md");
        std::fs::write(data(), serde_json::to_string_pretty(self)? + "\n")?;
        std::fs::write(&page, self.markdown()).with_context(|| format!("cannot write {}", page.display()))
    }

    fn markdown(&self) -> String {
        let mut page = String::from(PREFACE);
        let mut sections: Vec<&str> = Vec::new();
        for figure in &self.figures {
            if !sections.contains(&figure.section.as_str()) {
                sections.push(&figure.section);
            }
        }
        for section in sections {
            page +=
                &format!("\n## {section}\n\n| what | goal | measured | | made of | run |\n|---|---|---|---|---|---|\n");
            for Figure { run, line, .. } in self.figures.iter().filter(|figure| figure.section == section) {
                let Line { what, goal, figure, details, .. } = line;
                page += &format!("| {what} | {goal} | {figure} | {} | {details} | {run} |\n", line.verdict());
            }
        }
        page += "\n## Runs\n";
        for Run { number, date, commit, profile, machine, method, sync, loads: [before, after] } in &self.runs {
            let sync =
                sync.as_ref().map(|sync| format!(" fdatasync of one written block in the same minutes: {sync} µs."));
            page += &format!(
                "\n{number}. {date}, commit `{commit}`, profile `{profile}`; {}. {method}{} Load average before {before}, \
                 after {after}.\n",
                machine.join(", "),
                sync.unwrap_or_default()
            );
        }
        page
    }
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks.json")
}

const PREFACE: &str = "# Benchmarks

<!-- Written by `cargo xtask bench -- --write`; edit bench/src/figures.rs instead. -->

Ratios, each measured in one run: absolute figures of a shared machine say little. Reference and product take
turns; every figure is the median of the rounds, with the lowest and the highest in brackets.

- *Floor*: a trivial hyper server in its own process that reads the same requests and answers as many
  bytes, driven by the same client.
- *Ceiling*: a bare appender with as many writers and bytes that gathers, writes and syncs
  (`fdatasync`) at the end of a growing file; in operations a second.
- The product runs with its default settings: every acknowledged write is synced.

`cargo xtask bench` repeats all of it; `-- --rows send,batch` some of it. Where the time of missed goals goes:
[queues](profile-send-message.md), [tables](profile-tables.md), [files](profile-files.md).
";

#[cfg(test)]
mod tests {
    use super::*;

    fn line(what: &str, figure: &str) -> (&'static str, Line) {
        let [what, figure] = [what, figure].map(str::to_owned);
        ("Queues", Line { what, figure, goal: "≥ 1".to_owned(), met: Some(false), details: String::new() })
    }

    #[test]
    fn a_run_replaces_its_rows_and_leaves_the_others() {
        let mut figures = Figures::default();
        figures.merge(Run { commit: "one".to_owned(), ..Run::default() }, &[line("a", "0.1"), line("b", "0.2")]);
        figures.merge(Run { commit: "two".to_owned(), ..Run::default() }, &[line("a", "0.3")]);
        let page = figures.markdown();
        assert!(page.contains("| a | ≥ 1 | 0.3 | MISSED |  | 2 |\n| b | ≥ 1 | 0.2 | MISSED |  | 1 |"), "{page}");
        assert!(page.contains("commit `one`") && page.contains("commit `two`"), "{page}");
        figures.merge(Run { commit: "three".to_owned(), ..Run::default() }, &[line("b", "0.4")]);
        assert!(!figures.markdown().contains("commit `one`"), "a run of which nothing is left is forgotten");
    }
}
