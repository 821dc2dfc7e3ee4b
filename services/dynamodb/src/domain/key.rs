use super::{Item, Misuse, Type, Value};

/// The longest partition key, in bytes: of an index, all of its attributes together.
const MAX_PARTITION_KEY: usize = 2048;
/// The longest sort key, in bytes: of an index, all of its attributes together.
const MAX_SORT_KEY: usize = 1024;

/// An attribute that is part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPart {
    /// Its name.
    pub name: String,
    /// Its type: a text, a number or bytes.
    pub kind: Type,
}

impl KeyPart {
    /// Refuses an empty value: no key has one.
    ///
    /// # Errors
    /// Names the part.
    pub fn check_filled(&self, value: &Value) -> Result<(), Misuse> {
        if value.length() != Some(0) {
            return Ok(());
        }
        let what = if self.kind == Type::B { "binary" } else { "string" };
        Err(Misuse::new(format!(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {what} value. Key: {}",
            self.name
        )))
    }
}

/// The attributes of a key, a table's or an index's, in the order in which they sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyParts<'a> {
    /// Those that together choose the partition: at least one.
    pub partition: &'a [KeyPart],
    /// Those that order within it.
    pub sort: &'a [KeyPart],
}

impl<'a> KeyParts<'a> {
    /// All of them.
    pub fn all(self) -> impl Iterator<Item = &'a KeyPart> {
        self.partition.iter().chain(self.sort)
    }

    /// Whether an attribute is one of them.
    pub fn has(self, name: &str) -> bool {
        self.all().any(|part| part.name == name)
    }

    /// How many they are.
    pub fn count(self) -> usize {
        self.partition.len() + self.sort.len()
    }

    /// Whether more than one attribute chooses the partition, or more than one orders within it.
    pub fn is_composite(self) -> bool {
        self.partition.len() > 1 || self.sort.len() > 1
    }
}

/// Refuses a key that is too long.
///
/// # Errors
/// Says which of its halves.
pub(super) fn check_sizes(partition: usize, sort: usize) -> Result<(), Misuse> {
    if partition > MAX_PARTITION_KEY {
        return Err(Misuse::parameter("Size of hashkey has exceeded the maximum size limit of2048 bytes"));
    }
    if sort > MAX_SORT_KEY {
        return Err(Misuse::parameter("Aggregated size of all range keys has exceeded the size limit of 1024 bytes"));
    }
    Ok(())
}

/// The key of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySchema {
    /// The attribute that chooses the partition.
    pub partition: KeyPart,
    /// The attribute that orders within it.
    pub sort: Option<KeyPart>,
}

/// The values of a table's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Of the partition.
    pub partition: Value,
    /// Of the sort key, if the schema has one.
    pub sort: Option<Value>,
}

/// What is said of a key that is not one of the table's.
pub fn mismatched_key() -> Misuse {
    Misuse::new("The provided key element does not match the schema")
}

impl KeySchema {
    /// Its attributes, as those of an index have them.
    pub fn as_parts(&self) -> KeyParts<'_> {
        KeyParts { partition: std::slice::from_ref(&self.partition), sort: self.sort.as_slice() }
    }

    /// Its attributes.
    pub fn parts(&self) -> impl Iterator<Item = &KeyPart> {
        [Some(&self.partition), self.sort.as_ref()].into_iter().flatten()
    }

    /// Whether an attribute is part of it.
    pub fn has(&self, name: &str) -> bool {
        self.parts().any(|part| part.name == name)
    }

    /// Whether an item has all of it, each attribute of its type.
    pub fn is_in(&self, item: &Item) -> bool {
        self.parts().all(|part| item.get(&part.name).is_some_and(|value| value.kind() == part.kind))
    }

    /// The key of an item that is to be stored.
    ///
    /// # Errors
    /// A part that is missing, of another type, empty or too long.
    pub fn of_item(&self, item: &Item) -> Result<Key, Misuse> {
        let (partition, sort) = self.values_of_item(item)?;
        self.checked(partition, sort)
    }

    /// The parts of an item's key, whatever their lengths.
    ///
    /// # Errors
    /// A part that is missing or of another type.
    pub fn values_of_item(&self, item: &Item) -> Result<(Value, Option<Value>), Misuse> {
        let value = |part: &KeyPart| {
            let missing = || Misuse::parameter(format!("Missing the key {} in the item", part.name));
            let value = item.get(&part.name).ok_or_else(missing)?;
            if value.kind() != part.kind {
                return Err(Misuse::parameter(format!(
                    "Type mismatch for key {} expected: {} actual: {}",
                    part.name,
                    part.kind.name(),
                    value.kind().name()
                )));
            }
            Ok(value.clone())
        };
        Ok((value(&self.partition)?, self.sort.as_ref().map(value).transpose()?))
    }

    /// The key that a request names an item by: exactly its attributes.
    ///
    /// # Errors
    /// Another number of attributes, other names, other types, empty or too long values.
    pub fn of_request(&self, key: &Item) -> Result<Key, Misuse> {
        let (partition, sort) = self.values_of_request(key)?;
        self.checked(partition, sort)
    }

    /// The parts of a key that a request names, whatever their lengths.
    ///
    /// # Errors
    /// Another number of attributes, other names, other types.
    pub fn values_of_request(&self, key: &Item) -> Result<(Value, Option<Value>), Misuse> {
        if key.len() != self.parts().count() {
            return Err(mismatched_key());
        }
        let value = |part: &KeyPart| {
            key.get(&part.name).filter(|value| value.kind() == part.kind).cloned().ok_or_else(mismatched_key)
        };
        Ok((value(&self.partition)?, self.sort.as_ref().map(value).transpose()?))
    }

    fn checked(&self, partition: Value, sort: Option<Value>) -> Result<Key, Misuse> {
        for (part, value) in self.parts().zip([Some(&partition), sort.as_ref()].into_iter().flatten()) {
            part.check_filled(value)?;
        }
        check_sizes(partition.size(), sort.as_ref().map_or(0, Value::size))?;
        Ok(Key { partition, sort })
    }

    /// The attributes of a key.
    pub fn attributes(&self, key: &Key) -> Item {
        let values = [Some(&key.partition), key.sort.as_ref()].into_iter().flatten();
        self.parts().map(|part| part.name.clone()).zip(values.cloned()).collect()
    }
}
