//! A query at work: what it reads, one reading after the other, and what it answers.

use std::sync::Arc;

use crate::Parts;
use crate::evaluation::Evaluation;
use crate::event::Event;
use crate::inputs::{Inputs, Tables};
use crate::row::Row;

/// What a run may do.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// What `now()` answers, in milliseconds since the epoch.
    pub now_ms: i64,
    /// How many rows a query without a `limit` gives.
    pub limit: usize,
    /// How much a run may keep.
    pub memory_bytes: usize,
    /// How many rows its joins may make.
    pub joined_rows: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { now_ms: 0, limit: crate::DEFAULT_LIMIT, memory_bytes: 64 << 20, joined_rows: 10_000_000 }
    }
}

/// How many rows are looked at before others get a chance.
const ROWS_A_TIME: usize = 1_000;

/// The run needs more than it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Overflow {
    #[error("the query needs more than {limit_bytes} bytes of memory")]
    Memory { limit_bytes: usize },
    #[error("the joins of the query make more than {limit} rows")]
    Joined { limit: u64 },
    #[error("fillmissing adds more than {limit} rows")]
    Filled { limit: usize },
}

/// What was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Events that were pushed.
    pub records_scanned: u64,
    /// Events that got through the filters before the first sort, limit or `stats`.
    pub records_matched: u64,
    /// The messages' bytes.
    pub bytes_scanned: u64,
}

/// What a query answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    /// Fields with their values, in the order of the query's columns; missing ones are left out.
    pub rows: Vec<Vec<(String, String)>>,
    /// What was looked at.
    pub statistics: Statistics,
}

/// How much is kept, and how much was made.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) used: usize,
    most: usize,
    joined: u64,
    most_joined: u64,
}

impl Budget {
    pub(crate) fn of(settings: &Settings) -> Budget {
        Budget { used: 0, most: settings.memory_bytes, joined: 0, most_joined: settings.joined_rows }
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Overflow> {
        self.used += bytes;
        if self.used > self.most { Err(Overflow::Memory { limit_bytes: self.most }) } else { Ok(()) }
    }

    pub(crate) fn give(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
    }

    /// Counts a row that a join made.
    pub(crate) fn join(&mut self) -> Result<(), Overflow> {
        self.joined += 1;
        if self.joined > self.most_joined { Err(Overflow::Joined { limit: self.most_joined }) } else { Ok(()) }
    }

    /// For what comes next in the same run: with other memory, and what was made is not forgotten.
    pub(crate) fn next(&self, memory_bytes: usize) -> Budget {
        Budget { used: 0, most: memory_bytes, ..*self }
    }
}

/// A query at work.
#[derive(Debug)]
pub struct Run {
    parts: Arc<Parts>,
    settings: Settings,
    inputs: Arc<Inputs>,
    /// Which of the query's readings is gone through.
    reading: usize,
    evaluation: Evaluation,
    statistics: Statistics,
}

impl Run {
    pub(crate) fn new(parts: Arc<Parts>, settings: Settings, tables: Tables<'_>) -> Run {
        let inputs = Arc::new(Inputs::new(tables));
        let evaluation = evaluation(&parts, 0, settings, &inputs, &Budget::of(&settings));
        Run { parts, settings, inputs, reading: 0, evaluation, statistics: Statistics::default() }
    }

    /// Looks at an event of the reading that is gone through. A join may leave more to do: see [`Run::work`].
    ///
    /// # Errors
    /// [`Overflow`]: the run is of no use any more.
    pub fn push(&mut self, event: Event) -> Result<(), Overflow> {
        while self.work()? {}
        let number = self.statistics.records_scanned;
        self.statistics.records_scanned += 1;
        self.statistics.bytes_scanned += event.message.len() as u64;
        let mut row = Row::of_event(event, number);
        // What is joined to a row says nothing of when it was.
        if self.parts.shift.is_some() && self.reading >= self.parts.inner.len() {
            row.mark(self.reading > self.parts.inner.len());
        }
        self.statistics.records_matched += u64::from(self.evaluation.push(row)?);
        Ok(())
    }

    /// Goes on with what an event or the end of a reading left to do, a little. Returns whether there is more: who
    /// has no time for others meanwhile need not ask.
    ///
    /// # Errors
    /// [`Overflow`]: the run is of no use any more.
    pub fn work(&mut self) -> Result<bool, Overflow> {
        let matched = self.evaluation.has_matched();
        let is_left = self.evaluation.work(ROWS_A_TIME)?;
        self.statistics.records_matched += u64::from(!matched && self.evaluation.has_matched());
        Ok(is_left)
    }

    /// Notes that the reading that is gone through has no further events. What that leaves to do is done by
    /// [`Run::work`], or at last by [`Run::turn`] and [`Run::finish`].
    pub fn close(&mut self) {
        // The earlier events of a `diff` come to the same rows.
        if self.reading + 1 == self.parts.readings().len() || self.reading < self.parts.inner.len() {
            self.evaluation.close();
        }
    }

    /// Whether further events of this reading cannot change the answer: a `limit any` has what it wants.
    pub fn is_satisfied(&self) -> bool {
        self.evaluation.is_satisfied()
    }

    /// Goes on to the next of the query's readings, if there is one.
    ///
    /// # Errors
    /// [`Overflow`]: the run is of no use any more.
    pub fn turn(&mut self) -> Result<bool, Overflow> {
        if self.reading + 1 == self.parts.readings().len() {
            return Ok(false);
        }
        self.close();
        while self.work()? {}
        if let Some(inner) = self.parts.inner.get(self.reading) {
            let idle = Evaluation::new(inner.plan.clone(), self.settings, Arc::default(), Budget::of(&self.settings));
            let (rows, budget) = std::mem::replace(&mut self.evaluation, idle).finish()?;
            let inputs = Arc::get_mut(&mut self.inputs).expect("the evaluation that shared them has ended");
            inputs.answer(&inner.purpose, rows);
            budget.next(self.settings.memory_bytes).take(inputs.cost())?;
            self.evaluation = evaluation(&self.parts, self.reading + 1, self.settings, &self.inputs, &budget);
        }
        self.reading += 1;
        Ok(true)
    }

    /// What was looked at so far.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// The answer, when every reading was gone through.
    ///
    /// # Errors
    /// [`Overflow`], when what one command kept is too much for the next.
    pub fn finish(mut self) -> Result<Results, Overflow> {
        self.evaluation.close();
        while self.work()? {}
        let columns = self.parts.plan.columns.clone();
        let (rows, _) = self.evaluation.finish()?;
        let rows = rows.into_iter().map(|row| shown(&row, &columns)).collect();
        Ok(Results { rows, statistics: self.statistics })
    }
}

/// What evaluates a reading: an inner query has a plan of its own.
fn evaluation(parts: &Parts, reading: usize, settings: Settings, inputs: &Arc<Inputs>, before: &Budget) -> Evaluation {
    let budget = before.next(settings.memory_bytes.saturating_sub(inputs.cost()));
    match parts.inner.get(reading) {
        Some(inner) => {
            let settings = Settings { limit: crate::MAX_LIMIT, ..settings };
            Evaluation::new(inner.plan.clone(), settings, inputs.clone(), budget)
        }
        None => Evaluation::new(parts.plan.clone(), settings, inputs.clone(), budget),
    }
}

fn shown(row: &Row, columns: &[Arc<str>]) -> Vec<(String, String)> {
    let text = |name: &Arc<str>| Some((name.to_string(), row.field(name).text()?.into_owned()));
    columns.iter().filter_map(text).collect()
}
