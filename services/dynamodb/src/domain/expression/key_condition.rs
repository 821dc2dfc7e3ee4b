use super::ast::{Comparator, Condition, Operand, Path};
use super::condition::parse_condition;
use super::placeholders::Placeholders;
use crate::domain::{KeySchema, Misuse, Value};

/// Which items of which partition are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCondition {
    /// The partition.
    pub partition: Value,
    /// Which of its items; `None`: all.
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

/// Parses a key condition.
///
/// # Errors
/// What is wrong with it, in full words.
pub fn parse_key_condition(
    text: &str,
    placeholders: &Placeholders,
    schema: &KeySchema,
) -> Result<KeyCondition, Misuse> {
    let condition = parse_condition(text, placeholders)
        .map_err(|misuse| Misuse::new(format!("Invalid KeyConditionExpression: {misuse}")))?;
    from_condition(&condition, schema)
}

/// The key condition that a condition is.
///
/// # Errors
/// A condition that is none.
pub fn from_condition(condition: &Condition, schema: &KeySchema) -> Result<KeyCondition, Misuse> {
    let mut parts: Vec<(&str, SortCondition)> = Vec::new();
    collect(condition, &mut parts)?;
    for (index, (name, _)) in parts.iter().enumerate() {
        if parts[..index].iter().any(|(other, _)| other == name) {
            return Err(Misuse::new("KeyConditionExpressions must only contain one condition per key"));
        }
    }
    if parts.len() > 2 {
        return Err(Misuse::new("Conditions can be of length 1 or 2 only"));
    }
    let mut take = |name: &str| {
        let at = parts.iter().position(|(other, _)| *other == name)?;
        Some(parts.remove(at).1)
    };
    let missed = |name: &str| Misuse::new(format!("Query condition missed key schema element: {name}"));
    let partition = take(&schema.partition.name).ok_or_else(|| missed(&schema.partition.name))?;
    let sort = schema.sort.as_ref().and_then(|sort| take(&sort.name));
    if !parts.is_empty() {
        return Err(match &schema.sort {
            Some(key) if sort.is_none() => missed(&key.name),
            _ => Misuse::new("Query key condition not supported"),
        });
    }
    let wrong_type = || Misuse::parameter("Condition parameter type does not match schema type");
    let SortCondition::Compare(Comparator::Equal, partition) = partition else {
        return Err(Misuse::new("Query key condition not supported"));
    };
    if partition.kind() != schema.partition.kind {
        return Err(wrong_type());
    }
    schema.partition.check_filled(&partition)?;
    if let (Some(sort), Some(key)) = (&sort, &schema.sort) {
        if sort.values().iter().any(|value| value.kind() != key.kind) {
            return Err(wrong_type());
        }
        sort.values().into_iter().try_for_each(|value| key.check_filled(value))?;
        if matches!(sort, SortCondition::BeginsWith(value) if matches!(value, Value::N(_))) {
            return Err(Misuse::new("Query key condition not supported"));
        }
    }
    Ok(KeyCondition { partition, sort })
}

fn collect<'a>(condition: &'a Condition, parts: &mut Vec<(&'a str, SortCondition)>) -> Result<(), Misuse> {
    let invalid =
        |operator: &str| Err(Misuse::new(format!("Invalid operator used in KeyConditionExpression: {operator}")));
    match condition {
        Condition::And(a, b) => {
            collect(a, parts)?;
            collect(b, parts)
        }
        Condition::Or(..) => invalid("OR"),
        Condition::Not(_) => invalid("NOT"),
        Condition::In(..) => invalid("IN"),
        Condition::Exists(_) => invalid("attribute_exists"),
        Condition::NotExists(_) => invalid("attribute_not_exists"),
        Condition::HasType(..) => invalid("attribute_type"),
        Condition::Contains(..) => invalid("contains"),
        Condition::Compare(Comparator::NotEqual, ..) => invalid("<>"),
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
