//! Keys of indexes. A global one's may have several attributes for its partition and several for its order;
//! a table's, and a local index's, have one of each.

use super::key::check_sizes;
use super::{Item, KeyPart, KeyParts, Misuse, Value};

/// The most attributes of a partition key, and the most of a sort key.
pub const MAX_PARTS: usize = 4;

/// The key of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexSchema {
    partition: Vec<KeyPart>,
    sort: Vec<KeyPart>,
}

/// The values of an index's key, in the schema's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexKey {
    /// Of the partition.
    pub partition: Vec<Value>,
    /// Of the sort key.
    pub sort: Vec<Value>,
}

impl IndexSchema {
    /// The schema of these attributes.
    ///
    /// # Errors
    /// No attribute for the partition, or too many of a kind.
    pub fn new(partition: Vec<KeyPart>, sort: Vec<KeyPart>) -> Result<IndexSchema, Misuse> {
        if partition.is_empty() {
            return Err(Misuse::new("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"));
        }
        for (parts, kind) in [(&partition, "HASH"), (&sort, "RANGE")] {
            if parts.len() > MAX_PARTS {
                return Err(Misuse::parameter(format!(
                    "The KeySchema exceeds the maximum allowed number of {kind} key attributes"
                )));
            }
        }
        Ok(IndexSchema { partition, sort })
    }

    /// Its attributes.
    pub fn as_parts(&self) -> KeyParts<'_> {
        KeyParts { partition: &self.partition, sort: &self.sort }
    }

    /// Whether an attribute is part of it.
    pub fn has(&self, name: &str) -> bool {
        self.as_parts().has(name)
    }

    /// The key that a request names an entry by: exactly its attributes. `None` if it does not.
    pub fn of_request(&self, key: &Item) -> Option<IndexKey> {
        if key.len() == self.as_parts().count() { self.of_indexed(key) } else { None }
    }

    /// The key that an item has in the index; none if it lacks an attribute of it, or has one there that
    /// no key can be: an item that was there before the index may.
    pub fn of_indexed(&self, item: &Item) -> Option<IndexKey> {
        let value = |part: &KeyPart| {
            let value = item.get(&part.name).filter(|value| value.kind() == part.kind)?;
            part.check_filled(value).ok()?;
            Some(value.clone())
        };
        let values = |parts: &[KeyPart]| parts.iter().map(value).collect::<Option<Vec<_>>>();
        self.check_lengths(item).ok()?;
        Some(IndexKey { partition: values(&self.partition)?, sort: values(&self.sort)? })
    }

    /// Refuses attributes of an item that are too long to be a key, be it one of them or all together;
    /// others are not looked at.
    ///
    /// # Errors
    /// Says which part is too long.
    pub fn check_lengths(&self, item: &Item) -> Result<(), Misuse> {
        let length = |parts: &[KeyPart]| parts.iter().filter_map(|part| item.get(&part.name)).map(Value::size).sum();
        check_sizes(length(&self.partition), length(&self.sort))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Number, Type};

    fn schema(partition: &[&str], sort: &[&str]) -> Result<IndexSchema, Misuse> {
        let part = |name: &&str| {
            let kind = if name.starts_with('n') { Type::N } else { Type::S };
            KeyPart { name: (*name).to_owned(), kind }
        };
        IndexSchema::new(partition.iter().map(part).collect(), sort.iter().map(part).collect())
    }

    fn item(text: &[(&str, usize)], number: Option<&str>) -> Item {
        let mut item: Item =
            text.iter().map(|(name, length)| ((*name).to_owned(), Value::S("x".repeat(*length)))).collect();
        item.extend(number.map(|number| ("n".to_owned(), Value::N(Number::parse(number).unwrap()))));
        item
    }

    #[test]
    fn a_schema_has_one_to_four_attributes_for_the_partition_and_up_to_four_for_the_order() {
        let names = ["a", "b", "c", "d", "e"];
        for (partition, sort, fits) in [(1, 0, true), (4, 4, true), (0, 1, false), (5, 0, false), (1, 5, false)] {
            let made = schema(&names[..partition], &names[..sort]);
            assert_eq!(made.is_ok(), fits, "{partition} and {sort}");
        }
        let many = schema(&["a"], &names).unwrap_err().to_string();
        assert!(many.ends_with("The KeySchema exceeds the maximum allowed number of RANGE key attributes"), "{many}");
    }

    #[test]
    fn an_item_is_indexed_only_with_all_attributes_of_the_right_types_and_lengths() {
        let schema = schema(&["a", "b"], &["n", "c"]).unwrap();
        let cases = [
            (item(&[("a", 1), ("b", 1), ("c", 1)], Some("1")), true),
            (item(&[("a", 1024), ("b", 1024), ("c", 1000)], Some("1")), true),
            (item(&[("a", 1), ("c", 1)], Some("1")), false),
            (item(&[("a", 1), ("b", 1), ("c", 1)], None), false),
            (item(&[("a", 1), ("b", 1), ("c", 1), ("n", 1)], None), false),
            (item(&[("a", 1), ("b", 0), ("c", 1)], Some("1")), false),
            (item(&[("a", 1024), ("b", 1025), ("c", 1)], Some("1")), false),
            (item(&[("a", 1), ("b", 1), ("c", 1024)], Some("1")), false),
        ];
        for (item, indexed) in cases {
            assert_eq!(schema.of_indexed(&item).is_some(), indexed, "{item:?}");
        }
    }
}
