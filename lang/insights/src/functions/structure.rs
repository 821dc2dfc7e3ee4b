//! Choices, presence, and functions of lists and maps.

use serde_json::Value as Json;

use crate::expression::{Expression, Scope};
use crate::value::Value;

pub(super) fn if_(arguments: &[Expression], scope: &Scope<'_>) -> Value {
    let chosen = if arguments[0].is_true(scope) { 1 } else { 2 };
    arguments[chosen].value(scope)
}

/// A field without its asterisks: the message is the one that has any.
pub(super) fn unmask(arguments: &[Expression], scope: &Scope<'_>) -> Value {
    match &arguments[0] {
        Expression::Field(name) if &**name == "@message" => scope.row.unmasked(),
        other => other.value(scope),
    }
}

/// `case(condition, value, condition, value, …, otherwise)`.
pub(super) fn case(arguments: &[Expression], scope: &Scope<'_>) -> Value {
    for pair in arguments.chunks(2) {
        match pair {
            [condition, value] if condition.is_true(scope) => return value.value(scope),
            [otherwise] => return otherwise.value(scope),
            _ => {}
        }
    }
    Value::Missing
}

pub(super) fn is_present(values: &[Value]) -> Value {
    Value::Flag(!values[0].is_missing())
}

pub(super) fn coalesce(values: &[Value]) -> Value {
    values.iter().find(|value| !value.is_missing()).cloned().unwrap_or(Value::Missing)
}

/// A structure of a text that is JSON; anything else has no answer.
pub(super) fn json_parse(values: &[Value]) -> Value {
    let parsed = || serde_json::from_str(&values[0].text()?).ok();
    parsed().map_or(Value::Missing, |json| Value::discovered(&json))
}

pub(super) fn json_stringify(values: &[Value]) -> Value {
    match &values[0] {
        Value::Structure(json) => Value::Text(json.to_string()),
        Value::Missing => Value::Missing,
        other => other.text().map_or(Value::Missing, |text| Value::Text(text.into_owned())),
    }
}

/// How many elements or members.
pub(super) fn length(values: &[Value]) -> Value {
    match &values[0] {
        Value::Structure(Json::Array(elements)) => Value::Number(elements.len() as f64),
        Value::Structure(Json::Object(members)) => Value::Number(members.len() as f64),
        other => super::text::strlen(std::slice::from_ref(other)),
    }
}

pub(super) fn keys(values: &[Value]) -> Value {
    match &values[0] {
        Value::Structure(Json::Object(members)) => {
            Value::Structure(Json::Array(members.keys().cloned().map(Json::String).collect()))
        }
        _ => Value::Missing,
    }
}

/// `list[index]` and `map["name"]`.
pub(super) fn element(values: &[Value]) -> Value {
    let found = match (&values[0], &values[1]) {
        (Value::Structure(Json::Array(elements)), index) => index
            .number()
            .filter(|index| *index >= 0.0 && index.fract() == 0.0)
            .and_then(|index| elements.get(index as usize)),
        (Value::Structure(Json::Object(members)), name) => name.text().and_then(|name| members.get(&*name)),
        _ => None,
    };
    found.map_or(Value::Missing, Value::discovered)
}
