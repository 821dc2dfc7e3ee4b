use bytes::Bytes;

use super::has_only_allowed_characters;

/// The most attributes of one message.
pub const MAX_ATTRIBUTES: usize = 10;

/// The longest name and the longest data type.
const MAX_NAME_BYTES: usize = 256;

/// One attribute that a sender gave a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageAttribute {
    /// Its name, unique within the message.
    pub name: String,
    /// `String`, `Number` or `Binary`, perhaps with a custom label behind a dot.
    pub data_type: String,
    /// Its value.
    pub value: AttributeValue,
}

/// The value of a [`MessageAttribute`]; numbers are kept as the text that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// Of the types `String` and `Number`.
    Text(String),
    /// Of the type `Binary`.
    Binary(Bytes),
}

/// What is wrong with an attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it, and `name` is always the attribute's")]
pub enum AttributeError {
    #[error("{0} attributes are more than {MAX_ATTRIBUTES}")]
    TooMany(usize),
    #[error("an attribute without a name")]
    NoName,
    #[error("a name of more than {MAX_NAME_BYTES} bytes")]
    NameTooLong,
    #[error("a name has letters, digits, underscores, hyphens and periods only")]
    NameCharacters,
    #[error("names do not begin with AWS. or Amazon., and neither begin nor end with a period")]
    NameReserved,
    #[error("attribute {name} has no type")]
    NoType { name: String },
    #[error("a type of more than {MAX_NAME_BYTES} bytes")]
    TypeTooLong,
    #[error("attribute {name} is neither String, Number nor Binary")]
    UnknownType { name: String },
    #[error("attribute {name} has no value")]
    NoValue { name: String },
    #[error("attribute {name} has an empty value of type {data_type}")]
    EmptyValue { name: String, data_type: String },
    #[error("attribute {name} of type {data_type} has its value in the field of another type")]
    WrongField { name: String, data_type: String },
    #[error("attribute {name} is not a number")]
    NotANumber { name: String },
    #[error("a value has characters that are not allowed")]
    ValueCharacters,
    #[error("list values are not supported")]
    ListValue,
}

/// An attribute as it was sent, before anything about it is known to be right.
#[derive(Debug, Clone, Default)]
pub struct RawAttribute {
    /// Its name.
    pub name: String,
    /// Its data type, if it was given.
    pub data_type: Option<String>,
    /// Its value, if it was given as text.
    pub text: Option<String>,
    /// Its value, if it was given as bytes.
    pub binary: Option<Bytes>,
    /// Whether list values were given.
    pub is_list: bool,
}

/// Parses the attributes of a message; the result is in order of name.
///
/// # Errors
/// [`AttributeError`] for the first attribute, in order of name, that is not one.
pub fn check_attributes(mut raw: Vec<RawAttribute>) -> Result<Vec<MessageAttribute>, AttributeError> {
    if raw.len() > MAX_ATTRIBUTES {
        return Err(AttributeError::TooMany(raw.len()));
    }
    raw.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    raw.into_iter().map(MessageAttribute::parse).collect()
}

impl MessageAttribute {
    fn parse(raw: RawAttribute) -> Result<MessageAttribute, AttributeError> {
        check_name(&raw.name)?;
        if raw.is_list {
            return Err(AttributeError::ListValue);
        }
        let name = raw.name;
        if raw.text.is_none() && raw.binary.is_none() {
            return Err(AttributeError::NoValue { name });
        }
        let Some(data_type) = raw.data_type.filter(|data_type| !data_type.is_empty()) else {
            return Err(AttributeError::NoType { name });
        };
        if data_type.len() > MAX_NAME_BYTES {
            return Err(AttributeError::TypeTooLong);
        }
        let value = match (data_type.split('.').next(), raw.text, raw.binary) {
            (Some("String" | "Number"), Some(text), None) => AttributeValue::Text(text),
            (Some("Binary"), None, Some(bytes)) => AttributeValue::Binary(bytes),
            (Some("String" | "Number" | "Binary"), ..) => return Err(AttributeError::WrongField { name, data_type }),
            _ => return Err(AttributeError::UnknownType { name }),
        };
        MessageAttribute { name, data_type, value }.checked()
    }

    fn checked(self) -> Result<MessageAttribute, AttributeError> {
        let (empty, allowed) = match &self.value {
            AttributeValue::Text(text) => (text.is_empty(), has_only_allowed_characters(text)),
            AttributeValue::Binary(bytes) => (bytes.is_empty(), true),
        };
        if empty {
            return Err(AttributeError::EmptyValue { name: self.name, data_type: self.data_type });
        }
        if !allowed {
            return Err(AttributeError::ValueCharacters);
        }
        match &self.value {
            AttributeValue::Text(text) if self.data_type.starts_with("Number") && !is_number(text) => {
                Err(AttributeError::NotANumber { name: self.name })
            }
            _ => Ok(self),
        }
    }

    /// What it adds to the size of its message.
    pub fn bytes(&self) -> usize {
        let value = match &self.value {
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Binary(bytes) => bytes.len(),
        };
        self.name.len() + self.data_type.len() + value
    }
}

fn check_name(name: &str) -> Result<(), AttributeError> {
    // AWS documents A-Z, a-z and 0-9, and takes letters of any alphabet.
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let begins_with = |prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if name.is_empty() {
        Err(AttributeError::NoName)
    } else if name.len() > MAX_NAME_BYTES {
        Err(AttributeError::NameTooLong)
    } else if !name.chars().all(allowed) {
        Err(AttributeError::NameCharacters)
    } else if begins_with("aws.") || begins_with("amazon.") || name.starts_with('.') || name.ends_with('.') {
        Err(AttributeError::NameReserved)
    } else {
        Ok(())
    }
}

/// Whether a text is a decimal number, perhaps with an exponent.
fn is_number(text: &str) -> bool {
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    // The characters are checked first because `inf` and `nan` are numbers to Rust.
    digits_only && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, data_type: &str, value: &str) -> RawAttribute {
        RawAttribute {
            name: name.to_owned(),
            data_type: Some(data_type.to_owned()),
            text: Some(value.to_owned()),
            ..RawAttribute::default()
        }
    }

    fn check(raw: RawAttribute) -> Result<(), AttributeError> {
        check_attributes(vec![raw]).map(drop)
    }

    #[test]
    fn what_senders_use_is_taken() {
        for raw in [
            text("a", "String", "x"),
            text("a.b-c_D9", "String.json", "{}"),
            text("attr.1øßä", "String", "x"),
            text("n", "Number", "-1.5e+10"),
            text("n", "Number.bigint", "1234567890123456789012345678901234567890"),
            text(&"n".repeat(256), "Number", "1"),
            text("awsome", "String", "x"),
        ] {
            assert_eq!(check(raw.clone()), Ok(()), "{raw:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let name = || "a".to_owned();
        let cases = [
            (text("", "String", "x"), AttributeError::NoName),
            (text(&"n".repeat(257), "String", "x"), AttributeError::NameTooLong),
            (text("a b", "String", "x"), AttributeError::NameCharacters),
            (text("§", "String", "x"), AttributeError::NameCharacters),
            (text("aWs.x", "String", "x"), AttributeError::NameReserved),
            (text("AMAZON.x", "String", "x"), AttributeError::NameReserved),
            (text(".x", "String", "x"), AttributeError::NameReserved),
            (text("x.", "String", "x"), AttributeError::NameReserved),
            (text("a", "", "x"), AttributeError::NoType { name: name() }),
            (text("a", &format!("String.{}", "x".repeat(250)), "x"), AttributeError::TypeTooLong),
            (text("a", "Strings", "x"), AttributeError::UnknownType { name: name() }),
            (text("a", "Number", "1a"), AttributeError::NotANumber { name: name() }),
            (text("a", "Number", "nan"), AttributeError::NotANumber { name: name() }),
            (text("a", "String", "\u{8}"), AttributeError::ValueCharacters),
            (text("a", "String", ""), AttributeError::EmptyValue { name: name(), data_type: "String".to_owned() }),
            (text("a", "Binary", "x"), AttributeError::WrongField { name: name(), data_type: "Binary".to_owned() }),
            (RawAttribute { text: None, ..text("a", "String", "x") }, AttributeError::NoValue { name: name() }),
            (RawAttribute { is_list: true, ..text("a", "String", "x") }, AttributeError::ListValue),
        ];
        for (raw, expected) in cases {
            assert_eq!(check(raw.clone()), Err(expected), "{raw:?}");
        }
        let eleven = (0..11).map(|i| text(&format!("a{i}"), "String", "x")).collect();
        assert_eq!(check_attributes(eleven), Err(AttributeError::TooMany(11)));
    }
}
