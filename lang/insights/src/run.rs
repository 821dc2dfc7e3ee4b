//! Evaluating a plan: events in, rows out.

use std::collections::HashMap;
use std::sync::Arc;

use crate::event::Event;
use crate::expression::Scope;
use crate::plan::{Plan, Sink, Step};
use crate::row::Row;
use crate::sink::{Best, Kept, add_to_group, finish_groups};
use crate::value::Value;

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
    used: usize,
    most: usize,
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
    plan: Arc<Plan>,
    settings: Settings,
    kept: Vec<Kept>,
    budget: Budget,
    statistics: Statistics,
}

impl Run {
    pub(crate) fn new(plan: Arc<Plan>, settings: Settings) -> Run {
        let last = plan.segments.len() - 1;
        let limit = settings.limit.min(crate::MAX_LIMIT);
        let keep = |(at, sink): (usize, &Sink)| match sink {
            Sink::Groups(_) => Kept::Groups(HashMap::new()),
            Sink::Rows { order, limit: own, .. } => {
                let most = own.unwrap_or(if at == last { limit } else { crate::MAX_LIMIT });
                Kept::Rows(Best::new(order.clone(), most))
            }
        };
        let kept = plan.segments.iter().map(|segment| &segment.sink).enumerate().map(keep).collect();
        let budget = Budget { used: 0, most: settings.memory_bytes };
        Run { plan, settings, kept, budget, statistics: Statistics::default() }
    }

    /// Looks at an event.
    ///
    /// # Errors
    /// [`Overflow`]: the run is of no use any more.
    pub fn push(&mut self, event: Event) -> Result<(), Overflow> {
        let number = self.statistics.records_scanned;
        self.statistics.records_scanned += 1;
        self.statistics.bytes_scanned += event.message.len() as u64;
        self.feed(0, 0, Row::of_event(event, number))
    }

    /// Whether further events cannot change the answer: a `limit any` has what it wants.
    pub fn is_satisfied(&self) -> bool {
        match (&self.plan.segments[0].sink, &self.kept[0]) {
            (Sink::Rows { any: true, .. }, Kept::Rows(best)) => best.is_full(),
            _ => false,
        }
    }

    /// What was looked at so far.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// The answer.
    ///
    /// # Errors
    /// [`Overflow`], when what one command kept is too much for the next.
    pub fn finish(mut self) -> Result<Results, Overflow> {
        let plan = self.plan.clone();
        let mut rows = Vec::new();
        for (at, segment) in plan.segments.iter().enumerate() {
            let kept = std::mem::replace(&mut self.kept[at], Kept::Groups(HashMap::new()));
            rows = match (kept, &segment.sink) {
                (Kept::Groups(groups), Sink::Groups(groups_plan)) => {
                    finish_groups(groups, groups_plan, self.settings.now_ms)
                }
                (Kept::Rows(best), Sink::Rows { .. }) => best.finish(),
                (Kept::Groups(_), Sink::Rows { .. }) | (Kept::Rows(_), Sink::Groups(_)) => {
                    unreachable!("what is kept was made for the segment's sink")
                }
            };
            if at + 1 < plan.segments.len() {
                self.budget.used = 0;
                for (number, mut row) in rows.drain(..).enumerate() {
                    row.number = number as u64;
                    row.keys.clear();
                    self.feed(at + 1, 0, row)?;
                }
            }
        }
        let rows = rows.iter().map(|row| shown(row, &plan.columns)).collect();
        Ok(Results { rows, statistics: self.statistics })
    }

    /// Takes a row through a segment from a step on.
    fn feed(&mut self, at: usize, from: usize, mut row: Row) -> Result<(), Overflow> {
        let plan = self.plan.clone();
        let now_ms = self.settings.now_ms;
        let value = |expression: &crate::expression::Expression, row: &Row| {
            expression.value(&Scope { row, aggregates: &[], now_ms })
        };
        for (index, step) in plan.segments[at].steps.iter().enumerate().skip(from) {
            match step {
                Step::Filter(condition) => {
                    if !value(condition, &row).is_true() {
                        return Ok(());
                    }
                }
                Step::Compute(items) => {
                    let values: Vec<Value> = items.iter().map(|(_, expression)| value(expression, &row)).collect();
                    items.iter().zip(values).for_each(|((name, _), value)| row.set(name, value));
                }
                Step::Extract(field, extractor) => {
                    let scope = Scope { row: &row, aggregates: &[], now_ms };
                    let fields = field.with_text(&scope, |text| text.map(|text| extractor.fields(text)));
                    fields.into_iter().flatten().for_each(|(name, value)| row.set(&name, value));
                }
                Step::Keys(keys) => row.keys = keys.iter().map(|key| value(key, &row)).collect(),
                Step::Unnest(list, name) => {
                    if let Value::Structure(serde_json::Value::Array(elements)) = value(list, &row) {
                        for element in &elements {
                            let mut each = row.clone();
                            each.set(name, Value::discovered(element));
                            self.feed(at, index + 1, each)?;
                        }
                        return Ok(());
                    }
                    let unchanged = value(list, &row);
                    row.set(name, unchanged);
                }
            }
        }
        if at == 0 {
            self.statistics.records_matched += 1;
        }
        match (&mut self.kept[at], &plan.segments[at].sink) {
            (Kept::Groups(groups), Sink::Groups(groups_plan)) => {
                add_to_group(groups, groups_plan, &Scope { row: &row, aggregates: &[], now_ms }, &mut self.budget)
            }
            (Kept::Rows(best), Sink::Rows { dedup, .. }) => {
                let dedup: Vec<Value> = dedup.iter().map(|expression| value(expression, &row)).collect();
                best.add(row, &dedup, &mut self.budget)
            }
            (Kept::Groups(_), Sink::Rows { .. }) | (Kept::Rows(_), Sink::Groups(_)) => {
                unreachable!("what is kept was made for the segment's sink")
            }
        }
    }
}

fn shown(row: &Row, columns: &[Arc<str>]) -> Vec<(String, String)> {
    let text = |name: &Arc<str>| Some((name.to_string(), row.field(name).text()?.into_owned()));
    columns.iter().filter_map(text).collect()
}
