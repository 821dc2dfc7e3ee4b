//! Attribute values between the wire and the domain.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tidegate_api_dynamodb::AttributeValue;

use crate::domain::{Item, MAX_NESTING, Misuse, Number, Value};

/// Attributes as the wire has them.
pub(crate) type WireItem = BTreeMap<String, AttributeValue>;

/// The item that a request spells.
pub(crate) fn item(wire: WireItem) -> Result<Item, Misuse> {
    let item: Item =
        wire.into_iter().map(|(name, wire)| Ok((name, unchecked(wire)?))).collect::<Result<_, Misuse>>()?;
    item.values().try_for_each(check_nesting)?;
    Ok(item)
}

/// The value that a request spells.
pub(crate) fn value(wire: AttributeValue) -> Result<Value, Misuse> {
    let value = unchecked(wire)?;
    check_nesting(&value)?;
    Ok(value)
}

/// An item's names have a level too, so a value may have one less.
fn check_nesting(value: &Value) -> Result<(), Misuse> {
    if value.is_deeper_than(MAX_NESTING - 1) {
        return Err(Misuse::new(
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
        ));
    }
    Ok(())
}

fn unchecked(wire: AttributeValue) -> Result<Value, Misuse> {
    Ok(match wire {
        AttributeValue::S(text) => Value::S(text),
        AttributeValue::N(text) => Value::N(Number::parse(&text)?),
        AttributeValue::B(bytes) => Value::B(bytes),
        AttributeValue::Bool(truth) => Value::Bool(truth),
        AttributeValue::Null(true) => Value::Null,
        AttributeValue::Null(false) => {
            return Err(Misuse::parameter("Null attribute value types must have the value of true"));
        }
        AttributeValue::Ss(list) => Value::Ss(set(list, "An string set  may not be empty", |list| {
            Misuse::parameter(format!("Input collection [{}] contains duplicates.", list.join(", ")))
        })?),
        AttributeValue::Ns(list) => {
            let numbers = list.iter().map(|text| Number::parse(text)).collect::<Result<Vec<_>, _>>()?;
            Value::Ns(set(numbers, "An number set  may not be empty", |_| {
                Misuse::new("Input collection contains duplicates")
            })?)
        }
        AttributeValue::Bs(list) => Value::Bs(set(list, "Binary sets should not be empty", |list| {
            let shown: Vec<String> = list.iter().map(|bytes| BASE64_STANDARD.encode(bytes)).collect();
            Misuse::parameter(format!("Input collection [{}]of type BS contains duplicates.", shown.join(", ")))
        })?),
        AttributeValue::M(map) => {
            Value::M(map.into_iter().map(|(name, wire)| Ok((name, unchecked(wire)?))).collect::<Result<_, Misuse>>()?)
        }
        AttributeValue::L(list) => Value::L(list.into_iter().map(unchecked).collect::<Result<_, _>>()?),
        AttributeValue::Empty => {
            return Err(Misuse::new(
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
            ));
        }
        AttributeValue::Several(values) => {
            // What is wrong with one of them comes first.
            values.into_iter().try_for_each(|value| unchecked(value).map(drop))?;
            return Err(Misuse::new(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
            ));
        }
    })
}

/// A set from a list that may be neither empty nor have anything twice.
fn set<T: Ord + Clone>(list: Vec<T>, empty: &str, duplicates: impl Fn(&[T]) -> Misuse) -> Result<BTreeSet<T>, Misuse> {
    if list.is_empty() {
        return Err(Misuse::parameter(empty));
    }
    let set: BTreeSet<T> = list.iter().cloned().collect();
    if set.len() != list.len() {
        return Err(duplicates(&list));
    }
    Ok(set)
}

/// An item for an answer.
pub(crate) fn wire_item(item: Item) -> WireItem {
    item.into_iter().map(|(name, value)| (name, wire_value(value))).collect()
}

/// A value for an answer.
pub(crate) fn wire_value(value: Value) -> AttributeValue {
    match value {
        Value::S(text) => AttributeValue::S(text),
        Value::N(number) => AttributeValue::N(number.to_string()),
        Value::B(bytes) => AttributeValue::B(bytes),
        Value::Ss(set) => AttributeValue::Ss(set.into_iter().collect()),
        Value::Ns(set) => AttributeValue::Ns(set.iter().map(Number::to_string).collect()),
        Value::Bs(set) => AttributeValue::Bs(set.into_iter().collect()),
        Value::M(map) => AttributeValue::M(wire_item(map)),
        Value::L(list) => AttributeValue::L(list.into_iter().map(wire_value).collect()),
        Value::Bool(truth) => AttributeValue::Bool(truth),
        Value::Null => AttributeValue::Null(true),
    }
}
