//! An item: its attributes by name.

use std::borrow::Cow;

use tidegate_record::{DecodeError, Reader, Stored, Writer};

use crate::domain::{Item, Number, Value, item_size};

/// An item, or what an index holds of one. It is written without being copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRecord<'a>(pub Cow<'a, Item>);

impl<'a> From<&'a Item> for ItemRecord<'a> {
    fn from(item: &'a Item) -> ItemRecord<'a> {
        ItemRecord(Cow::Borrowed(item))
    }
}

impl Stored for ItemRecord<'_> {
    const NAME: &'static str = "dynamodb item";
    const VERSION: u8 = 1;

    fn size_hint(&self) -> usize {
        // A type and two lengths with each attribute.
        item_size(&self.0) + 4 * self.0.len()
    }

    fn write(&self, to: &mut Writer) {
        write_item(to, &self.0);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        read_item(from).map(|item| ItemRecord(Cow::Owned(item)))
    }
}

pub(super) fn write_item(to: &mut Writer, item: &Item) {
    to.list(item.iter(), |to, (name, value)| {
        to.text(name);
        write_value(to, value);
    });
}

pub(super) fn read_item(from: &mut Reader<'_>) -> Result<Item, DecodeError> {
    from.list(|from| Ok((from.text()?, read_value(from)?)))
}

fn write_value(to: &mut Writer, value: &Value) {
    let tag = match value {
        Value::S(_) => 0,
        Value::N(_) => 1,
        Value::B(_) => 2,
        Value::Ss(_) => 3,
        Value::Ns(_) => 4,
        Value::Bs(_) => 5,
        Value::M(_) => 6,
        Value::L(_) => 7,
        Value::Bool(false) => 8,
        Value::Bool(true) => 9,
        Value::Null => 10,
    };
    to.u8(tag);
    match value {
        Value::S(text) => to.text(text),
        // The key's form: short for short numbers, and already proven.
        Value::N(number) => to.bytes(&number.to_key()),
        Value::B(bytes) => to.bytes(bytes),
        Value::Ss(set) => to.list(set.iter(), |to, text| to.text(text)),
        Value::Ns(set) => to.list(set.iter(), |to, number| to.bytes(&number.to_key())),
        Value::Bs(set) => to.list(set.iter(), |to, bytes| to.bytes(bytes)),
        Value::M(map) => write_item(to, map),
        Value::L(list) => to.list(list.iter(), write_value),
        Value::Bool(_) | Value::Null => {}
    }
}

fn read_value(from: &mut Reader<'_>) -> Result<Value, DecodeError> {
    Ok(match from.u8()? {
        0 => Value::S(from.text()?),
        1 => Value::N(read_number(from)?),
        2 => Value::B(from.bytes()?),
        3 => Value::Ss(from.list(Reader::text)?),
        4 => Value::Ns(from.list(read_number)?),
        5 => Value::Bs(from.list(Reader::bytes)?),
        6 => Value::M(read_item(from)?),
        7 => Value::L(from.list(read_value)?),
        8 => Value::Bool(false),
        9 => Value::Bool(true),
        10 => Value::Null,
        _ => return Err(from.malformed("an unknown type of value")),
    })
}

pub(super) fn read_number(from: &mut Reader<'_>) -> Result<Number, DecodeError> {
    let bytes = from.slice()?;
    Number::from_key(bytes).ok_or_else(|| from.malformed("no number"))
}

/// An item of every type, for tests.
#[cfg(test)]
pub(crate) fn example() -> Item {
    use std::collections::BTreeMap;
    let number = |text: &str| Number::parse(text).unwrap();
    let list = Value::L(vec![Value::Null, Value::Bool(true), Value::Bool(false)]);
    BTreeMap::from([
        ("b".to_owned(), Value::B(bytes::Bytes::from_static(b"\0x"))),
        ("bs".to_owned(), Value::Bs([bytes::Bytes::from_static(b"y")].into())),
        ("m".to_owned(), Value::M([("l".to_owned(), list)].into())),
        ("n".to_owned(), Value::N(number("-12.5"))),
        ("ns".to_owned(), Value::Ns([number("0"), number("3")].into())),
        ("s".to_owned(), Value::S("é".to_owned())),
        ("ss".to_owned(), Value::Ss(["a".to_owned()].into())),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_round_trip};

    #[test]
    fn golden_bytes() {
        assert_golden(GOLDEN, &ItemRecord::from(&example()));
        assert_round_trip(&ItemRecord::from(&Item::new()));
    }

    const GOLDEN: &str = "010701620202007802627305010179016d0601016c07030a0908016e0105007cf2ccff026e73040201010302821f01730002c3a902737303010161";
}
