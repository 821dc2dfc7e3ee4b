//! What requests about items have in common: expressions, their placeholders, and the legacy
//! parameters that say the same.

use std::collections::BTreeMap;

use tidegate_api_dynamodb::{AttributeValueUpdate, Condition as WireCondition, ExpectedAttributeValue};

use super::values::{WireItem, item, value};
use crate::domain::expression::{
    Condition, Placeholders, Projection, Update, parse_condition, parse_projection, parse_update,
};
use crate::domain::legacy::{self, Expectation, Test};
use crate::domain::{Item, Misuse};

/// Which of a request's parameters are there, by name.
pub(crate) type Given<'a> = &'a [(&'static str, bool)];

fn given(parameters: Given<'_>) -> Vec<&'static str> {
    parameters.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect()
}

/// The placeholders of a request whose expressions and legacy parameters are these.
pub(crate) fn placeholders(
    expressions: Given<'_>,
    legacy: Given<'_>,
    names: Option<BTreeMap<String, String>>,
    values: Option<WireItem>,
) -> Result<Placeholders, Misuse> {
    let (used, old) = (given(expressions), given(legacy));
    if !used.is_empty() && !old.is_empty() {
        return Err(Misuse::new(format!(
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {{{}}} Expression parameters: {{{}}}",
            old.join(", "),
            used.join(", ")
        )));
    }
    if names.is_some() && used.is_empty() {
        return Err(Misuse::new("ExpressionAttributeNames can only be specified when using expressions"));
    }
    let with_values: Vec<_> = expressions.iter().filter(|(name, _)| *name != "ProjectionExpression").collect();
    if values.is_some() && with_values.iter().all(|(_, given)| !given) {
        let names: Vec<&str> = with_values.iter().map(|(name, _)| *name).collect();
        let verb = if names.len() > 1 { "are" } else { "is" };
        return Err(Misuse::new(format!(
            "ExpressionAttributeValues can only be specified when using expressions: {} {verb} null",
            names.join(" and ")
        )));
    }
    let values = values.map(|values| {
        let read = |(key, wire)| match value(wire) {
            Ok(value) => Ok((key, value)),
            Err(misuse) => {
                Err(Misuse::new(format!("ExpressionAttributeValues contains invalid value: {misuse} for key {key}")))
            }
        };
        values.into_iter().map(read).collect::<Result<BTreeMap<_, _>, Misuse>>()
    });
    Placeholders::new(names, values.transpose()?)
}

fn named<T>(parameter: &str, parsed: Result<T, Misuse>) -> Result<T, Misuse> {
    parsed.map_err(|misuse| Misuse::new(format!("Invalid {parameter}: {misuse}")))
}

/// The condition of a write, from its expression or from what it expects.
pub(crate) fn write_condition(
    expression: Option<&str>,
    expected: Option<BTreeMap<String, ExpectedAttributeValue>>,
    operator: Option<&str>,
    placeholders: &Placeholders,
) -> Result<Option<Condition>, Misuse> {
    if let Some(text) = expression {
        return named("ConditionExpression", parse_condition(text, placeholders)).map(Some);
    }
    check_operator(operator, expected.as_ref().map(BTreeMap::len), "Expected")?;
    let conditions = expected.into_iter().flatten().map(|(name, expected)| {
        let expectation = Expectation {
            value: expected.value.map(value).transpose()?,
            exists: expected.exists,
            operator: expected.comparison_operator,
            values: expected.attribute_value_list.map(values).transpose()?,
        };
        legacy::expectation(&name, expectation)
    });
    let conditions = conditions.collect::<Result<Vec<_>, Misuse>>()?;
    Ok(legacy::joined(conditions, operator == Some("OR")))
}

fn check_operator(operator: Option<&str>, conditions: Option<usize>, parameter: &str) -> Result<(), Misuse> {
    match (operator, conditions) {
        (Some(_), None) => {
            Err(Misuse::parameter(format!("ConditionalOperator cannot be used without Filter or {parameter}")))
        }
        (Some(_), Some(count)) if count < 2 => Err(Misuse::parameter(format!(
            "ConditionalOperator can only be used when {} is specified with more than one element",
            if parameter == "Expected" { "Expected" } else { "Filter" }
        ))),
        _ => Ok(()),
    }
}

fn values(wire: Vec<tidegate_api_dynamodb::AttributeValue>) -> Result<Vec<crate::domain::Value>, Misuse> {
    wire.into_iter().map(value).collect()
}

/// The filter of a query or scan.
pub(crate) fn filter(
    expression: Option<&str>,
    legacy: Option<BTreeMap<String, WireCondition>>,
    operator: Option<&str>,
    placeholders: &Placeholders,
) -> Result<Option<Condition>, Misuse> {
    if let Some(text) = expression {
        return named("FilterExpression", parse_condition(text, placeholders)).map(Some);
    }
    check_operator(operator, legacy.as_ref().map(BTreeMap::len), "Expected")?;
    legacy_condition(legacy, operator == Some("OR"))
}

/// The condition that legacy conditions on attributes are.
pub(crate) fn legacy_condition(
    conditions: Option<BTreeMap<String, WireCondition>>,
    or: bool,
) -> Result<Option<Condition>, Misuse> {
    let conditions = conditions.into_iter().flatten().map(|(name, wire)| {
        let operator = wire.comparison_operator.unwrap_or_default();
        let test = Test { operator, values: values(wire.attribute_value_list.unwrap_or_default())? };
        legacy::condition(&name, test)
    });
    Ok(legacy::joined(conditions.collect::<Result<Vec<_>, Misuse>>()?, or))
}

/// The update of a request.
pub(crate) fn update(
    expression: Option<&str>,
    legacy: Option<BTreeMap<String, AttributeValueUpdate>>,
    placeholders: &Placeholders,
) -> Result<Update, Misuse> {
    if let Some(text) = expression {
        return named("UpdateExpression", parse_update(text, placeholders));
    }
    let updates = legacy.into_iter().flatten();
    let updates = updates.map(|(name, update)| Ok((name, update.action, update.value.map(value).transpose()?)));
    legacy::update(updates.collect::<Result<Vec<_>, Misuse>>()?)
}

/// The projection of a read.
pub(crate) fn projection(
    expression: Option<&str>,
    attributes: Option<Vec<String>>,
    placeholders: &Placeholders,
) -> Result<Option<Projection>, Misuse> {
    if let Some(text) = expression {
        return named("ProjectionExpression", parse_projection(text, placeholders)).map(Some);
    }
    let Some(attributes) = attributes else { return Ok(None) };
    if attributes.iter().any(String::is_empty) {
        return Err(Misuse::parameter("Empty attribute name"));
    }
    for (index, name) in attributes.iter().enumerate() {
        if attributes[..index].contains(name) {
            return Err(Misuse::parameter(format!("Duplicate value in attribute name: {name}")));
        }
    }
    Ok(Some(Projection::of_attributes(attributes)))
}

/// The key that a query or scan goes on behind.
///
/// # Errors
/// What is wrong with its values, in words that name it, but where a number or a set is what is wrong.
pub(crate) fn start_key(wire: WireItem) -> Result<Item, Misuse> {
    const PLAIN: [&str; 5] =
        ["contains duplicates", "number set", "numeric value", "significant digits", "number with magnitude"];
    item(wire).map_err(|misuse| {
        let words = misuse.to_string();
        match PLAIN.iter().any(|plain| words.contains(plain)) {
            true => misuse,
            false => Misuse::new(format!("The provided starting key is invalid: {words}")),
        }
    })
}
