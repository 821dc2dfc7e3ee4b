use super::ast::{Comparator, Condition, Operand, Path};
use super::condition::parse_condition;
use super::placeholders::Placeholders;
use crate::domain::{KeyPart, KeyParts, Misuse, Value};

/// Which items of which partition are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCondition {
    /// The partition: one value for each attribute that chooses it.
    pub partition: Vec<Value>,
    /// What the first sort attributes are: all that a condition names, but the last.
    pub before: Vec<Value>,
    /// What the last sort attribute that it names is; `None`: it names none.
    pub sort: Option<SortCondition>,
}

/// A condition on the sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortCondition {
    /// Any comparison but `<>`.
    Compare(Comparator, Value),
    /// Between two values, inclusively.
    Between(Value, Value),
    /// Beginning with a value.
    BeginsWith(Value),
}

impl SortCondition {
    fn values(&self) -> Vec<&Value> {
        match self {
            SortCondition::Compare(_, value) | SortCondition::BeginsWith(value) => vec![value],
            SortCondition::Between(low, high) => vec![low, high],
        }
    }
}

/// Parses what is to be a key condition.
///
/// # Errors
/// What is wrong with it, in full words.
pub fn parse_key_condition(text: &str, placeholders: &Placeholders) -> Result<Condition, Misuse> {
    parse_condition(text, placeholders).map_err(|misuse| invalid(&misuse.to_string()))
}

/// Demands a condition that may be one on some table's keys: for who knows no table.
///
/// # Errors
/// A condition that is none.
pub fn check_key_condition(condition: &Condition) -> Result<(), Misuse> {
    by_name(condition).map(drop)
}

fn invalid(words: &str) -> Misuse {
    Misuse::new(format!("Invalid KeyConditionExpression: {words}"))
}

/// Conditions by the attributes that they are about.
type Named<'a> = Vec<(&'a str, SortCondition)>;

/// The key condition that a condition is.
///
/// # Errors
/// A condition that is none.
pub fn from_condition(condition: &Condition, schema: KeyParts<'_>) -> Result<KeyCondition, Misuse> {
    let mut named = by_name(condition)?;
    if named.len() > schema.count() {
        return Err(Misuse::new(format!(
            "The number of query conditions ({}) exceeds the number of key attributes defined in the schema ({})",
            named.len(),
            schema.count()
        )));
    }
    let partition = take_partition(&mut named, schema.partition)?;
    let (before, sort) = take_sorted(&mut named, schema.sort)?;
    for (part, value) in schema.partition.iter().zip(&partition).chain(schema.sort.iter().zip(&before)) {
        check_value(part, value)?;
    }
    if let (Some(sort), Some(part)) = (&sort, schema.sort.get(before.len())) {
        sort.values().into_iter().try_for_each(|value| check_value(part, value))?;
        if matches!(sort, SortCondition::BeginsWith(Value::N(_))) {
            return Err(unsupported());
        }
    }
    Ok(KeyCondition { partition, before, sort })
}

/// What is wrong with conditions on these attributes, some of which want more than an order of keys. What the keys
/// lack is said first.
pub fn unsearchable(names: &[&str], schema: KeyParts<'_>) -> Misuse {
    let lacking = |parts: &'_ [KeyPart]| parts.iter().find(|part| !names.contains(&part.name.as_str())).map(missed);
    let has_others = names.iter().any(|name| !schema.has(name));
    lacking(schema.partition)
        .or_else(|| has_others.then(|| lacking(schema.sort).unwrap_or_else(unsupported)))
        .unwrap_or_else(|| Misuse::new("Attempted conditional constraint is not an indexable operation"))
}

/// The conditions that a condition is made of, each about another attribute.
fn by_name(condition: &Condition) -> Result<Named<'_>, Misuse> {
    let mut named = Named::new();
    collect(condition, &mut named)?;
    for (index, (name, _)) in named.iter().enumerate() {
        if named[..index].iter().any(|(other, _)| other == name) {
            return Err(invalid("KeyConditionExpressions must only contain one condition per key"));
        }
    }
    Ok(named)
}

fn take(named: &mut Named<'_>, part: &KeyPart) -> Option<SortCondition> {
    let at = named.iter().position(|(name, _)| *name == part.name)?;
    Some(named.remove(at).1)
}

fn missed(part: &KeyPart) -> Misuse {
    Misuse::new(format!("Query condition missed key schema element: {}", part.name))
}

fn unsupported() -> Misuse {
    Misuse::new("Query key condition not supported")
}

/// What each attribute equals; otherwise the names of those without an equality.
fn equal_values(parts: &[KeyPart], taken: Vec<Option<SortCondition>>) -> Result<Vec<Value>, String> {
    let (mut values, mut lacking) = (Vec::with_capacity(taken.len()), Vec::new());
    for (part, condition) in parts.iter().zip(taken) {
        match condition {
            Some(SortCondition::Compare(Comparator::Equal, value)) => values.push(value),
            _ => lacking.push(part.name.as_str()),
        }
    }
    if lacking.is_empty() { Ok(values) } else { Err(lacking.join(", ")) }
}

/// What each attribute of the partition equals. AWS has other words where there are several.
fn take_partition(named: &mut Named<'_>, parts: &[KeyPart]) -> Result<Vec<Value>, Misuse> {
    let taken: Vec<_> = parts.iter().map(|part| take(named, part)).collect();
    let is_missing = taken.iter().any(Option::is_none);
    equal_values(parts, taken).map_err(|names| match parts {
        [part] if is_missing => missed(part),
        [_] => unsupported(),
        _ => Misuse::new(format!("HASH key attributes {names} must have equality conditions specified in the query")),
    })
}

/// The conditions on the first sort attributes: without a gap, and all but the last are equalities.
fn take_sorted(named: &mut Named<'_>, parts: &[KeyPart]) -> Result<(Vec<Value>, Option<SortCondition>), Misuse> {
    let mut taken: Vec<_> = parts.iter().map(|part| take(named, part)).collect();
    let count = taken.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    if !named.is_empty() {
        return Err(parts.get(count).map_or_else(unsupported, missed));
    }
    taken.truncate(count);
    let sort = taken.pop().flatten();
    let before = equal_values(parts, taken).map_err(|names| {
        Misuse::new(format!(
            "RANGE key attributes {names} must have equality conditions specified in the query because a condition is present on key attribute {}",
            parts[count - 1].name
        ))
    })?;
    Ok((before, sort))
}

fn check_value(part: &KeyPart, value: &Value) -> Result<(), Misuse> {
    if value.kind() != part.kind {
        return Err(Misuse::parameter("Condition parameter type does not match schema type"));
    }
    part.check_filled(value)
}

fn collect<'a>(condition: &'a Condition, parts: &mut Named<'a>) -> Result<(), Misuse> {
    let operator = |name: &str| Err(Misuse::new(format!("Invalid operator used in KeyConditionExpression: {name}")));
    match condition {
        Condition::And(a, b) => {
            collect(a, parts)?;
            collect(b, parts)
        }
        Condition::Or(..) => operator("OR"),
        Condition::Not(_) => operator("NOT"),
        Condition::In(..) => operator("IN"),
        Condition::Exists(_) => operator("attribute_exists"),
        Condition::NotExists(_) => operator("attribute_not_exists"),
        Condition::HasType(..) => operator("attribute_type"),
        Condition::Contains(..) => operator("contains"),
        Condition::Compare(Comparator::NotEqual, ..) => operator("<>"),
        Condition::Compare(comparator, a, b) => {
            let (name, value, comparator) = match (a, b) {
                (Operand::Path(path), other) => (attribute(path)?, constant(other)?, *comparator),
                (other, Operand::Path(path)) => (attribute(path)?, constant(other)?, comparator.mirrored()),
                _ => return Err(no_key()),
            };
            parts.push((name, SortCondition::Compare(comparator, value)));
            Ok(())
        }
        Condition::Between(a, low, high) => {
            let name = first_operand(a, "BETWEEN")?;
            parts.push((name, SortCondition::Between(constant(low)?, constant(high)?)));
            Ok(())
        }
        Condition::BeginsWith(a, start) => {
            let name = first_operand(a, "begins_with")?;
            parts.push((name, SortCondition::BeginsWith(constant(start)?)));
            Ok(())
        }
    }
}

fn no_key() -> Misuse {
    Misuse::new("Invalid condition in KeyConditionExpression: No key attribute specified")
}

fn first_operand<'a>(operand: &'a Operand, operator: &str) -> Result<&'a str, Misuse> {
    match operand {
        Operand::Path(path) => attribute(path),
        Operand::Size(_) => Err(Misuse::new("KeyConditionExpressions cannot contain nested operations")),
        Operand::Value(_) => Err(Misuse::new(format!(
            "Invalid condition in KeyConditionExpression: {operator} operator must have the key attribute as its first operand"
        ))),
    }
}

fn attribute(path: &Path) -> Result<&str, Misuse> {
    if path.rest.is_empty() {
        return Ok(&path.head);
    }
    Err(Misuse::new("KeyConditionExpressions cannot have conditions on nested attributes"))
}

fn constant(operand: &Operand) -> Result<Value, Misuse> {
    match operand {
        Operand::Value(value) => Ok(value.clone()),
        Operand::Size(_) => Err(Misuse::new("KeyConditionExpressions cannot contain nested operations")),
        Operand::Path(_) => Err(Misuse::new(
            "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
        )),
    }
}
