//! What PartiQL statements need: an action by the kind of the statement, on the table or index it names.
//!
//! The partitions are those that the condition pins down by `=` or `IN`; a selection that pins none reads the
//! whole table, which `dynamodb:FullTableScan` says.

use std::collections::BTreeSet;

use tidegate_api_dynamodb as api;
use tidegate_partiql::{Action, Comparator, Expression, Literal, Path, Projection, Select, Statement};
use tidegate_protocol::{Call, Need, needs};

use super::attributes::key_text;
use super::{Entry, on_index, with_leading_keys};
use crate::domain::Misuse;
use crate::error::Error;
use crate::service::DynamoDb;

/// The operations that take statements.
pub(super) fn entries() -> [Entry; 3] {
    [
        (
            "ExecuteStatement",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::ExecuteStatementInput| {
                need_of(dynamodb, call, &input.statement, &input.parameters)
            }),
        ),
        (
            "BatchExecuteStatement",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::BatchExecuteStatementInput| {
                let all = input.statements.iter().flatten();
                let needs = all.map(|one| need_of(dynamodb, call, &one.statement, &one.parameters));
                needs.collect::<Result<Vec<_>, Error>>()
            }),
        ),
        (
            "ExecuteTransaction",
            needs(|dynamodb: &DynamoDb, call: &Call, input: &api::ExecuteTransactionInput| {
                let all = input.transact_statements.iter().flatten();
                let needs = all.map(|one| {
                    let need = need_of(dynamodb, call, &one.statement, &one.parameters)?;
                    Ok(need.with("dynamodb:EnclosingOperation", "ExecuteTransaction"))
                });
                needs.collect::<Result<Vec<_>, Error>>()
            }),
        ),
    ]
}

type Parameters = Option<Vec<api::AttributeValue>>;

fn need_of(dynamodb: &DynamoDb, call: &Call, text: &Option<String>, parameters: &Parameters) -> Result<Need, Error> {
    let text = text.as_deref().unwrap_or_default();
    let (statement, _) = tidegate_partiql::parse(text).map_err(|error| Misuse::new(error.to_string()))?;
    let about = About::of(&statement);
    let (table, index) = (Some(about.table.to_owned()), about.index.map(str::to_owned));
    let need = on_index(dynamodb, call, about.action, &table, &index)?;
    let address = dynamodb.address(call, table.as_deref())?;
    let Some(known) = dynamodb.directory.get(&address)? else { return Ok(need) };
    let index = index.and_then(|index| known.table.index(&index));
    let keys = index.map_or(known.table.keys.as_parts(), |index| index.keys.as_parts());
    // Of several attributes, which PartiQL does not read by, the first one counts.
    let partition = &keys.partition[0].name;
    let mut pinned = Vec::new();
    match (&statement, about.filter) {
        (Statement::Insert(insert), _) => {
            if let Expression::Map(members) = &insert.item {
                let value = members.iter().find(|(name, _)| name == partition);
                pinned.extend(value.and_then(|(_, value)| text_of(value, parameters)));
            }
        }
        (_, Some(filter)) => pins(filter, partition, parameters, &mut pinned),
        (_, None) => {}
    }
    let is_scan = matches!(statement, Statement::Select(_)) && pinned.is_empty();
    let attributes = about.attributes.into_iter().map(str::to_owned).collect();
    Ok(with_leading_keys(need, pinned)
        .with_all("dynamodb:Attributes", attributes)
        .with("dynamodb:FullTableScan", is_scan.to_string()))
}

/// What a statement names.
struct About<'a> {
    action: &'static str,
    table: &'a str,
    index: Option<&'a str>,
    filter: Option<&'a Expression>,
    attributes: BTreeSet<&'a str>,
}

impl<'a> About<'a> {
    fn of(statement: &'a Statement) -> About<'a> {
        let mut attributes = BTreeSet::new();
        let (action, table, index, filter) = match statement {
            Statement::Select(select) => (
                "dynamodb:PartiQLSelect",
                &*select.from.table,
                select.from.index.as_deref(),
                selected(select, &mut attributes),
            ),
            Statement::Exists(select) => {
                ("dynamodb:ConditionCheckItem", &*select.from.table, None, selected(select, &mut attributes))
            }
            Statement::Insert(insert) => {
                if let Expression::Map(members) = &insert.item {
                    attributes.extend(members.iter().map(|(name, _)| name.as_str()));
                }
                ("dynamodb:PartiQLInsert", &*insert.table, None, None)
            }
            Statement::Update(update) => {
                for action in &update.actions {
                    match action {
                        Action::Set(path, value) => {
                            attributes.insert(&*path.head);
                            paths(value, &mut attributes);
                        }
                        Action::Remove(path) => drop(attributes.insert(&*path.head)),
                    }
                }
                ("dynamodb:PartiQLUpdate", &*update.table, None, update.filter.as_ref())
            }
            Statement::Delete(delete) => ("dynamodb:PartiQLDelete", &*delete.table, None, delete.filter.as_ref()),
        };
        if let Some(filter) = filter {
            paths(filter, &mut attributes);
        }
        About { action, table, index, filter, attributes }
    }
}

fn selected<'a>(select: &'a Select, attributes: &mut BTreeSet<&'a str>) -> Option<&'a Expression> {
    if let Projection::Paths(shown) = &select.projection {
        attributes.extend(shown.iter().map(|path| path.head.as_str()));
    }
    select.filter.as_ref()
}

/// The attributes that an expression names.
fn paths<'a>(expression: &'a Expression, found: &mut BTreeSet<&'a str>) {
    match expression {
        Expression::Path(path) => drop(found.insert(&*path.head)),
        Expression::Literal(_) | Expression::Parameter(_) => {}
        Expression::List(all) | Expression::Set(all) | Expression::Call(_, all) => {
            all.iter().for_each(|one| paths(one, found));
        }
        Expression::Map(members) => members.iter().for_each(|(_, value)| paths(value, found)),
        Expression::Plus(left, right)
        | Expression::Minus(left, right)
        | Expression::Compare(_, left, right)
        | Expression::And(left, right)
        | Expression::Or(left, right) => [left, right].into_iter().for_each(|one| paths(one, found)),
        Expression::Between(one, low, high) => [one, low, high].into_iter().for_each(|one| paths(one, found)),
        Expression::In(one, all) => {
            paths(one, found);
            all.iter().for_each(|one| paths(one, found));
        }
        Expression::IsNull(one) | Expression::IsMissing(one) | Expression::Not(one) => paths(one, found),
    }
}

/// The values of the partition key that a condition pins down.
fn pins(filter: &Expression, partition: &str, parameters: &Parameters, found: &mut Vec<String>) {
    let is_key =
        |one: &Expression| matches!(one, Expression::Path(Path { head, rest }) if head == partition && rest.is_empty());
    match filter {
        Expression::And(left, right) => {
            pins(left, partition, parameters, found);
            pins(right, partition, parameters, found);
        }
        Expression::Compare(Comparator::Equal, left, right) if is_key(left) => found.extend(text_of(right, parameters)),
        Expression::Compare(Comparator::Equal, left, right) if is_key(right) => found.extend(text_of(left, parameters)),
        Expression::In(one, all) if is_key(one) => {
            found.extend(all.iter().filter_map(|value| text_of(value, parameters)));
        }
        // Everything else, an OR above all, leaves open which partitions are read.
        _ => {}
    }
}

fn text_of(value: &Expression, parameters: &Parameters) -> Option<String> {
    match value {
        Expression::Literal(Literal::Text(text) | Literal::Number(text)) => Some(text.clone()),
        Expression::Parameter(number) => key_text(parameters.as_ref()?.get(*number)?),
        _ => None,
    }
}
