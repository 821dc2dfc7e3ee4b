use crate::domain::expression::{Comparator, Condition, Operand, SortCondition};
use crate::domain::{Item, KeyParts, KeySchema, Type, Value};

/// Which partitions a condition can be about, and which part of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The partitions, in the order in which they are named.
    pub partitions: Vec<Value>,
    /// Which of their items; `None`: all.
    pub sort: Option<SortCondition>,
}

/// The conditions that must all hold.
fn conjuncts<'a>(condition: &'a Condition, all: &mut Vec<&'a Condition>) {
    match condition {
        Condition::And(a, b) => {
            conjuncts(a, all);
            conjuncts(b, all);
        }
        other => all.push(other),
    }
}

/// The value that a condition demands of an attribute.
fn equal<'a>(condition: &'a Condition, name: &str) -> Option<&'a Value> {
    match condition {
        Condition::Compare(Comparator::Equal, Operand::Path(path), Operand::Value(value))
        | Condition::Compare(Comparator::Equal, Operand::Value(value), Operand::Path(path))
            if path.rest.is_empty() && path.head == name =>
        {
            Some(value)
        }
        _ => None,
    }
}

/// The partitions and the range that a condition's demands on the key leave. `None`: all of a table.
/// The whole condition still has to be asked of what is found there. Composite keys are none of PartiQL's.
pub fn selection(condition: Option<&Condition>, schema: KeyParts<'_>) -> Option<Selection> {
    let mut all = Vec::new();
    conjuncts(condition?, &mut all);
    let name = &schema.partition.first()?.name;
    let partitions = all.iter().find_map(|condition| match condition {
        Condition::In(Operand::Path(path), list) if path.rest.is_empty() && path.head == *name => constants(list),
        other => equal(other, name).map(|value| vec![value.clone()]),
    })?;
    let sort = schema.sort.first().and_then(|part| all.iter().find_map(|each| range(each, &part.name, part.kind)));
    Some(Selection { partitions, sort })
}

/// The values of a list of values, each once.
fn constants(list: &[Operand]) -> Option<Vec<Value>> {
    let mut values: Vec<Value> = Vec::new();
    for operand in list {
        let Operand::Value(value) = operand else { return None };
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    Some(values)
}

/// The range of a sort key that a condition demands.
fn range(condition: &Condition, name: &str, kind: Type) -> Option<SortCondition> {
    let is_key =
        |operand: &Operand| matches!(operand, Operand::Path(path) if path.rest.is_empty() && path.head == name);
    let fits = |value: &Value| value.kind() == kind;
    match condition {
        Condition::Compare(comparator, a, b) if *comparator != Comparator::NotEqual => match (a, b) {
            (key, Operand::Value(value)) if is_key(key) && fits(value) => {
                Some(SortCondition::Compare(*comparator, value.clone()))
            }
            (Operand::Value(value), key) if is_key(key) && fits(value) => {
                Some(SortCondition::Compare(comparator.mirrored(), value.clone()))
            }
            _ => None,
        },
        Condition::Between(key, Operand::Value(low), Operand::Value(high))
            if is_key(key) && fits(low) && fits(high) =>
        {
            Some(SortCondition::Between(low.clone(), high.clone()))
        }
        Condition::BeginsWith(key, Operand::Value(start)) if is_key(key) && fits(start) && kind != Type::N => {
            Some(SortCondition::BeginsWith(start.clone()))
        }
        _ => None,
    }
}

/// The key that a condition names in full, and what else it demands. `None`: it does not.
pub fn full_key(condition: Option<&Condition>, schema: &KeySchema) -> Option<(Item, Option<Condition>)> {
    let mut all = Vec::new();
    conjuncts(condition?, &mut all);
    let mut key = Item::new();
    for part in schema.parts() {
        let at = all.iter().position(|condition| equal(condition, &part.name).is_some())?;
        key.insert(part.name.clone(), equal(all.remove(at), &part.name)?.clone());
    }
    let and = |a, b| Condition::And(Box::new(a), Box::new(b));
    Some((key, all.into_iter().cloned().reduce(and)))
}
