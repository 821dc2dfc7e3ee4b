//! What an attribute must be that is part of an index's key. Where several indexes would refuse it, the service names
//! the first by name.

use super::expression::Update;
use super::{Index, Item, KeyPart, Misuse, Table, Type, Value};

impl Table {
    /// Refuses an item whose attributes cannot be keys of the table's indexes.
    ///
    /// # Errors
    /// An attribute of another type, an empty one, one that is too long.
    pub fn check_indexed(&self, item: &Item) -> Result<(), Misuse> {
        self.check_index_types(|name| item.get(name).map(Value::kind))?;
        if let Some((index, part)) = self.empty_key(|name| item.get(name)) {
            return Err(Misuse::new(format!(
                "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty {} value. IndexName: {}, IndexKey: {}",
                empty_what(part),
                index.name,
                part.name
            )));
        }
        self.check_index_lengths(item)
    }

    /// Refuses an item, or an update, that gives an attribute a type which its index does not have.
    ///
    /// # Errors
    /// Names attribute and index.
    pub fn check_index_types(&self, kind: impl Fn(&str) -> Option<Type>) -> Result<(), Misuse> {
        let wrong = |part: &KeyPart| kind(&part.name).filter(|kind| *kind != part.kind);
        match self.first_part(|part| wrong(part).is_some()) {
            Some((index, part)) => Err(Misuse::parameter(format!(
                "Type mismatch for Index Key {} Expected: {} Actual: {} IndexName: {}",
                part.name,
                part.kind.name(),
                wrong(part).unwrap_or(part.kind).name(),
                index.name
            ))),
            None => Ok(()),
        }
    }

    /// Refuses an update that makes a key of an index empty, whatever the item.
    ///
    /// # Errors
    /// Does not say which.
    pub fn check_update_of_indexed(&self, update: &Update) -> Result<(), Misuse> {
        self.empty_key(|name| update.known_value(name)).map_or(Ok(()), |(_, part)| Err(emptied(part)))
    }

    /// Refuses what an update has made of an item. An attribute of the wrong type may have been there before the
    /// index: until it is mended, no update of its item passes.
    ///
    /// # Errors
    /// An attribute of another type, an empty one, one that is too long.
    pub fn check_updated(&self, item: &Item) -> Result<(), Misuse> {
        if self.check_index_types(|name| item.get(name).map(Value::kind)).is_err() {
            return Err(Misuse::new(
                "The update expression attempted to update the secondary index key to unsupported type",
            ));
        }
        match self.empty_key(|name| item.get(name)) {
            Some((_, part)) => Err(emptied(part)),
            None => self.check_index_lengths(item),
        }
    }

    fn check_index_lengths(&self, item: &Item) -> Result<(), Misuse> {
        self.indexes.iter().try_for_each(|index| index.keys.check_lengths(item))
    }

    fn empty_key<'a>(&self, value: impl Fn(&str) -> Option<&'a Value>) -> Option<(&Index, &KeyPart)> {
        self.first_part(|part| value(&part.name).is_some_and(|value| value.length() == Some(0)))
    }

    fn first_part(&self, is_wrong: impl Fn(&KeyPart) -> bool) -> Option<(&Index, &KeyPart)> {
        let wrong = self
            .indexes
            .iter()
            .filter_map(|index| Some((index, index.keys.as_parts().all().find(|part| is_wrong(part))?)));
        wrong.min_by(|(one, _), (other, _)| one.name.cmp(&other.name))
    }
}

fn empty_what(part: &KeyPart) -> &'static str {
    if part.kind == Type::B { "binary" } else { "string" }
}

fn emptied(part: &KeyPart) -> Misuse {
    Misuse::new(format!(
        "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty {} value.",
        empty_what(part)
    ))
}
