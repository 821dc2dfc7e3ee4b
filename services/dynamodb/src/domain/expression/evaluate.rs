use std::borrow::Cow;

use bytes::Bytes;

use super::ast::{Comparator, Condition, Operand};
use crate::domain::{Item, Number, Value};

/// Whether a condition holds of an item; one that does not exist is an empty one.
pub fn holds(condition: &Condition, item: &Item) -> bool {
    match condition {
        Condition::And(a, b) => holds(a, item) && holds(b, item),
        Condition::Or(a, b) => holds(a, item) || holds(b, item),
        Condition::Not(inner) => !holds(inner, item),
        Condition::Compare(comparator, a, b) => {
            compare(*comparator, value(a, item).as_deref(), value(b, item).as_deref())
        }
        Condition::Between(a, low, high) => {
            let (a, low, high) = (value(a, item), value(low, item), value(high, item));
            compare(Comparator::GreaterOrEqual, a.as_deref(), low.as_deref())
                && compare(Comparator::LessOrEqual, a.as_deref(), high.as_deref())
        }
        Condition::In(a, list) => {
            let a = value(a, item);
            list.iter().any(|b| compare(Comparator::Equal, a.as_deref(), value(b, item).as_deref()))
        }
        Condition::Exists(path) => path.of(item).is_some(),
        Condition::NotExists(path) => path.of(item).is_none(),
        Condition::HasType(a, kind) => value(a, item).is_some_and(|value| value.kind() == *kind),
        Condition::BeginsWith(a, b) => both(a, b, item, begins_with),
        Condition::Contains(a, b) => both(a, b, item, contains),
    }
}

fn both(a: &Operand, b: &Operand, item: &Item, test: fn(&Value, &Value) -> bool) -> bool {
    match (value(a, item), value(b, item)) {
        (Some(a), Some(b)) => test(&a, &b),
        _ => false,
    }
}

fn value<'a>(operand: &'a Operand, item: &'a Item) -> Option<Cow<'a, Value>> {
    match operand {
        Operand::Path(path) => path.of(item).map(Cow::Borrowed),
        Operand::Value(value) => Some(Cow::Borrowed(value)),
        Operand::Size(inner) => {
            let length = value(inner, item)?.length()?;
            Some(Cow::Owned(Value::N(Number::from_u64(length as u64))))
        }
    }
}

/// What is absent is different from everything, and in no other relation to anything.
fn compare(comparator: Comparator, a: Option<&Value>, b: Option<&Value>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return comparator == Comparator::NotEqual };
    match comparator {
        Comparator::Equal => a == b,
        Comparator::NotEqual => a != b,
        Comparator::Less => a.order(b).is_some_and(|order| order.is_lt()),
        Comparator::LessOrEqual => a.order(b).is_some_and(|order| order.is_le()),
        Comparator::Greater => a.order(b).is_some_and(|order| order.is_gt()),
        Comparator::GreaterOrEqual => a.order(b).is_some_and(|order| order.is_ge()),
    }
}

fn begins_with(whole: &Value, start: &Value) -> bool {
    match (whole, start) {
        (Value::S(whole), Value::S(start)) => whole.starts_with(start.as_str()),
        (Value::B(whole), Value::B(start)) => whole.starts_with(start),
        _ => false,
    }
}

fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::S(whole), Value::S(part)) => whole.contains(part.as_str()),
        (Value::B(whole), Value::B(part)) => part.is_empty() || whole.windows(part.len()).any(|window| window == part),
        (Value::Ss(set), Value::S(part)) => set.contains(part),
        (Value::Ns(set), Value::N(part)) => set.contains(part),
        (Value::Bs(set), Value::B(part)) => set.contains::<Bytes>(part),
        (Value::L(list), part) => list.contains(part),
        _ => false,
    }
}
