use std::collections::BTreeMap;

/// The most tags of a queue.
const MAX_TAGS: usize = 50;
const MAX_KEY_CHARACTERS: usize = 128;
const MAX_VALUE_CHARACTERS: usize = 256;

/// Why tags cannot be put on a queue or taken from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum TagError {
    #[error("no tags were given")]
    NoTags,
    #[error("a tag's key has 1 to {MAX_KEY_CHARACTERS} characters")]
    KeyLength,
    #[error("a tag's value has at most {MAX_VALUE_CHARACTERS} characters")]
    ValueLength,
    #[error("a tag's key or value has characters that are not allowed")]
    Characters,
    #[error("keys that begin with aws: are reserved")]
    ReservedKey,
    #[error("a queue has at most {MAX_TAGS} tags")]
    TooMany,
}

/// Puts tags on a queue; equal keys are overwritten.
///
/// # Errors
/// [`TagError`]; the tags are then as they were.
pub fn add_tags(tags: &mut BTreeMap<String, String>, new: Vec<(String, String)>) -> Result<(), TagError> {
    for (key, value) in &new {
        check_key(key)?;
        if value.chars().count() > MAX_VALUE_CHARACTERS {
            return Err(TagError::ValueLength);
        }
        if !value.chars().all(is_tag_character) {
            return Err(TagError::Characters);
        }
    }
    let added = new.iter().filter(|(key, _)| !tags.contains_key(key)).count();
    if tags.len() + added > MAX_TAGS {
        return Err(TagError::TooMany);
    }
    tags.extend(new);
    Ok(())
}

/// Checks the keys of tags that are to be removed.
///
/// # Errors
/// [`TagError`] for the first that no tag can have.
pub fn check_tag_keys(keys: &[String]) -> Result<(), TagError> {
    if keys.is_empty() {
        return Err(TagError::KeyLength);
    }
    keys.iter().try_for_each(|key| check_key(key))
}

fn check_key(key: &str) -> Result<(), TagError> {
    if !(1..=MAX_KEY_CHARACTERS).contains(&key.chars().count()) {
        return Err(TagError::KeyLength);
    }
    if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return Err(TagError::ReservedKey);
    }
    if key.chars().all(is_tag_character) { Ok(()) } else { Err(TagError::Characters) }
}

/// Letters, digits, white space and `_.:/=+-@`, as everywhere in AWS.
fn is_tag_character(character: char) -> bool {
    character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_limits() {
        let tag = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
        let mut tags = BTreeMap::new();
        assert_eq!(add_tags(&mut tags, tag("k", "v")), Ok(()));
        assert_eq!(add_tags(&mut tags, tag("k", "w")), Ok(()));
        assert_eq!(tags["k"], "w");
        assert_eq!(add_tags(&mut tags, tag("", "v")), Err(TagError::KeyLength));
        assert_eq!(add_tags(&mut tags, tag(&"k".repeat(129), "v")), Err(TagError::KeyLength));
        assert_eq!(add_tags(&mut tags, tag("k", &"v".repeat(257))), Err(TagError::ValueLength));
        assert_eq!(add_tags(&mut tags, tag("AWS:k", "v")), Err(TagError::ReservedKey));
        assert_eq!(add_tags(&mut tags, tag("k", "a;b")), Err(TagError::Characters));
        let many = |count| (0..count).map(|i| (format!("key{i}"), String::new())).collect();
        assert_eq!(add_tags(&mut tags, many(50)), Err(TagError::TooMany));
        assert_eq!(tags.len(), 1);
        assert_eq!(add_tags(&mut tags, many(49)), Ok(()));
    }
}
