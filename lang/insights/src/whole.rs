//! Commands that need all rows at once, in their order: gaps are filled, and sums are made.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::row::Row;
use crate::run::{Budget, Overflow};
use crate::sink::key;
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
    pub(crate) fn of(&self, mut rows: Vec<Row>, budget: &mut Budget) -> Result<Vec<Row>, Overflow> {
        match self {
            Whole::FillMissing { bin, period, by, values } => {
                return fill(rows, bin, *period, by, values, budget);
            }
            Whole::FillDown(fields) => {
                let mut last = vec![Value::Missing; fields.len()];
                for row in &mut rows {
                    for (field, last) in fields.iter().zip(&mut last) {
                        match row.field(field) {
                            Value::Missing if !last.is_missing() => add(row, field, last.clone(), budget)?,
                            value => *last = value,
                        }
                    }
                    row.compact();
                }
            }
            Whole::Accumulate { field, name } => {
                let mut sum = 0.0;
                for row in &mut rows {
                    if let Some(number) = row.field(field).number() {
                        sum += number;
                        add(row, name, Value::Number(sum), budget)?;
                    }
                    row.compact();
                }
            }
            Whole::Totals { fields, row, column } => {
                let mut sums: Vec<Option<f64>> = vec![None; fields.len()];
                let mut all = 0.0;
                for each in &mut rows {
                    let summands: Vec<Option<f64>> = fields.iter().map(|field| summand(each, field)).collect();
                    for (sum, summand) in sums.iter_mut().zip(&summands).filter(|(_, summand)| summand.is_some()) {
                        *sum = Some(sum.unwrap_or(0.0) + summand.unwrap_or(0.0));
                    }
                    let own = summands.iter().flatten().sum::<f64>();
                    all += own;
                    if let Some(name) = row {
                        add(each, name, Value::Number(own), budget)?;
                    }
                    each.compact();
                }
                if *column {
                    let total = row.iter().filter(|_| !rows.is_empty()).map(|name| (name, Some(all)));
                    let sums = fields.iter().zip(sums).chain(total);
                    let sums = sums.filter_map(|(name, sum)| Some((name.clone(), Value::Number(sum?)))).collect();
                    rows.push(Row::of_group(sums, rows.len() as u64));
                }
            }
        }
        Ok(rows)
    }
}

/// Sets a field that is kept with the row.
fn add(row: &mut Row, name: &Arc<str>, value: Value, budget: &mut Budget) -> Result<(), Overflow> {
    budget.take(32 + value.cost())?;
    row.set(name, value);
    Ok(())
}

/// A field that counts for a total: times are numbers nobody adds.
fn summand(row: &Row, field: &str) -> Option<f64> {
    match row.field(field) {
        Value::Time(_) => None,
        value => value.number(),
    }
}

type ByTime = BTreeMap<i64, Vec<Row>>;

fn fill(
    rows: Vec<Row>,
    bin: &Arc<str>,
    period: Period,
    by: &[Arc<str>],
    values: &[(Arc<str>, Value)],
    budget: &mut Budget,
) -> Result<Vec<Row>, Overflow> {
    let times: Vec<Option<i64>> = rows.iter().map(|row| row.field(bin).time_ms()).collect();
    let (Some(first), Some(last)) = (times.iter().flatten().min(), times.iter().flatten().max()) else {
        return Ok(rows);
    };
    let (first, last) = (*first, *last);
    // Each group with its rows by time; those without a time, and of one time, stay together.
    let mut groups: Vec<(Vec<Value>, ByTime)> = Vec::new();
    let mut places: HashMap<u128, usize> = HashMap::new();
    for (row, time) in rows.into_iter().zip(times) {
        let own: Vec<Value> = by.iter().map(|name| row.field(name)).collect();
        let at = *places.entry(key(&own)).or_insert_with(|| {
            groups.push((own, ByTime::new()));
            groups.len() - 1
        });
        groups[at].1.entry(time.unwrap_or(i64::MAX)).or_default().push(row);
    }
    let (mut filled, mut added) = (Vec::new(), 0);
    let mut at = Some(first);
    while let Some(time) = at.filter(|time| *time <= last) {
        for (own, present) in &mut groups {
            if let Some(rows) = present.remove(&time) {
                filled.extend(rows);
                continue;
            }
            added += 1;
            if added > crate::MAX_LIMIT {
                return Err(Overflow::Filled { limit: crate::MAX_LIMIT });
            }
            let mut row = Row::of_group(by.iter().cloned().zip(own.iter().cloned()).collect(), 0);
            row.set(bin, Value::Time(time));
            values.iter().for_each(|(name, value)| row.set(name, value.clone()));
            budget.take(row.cost())?;
            filled.push(row);
        }
        at = period.ceil(time.saturating_add(1));
    }
    filled.extend(groups.into_iter().flat_map(|(_, rest)| rest.into_values().flatten()));
    Ok(filled)
}
