//! Attribute values, their types, their order and what they weigh.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;

use super::Number;

/// An item: attributes by name.
pub type Item = BTreeMap<String, Value>;

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    S(String),
    /// A number.
    N(Number),
    /// Bytes.
    B(Bytes),
    /// A set of texts, never empty.
    Ss(BTreeSet<String>),
    /// A set of numbers, never empty.
    Ns(BTreeSet<Number>),
    /// A set of bytes, never empty.
    Bs(BTreeSet<Bytes>),
    /// A map.
    M(BTreeMap<String, Value>),
    /// A list.
    L(Vec<Value>),
    /// A truth value.
    Bool(bool),
    /// Nothing, explicitly.
    Null,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "they are those of `Value`")]
pub enum Type {
    S,
    N,
    B,
    Ss,
    Ns,
    Bs,
    M,
    L,
    Bool,
    Null,
}

impl Type {
    /// All of them, in the order in which DynamoDB lists them.
    pub const ALL: [Type; 10] =
        [Type::B, Type::Null, Type::Ss, Type::Bool, Type::L, Type::Bs, Type::N, Type::Ns, Type::S, Type::M];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Type::S => "S",
            Type::N => "N",
            Type::B => "B",
            Type::Ss => "SS",
            Type::Ns => "NS",
            Type::Bs => "BS",
            Type::M => "M",
            Type::L => "L",
            Type::Bool => "BOOL",
            Type::Null => "NULL",
        }
    }

    /// The type of this name.
    pub fn named(name: &str) -> Option<Type> {
        Type::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name that update expressions' errors use.
    pub fn long_name(self) -> &'static str {
        match self {
            Type::S => "STRING",
            Type::N => "NUMBER",
            Type::B => "BINARY",
            Type::Ss => "STRING_SET",
            Type::Ns => "NUMBER_SET",
            Type::Bs => "BINARY_SET",
            Type::M => "MAP",
            Type::L => "LIST",
            Type::Bool => "BOOLEAN",
            Type::Null => "NULL",
        }
    }

    /// Whether values of it can be keys.
    pub fn is_key(self) -> bool {
        matches!(self, Type::S | Type::N | Type::B)
    }
}

impl Value {
    /// Its type.
    pub fn kind(&self) -> Type {
        match self {
            Value::S(_) => Type::S,
            Value::N(_) => Type::N,
            Value::B(_) => Type::B,
            Value::Ss(_) => Type::Ss,
            Value::Ns(_) => Type::Ns,
            Value::Bs(_) => Type::Bs,
            Value::M(_) => Type::M,
            Value::L(_) => Type::L,
            Value::Bool(_) => Type::Bool,
            Value::Null => Type::Null,
        }
    }

    /// The order of two values, if their type has one and is the same.
    pub fn order(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::S(a), Value::S(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
            (Value::N(a), Value::N(b)) => Some(a.cmp(b)),
            (Value::B(a), Value::B(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// What `size()` says: characters of a text, bytes, elements; `None` for types without a size.
    pub fn length(&self) -> Option<usize> {
        match self {
            Value::S(text) => Some(text.encode_utf16().count()),
            Value::B(bytes) => Some(bytes.len()),
            Value::Ss(set) => Some(set.len()),
            Value::Ns(set) => Some(set.len()),
            Value::Bs(set) => Some(set.len()),
            Value::M(map) => Some(map.len()),
            Value::L(list) => Some(list.len()),
            Value::N(_) | Value::Bool(_) | Value::Null => None,
        }
    }

    /// What the value weighs in an item, in bytes.
    pub fn size(&self) -> usize {
        match self {
            Value::S(text) => text.len(),
            Value::N(number) => number.size(),
            Value::B(bytes) => bytes.len(),
            Value::Ss(set) => set.iter().map(String::len).sum(),
            Value::Ns(set) => set.iter().map(|number| number.size()).sum(),
            Value::Bs(set) => set.iter().map(Bytes::len).sum(),
            Value::M(map) => 3 + map.iter().map(|(name, value)| name.len() + value.size() + 1).sum::<usize>(),
            Value::L(list) => 3 + list.iter().map(|value| value.size() + 1).sum::<usize>(),
            Value::Bool(_) | Value::Null => 1,
        }
    }

    /// Whether lists and maps in it are nested deeper than `levels`.
    pub fn is_deeper_than(&self, levels: usize) -> bool {
        let below = |value: &Value| levels == 0 || value.is_deeper_than(levels - 1);
        match self {
            Value::M(map) => levels == 0 || map.values().any(below),
            Value::L(list) => levels == 0 || list.iter().any(below),
            _ => false,
        }
    }
}

/// What an item weighs, in bytes: names and values.
pub fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value.size()).sum()
}

/// As errors show a value: `{S:text}`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}:", self.kind().name())?;
        match self {
            Value::S(text) => f.write_str(text)?,
            Value::N(number) => write!(f, "{number}")?,
            Value::Bool(truth) => write!(f, "{truth}")?,
            Value::Null => f.write_str("true")?,
            Value::Ss(set) => write!(f, "[{}]", set.iter().cloned().collect::<Vec<_>>().join(", "))?,
            Value::Ns(set) => write!(f, "[{}]", set.iter().map(Number::to_string).collect::<Vec<_>>().join(", "))?,
            Value::B(bytes) => write!(f, "java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", bytes.len())?,
            other => write!(f, "{:?}", other.length())?,
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_weigh_what_dynamodb_says() {
        let text = |text: &str| Value::S(text.to_owned());
        let number = |text: &str| Value::N(Number::parse(text).unwrap());
        let cases = [
            (text("é"), 2),
            (number("0"), 1),
            (number("1"), 2),
            (number("-123"), 4),
            (Value::Bool(true), 1),
            (Value::Null, 1),
            (Value::L(vec![]), 3),
            (Value::L(vec![text("ab")]), 6),
            (Value::M([("k".to_owned(), text("v"))].into()), 6),
        ];
        for (value, size) in cases {
            assert_eq!(value.size(), size, "{value}");
        }
    }

    #[test]
    fn nesting_is_counted_in_lists_and_maps() {
        let nested = |levels: usize| (0..levels).fold(Value::Null, |value, _| Value::L(vec![value]));
        assert!(!nested(31).is_deeper_than(31));
        assert!(nested(32).is_deeper_than(31));
        assert!(!Value::Null.is_deeper_than(0));
    }
}
