//! The aggregations of `stats`.

use std::cmp::Ordering;

use crate::expression::{Expression, Scope, finite};
use crate::order::natural;
use crate::sketch::{Distinct, Percentile};
use crate::value::Value;

/// An aggregation, as a query names it.
#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub(crate) function: Function,
    /// Nothing for `count(*)`.
    pub(crate) argument: Option<Expression>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Function {
    Count,
    CountDistinct,
    Sum,
    Average,
    Minimum,
    Maximum,
    Percentile(f64),
    Deviation,
    Earliest,
    Latest,
    SortsFirst,
    SortsLast,
}

impl Function {
    /// The aggregation of that name; a percentile's number comes later.
    pub(crate) fn named(name: &str) -> Option<Function> {
        Some(match name.to_ascii_lowercase().as_str() {
            "count" => Function::Count,
            "count_distinct" => Function::CountDistinct,
            "sum" => Function::Sum,
            "avg" => Function::Average,
            "min" => Function::Minimum,
            "max" => Function::Maximum,
            "pct" => Function::Percentile(0.0),
            "stddev" => Function::Deviation,
            "earliest" => Function::Earliest,
            "latest" => Function::Latest,
            "sortsfirst" => Function::SortsFirst,
            "sortslast" => Function::SortsLast,
            _ => return None,
        })
    }

    pub(crate) fn start(self) -> State {
        match self {
            Function::Count => State::Count(0),
            Function::CountDistinct => State::Distinct(Distinct::default()),
            Function::Sum => State::Sum(None),
            Function::Average | Function::Deviation => State::Moments { count: 0, mean: 0.0, squares: 0.0 },
            Function::Percentile(_) => State::Percentile(Percentile::default()),
            Function::Minimum | Function::Maximum | Function::SortsFirst | Function::SortsLast => State::Best(None),
            Function::Earliest | Function::Latest => State::Dated(None),
        }
    }
}

/// What an aggregation knows of the rows so far.
#[derive(Debug, Clone)]
pub(crate) enum State {
    Count(u64),
    Distinct(Distinct),
    Sum(Option<f64>),
    /// Welford's: exact where sums of squares are not.
    Moments {
        count: u64,
        mean: f64,
        squares: f64,
    },
    Percentile(Percentile),
    Best(Option<Value>),
    Dated(Option<(i64, Value)>),
}

impl Aggregate {
    pub(crate) fn add(&self, state: &mut State, scope: &Scope<'_>) {
        let Some(argument) = &self.argument else {
            if let State::Count(count) = state {
                *count += 1;
            }
            return;
        };
        let value = argument.value(scope);
        if value.is_missing() {
            return;
        }
        match state {
            State::Count(count) => *count += 1,
            State::Distinct(distinct) => distinct.add(&value.text().unwrap_or_default()),
            State::Sum(sum) => {
                if let Some(number) = value.number() {
                    *sum = Some(sum.unwrap_or(0.0) + number);
                }
            }
            State::Moments { count, mean, squares } => {
                if let Some(number) = value.number() {
                    *count += 1;
                    let off = number - *mean;
                    *mean += off / *count as f64;
                    *squares += off * (number - *mean);
                }
            }
            State::Percentile(percentile) => {
                if let Some(number) = value.number() {
                    percentile.add(number);
                }
            }
            State::Best(best) => self.keep_best(best, value),
            State::Dated(dated) => self.keep_dated(dated, value, scope),
        }
    }

    fn keep_best(&self, best: &mut Option<Value>, value: Value) {
        let better = match self.function {
            Function::Minimum | Function::SortsFirst => Ordering::Less,
            _ => Ordering::Greater,
        };
        // The numeric ones are asked for numbers; a text among them is no candidate beside a number.
        let value = match (self.function, value.number()) {
            (Function::Minimum | Function::Maximum, Some(number)) => Value::Number(number),
            _ => value,
        };
        if best.as_ref().is_none_or(|best| natural(&value, best) == better) {
            *best = Some(value);
        }
    }

    /// Of equal times the first row stays the earliest, and the last becomes the latest.
    fn keep_dated(&self, dated: &mut Option<(i64, Value)>, value: Value, scope: &Scope<'_>) {
        let Some(time) = scope.row.field("@timestamp").time_ms() else { return };
        let better = dated.as_ref().is_none_or(|(own, _)| match self.function {
            Function::Earliest => time < *own,
            _ => time >= *own,
        });
        if better {
            *dated = Some((time, value));
        }
    }

    pub(crate) fn value(&self, state: &State) -> Value {
        match (state, self.function) {
            (State::Count(count), _) => Value::Number(*count as f64),
            (State::Distinct(distinct), _) => Value::Number(distinct.count()),
            (State::Sum(sum), _) => finite(*sum),
            (State::Moments { count: 0, .. }, _) => Value::Missing,
            (State::Moments { count, squares, .. }, Function::Deviation) => {
                finite(Some((squares / *count as f64).sqrt()))
            }
            (State::Moments { mean, .. }, _) => finite(Some(*mean)),
            (State::Percentile(percentile), Function::Percentile(percent)) => finite(percentile.at(percent)),
            (State::Percentile(_), _) => Value::Missing,
            (State::Best(best), _) => best.clone().map_or(Value::Missing, undated),
            (State::Dated(dated), _) => dated.clone().map_or(Value::Missing, |(_, value)| undated(value)),
        }
    }
}

/// Aggregations of times are numbers of milliseconds, as the service answers them.
fn undated(value: Value) -> Value {
    match value {
        Value::Time(ms) => Value::Number(ms as f64),
        other => other,
    }
}

impl State {
    /// What keeping it costs, in bytes.
    pub(crate) fn cost(&self) -> usize {
        size_of::<State>()
            + match self {
                State::Distinct(distinct) => distinct.cost(),
                State::Percentile(percentile) => percentile.cost(),
                State::Best(Some(value)) | State::Dated(Some((_, value))) => value.cost(),
                State::Count(_) | State::Sum(_) | State::Moments { .. } | State::Best(None) | State::Dated(None) => 0,
            }
    }
}
