//! What a query knows besides its events: tables, and the answers of its inner queries.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use crate::row::Row;
use crate::run::{Budget, Overflow, Settings};
use crate::sink::key;
use crate::table::Table;
use crate::value::{EXACT, Value, parse_number};

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
    Rows(HashMap<u128, Arc<Vec<Row>>>),
}

/// What a query takes of tables, put together one table after the other.
#[derive(Debug)]
pub struct Tables<'q> {
    lookups: &'q [Lookup],
    /// For each lookup what a key has: the first row of the table that fits.
    found: Vec<HashMap<u128, Vec<String>>>,
    budget: Budget,
}

impl<'q> Tables<'q> {
    pub(crate) fn new(lookups: &'q [Lookup], settings: &Settings) -> Tables<'q> {
        Tables { lookups, found: vec![HashMap::new(); lookups.len()], budget: Budget::of(settings) }
    }

    /// Takes what the lookups in a table need of it.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn add(&mut self, name: &str, table: &Table) -> Result<(), Overflow> {
        for (lookup, rows) in self.lookups.iter().zip(&mut self.found).filter(|(lookup, _)| lookup.table == name) {
            for (on, output) in table.chosen(&lookup.on).zip(table.chosen(&lookup.output)) {
                let on: Vec<Value> = on.into_iter().map(Value::Text).collect();
                if let Entry::Vacant(vacant) = rows.entry(key(&on)) {
                    self.budget.take(64 + output.iter().map(|cell| 24 + cell.len()).sum::<usize>())?;
                    vacant.insert(output);
                }
            }
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
pub(crate) struct Inputs {
    lookups: Vec<HashMap<u128, Vec<String>>>,
    /// For each inner query that has ended.
    answers: Vec<Answer>,
    cost: usize,
}

impl Inputs {
    pub(crate) fn new(tables: Tables<'_>) -> Inputs {
        Inputs { lookups: tables.found, answers: Vec::new(), cost: tables.budget.used }
    }

    /// Notes the rows of the inner query that has ended.
    pub(crate) fn answer(&mut self, purpose: &Purpose, rows: Vec<Row>) {
        let answer = match purpose {
            Purpose::Values(name) => {
                let values: HashSet<u128> = rows.into_iter().filter_map(|row| exact(&[row.field(name)])).collect();
                self.cost += values.len() * 32;
                Answer::Values(values)
            }
            Purpose::Rows(fields) => {
                let mut by_key: HashMap<u128, Vec<Row>> = HashMap::new();
                for mut row in rows {
                    let values: Vec<Value> = fields.iter().map(|name| row.field(name)).collect();
                    if let Some(number) = exact(&values) {
                        row.compact();
                        self.cost += 64 + row.cost();
                        by_key.entry(number).or_default().push(row);
                    }
                }
                Answer::Rows(by_key.into_iter().map(|(key, rows)| (key, Arc::new(rows))).collect())
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
        match (self.answers.get(inner), exact(std::slice::from_ref(value))) {
            (Some(Answer::Values(values)), Some(number)) => values.contains(&number),
            _ => false,
        }
    }

    /// The rows of an inner query that fit.
    pub(crate) fn joined(&self, inner: usize, on: &[Value]) -> Option<&Arc<Vec<Row>>> {
        match self.answers.get(inner)? {
            Answer::Rows(rows) => rows.get(&exact(on)?),
            Answer::Values(_) => None,
        }
    }

    /// What keeping it costs, in bytes.
    pub(crate) fn cost(&self) -> usize {
        self.cost
    }
}

/// A key that is the same for equal values, whether they are numbers or texts that are. What is missing equals nothing.
///
/// Equal is what is exactly so: identifiers have more digits than are shown of a number, or zeros before them.
fn exact(values: &[Value]) -> Option<u128> {
    let mut bytes = Vec::new();
    for value in values {
        let number = match value {
            Value::Text(text) => plain_number(text),
            other => other.number(),
        };
        match number {
            Some(number) => {
                bytes.push(0);
                // Nought has two forms.
                bytes.extend((number + 0.0).to_bits().to_be_bytes());
            }
            None => {
                let text = value.text()?;
                bytes.push(1);
                bytes.extend((text.len() as u64).to_be_bytes());
                bytes.extend(text.as_bytes());
            }
        }
    }
    Some(xxh3_128(&bytes))
}

/// The number that a text is, if a number has no other form and no other number has this one.
fn plain_number(text: &str) -> Option<f64> {
    parse_number(text).filter(|number| number.abs() < EXACT && format!("{number}") == text)
}

#[cfg(test)]
mod tests {
    use super::exact;
    use crate::value::Value;

    #[test]
    fn keys_are_exact() {
        let text = |text: &str| Value::Text(text.to_owned());
        let key = |value: &Value| exact(std::slice::from_ref(value)).expect("it is there");
        for (one, two) in [
            (text("7"), Value::Number(7.0)),
            (text("-0.5"), Value::Number(-0.5)),
            (Value::Number(0.0), Value::Number(-0.0)),
            (text("1"), Value::Flag(true)),
        ] {
            assert_eq!(key(&one), key(&two), "{one:?} {two:?}");
        }
        for (one, two) in [
            (text("0.12341"), text("0.12344")),
            (Value::Number(0.12341), Value::Number(0.12344)),
            (text("9007199254740993"), text("9007199254740992")),
            (text("12345678901234567890"), text("12345678901234567891")),
            (text("007"), text("7")),
            (text("12e4"), text("120000")),
            (text("7"), text(" 7")),
        ] {
            assert_ne!(key(&one), key(&two), "{one:?} {two:?}");
        }
        assert_eq!(exact(&[text("7"), Value::Missing]), None);
    }
}
