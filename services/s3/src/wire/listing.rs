//! What listings have in common: their parameters, and how keys are written in them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use tidegate_api_s3::{CommonPrefix, Object};

use crate::domain::Grouping;
use crate::domain::acl::owner;
use crate::error::Error;
use crate::store::{ObjectRecord, VersionRecord};

/// The most that is shown on a page, and what is shown where nobody says.
const MOST: i32 = 1000;

/// What `encoding-type=url` leaves as it is: Java's `URLEncoder`, but for slashes. It writes a space as `+`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'*').remove(b'_').remove(b'/');

/// How texts are written in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As they are.
    Plain,
    /// With percent signs: XML cannot say every character that a key may have.
    Url,
}

impl Encoding {
    /// What the client asks for.
    pub(crate) fn of(asked: Option<&str>) -> Result<Encoding, Error> {
        match asked {
            None | Some("") => Ok(Encoding::Plain),
            Some(word) if word.eq_ignore_ascii_case("url") => Ok(Encoding::Url),
            Some(other) => Err(argument("Invalid Encoding Method specified in Request", "encoding-type", other)),
        }
    }

    /// A text as it is shown.
    pub(crate) fn show(self, text: &str) -> String {
        match self {
            Encoding::Plain => text.to_owned(),
            Encoding::Url => percent_encode(text.as_bytes(), ENCODED).to_string().replace("%20", "+"),
        }
    }

    /// A text as it is shown, if there is one.
    pub(crate) fn show_some(self, text: Option<&str>) -> Option<String> {
        text.map(|text| self.show(text))
    }

    /// What the answer says of it.
    pub(crate) fn name(self) -> Option<String> {
        (self == Encoding::Url).then(|| "url".to_owned())
    }
}

/// A parameter that no sensible client sends.
pub(crate) fn argument(words: &str, name: &str, value: &str) -> Error {
    Error::InvalidArgument { words: words.to_owned(), name: name.to_owned(), value: value.to_owned() }
}

/// How much a page may show, of what was asked for under `name`.
pub(crate) fn page_size(asked: Option<i32>, name: &str, argument_name: &str) -> Result<i32, Error> {
    let asked = asked.unwrap_or(MOST);
    if asked < 0 {
        let words = format!("Argument {name} must be an integer between 0 and 2147483647");
        return Err(argument(&words, argument_name, &asked.to_string()));
    }
    Ok(asked.min(MOST))
}

/// What is looked for. An empty delimiter is none.
pub(crate) fn grouping(prefix: Option<&str>, delimiter: Option<&str>) -> Grouping {
    Grouping {
        prefix: prefix.unwrap_or_default().to_owned(),
        delimiter: delimiter.filter(|delimiter| !delimiter.is_empty()).map(ToOwned::to_owned),
    }
}

/// Common prefixes, as they are shown.
pub(crate) fn common_prefixes(groups: &[String], encoding: Encoding) -> Vec<CommonPrefix> {
    groups.iter().map(|group| CommonPrefix { prefix: Some(encoding.show(group)) }).collect()
}

/// An entity tag, as it is shown.
pub(crate) fn quoted_etag(object: &ObjectRecord) -> String {
    format!("\"{}\"", object.etag)
}

/// The kind of an object's checksum and what it is computed of, as listings show them.
pub(crate) fn listed_checksum(object: &ObjectRecord) -> (Option<Vec<String>>, Option<String>) {
    match &object.checksum {
        Some(checksum) => (Some(vec![checksum.kind.name().to_owned()]), Some(checksum.type_name().to_owned())),
        None => (None, None),
    }
}

/// An object, as listings show it.
pub(crate) fn object(key: &str, version: &VersionRecord, encoding: Encoding, shows_owner: bool) -> Object {
    let Some(object) = version.object() else { return Object::default() };
    let (checksum_algorithm, checksum_type) = listed_checksum(object);
    Object {
        key: Some(encoding.show(key)),
        last_modified: Some(version.created_at),
        e_tag: Some(quoted_etag(object)),
        checksum_algorithm,
        checksum_type,
        size: i64::try_from(object.size).ok(),
        storage_class: Some(object.storage_class.clone()),
        owner: shows_owner.then(|| owner(object.owner)),
        restore_status: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_as_java_does_it() {
        let cases = [
            ("test_file(3).png", "test_file%283%29.png"),
            ("a b+c/d", "a+b%2Bc/d"),
            ("ü~*\u{1}", "%C3%BC%7E*%01"),
            ("%20", "%2520"),
        ];
        for (key, shown) in cases {
            assert_eq!(Encoding::Url.show(key), shown);
            assert_eq!(Encoding::Plain.show(key), key);
        }
    }
}
