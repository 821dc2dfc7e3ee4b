//! What `dynamodb:Attributes` and `dynamodb:LeadingKeys` are of a request.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_api_dynamodb::AttributeValue;

use super::super::WireItem;
use crate::domain::expression::attribute_names;

/// The names of the attributes that a request touches: those of its keys and items, and the first step of
/// each path in its expressions.
#[derive(Default)]
pub(super) struct Attributes<'a>(BTreeSet<&'a str>);

type Names = Option<BTreeMap<String, String>>;

impl<'a> Attributes<'a> {
    /// Those of these expressions.
    pub(super) fn of_expressions(
        expressions: impl IntoIterator<Item = &'a Option<String>>,
        names: &'a Names,
    ) -> Attributes<'a> {
        let mut attributes = Attributes::default();
        for expression in expressions.into_iter().flatten() {
            attributes.0.extend(attribute_names(expression, names.as_ref()));
        }
        attributes
    }

    /// Also these.
    pub(super) fn and(mut self, more: impl IntoIterator<Item = &'a String>) -> Attributes<'a> {
        self.0.extend(more.into_iter().map(String::as_str));
        self
    }

    /// Also those of an item or a key.
    pub(super) fn and_of(self, item: &'a Option<WireItem>) -> Attributes<'a> {
        self.and(item.iter().flatten().map(|(name, _)| name))
    }

    /// As values of a condition key.
    pub(super) fn values(self) -> Vec<String> {
        self.0.into_iter().map(str::to_owned).collect()
    }
}

/// A key's value as policies see it: texts and numbers as they are written, bytes in base64.
pub(super) fn key_text(value: &AttributeValue) -> Option<String> {
    use base64::Engine as _;
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => Some(text.clone()),
        AttributeValue::B(bytes) => Some(base64::engine::general_purpose::STANDARD.encode(bytes)),
        _ => None,
    }
}
