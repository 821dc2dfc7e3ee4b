//! Evaluating a plan: rows in, rows out.

use std::collections::HashMap;
use std::sync::Arc;

use crate::expression::{Expression, Scope};
use crate::inputs::Inputs;
use crate::plan::{Plan, Sink, Step};
use crate::row::Row;
use crate::run::{Budget, Overflow, Settings};
use crate::sink::{Best, Kept, add_to_group, finish_groups};
use crate::value::Value;

/// A plan at work.
#[derive(Debug)]
pub(crate) struct Evaluation {
    plan: Arc<Plan>,
    settings: Settings,
    inputs: Arc<Inputs>,
    kept: Vec<Kept>,
    budget: Budget,
    matched: u64,
}

impl Evaluation {
    pub(crate) fn new(plan: Arc<Plan>, settings: Settings, inputs: Arc<Inputs>) -> Evaluation {
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
        Evaluation { plan, settings, inputs, kept, budget, matched: 0 }
    }

    pub(crate) fn push(&mut self, row: Row) -> Result<(), Overflow> {
        self.feed(0, 0, row)
    }

    /// How many rows got through the steps before the first sink.
    pub(crate) fn matched(&self) -> u64 {
        self.matched
    }

    pub(crate) fn is_satisfied(&self) -> bool {
        match (&self.plan.segments[0].sink, &self.kept[0]) {
            (Sink::Rows { any: true, .. }, Kept::Rows(best)) => best.is_full(),
            _ => false,
        }
    }

    pub(crate) fn finish(mut self) -> Result<Vec<Row>, Overflow> {
        let plan = self.plan.clone();
        let mut rows = Vec::new();
        for (at, segment) in plan.segments.iter().enumerate() {
            let kept = std::mem::replace(&mut self.kept[at], Kept::Groups(HashMap::new()));
            rows = match (kept, &segment.sink) {
                (Kept::Groups(groups), Sink::Groups(groups_plan)) => {
                    finish_groups(groups, groups_plan, &self.inputs, self.settings.now_ms)
                }
                (Kept::Rows(best), Sink::Rows { .. }) => best.finish(),
                (Kept::Groups(_), Sink::Rows { .. }) | (Kept::Rows(_), Sink::Groups(_)) => {
                    unreachable!("what is kept was made for the segment's sink")
                }
            };
            if let Some(whole) = &segment.whole {
                rows = whole.of(rows);
            }
            if at + 1 < plan.segments.len() {
                self.budget.used = 0;
                for (number, mut row) in rows.drain(..).enumerate() {
                    row.number = number as u64;
                    row.keys.clear();
                    self.feed(at + 1, 0, row)?;
                }
            }
        }
        Ok(rows)
    }

    /// Takes a row through a segment from a step on.
    fn feed(&mut self, at: usize, from: usize, mut row: Row) -> Result<(), Overflow> {
        let (plan, inputs) = (self.plan.clone(), self.inputs.clone());
        let now_ms = self.settings.now_ms;
        let value = |expression: &Expression, row: &Row| {
            expression.value(&Scope { row, aggregates: &[], inputs: &inputs, now_ms })
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
                    let scope = Scope { row: &row, aggregates: &[], inputs: &inputs, now_ms };
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
                Step::Lookup { number, on, output } => {
                    let on: Vec<Value> = on.iter().map(|expression| value(expression, &row)).collect();
                    if let Some(found) = inputs.looked_up(*number, &on) {
                        output.iter().zip(found).for_each(|(name, text)| row.set(name, Value::Text(text.clone())));
                    }
                }
                Step::Join(join) => {
                    let on: Vec<Value> = join.on.iter().map(|expression| value(expression, &row)).collect();
                    let matches = inputs.joined(join.inner, &on);
                    for right in matches {
                        let joined = Row::joined(join.names.clone(), row.clone(), Some(right.clone()));
                        self.feed(at, index + 1, joined)?;
                    }
                    if !matches.is_empty() || !join.keeps_left {
                        return Ok(());
                    }
                    row = Row::joined(join.names.clone(), row, None);
                }
            }
        }
        self.matched += u64::from(at == 0);
        match (&mut self.kept[at], &plan.segments[at].sink) {
            (Kept::Groups(groups), Sink::Groups(groups_plan)) => {
                let scope = Scope { row: &row, aggregates: &[], inputs: &inputs, now_ms };
                add_to_group(groups, groups_plan, &scope, &mut self.budget)
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
