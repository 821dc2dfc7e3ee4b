//! What is known of an update's outcome before there is an item.

use super::ast::{Change, Source, Update};
use crate::domain::{Type, Value};

impl Source {
    /// The type that it has whatever the item.
    pub fn known_type(&self) -> Option<Type> {
        match self {
            Source::Value(value) => Some(value.kind()),
            Source::ListAppend(..) => Some(Type::L),
            Source::Plus(..) | Source::Minus(..) => Some(Type::N),
            Source::Path(_) | Source::IfNotExists(..) => None,
        }
    }
}

impl Update {
    /// The type that it gives an attribute whatever the item.
    pub fn known_type(&self, attribute: &str) -> Option<Type> {
        match self.change_of(attribute)? {
            Change::Set(source) => source.known_type(),
            Change::Add(value) | Change::Delete(value) => Some(value.kind()),
            Change::Remove => None,
        }
    }

    /// The value that it gives an attribute whatever the item.
    pub fn known_value(&self, attribute: &str) -> Option<&Value> {
        match self.change_of(attribute)? {
            Change::Set(Source::Value(value)) => Some(value),
            _ => None,
        }
    }

    fn change_of(&self, attribute: &str) -> Option<&Change> {
        let whole = |path: &super::Path| path.rest.is_empty() && path.head == attribute;
        self.actions.iter().find(|action| whole(&action.path)).map(|action| &action.change)
    }
}
