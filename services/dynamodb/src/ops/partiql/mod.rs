//! What the operations of PartiQL share: a bound statement as the read or write that it is.

mod selecting;
mod token;

use tidegate_api_dynamodb::AttributeValue;
use tidegate_protocol::Call;

pub(crate) use selecting::{Wish, check_index, one, select};

use super::writing::{Change, Write};
use crate::domain::expression::{Condition, Path};
use crate::domain::partiql::{self, Bound, Kind, full_key};
use crate::domain::{Item, KeySchema, Misuse, Table, TableAddress, Value};
use crate::error::Error;
use crate::service::DynamoDb;
use crate::wire;

/// The parameters of a statement.
pub(crate) fn parameters(given: Option<Vec<AttributeValue>>) -> Result<Vec<Value>, Misuse> {
    given.unwrap_or_default().into_iter().map(wire::value).collect()
}

/// A statement with its parameters.
pub(crate) fn bound(text: Option<String>, parameters: &[Value]) -> Result<Bound, Misuse> {
    partiql::bind(&text.unwrap_or_default(), parameters)
}

/// Where a statement's table is.
pub(crate) fn address(dynamodb: &DynamoDb, call: &Call, table: &str) -> Result<TableAddress, Error> {
    dynamodb.address(call, Some(table))
}

/// The write of an item that a statement is. An insertion demands that the item is not there, an update
/// that it is, and a deletion's condition matters only if it is.
pub(crate) fn write(table: &Table, statement: &partiql::Write, show_on_failure: bool) -> Result<Write, Misuse> {
    let keys = &table.keys;
    let there = || Path::attribute(keys.partition.name.clone());
    let (change, condition) = match &statement.kind {
        Kind::Insert(item) => (Change::Put(item.clone().into()), Some(Condition::NotExists(there()))),
        Kind::Update(update) => {
            let (key, rest) = named(statement, keys)?;
            (Change::Update(key, update.clone()), Some(and(Condition::Exists(there()), rest)))
        }
        Kind::Check => {
            let (key, rest) = named(statement, keys)?;
            (Change::Check(key), Some(and(Condition::Exists(there()), rest)))
        }
        Kind::Delete => {
            let (key, rest) = named(statement, keys)?;
            let or = |rest| Condition::Or(Box::new(Condition::NotExists(there())), Box::new(rest));
            (Change::Delete(key), rest.map(or))
        }
    };
    Ok(Write { change, condition, show_on_failure })
}

fn and(a: Condition, b: Option<Condition>) -> Condition {
    match b {
        Some(b) => Condition::And(Box::new(a), Box::new(b)),
        None => a,
    }
}

fn named(statement: &partiql::Write, keys: &KeySchema) -> Result<(Item, Option<Condition>), Misuse> {
    full_key(statement.condition.as_ref(), keys)
        .ok_or_else(|| Misuse::new("Where clause does not contain a mandatory equality on all key attributes"))
}

/// Why a statement was refused: an insertion because there is such an item.
pub(crate) fn refused(error: Error, statement: &partiql::Write) -> Error {
    match error {
        Error::ConditionFailed { .. } if inserts(statement) => Error::Duplicate,
        other => other,
    }
}

/// Whether a statement inserts.
pub(crate) fn inserts(statement: &partiql::Write) -> bool {
    matches!(statement.kind, Kind::Insert(_))
}
