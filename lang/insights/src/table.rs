//! Lookup tables: comma-separated values whose first line names the columns.

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
    #[error("row {row} has {cells} fields, and the header has {columns}")]
    Uneven { row: usize, cells: usize, columns: usize },
    #[error("a quoted field does not end")]
    Unclosed,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads comma-separated values, as RFC 4180 has them.
    ///
    /// # Errors
    /// [`NoTable`].
    pub fn parse(text: &str) -> Result<Table, NoTable> {
        let mut rows = records(text.strip_prefix('\u{feff}').unwrap_or(text))?;
        if rows.is_empty() {
            return Err(NoTable::NoHeader);
        }
        let columns: Vec<String> = rows.remove(0).iter().map(|name| name.trim().to_owned()).collect();
        for (at, name) in columns.iter().enumerate() {
            if name.is_empty() {
                return Err(NoTable::UnnamedColumn);
            }
            if columns[..at].contains(name) {
                return Err(NoTable::TwiceNamed(name.clone()));
            }
        }
        let uneven = rows.iter().enumerate().find(|(_, row)| row.len() != columns.len());
        if let Some((at, row)) = uneven {
            return Err(NoTable::Uneven { row: at + 1, cells: row.len(), columns: columns.len() });
        }
        Ok(Table { columns, rows })
    }

    /// The columns' names, in order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Of each row the cells of some columns; those that are not there are empty.
    pub(crate) fn chosen(&self, names: &[String]) -> impl Iterator<Item = Vec<String>> {
        let places: Vec<Option<usize>> =
            names.iter().map(|name| self.columns.iter().position(|own| own == name)).collect();
        let cell = |row: &Vec<String>, place: &Option<usize>| place.map_or_else(String::new, |at| row[at].clone());
        self.rows.iter().map(move |row| places.iter().map(|place| cell(row, place)).collect())
    }
}

/// Lines of fields; empty lines are none.
fn records(text: &str) -> Result<Vec<Vec<String>>, NoTable> {
    let mut records = Vec::new();
    let (mut record, mut field) = (Vec::new(), String::new());
    let (mut quoted, mut was_quoted) = (false, false);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            c if quoted => field.push(c),
            '"' if field.is_empty() => (quoted, was_quoted) = (true, true),
            ',' => record.push(std::mem::take(&mut field)),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => {
                if !record.is_empty() || !field.is_empty() || was_quoted {
                    record.push(std::mem::take(&mut field));
                    records.push(std::mem::take(&mut record));
                }
                was_quoted = false;
            }
            c => field.push(c),
        }
    }
    if quoted {
        return Err(NoTable::Unclosed);
    }
    if !record.is_empty() || !field.is_empty() || was_quoted {
        record.push(field);
        records.push(record);
    }
    Ok(records)
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
}
