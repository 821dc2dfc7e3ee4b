//! What services say to a value that is of another type than the model's. There are two dialects: that of the
//! services which came to JSON late, such as SQS, and DynamoDB's own, which is older.

use super::lexer::Token;
use crate::decode::DecodeError;
use crate::schema::{Kind, MapSchema, StructSchema};

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a member of a structure.
    Member,
    /// In a list.
    Element,
    /// In a map. There the newer services are laxer with texts than elsewhere.
    Value,
}

/// What a value should have been.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    Struct(&'static StructSchema),
    List,
    Map(&'static MapSchema),
    Text,
    Boolean,
    Integer,
    Long,
    Double,
    Blob,
    Timestamp,
}

impl Wanted {
    /// What the newer dialect calls a value that is neither structure, list nor map.
    fn with_article(self) -> &'static str {
        match self {
            Wanted::Struct(_) | Wanted::List | Wanted::Map(_) => "",
            Wanted::Text => "a String",
            Wanted::Boolean => "a Boolean",
            Wanted::Integer => "an Integer",
            Wanted::Long => "a Long",
            Wanted::Double => "a Double",
            Wanted::Blob => "a Blob",
            Wanted::Timestamp => "milliseconds since epoch",
        }
    }

    /// Its class in the older dialect.
    fn class(self, package: &str) -> String {
        match self {
            Wanted::Struct(schema) => format!("class {package}.{}", schema.name),
            Wanted::List => "class java.util.List".to_owned(),
            Wanted::Map(schema) => format!("java.util.Map<java.lang.String, {}>", type_of(schema.value.kind, package)),
            Wanted::Text => "class java.lang.String".to_owned(),
            Wanted::Boolean => "class java.lang.Boolean".to_owned(),
            Wanted::Integer => "class java.lang.Integer".to_owned(),
            Wanted::Long => "class java.lang.Long".to_owned(),
            Wanted::Double => "class java.lang.Double".to_owned(),
            Wanted::Blob => "class java.nio.ByteBuffer".to_owned(),
            Wanted::Timestamp => "class java.util.Date".to_owned(),
        }
    }
}

/// A type as it stands between angle brackets.
fn type_of(kind: Kind, package: &str) -> String {
    match kind {
        Kind::Struct(schema) => format!("{package}.{}", schema.name),
        Kind::List(schema) => format!("java.util.List<{}>", type_of(schema.element.kind, package)),
        Kind::Map(schema) => format!("java.util.Map<java.lang.String, {}>", type_of(schema.value.kind, package)),
        Kind::String => "java.lang.String".to_owned(),
        Kind::Boolean => "java.lang.Boolean".to_owned(),
        Kind::Integer => "java.lang.Integer".to_owned(),
        Kind::Long => "java.lang.Long".to_owned(),
        Kind::Double => "java.lang.Double".to_owned(),
        Kind::Blob => "java.nio.ByteBuffer".to_owned(),
        Kind::Timestamp => "java.util.Date".to_owned(),
    }
}

fn name(found: Token) -> &'static str {
    match found {
        Token::Object => "START_OF_STRUCTURE",
        Token::Array => "START_OF_LIST",
        Token::String => "STRING_VALUE",
        Token::Number => "NUMBER_VALUE",
        Token::True => "TRUE_VALUE",
        Token::False => "FALSE_VALUE",
        Token::Null => "NULL_VALUE",
    }
}

/// What the newer services say. To a scalar in place of the whole document they say nothing.
pub fn newer(found: Token, wanted: Wanted, place: Place, is_document: bool) -> DecodeError {
    DecodeError::Mismatch(match (found, wanted) {
        (Token::Array, Wanted::Text) if place == Place::Value => {
            "Unrecognized collection type class java.lang.String".to_owned()
        }
        (Token::Object, _) => "Start of structure or map found where not expected.".to_owned(),
        (Token::Array, _) => "Start of list found where not expected".to_owned(),
        (_, Wanted::Struct(_)) => if is_document { "" } else { "Expected null" }.to_owned(),
        (_, Wanted::List) => "Expected list or null".to_owned(),
        (_, Wanted::Map(_)) => "Expected map or null".to_owned(),
        // Its article is wrong, and so is AWS's.
        (Token::String, Wanted::Boolean) => "STRING_VALUE can not be converted to an Boolean".to_owned(),
        (found, wanted) => format!("{} can not be converted to {}", name(found), wanted.with_article()),
    })
}

/// What Java says when a list or map of known types is wanted inside another one.
const CAST: &str = "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base of loader 'bootstrap')";

/// What the older services say; `is_decimal` tells whether a number has a fraction or an exponent.
pub fn older(found: Token, wanted: Wanted, place: Place, package: &str, is_decimal: bool) -> DecodeError {
    DecodeError::Mismatch(match (found, wanted) {
        (Token::Object, _) => "Start of structure or map found where not expected".to_owned(),
        (Token::Array, _) => format!("Unrecognized collection type {}", wanted.class(package)),
        (_, Wanted::Struct(_)) if place != Place::Member => "Unexpected value type in payload".to_owned(),
        (_, Wanted::List | Wanted::Map(_)) if place != Place::Member => CAST.to_owned(),
        (_, Wanted::Struct(_) | Wanted::List | Wanted::Map(_)) => "Unexpected field type".to_owned(),
        (_, Wanted::Blob) => "only base-64-encoded strings are convertible to bytes".to_owned(),
        (Token::String, Wanted::Boolean) => "Unexpected token received from parser".to_owned(),
        (found, wanted) => {
            let found = if is_decimal { "DECIMAL_VALUE" } else { name(found) };
            let class = wanted.class(package);
            let class = class.rsplit_once('.').map_or(&*class, |(_, simple)| simple);
            format!("{found} cannot be converted to {class}")
        }
    })
}

/// The truth that a word stands for, in letters of any case. AWS documents none; the older services know two words.
pub fn boolean_of(word: &str, is_older: bool) -> Option<bool> {
    let known = if is_older { 1 } else { 5 };
    let is_one_of = |words: [&str; 5]| words[..known].iter().any(|one| word.eq_ignore_ascii_case(one));
    match is_one_of(["true", "yes", "y", "t", "1"]) {
        true => Some(true),
        false => is_one_of(["false", "no", "n", "f", "0"]).then_some(false),
    }
}

/// What the older services say to a text that is no Base64.
pub fn no_base64(text: &str) -> DecodeError {
    DecodeError::Mismatch(match text.len() % 4 {
        0 => "Invalid last non-pad Base64 character dectected".to_owned(),
        _ => format!("Base64 encoded length is expected a multiple of 4 bytes but found: {}", text.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_for_booleans_by_dialect() {
        for (word, newer, older) in [
            ("true", Some(true), Some(true)),
            ("FALSE", Some(false), Some(false)),
            ("Yes", Some(true), None),
            ("n", Some(false), None),
            ("1", Some(true), None),
            ("0", Some(false), None),
            ("", None, None),
            (" true", None, None),
            ("23", None, None),
        ] {
            assert_eq!((boolean_of(word, false), boolean_of(word, true)), (newer, older), "{word:?}");
        }
    }
}
