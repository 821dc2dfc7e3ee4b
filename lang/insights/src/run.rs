//! A query at work: what it reads, one reading after the other, and what it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Parts;
use crate::evaluation::Evaluation;
use crate::event::Event;
use crate::inputs::Inputs;
use crate::row::Row;
use crate::table::Table;

/// What a run may do.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// What `now()` answers, in milliseconds since the epoch.
    pub now_ms: i64,
    /// How many rows a query without a `limit` gives.
    pub limit: usize,
    /// How much a run may keep.
    pub memory_bytes: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { now_ms: 0, limit: crate::DEFAULT_LIMIT, memory_bytes: 64 << 20 }
    }
}

/// The run needs more memory than it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the query needs more than {limit_bytes} bytes of memory")]
pub struct Overflow {
    /// [`Settings::memory_bytes`].
    pub limit_bytes: usize,
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

/// How much is kept.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) used: usize,
    pub(crate) most: usize,
}

impl Budget {
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Overflow> {
        self.used += bytes;
        if self.used > self.most { Err(Overflow { limit_bytes: self.most }) } else { Ok(()) }
    }

    pub(crate) fn give(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
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
    pub(crate) fn new(
        parts: Arc<Parts>,
        settings: Settings,
        tables: &BTreeMap<String, Table>,
    ) -> Result<Run, Overflow> {
        let inputs = Arc::new(Inputs::new(&parts.lookups, tables));
        if inputs.cost() > settings.memory_bytes {
            return Err(Overflow { limit_bytes: settings.memory_bytes });
        }
        let evaluation = evaluation(&parts, 0, settings, &inputs);
        Ok(Run { parts, settings, inputs, reading: 0, evaluation, statistics: Statistics::default() })
    }

    /// Looks at an event of the reading that is gone through.
    ///
    /// # Errors
    /// [`Overflow`]: the run is of no use any more.
    pub fn push(&mut self, event: Event) -> Result<(), Overflow> {
        let number = self.statistics.records_scanned;
        self.statistics.records_scanned += 1;
        self.statistics.bytes_scanned += event.message.len() as u64;
        let mut row = Row::of_event(event, number);
        // What is joined to a row says nothing of when it was.
        if self.parts.shift.is_some() && self.reading >= self.parts.inner.len() {
            row.mark(self.reading > self.parts.inner.len());
        }
        let before = self.evaluation.matched();
        self.evaluation.push(row)?;
        self.statistics.records_matched += self.evaluation.matched() - before;
        Ok(())
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
        let last = self.parts.readings().len() - 1;
        if self.reading == last {
            return Ok(false);
        }
        if let Some(inner) = self.parts.inner.get(self.reading) {
            let idle = Evaluation::new(inner.plan.clone(), self.settings, Arc::default());
            let rows = std::mem::replace(&mut self.evaluation, idle).finish()?;
            // Nobody else holds them now: the evaluation that did has ended.
            let mut inputs = std::mem::take(&mut self.inputs);
            if let Some(inputs) = Arc::get_mut(&mut inputs) {
                inputs.answer(&inner.purpose, rows);
            }
            if inputs.cost() > self.settings.memory_bytes {
                return Err(Overflow { limit_bytes: self.settings.memory_bytes });
            }
            self.inputs = inputs;
            self.evaluation = evaluation(&self.parts, self.reading + 1, self.settings, &self.inputs);
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
    pub fn finish(self) -> Result<Results, Overflow> {
        let columns = self.parts.plan.columns.clone();
        let rows = self.evaluation.finish()?;
        let rows = rows.iter().map(|row| shown(row, &columns)).collect();
        Ok(Results { rows, statistics: self.statistics })
    }
}

/// What evaluates a reading: an inner query has a plan of its own.
fn evaluation(parts: &Parts, reading: usize, settings: Settings, inputs: &Arc<Inputs>) -> Evaluation {
    let memory_bytes = settings.memory_bytes.saturating_sub(inputs.cost());
    match parts.inner.get(reading) {
        Some(inner) => {
            let settings = Settings { limit: crate::MAX_LIMIT, memory_bytes, ..settings };
            Evaluation::new(inner.plan.clone(), settings, inputs.clone())
        }
        None => Evaluation::new(parts.plan.clone(), Settings { memory_bytes, ..settings }, inputs.clone()),
    }
}

fn shown(row: &Row, columns: &[Arc<str>]) -> Vec<(String, String)> {
    let text = |name: &Arc<str>| Some((name.to_string(), row.field(name).text()?.into_owned()));
    columns.iter().filter_map(text).collect()
}
