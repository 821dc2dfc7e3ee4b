//! What was found, for the terminal and for docs/benchmarks.md.

use std::fmt::Write;

/// One line of the table.
#[derive(Debug, Clone)]
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

/// All lines of a run, and where it ran.
#[derive(Debug, Default)]
pub struct Report {
    /// The machine.
    pub machine: Vec<String>,
    /// How it was measured.
    pub method: String,
    /// The disk's sync latency in each round, in microseconds.
    pub syncs: Vec<f64>,
    /// The machine's load before and after: above what we make ourselves, others were at work.
    pub loads: (f64, f64),
    /// What was measured.
    pub lines: Vec<Line>,
    /// Whether goals are judged.
    pub judged: bool,
}

impl Report {
    /// Adds a line and prints it.
    pub fn add(&mut self, line: Line) {
        println!("{:<9}{}: {}  [goal: {}]  {}", self.verdict(&line), line.what, line.figure, line.goal, line.details);
        self.lines.push(line);
    }

    fn verdict(&self, line: &Line) -> &'static str {
        match line.met {
            _ if !self.judged => "ran",
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "-",
        }
    }

    /// The page.
    pub fn markdown(&self) -> String {
        let mut page = String::from(PREFACE);
        let mut line = |text: String| page.push_str(&(text + "\n"));
        line(format!(
            "\n## Machine\n\n{}",
            self.machine.iter().map(|text| format!("- {text}\n")).collect::<String>().trim_end()
        ));
        let syncs = crate::statistics::Spread::of(&self.syncs);
        line(format!("- fdatasync of one written block, in the same minutes: {} µs", syncs.whole()));
        line(format!("- load average before {:.1}, after {:.1}", self.loads.0, self.loads.1));
        line(format!("\n{}\n", self.method));
        line("## Figures\n".to_owned());
        line("| what | goal | measured | | made of |\n|---|---|---|---|---|".to_owned());
        for row in &self.lines {
            line(format!("| {} | {} | {} | {} | {} |", row.what, row.goal, row.figure, self.verdict(row), row.details));
        }
        let missed: Vec<&Line> = self.lines.iter().filter(|line| line.met == Some(false)).collect();
        if self.judged && !missed.is_empty() {
            page.push_str("\n## Missed\n\n");
            for row in missed {
                // Writing into a text cannot fail.
                writeln!(page, "- **{}**: {} where the goal is {} ({})", row.what, row.figure, row.goal, row.details)
                    .ok();
            }
        }
        page
    }
}

const PREFACE: &str = "# Benchmarks

<!-- Written by `cargo xtask bench -- --write`; edit bench/src/report.rs instead. -->

Ratios, measured in one run: absolute figures of a shared machine say little. Reference and product
take turns; every figure is the median of the rounds, with the lowest and the highest in brackets.

- *Floor*: a trivial hyper server in its own process that reads the same requests and answers as many
  bytes, driven by the same client.
- *Ceiling*: a bare appender with as many writers and bytes that gathers, writes and syncs
  (`fdatasync`) at the end of a growing file; in operations a second.
- The product runs with its default settings: every acknowledged write is synced.

`cargo xtask bench` repeats all of it; `-- --rows send,batch` some of it; where `perf` is installed,
`perf record -g -p $(pgrep -x tidegate)` during a run shows where the time goes (release builds keep
line tables).
";
