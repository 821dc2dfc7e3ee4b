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
    /// What one row became many of, each of which goes on before the next is made.
    pending: Vec<Pending>,
    /// Which segment takes rows from outside, or from the one before.
    at: usize,
    /// Whether no more rows are pushed.
    is_closed: bool,
    answer: Option<Vec<Row>>,
    has_matched: bool,
}

/// Rows that have not gone through the steps of a segment from one on.
#[derive(Debug)]
struct Pending {
    at: usize,
    from: usize,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    /// What a segment kept.
    Kept(std::iter::Enumerate<std::vec::IntoIter<Row>>),
    /// A row for each element.
    Unnested { row: Row, name: Arc<str>, elements: std::vec::IntoIter<serde_json::Value> },
    /// A row for each that fits.
    Joined { names: [Arc<str>; 2], left: Arc<Row>, right: Arc<Vec<Row>>, next: usize },
}

impl Rows {
    fn next(&mut self) -> Option<Row> {
        match self {
            Rows::Kept(rows) => {
                let (number, mut row) = rows.next()?;
                row.number = number as u64;
                row.keys.clear();
                Some(row)
            }
            Rows::Unnested { row, name, elements } => {
                let element = elements.next()?;
                let mut each = row.clone();
                each.set(name, Value::discovered(&element));
                Some(each)
            }
            Rows::Joined { names, left, right, next } => {
                let right = right.get(*next)?.clone();
                *next += 1;
                Some(Row::joined(names.clone(), left.clone(), Some(right)))
            }
        }
    }
}

impl Evaluation {
    pub(crate) fn new(plan: Arc<Plan>, settings: Settings, inputs: Arc<Inputs>, budget: Budget) -> Evaluation {
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
        let pending = Vec::new();
        let (at, is_closed, answer, has_matched) = (0, false, None, false);
        Evaluation { plan, settings, inputs, kept, budget, pending, at, is_closed, answer, has_matched }
    }

    /// Looks at a row; what it becomes many of is left for [`Evaluation::work`]. Returns whether it got through the
    /// steps before the first sink.
    pub(crate) fn push(&mut self, row: Row) -> Result<bool, Overflow> {
        self.has_matched = false;
        self.feed(0, 0, row)?;
        Ok(self.has_matched)
    }

    /// Whether the last row that was pushed, or one that was made of it, got through the steps before the first sink.
    pub(crate) fn has_matched(&self) -> bool {
        self.has_matched
    }

    pub(crate) fn is_satisfied(&self) -> bool {
        match (&self.plan.segments[0].sink, &self.kept[0]) {
            (Sink::Rows { any: true, .. }, Kept::Rows(best)) => best.is_full(),
            _ => false,
        }
    }

    /// No more rows are pushed: what the segments kept goes on.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }

    /// Looks at so many of the rows that are left. Returns whether there may be more.
    pub(crate) fn work(&mut self, most: usize) -> Result<bool, Overflow> {
        for _ in 0..most {
            let Some(pending) = self.pending.last_mut() else {
                if !self.is_closed || self.answer.is_some() {
                    return Ok(false);
                }
                self.advance()?;
                continue;
            };
            let (at, from) = (pending.at, pending.from);
            let is_joined = matches!(pending.rows, Rows::Joined { .. });
            match pending.rows.next() {
                Some(_) if at == 0 && self.is_satisfied() => self.pending.clear(),
                Some(row) => {
                    if is_joined {
                        self.budget.join()?;
                    }
                    self.feed(at, from, row)?;
                }
                None => drop(self.pending.pop()),
            }
        }
        Ok(true)
    }

    /// What the last segment kept, and what was used up.
    pub(crate) fn finish(mut self) -> Result<(Vec<Row>, Budget), Overflow> {
        self.close();
        while self.work(usize::MAX)? {}
        Ok((self.answer.unwrap_or_default(), self.budget))
    }

    /// Gives what a segment kept to the next, or as the answer.
    fn advance(&mut self) -> Result<(), Overflow> {
        let (plan, at) = (self.plan.clone(), self.at);
        let segment = &plan.segments[at];
        let kept = std::mem::replace(&mut self.kept[at], Kept::Groups(HashMap::new()));
        let mut rows = match (kept, &segment.sink) {
            (Kept::Groups(groups), Sink::Groups(groups_plan)) => {
                finish_groups(groups, groups_plan, &self.inputs, self.settings.now_ms)
            }
            (Kept::Rows(best), Sink::Rows { .. }) => best.finish(),
            (Kept::Groups(_), Sink::Rows { .. }) | (Kept::Rows(_), Sink::Groups(_)) => {
                unreachable!("what is kept was made for the segment's sink")
            }
        };
        if let Some(whole) = &segment.whole {
            rows = whole.of(rows, &mut self.budget)?;
        }
        if at + 1 == plan.segments.len() {
            self.answer = Some(rows);
            return Ok(());
        }
        self.at += 1;
        self.budget.used = 0;
        self.pending.push(Pending { at: self.at, from: 0, rows: Rows::Kept(rows.into_iter().enumerate()) });
        Ok(())
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
                    let list = value(list, &row);
                    if let Value::Structure(serde_json::Value::Array(elements)) = list {
                        let rows = Rows::Unnested { row, name: name.clone(), elements: elements.into_iter() };
                        self.pending.push(Pending { at, from: index + 1, rows });
                        return Ok(());
                    }
                    row.set(name, list);
                }
                Step::Lookup { number, on, output } => {
                    let on: Vec<Value> = on.iter().map(|expression| value(expression, &row)).collect();
                    if let Some(found) = inputs.looked_up(*number, &on) {
                        output.iter().zip(found).for_each(|(name, text)| row.set(name, Value::Text(text.clone())));
                    }
                }
                Step::Join(join) => {
                    let on: Vec<Value> = join.on.iter().map(|expression| value(expression, &row)).collect();
                    if let Some(right) = inputs.joined(join.inner, &on) {
                        let (names, right) = (join.names.clone(), right.clone());
                        let rows = Rows::Joined { names, left: Arc::new(row), right, next: 0 };
                        self.pending.push(Pending { at, from: index + 1, rows });
                        return Ok(());
                    }
                    if !join.keeps_left {
                        return Ok(());
                    }
                    row = Row::joined(join.names.clone(), Arc::new(row), None);
                }
            }
        }
        self.has_matched |= at == 0;
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
