//! PartiQL statements as what the service does anyway: conditions, updates, items, and keys.
//!
//! [`bind`] puts the parameters into a statement and turns its expressions into those of
//! [`super::expression`], whose evaluator is the only one. [`selection`] and [`full_key`] find in a
//! condition which items it can be about. What is wrong with a statement whatever its table is found here,
//! before any table is looked up, as the service does.

mod conditions;
mod keys;
mod updates;
mod values;

use tidegate_partiql::{Expression, Moment, Returning, Statement, Step};

pub use keys::{Selection, full_key, selection};

use super::expression::{Condition, Element, Path, Update};
use super::{Item, MAX_NESTING, Misuse, Value};

/// A statement whose values are known.
#[derive(Debug, Clone)]
pub enum Bound {
    /// One that reads.
    Read(Read),
    /// One that writes one item.
    Write(Write),
}

impl Bound {
    /// The statement, if it may stand alone.
    ///
    /// # Errors
    /// A check of an item, which belongs into a transaction.
    pub fn alone(self) -> Result<Bound, Misuse> {
        match self {
            Bound::Write(Write { kind: Kind::Check, .. }) => {
                Err(Misuse::new("Unsupported operation: EXISTS can only be used in transactions"))
            }
            bound => Ok(bound),
        }
    }
}

/// A selection.
#[derive(Debug, Clone)]
pub struct Read {
    /// The table.
    pub table: String,
    /// The index.
    pub index: Option<String>,
    /// What must hold of an item.
    pub condition: Option<Condition>,
    /// What is shown of it; `None`: everything.
    pub paths: Option<Vec<Path>>,
    /// By which attributes, and whether from the greatest down.
    pub order: Vec<(Path, bool)>,
}

/// A write of one item.
#[derive(Debug, Clone)]
pub struct Write {
    /// The table.
    pub table: String,
    /// What is done.
    pub kind: Kind,
    /// What names the item and must hold of it.
    pub condition: Option<Condition>,
    /// What is answered.
    pub returning: Option<Returning>,
}

/// What a write does.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Puts an item that must not be there.
    Insert(Item),
    /// Changes an item that must be there.
    Update(Update),
    /// Deletes an item, if it is there.
    Delete,
    /// Demands that the item is there.
    Check,
}

impl Write {
    /// What of an item is answered, from what it was and what it is.
    pub fn returned(&self, old: Option<&Item>, new: Option<&Item>) -> Option<Item> {
        let Returning { modified, moment } = self.returning?;
        let item = if moment == Moment::Old { old } else { new }?;
        let shown = match &self.kind {
            Kind::Update(update) if modified => {
                let paths = update.actions.iter().map(|action| &action.path);
                super::expression::Projection::of_paths(paths).of(item)
            }
            _ => item.clone(),
        };
        (!shown.is_empty()).then_some(shown)
    }
}

/// A statement with its parameters in their places.
///
/// # Errors
/// A statement that cannot be read, another number of parameters than it takes, and what is wrong with
/// its expressions whatever they are about.
pub fn bind(text: &str, parameters: &[Value]) -> Result<Bound, Misuse> {
    let (statement, count) = tidegate_partiql::parse(text).map_err(|error| Misuse::new(error.to_string()))?;
    if count != parameters.len() {
        return Err(Misuse::new("Number of parameters in request and statement don't match."));
    }
    let binder = Binder { parameters };
    Ok(match statement {
        Statement::Select(select) => Bound::Read(binder.read(select)?),
        Statement::Insert(insert) => Bound::Write(Write {
            table: insert.table,
            kind: Kind::Insert(binder.item(&insert.item)?),
            condition: None,
            returning: None,
        }),
        Statement::Update(update) => Bound::Write(Write {
            table: update.table,
            kind: Kind::Update(binder.update(&update.actions)?),
            condition: binder.filter(update.filter.as_ref())?,
            returning: update.returning,
        }),
        Statement::Delete(delete) => Bound::Write(Write {
            table: delete.table,
            kind: Kind::Delete,
            condition: binder.filter(delete.filter.as_ref())?,
            returning: delete.returning,
        }),
        Statement::Exists(select) => Bound::Write(Write {
            table: select.from.table,
            kind: Kind::Check,
            condition: binder.filter(select.filter.as_ref())?,
            returning: None,
        }),
    })
}

/// Puts parameters in their places.
struct Binder<'a> {
    parameters: &'a [Value],
}

impl Binder<'_> {
    fn read(&self, select: tidegate_partiql::Select) -> Result<Read, Misuse> {
        let paths = match select.projection {
            tidegate_partiql::Projection::All => None,
            tidegate_partiql::Projection::Paths(paths) => Some(paths.iter().map(path).collect()),
        };
        Ok(Read {
            table: select.from.table,
            index: select.from.index,
            condition: self.filter(select.filter.as_ref())?,
            paths,
            order: select.order.iter().map(|order| (path(&order.path), order.descending)).collect(),
        })
    }

    fn filter(&self, filter: Option<&Expression>) -> Result<Option<Condition>, Misuse> {
        filter.map(|filter| self.condition(filter)).transpose()
    }

    fn item(&self, expression: &Expression) -> Result<Item, Misuse> {
        let Value::M(item) = self.value(expression)? else {
            return Err(Misuse::new("Unsupported operation in VALUE clause: a map is expected"));
        };
        if item.values().any(|value| value.is_deeper_than(MAX_NESTING - 1)) {
            return Err(Misuse::new(
                "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
            ));
        }
        Ok(item)
    }
}

fn path(path: &tidegate_partiql::Path) -> Path {
    let rest = path.rest.iter().map(|step| match step {
        Step::Field(name) => Element::Field(name.clone()),
        Step::Index(index) => Element::Index(*index),
    });
    Path { head: path.head.clone(), rest: rest.collect() }
}
