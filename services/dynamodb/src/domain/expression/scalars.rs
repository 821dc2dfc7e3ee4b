//! Attributes that are part of a key are texts, numbers or bytes, so there is nothing inside them: an expression that
//! looks there can mean no item of the table.

use super::ast::{Change, Condition, Path, Source, Update};
use super::projection::Projection;
use crate::domain::{Misuse, Table};

/// Refuses a path into one of a table's keys, or of its indexes'.
fn check(table: &Table, nested: &str) -> Result<(), Misuse> {
    let what = if table.keys.has(nested) {
        "Key"
    } else if table.indexes.iter().any(|index| index.keys.has(nested)) {
        "IndexKey"
    } else {
        return Ok(());
    };
    Err(Misuse::new(format!(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {what}: {nested}"
    )))
}

fn check_path(table: &Table, path: &Path) -> Result<(), Misuse> {
    if path.rest.is_empty() { Ok(()) } else { check(table, &path.head) }
}

impl Projection {
    /// Refuses a projection that wants a part of a key.
    ///
    /// # Errors
    /// Names the attribute.
    pub fn check_scalars(&self, table: &Table) -> Result<(), Misuse> {
        self.nested().try_for_each(|name| check(table, name))
    }
}

impl Condition {
    /// Refuses a condition on a part of a key.
    ///
    /// # Errors
    /// Names the attribute.
    pub fn check_scalars(&self, table: &Table) -> Result<(), Misuse> {
        let mut found = Ok(());
        self.paths(&mut |path| {
            if found.is_ok() {
                found = check_path(table, path);
            }
        });
        found
    }
}

impl Update {
    /// Refuses an update of a part of a key, or with one.
    ///
    /// # Errors
    /// Names the attribute.
    pub fn check_scalars(&self, table: &Table) -> Result<(), Misuse> {
        self.actions.iter().try_for_each(|action| {
            check_path(table, &action.path)?;
            if let Change::Set(source) = &action.change { check_source(table, source) } else { Ok(()) }
        })
    }
}

fn check_source(table: &Table, source: &Source) -> Result<(), Misuse> {
    match source {
        Source::Value(_) => Ok(()),
        Source::Path(path) => check_path(table, path),
        Source::IfNotExists(path, other) => {
            check_path(table, path)?;
            check_source(table, other)
        }
        Source::ListAppend(a, b) | Source::Plus(a, b) | Source::Minus(a, b) => {
            check_source(table, a)?;
            check_source(table, b)
        }
    }
}
