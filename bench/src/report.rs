//! What a run found.

use serde::{Deserialize, Serialize};

/// One line of the table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// What was measured.
    pub what: String,
    /// The goal, in words.
    pub goal: String,
    /// What came out, with its spread.
    pub figure: String,
    /// Whether the goal is met; `None`: there is none.
    pub met: Option<bool>,
    /// What the figure was made of.
    pub details: String,
}

impl Line {
    /// What came of the goal.
    pub fn verdict(&self) -> &'static str {
        match self.met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "-",
        }
    }
}

/// All lines of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// The disk's sync latency in each round, in microseconds.
    pub syncs: Vec<f64>,
    /// The section of the page to which lines are added.
    pub section: &'static str,
    /// What was measured, by section.
    pub lines: Vec<(&'static str, Line)>,
    /// Whether goals are judged.
    pub judged: bool,
}

impl Report {
    /// Adds a line and prints it.
    pub fn add(&mut self, line: Line) {
        let verdict = if self.judged { line.verdict() } else { "ran" };
        println!("{verdict:<9}{}: {}  [goal: {}]  {}", line.what, line.figure, line.goal, line.details);
        self.lines.push((self.section, line));
    }
}
