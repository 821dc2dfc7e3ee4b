//! Lookup tables: comma-separated values whose first line names the columns.

use std::collections::HashSet;
use std::iter::Peekable;
use std::str::Chars;

/// The most columns of a table.
const MAX_COLUMNS: usize = 1_000;

/// Why a text is no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum NoTable {
    #[error("the header row is missing")]
    NoHeader,
    #[error("the name of a column is empty")]
    UnnamedColumn,
    #[error("the column {0} is there twice")]
    TwiceNamed(String),
    #[error("there are {0} columns, and a table has {MAX_COLUMNS} at most")]
    TooManyColumns(usize),
    #[error("row {row} has {cells} fields, and the header has {columns}")]
    Uneven { row: usize, cells: usize, columns: usize },
    #[error("a quoted field does not end")]
    Unclosed,
}

/// A table. Its rows stay the text they were: taken apart they need many times as much memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    columns: Vec<String>,
    rows: usize,
    text: String,
}

impl Table {
    /// Reads comma-separated values, as RFC 4180 has them.
    ///
    /// # Errors
    /// [`NoTable`].
    pub fn parse(text: &str) -> Result<Table, NoTable> {
        let mut records = Records::of(text);
        let header = records.next().ok_or(NoTable::NoHeader)??;
        if header.count > MAX_COLUMNS {
            return Err(NoTable::TooManyColumns(header.count));
        }
        let columns: Vec<String> = header.cells.iter().map(|name| name.trim().to_owned()).collect();
        let mut names = HashSet::new();
        for name in &columns {
            if name.is_empty() {
                return Err(NoTable::UnnamedColumn);
            }
            if !names.insert(name) {
                return Err(NoTable::TwiceNamed(name.clone()));
            }
        }
        let mut rows = 0;
        for record in records {
            let (cells, columns) = (record?.count, columns.len());
            rows += 1;
            if cells != columns {
                return Err(NoTable::Uneven { row: rows, cells, columns });
            }
        }
        Ok(Table { columns, rows, text: text.to_owned() })
    }

    /// The columns' names, in order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Of each row the cells of some columns; those that are not there are empty.
    pub(crate) fn chosen(&self, names: &[String]) -> impl Iterator<Item = Vec<String>> {
        let places: Vec<Option<usize>> =
            names.iter().map(|name| self.columns.iter().position(|own| own == name)).collect();
        let rows = Records::of(&self.text).skip(1).map_while(Result::ok);
        rows.map(move |row| places.iter().map(|at| at.map_or_else(String::new, |at| row.cells[at].clone())).collect())
    }
}

/// Lines of fields; empty lines are none.
struct Records<'t>(Peekable<Chars<'t>>);

#[derive(Default)]
struct Record {
    /// The first of its fields, as many as a table may have.
    cells: Vec<String>,
    /// How many fields it has.
    count: usize,
}

impl Record {
    fn push(&mut self, field: String) {
        self.count += 1;
        if self.count <= MAX_COLUMNS {
            self.cells.push(field);
        }
    }
}

impl Records<'_> {
    fn of(text: &str) -> Records<'_> {
        Records(text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable())
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, NoTable>;

    fn next(&mut self) -> Option<Result<Record, NoTable>> {
        let (mut record, mut field) = (Record::default(), String::new());
        let (mut quoted, mut was_quoted) = (false, false);
        while let Some(c) = self.0.next() {
            match c {
                '"' if quoted && self.0.peek() == Some(&'"') => {
                    self.0.next();
                    field.push('"');
                }
                '"' if quoted => quoted = false,
                c if quoted => field.push(c),
                '"' if field.is_empty() => (quoted, was_quoted) = (true, true),
                ',' => record.push(std::mem::take(&mut field)),
                '\r' if self.0.peek() == Some(&'\n') => {}
                '\n' if record.count == 0 && field.is_empty() && !was_quoted => {}
                '\n' => {
                    record.push(field);
                    return Some(Ok(record));
                }
                c => field.push(c),
            }
        }
        if quoted {
            return Some(Err(NoTable::Unclosed));
        }
        if record.count == 0 && field.is_empty() && !was_quoted {
            return None;
        }
        record.push(field);
        Some(Ok(record))
    }
}

#[cfg(test)]
mod tests {
    use super::{NoTable, Table};

    #[test]
    fn comma_separated_values_are_read() {
        let table = Table::parse("id,name\r\n1,\"Ann, \"\"A\"\"\"\n\n2,\"line\nbreak\"").unwrap();
        assert_eq!(table.columns(), ["id", "name"]);
        let cells: Vec<_> = table.chosen(&["name".to_owned(), "none".to_owned()]).collect();
        assert_eq!(cells, [["Ann, \"A\"", ""], ["line\nbreak", ""]]);
        for (text, wrong) in [
            ("", NoTable::NoHeader),
            ("a,,b\n", NoTable::UnnamedColumn),
            ("a,a\n", NoTable::TwiceNamed("a".to_owned())),
            ("a,b\n1\n", NoTable::Uneven { row: 1, cells: 1, columns: 2 }),
            ("a\n\"x", NoTable::Unclosed),
        ] {
            assert_eq!(Table::parse(text), Err(wrong));
        }
    }

    #[test]
    fn a_table_has_some_columns_only() {
        let header = |columns: usize| (0..columns).map(|at| format!("c{at}")).collect::<Vec<_>>().join(",");
        assert_eq!(Table::parse(&header(1_000)).map(|table| table.columns().len()), Ok(1_000));
        assert_eq!(Table::parse(&header(1_001)), Err(NoTable::TooManyColumns(1_001)));
        // A name more for each of these would be compared with all before it.
        assert_eq!(Table::parse(&header(300_000)), Err(NoTable::TooManyColumns(300_000)));
        let uneven = NoTable::Uneven { row: 1, cells: 2_000_001, columns: 1 };
        assert_eq!(Table::parse(&format!("a\n{}", ",".repeat(2_000_000))), Err(uneven));
    }
}
