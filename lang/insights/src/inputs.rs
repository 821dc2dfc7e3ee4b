//! What a query knows besides its events: tables, and the answers of its inner queries.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::row::Row;
use crate::sink::key;
use crate::table::Table;
use crate::value::Value;

/// What one `lookup` asks of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The table's name.
    pub table: String,
    /// The columns that events are matched with.
    pub on: Vec<String>,
    /// The columns that events get.
    pub output: Vec<String>,
}

/// What an inner query is asked for.
#[derive(Debug, Clone)]
pub(crate) enum Purpose {
    /// The values of a column: `in (…)`.
    Values(Arc<str>),
    /// Its rows by the values of these fields: `join`.
    Rows(Vec<Arc<str>>),
}

#[derive(Debug)]
enum Answer {
    Values(HashSet<u128>),
    Rows(HashMap<u128, Vec<Row>>),
}

#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// For each lookup what a key has: the first row of the table that fits.
    lookups: Vec<HashMap<u128, Vec<String>>>,
    /// For each inner query that has ended.
    answers: Vec<Answer>,
    cost: usize,
}

impl Inputs {
    pub(crate) fn new(lookups: &[Lookup], tables: &BTreeMap<String, Table>) -> Inputs {
        let mut inputs = Inputs::default();
        for lookup in lookups {
            let mut rows: HashMap<u128, Vec<String>> = HashMap::new();
            let cells = tables
                .get(&lookup.table)
                .into_iter()
                .flat_map(|table| table.chosen(&lookup.on).zip(table.chosen(&lookup.output)));
            for (on, output) in cells {
                let on: Vec<Value> = on.into_iter().map(Value::Text).collect();
                inputs.cost += 64 + output.iter().map(|cell| 24 + cell.len()).sum::<usize>();
                rows.entry(key(&on)).or_insert(output);
            }
            inputs.lookups.push(rows);
        }
        inputs
    }

    /// Notes the rows of the inner query that has ended.
    pub(crate) fn answer(&mut self, purpose: &Purpose, rows: Vec<Row>) {
        let answer = match purpose {
            Purpose::Values(name) => {
                let values: HashSet<u128> = rows.iter().filter_map(|row| number(&[row.field(name)])).collect();
                self.cost += values.len() * 32;
                Answer::Values(values)
            }
            Purpose::Rows(fields) => {
                let mut by_key: HashMap<u128, Vec<Row>> = HashMap::new();
                for mut row in rows {
                    let values: Vec<Value> = fields.iter().map(|name| row.field(name)).collect();
                    if let Some(number) = number(&values) {
                        row.compact();
                        self.cost += 64 + row.cost();
                        by_key.entry(number).or_default().push(row);
                    }
                }
                Answer::Rows(by_key)
            }
        };
        self.answers.push(answer);
    }

    pub(crate) fn looked_up(&self, lookup: usize, on: &[Value]) -> Option<&Vec<String>> {
        if on.iter().any(Value::is_missing) {
            return None;
        }
        self.lookups.get(lookup)?.get(&key(on))
    }

    /// Whether an inner query has a value.
    pub(crate) fn contains(&self, inner: usize, value: &Value) -> bool {
        match (self.answers.get(inner), number(std::slice::from_ref(value))) {
            (Some(Answer::Values(values)), Some(number)) => values.contains(&number),
            _ => false,
        }
    }

    /// The rows of an inner query that fit.
    pub(crate) fn joined(&self, inner: usize, on: &[Value]) -> &[Row] {
        match (self.answers.get(inner), number(on)) {
            (Some(Answer::Rows(rows)), Some(number)) => rows.get(&number).map_or(&[], Vec::as_slice),
            _ => &[],
        }
    }

    /// What keeping it costs, in bytes.
    pub(crate) fn cost(&self) -> usize {
        self.cost
    }
}

/// A key that is the same for equal values, whether they are numbers or texts that are. What is missing equals nothing.
fn number(values: &[Value]) -> Option<u128> {
    let same = |value: &Value| match value.number() {
        _ if value.is_missing() => None,
        Some(number) => Some(Value::Number(number)),
        None => Some(value.clone()),
    };
    values.iter().map(same).collect::<Option<Vec<Value>>>().map(|values| key(&values))
}
