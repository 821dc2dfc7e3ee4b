//! Attribute values between the wire and the domain.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use tidegate_api_dynamodb::AttributeValue;
use tidegate_api_dynamodbstreams::AttributeValue as StreamValue;

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
    let AttributeValue { s, n, b, ss, ns, bs, m, l, null, bool } = wire;
    let mut found = Vec::with_capacity(1);
    if let Some(text) = n {
        found.push(Value::N(Number::parse(&text)?));
    }
    found.extend(s.map(Value::S));
    found.extend(b.map(Value::B));
    found.extend(bool.map(Value::Bool));
    match null {
        Some(false) => return Err(Misuse::parameter("Null attribute value types must have the value of true")),
        Some(true) => found.push(Value::Null),
        None => {}
    }
    if let Some(list) = ss {
        found.push(Value::Ss(set(list, "An string set  may not be empty", |shown| {
            Misuse::parameter(format!("Input collection {shown} contains duplicates."))
        })?));
    }
    if let Some(list) = ns {
        let numbers = list.iter().map(|text| Number::parse(text)).collect::<Result<Vec<_>, _>>()?;
        found.push(Value::Ns(set(numbers, "An number set  may not be empty", |_| {
            Misuse::new("Input collection contains duplicates")
        })?));
    }
    if let Some(list) = bs {
        found.push(Value::Bs(set(list, "Binary sets should not be empty", |shown| {
            Misuse::parameter(format!("Input collection {shown}of type BS contains duplicates."))
        })?));
    }
    if let Some(map) = m {
        found.push(Value::M(
            map.into_iter().map(|(name, wire)| Ok((name, unchecked(wire)?))).collect::<Result<_, Misuse>>()?,
        ));
    }
    if let Some(list) = l {
        found.push(Value::L(list.into_iter().map(unchecked).collect::<Result<_, _>>()?));
    }
    match (found.pop(), found.is_empty()) {
        (Some(value), true) => Ok(value),
        (None, _) => {
            Err(Misuse::new("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"))
        }
        (Some(_), false) => Err(Misuse::new(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        )),
    }
}

/// A set from a list that may be neither empty nor have anything twice.
fn set<T: Ord + Clone + Debug>(
    list: Vec<T>,
    empty: &str,
    duplicates: impl Fn(String) -> Misuse,
) -> Result<BTreeSet<T>, Misuse> {
    if list.is_empty() {
        return Err(Misuse::parameter(empty));
    }
    let set: BTreeSet<T> = list.iter().cloned().collect();
    if set.len() != list.len() {
        return Err(duplicates(format!("{list:?}").replace('"', "")));
    }
    Ok(set)
}

/// An item for an answer.
pub(crate) fn wire_item(item: Item) -> WireItem {
    item.into_iter().map(|(name, value)| (name, wire_value(value))).collect()
}

/// A value for an answer.
pub(crate) fn wire_value(value: Value) -> AttributeValue {
    let mut wire = AttributeValue::default();
    match value {
        Value::S(text) => wire.s = Some(text),
        Value::N(number) => wire.n = Some(number.to_string()),
        Value::B(bytes) => wire.b = Some(bytes),
        Value::Ss(set) => wire.ss = Some(set.into_iter().collect()),
        Value::Ns(set) => wire.ns = Some(set.iter().map(Number::to_string).collect()),
        Value::Bs(set) => wire.bs = Some(set.into_iter().collect()),
        Value::M(map) => wire.m = Some(wire_item(map)),
        Value::L(list) => wire.l = Some(list.into_iter().map(wire_value).collect()),
        Value::Bool(truth) => wire.bool = Some(truth),
        Value::Null => wire.null = Some(true),
    }
    wire
}

/// An item for a stream's answer. The two models have one shape each.
pub(crate) fn stream_item(item: Item) -> BTreeMap<String, StreamValue> {
    item.into_iter().map(|(name, value)| (name, stream_value(wire_value(value)))).collect()
}

fn stream_value(value: AttributeValue) -> StreamValue {
    let AttributeValue { s, n, b, ss, ns, bs, m, l, null, bool } = value;
    StreamValue {
        s,
        n,
        b,
        ss,
        ns,
        bs,
        m: m.map(|map| map.into_iter().map(|(name, value)| (name, stream_value(value))).collect()),
        l: l.map(|list| list.into_iter().map(stream_value).collect()),
        null,
        bool,
    }
}
