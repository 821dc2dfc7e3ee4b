//! Tags: "Categorizing your storage using tags" of the user guide.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::error::Error;

/// The most tags of an object.
pub const MAX_OBJECT_TAGS: usize = 10;
/// The most tags of a bucket.
pub const MAX_BUCKET_TAGS: usize = 50;
const MAX_KEY_LENGTH: usize = 128;
const MAX_VALUE_LENGTH: usize = 256;

/// The tags of an `x-amz-tagging` header: `a=1&b=2`.
///
/// # Errors
/// What S3 says of a header that is none, or of tags that cannot be.
pub fn tags_of_query(header: &str) -> Result<BTreeMap<String, String>, Error> {
    let malformed = || Error::InvalidArgument {
        words: "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag \
                name duplicates."
            .to_owned(),
        name: "x-amz-tagging".to_owned(),
        value: header.to_owned(),
    };
    let mut tags = Vec::new();
    for pair in header.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| malformed())
        };
        let (key, value) = (decoded(key)?, decoded(value)?);
        if tags.iter().any(|(other, _)| *other == key) {
            return Err(malformed());
        }
        tags.push((key, value));
    }
    checked_tags(tags, MAX_OBJECT_TAGS)
}

/// Tags that may be, of which there may be so many.
///
/// # Errors
/// What S3 says of those that may not.
pub fn checked_tags(
    tags: impl IntoIterator<Item = (String, String)>,
    most: usize,
) -> Result<BTreeMap<String, String>, Error> {
    let mut checked = BTreeMap::new();
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > MAX_KEY_LENGTH || !key.chars().all(is_allowed) {
            return Err(invalid("The TagKey you have provided is invalid"));
        }
        if value.chars().count() > MAX_VALUE_LENGTH || !value.chars().all(is_allowed) {
            return Err(invalid("The TagValue you have provided is invalid"));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            let is_objects = most == MAX_OBJECT_TAGS;
            let words = "System tags cannot be added/updated by requester";
            return Err(invalid(if is_objects { "Your TagKey cannot be prefixed with aws:" } else { words }));
        }
        if checked.insert(key, value).is_some() {
            return Err(invalid("Cannot provide multiple Tags with the same key"));
        }
    }
    if checked.len() > most {
        let what = if most == MAX_OBJECT_TAGS { "Object" } else { "Bucket" };
        let words = format!("{what} tags cannot be greater than {most}");
        return Err(Error::Refused { code: "BadRequest", status: 400, words });
    }
    Ok(checked)
}

fn is_allowed(letter: char) -> bool {
    letter.is_alphanumeric() || letter.is_whitespace() || "_.:/=+-@".contains(letter)
}

fn invalid(words: &str) -> Error {
    Error::Refused { code: "InvalidTag", status: 400, words: words.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read() {
        let tags = tags_of_query("a=1&b=x%20y+z&c=").unwrap();
        let read: Vec<_> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(read, [("a", "1"), ("b", "x y z"), ("c", "")]);
        for wrong in ["a=1&a=2", "%ff=1", "=1", "aws:x=1", "a=%00"] {
            assert!(tags_of_query(wrong).is_err(), "{wrong}");
        }
        let many: Vec<String> = (0..11).map(|number| format!("k{number}=v")).collect();
        assert!(tags_of_query(&many.join("&")).is_err());
    }
}
