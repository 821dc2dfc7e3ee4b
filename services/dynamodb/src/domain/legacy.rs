//! The parameters of before there were expressions: other spellings of the same conditions and
//! updates.

use super::expression::{Action, Change, Comparator, Condition, Operand, Path, Source, Update};
use super::{Misuse, Type, Value};

/// The comparison that a legacy condition makes.
#[derive(Debug, Clone)]
pub struct Test {
    /// `EQ`, `NE`, …
    pub operator: String,
    /// What is compared with.
    pub values: Vec<Value>,
}

/// What `Expected` demands of one attribute.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// `Value`.
    pub value: Option<Value>,
    /// `Exists`.
    pub exists: Option<bool>,
    /// `ComparisonOperator`.
    pub operator: Option<String>,
    /// `AttributeValueList`.
    pub values: Option<Vec<Value>>,
}

/// The conjunction, or with `or` the disjunction, of conditions.
pub fn joined(conditions: Vec<Condition>, or: bool) -> Option<Condition> {
    let join = |a, b| {
        let (a, b) = (Box::new(a), Box::new(b));
        if or { Condition::Or(a, b) } else { Condition::And(a, b) }
    };
    conditions.into_iter().reduce(join)
}

/// The condition that a legacy one is.
///
/// # Errors
/// A wrong number of arguments, or arguments of wrong types.
pub fn condition(name: &str, test: Test) -> Result<Condition, Misuse> {
    let operator = test.operator.as_str();
    check(operator, &test.values)?;
    let attribute = || Operand::Path(Path::attribute(name));
    let mut values = test.values.into_iter().map(Operand::Value);
    let mut next = || values.next().ok_or_else(|| wrong_count(operator));
    let compare = |comparator, value| Condition::Compare(comparator, attribute(), value);
    Ok(match operator {
        "NULL" => Condition::NotExists(Path::attribute(name)),
        "NOT_NULL" => Condition::Exists(Path::attribute(name)),
        "EQ" => compare(Comparator::Equal, next()?),
        "NE" => compare(Comparator::NotEqual, next()?),
        "LE" => compare(Comparator::LessOrEqual, next()?),
        "LT" => compare(Comparator::Less, next()?),
        "GE" => compare(Comparator::GreaterOrEqual, next()?),
        "GT" => compare(Comparator::Greater, next()?),
        "BEGINS_WITH" => Condition::BeginsWith(attribute(), next()?),
        "CONTAINS" => Condition::Contains(attribute(), next()?),
        "NOT_CONTAINS" => Condition::And(
            Box::new(Condition::Exists(Path::attribute(name))),
            Box::new(Condition::Not(Box::new(Condition::Contains(attribute(), next()?)))),
        ),
        "BETWEEN" => Condition::Between(attribute(), next()?, next()?),
        _ => Condition::In(attribute(), values.collect()),
    })
}

fn wrong_count(operator: &str) -> Misuse {
    Misuse::parameter(format!("Invalid number of argument(s) for the {operator} ComparisonOperator"))
}

fn check(operator: &str, values: &[Value]) -> Result<(), Misuse> {
    let fits = match operator {
        "NULL" | "NOT_NULL" => values.is_empty(),
        "IN" => !values.is_empty(),
        "BETWEEN" => values.len() == 2,
        _ => values.len() == 1,
    };
    if !fits {
        return Err(wrong_count(operator));
    }
    let Some(first) = values.first() else { return Ok(()) };
    if values.iter().any(|value| value.kind() != first.kind()) {
        return Err(Misuse::parameter("AttributeValues inside AttributeValueList must be of same type"));
    }
    let allowed = match operator {
        "EQ" | "NE" => true,
        "BEGINS_WITH" => matches!(first.kind(), Type::S | Type::B),
        _ => first.kind().is_key(),
    };
    if !allowed {
        return Err(Misuse::parameter(format!(
            "ComparisonOperator {operator} is not valid for {} AttributeValue type",
            first.kind().name()
        )));
    }
    if let ("BETWEEN", [low, high]) = (operator, values)
        && low.order(high).is_some_and(|order| order.is_gt())
    {
        return Err(Misuse::new(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
        ));
    }
    Ok(())
}

/// The condition that an expectation is.
///
/// # Errors
/// Members that do not go together, and what [`condition`] refuses.
pub fn expectation(name: &str, expected: Expectation) -> Result<Condition, Misuse> {
    let fault = |words: &str| Err(Misuse::parameter(format!("{words} for Attribute: {name}")));
    if expected.values.is_some() && expected.value.is_some() {
        return fault("Value and AttributeValueList cannot be used together");
    }
    let Expectation { value, exists, operator, values } = expected;
    let Some(operator) = operator else {
        if values.is_some() {
            return fault("AttributeValueList can only be used with a ComparisonOperator");
        }
        return match (exists, value) {
            (Some(false), Some(_)) => fault("Value cannot be used when Exists is false"),
            (Some(false), None) => Ok(Condition::NotExists(Path::attribute(name))),
            (Some(true), None) => fault("Value must be provided when Exists is true"),
            (None, None) => fault("Value must be provided when Exists is null"),
            (_, Some(value)) => {
                Ok(Condition::Compare(Comparator::Equal, Operand::Path(Path::attribute(name)), Operand::Value(value)))
            }
        };
    };
    if exists.is_some() {
        return fault("Exists and ComparisonOperator cannot be used together");
    }
    if values.is_none() && value.is_none() && !matches!(operator.as_str(), "NULL" | "NOT_NULL") {
        return fault(&format!("Value or AttributeValueList must be used with ComparisonOperator: {operator}"));
    }
    condition(name, Test { values: values.unwrap_or_else(|| value.into_iter().collect()), operator })
}

/// The update that `AttributeUpdates` is: of each attribute the action and the value.
///
/// # Errors
/// Actions that do not go with their values.
pub fn update(updates: Vec<(String, Option<String>, Option<Value>)>) -> Result<Update, Misuse> {
    let actions = updates.into_iter().map(|(name, action, value)| {
        let path = Path::attribute(name);
        let change = change(&path, action.as_deref().unwrap_or("PUT"), value)?;
        Ok(Action { path, change })
    });
    Ok(Update { actions: actions.collect::<Result<_, Misuse>>()?, legacy: true })
}

fn change(path: &Path, action: &str, value: Option<Value>) -> Result<Change, Misuse> {
    let Some(value) = value else {
        return match action {
            "DELETE" => Ok(Change::Remove),
            _ => Err(Misuse::parameter("Only DELETE action is allowed when no attribute value is specified")),
        };
    };
    let kind = value.kind();
    let is_set = matches!(kind, Type::Ss | Type::Ns | Type::Bs);
    match action {
        "DELETE" if is_set => Ok(Change::Delete(value)),
        "DELETE" => {
            Err(Misuse::parameter(format!("DELETE action with value is not supported for the type {}", kind.name())))
        }
        "ADD" if is_set || kind == Type::N => Ok(Change::Add(value)),
        "ADD" if kind == Type::L => {
            let present = Source::IfNotExists(path.clone(), Box::new(Source::Value(Value::L(Vec::new()))));
            Ok(Change::Set(Source::ListAppend(Box::new(present), Box::new(Source::Value(value)))))
        }
        "ADD" => Err(Misuse::parameter(format!("ADD action is not supported for the type {}", kind.name()))),
        _ => Ok(Change::Set(Source::Value(value))),
    }
}
