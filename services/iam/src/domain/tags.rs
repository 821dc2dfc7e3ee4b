use std::collections::BTreeSet;

use super::entity::Tags;

/// The most tags of an entity.
const MAX_TAGS: usize = 50;

/// Why tags cannot be put on something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum TagFault {
    #[error("the key {0} is there twice")]
    Duplicate(String),
    #[error("an entity has at most {MAX_TAGS} tags")]
    TooMany,
    #[error("keys that begin with aws: are reserved")]
    Reserved,
    #[error("a key has characters that are not allowed")]
    KeyCharacters { position: usize },
    #[error("a value has characters that are not allowed")]
    ValueCharacters { position: usize },
}

/// Checks the tags of a new entity.
///
/// # Errors
/// [`TagFault`].
pub fn check_tags(new: Vec<(String, String)>) -> Result<Tags, TagFault> {
    let mut tags = Tags::new();
    add_tags(&mut tags, new)?;
    Ok(tags)
}

/// Puts tags on an entity. Keys that differ only in case are one key, which keeps its old letters.
///
/// # Errors
/// [`TagFault`]; the tags are then as they were.
pub fn add_tags(tags: &mut Tags, new: Vec<(String, String)>) -> Result<(), TagFault> {
    let mut seen = BTreeSet::new();
    for (index, (key, value)) in new.iter().enumerate() {
        if !seen.insert(key.to_lowercase()) {
            return Err(TagFault::Duplicate(key.clone()));
        }
        if key.to_lowercase().starts_with("aws:") {
            return Err(TagFault::Reserved);
        }
        if !key.chars().all(is_tag_character) {
            return Err(TagFault::KeyCharacters { position: index + 1 });
        }
        if !value.chars().all(is_tag_character) {
            return Err(TagFault::ValueCharacters { position: index + 1 });
        }
    }
    let mut all = tags.clone();
    for (key, value) in new {
        let old = all.keys().find(|old| old.to_lowercase() == key.to_lowercase()).cloned();
        all.insert(old.unwrap_or(key), value);
    }
    if all.len() > MAX_TAGS {
        return Err(TagFault::TooMany);
    }
    *tags = all;
    Ok(())
}

/// Takes tags off an entity; those that it does not have are none of its business.
pub fn remove_tags(tags: &mut Tags, keys: &[String]) {
    tags.retain(|key, _| !keys.iter().any(|gone| gone.to_lowercase() == key.to_lowercase()));
}

fn is_tag_character(character: char) -> bool {
    character.is_alphanumeric() || character.is_whitespace() || "_.:/=+-@".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_limits() {
        let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let mut tags = Tags::new();
        assert_eq!(add_tags(&mut tags, vec![tag("Team", "a")]), Ok(()));
        assert_eq!(add_tags(&mut tags, vec![tag("team", "b")]), Ok(()));
        assert_eq!(tags, Tags::from([tag("Team", "b")]));
        assert_eq!(add_tags(&mut tags, vec![tag("x", ""), tag("X", "")]), Err(TagFault::Duplicate("X".to_owned())));
        assert_eq!(add_tags(&mut tags, vec![tag("aws:x", "")]), Err(TagFault::Reserved));
        assert_eq!(add_tags(&mut tags, vec![tag("a;b", "")]), Err(TagFault::KeyCharacters { position: 1 }));
        assert_eq!(add_tags(&mut tags, vec![tag("a", "a;b")]), Err(TagFault::ValueCharacters { position: 1 }));
        let many = (0..50).map(|i| (format!("k{i}"), String::new())).collect();
        assert_eq!(add_tags(&mut tags, many), Err(TagFault::TooMany));
        remove_tags(&mut tags, &["TEAM".to_owned(), "gone".to_owned()]);
        assert!(tags.is_empty());
    }
}
