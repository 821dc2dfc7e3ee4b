//! Commands that need all rows at once, in their order: gaps are filled, and sums are made.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::row::Row;
use crate::time::Period;
use crate::value::Value;

/// What is done to all rows of a segment.
#[derive(Debug)]
pub(crate) enum Whole {
    /// A row for each stretch of time that has none, for each of the groups that `by` tells apart.
    FillMissing { bin: Arc<str>, period: Period, by: Vec<Arc<str>>, values: Vec<(Arc<str>, Value)> },
    /// What is missing is what it was in the row before.
    FillDown(Vec<Arc<str>>),
    /// The sum of a field so far.
    Accumulate { field: Arc<str>, name: Arc<str> },
    /// Sums of each row's fields, and of each field over all rows.
    Totals { fields: Vec<Arc<str>>, row: Option<Arc<str>>, column: bool },
}

impl Whole {
    pub(crate) fn of(&self, mut rows: Vec<Row>) -> Vec<Row> {
        match self {
            Whole::FillMissing { bin, period, by, values } => fill(rows, bin, *period, by, values),
            Whole::FillDown(fields) => {
                for field in fields {
                    let mut last = Value::Missing;
                    for row in &mut rows {
                        match row.field(field) {
                            Value::Missing if !last.is_missing() => row.set(field, last.clone()),
                            value => last = value,
                        }
                    }
                }
                rows
            }
            Whole::Accumulate { field, name } => {
                let mut sum = 0.0;
                for row in &mut rows {
                    if let Some(number) = row.field(field).number() {
                        sum += number;
                        row.set(name, Value::Number(sum));
                    }
                }
                rows
            }
            Whole::Totals { fields, row, column } => {
                if let Some(name) = row {
                    for row in &mut rows {
                        let sum = fields.iter().filter_map(|field| summand(row, field)).sum();
                        row.set(name, Value::Number(sum));
                    }
                }
                if *column {
                    let sum = |field: &Arc<str>| {
                        let numbers: Vec<f64> = rows.iter().filter_map(|row| summand(row, field)).collect();
                        (!numbers.is_empty()).then(|| (field.clone(), Value::Number(numbers.iter().sum())))
                    };
                    let sums = fields.iter().chain(row).filter_map(sum).collect();
                    rows.push(Row::of_group(sums, rows.len() as u64));
                }
                rows
            }
        }
    }
}

/// A field that counts for a total: times are numbers nobody adds.
fn summand(row: &Row, field: &str) -> Option<f64> {
    match row.field(field) {
        Value::Time(_) => None,
        value => value.number(),
    }
}

type ByTime = BTreeMap<i64, Vec<Row>>;

fn fill(rows: Vec<Row>, bin: &Arc<str>, period: Period, by: &[Arc<str>], values: &[(Arc<str>, Value)]) -> Vec<Row> {
    let times: Vec<Option<i64>> = rows.iter().map(|row| row.field(bin).time_ms()).collect();
    let (Some(first), Some(last)) = (times.iter().flatten().min(), times.iter().flatten().max()) else { return rows };
    let (first, last) = (*first, *last);
    // Each group with its rows by time; those without a time, and of one time, stay together.
    let mut groups: Vec<(Vec<Value>, ByTime)> = Vec::new();
    for (row, time) in rows.into_iter().zip(times) {
        let own: Vec<Value> = by.iter().map(|name| row.field(name)).collect();
        let at = groups.iter().position(|(group, _)| *group == own).unwrap_or_else(|| {
            groups.push((own, ByTime::new()));
            groups.len() - 1
        });
        groups[at].1.entry(time.unwrap_or(i64::MAX)).or_default().push(row);
    }
    let mut filled = Vec::new();
    let mut at = Some(first);
    while let Some(time) = at.filter(|time| *time <= last && filled.len() < crate::MAX_LIMIT) {
        for (own, present) in &mut groups {
            filled.extend(present.remove(&time).unwrap_or_else(|| {
                let mut row = Row::of_group(by.iter().cloned().zip(own.iter().cloned()).collect(), 0);
                row.set(bin, Value::Time(time));
                values.iter().for_each(|(name, value)| row.set(name, value.clone()));
                vec![row]
            }));
        }
        at = period.ceil(time.saturating_add(1));
    }
    filled.extend(groups.into_iter().flat_map(|(_, rest)| rest.into_values().flatten()));
    filled
}
