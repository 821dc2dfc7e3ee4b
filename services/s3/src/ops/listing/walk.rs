//! One walk for every listing: what stands in the way is shown or taken together, until the page is full. A
//! common prefix is jumped over, however much lies below it.

use crate::domain::Grouping;
use crate::error::Error;

/// Things by key, in order: of one key one after the other.
pub(super) trait Source {
    /// What there is.
    type Item;

    /// The next that is there to be shown.
    async fn next(&mut self) -> Result<Option<(String, Self::Item)>, Error>;

    /// Goes on behind all keys that begin so.
    fn skip(&mut self, prefix: &str);
}

/// A page.
pub(super) struct Listed<T> {
    /// What is shown.
    pub items: Vec<(String, T)>,
    /// The common prefixes.
    pub groups: Vec<String>,
    /// Whether there is more.
    pub is_truncated: bool,
    /// The common prefix that the page ends with, if it does not end with an item.
    ends_with_group: bool,
}

impl<T> Listed<T> {
    /// What the page ends with: a key and what stands there, or a common prefix.
    pub(super) fn last(&self) -> Option<(&str, Option<&T>)> {
        match self.ends_with_group {
            true => self.groups.last().map(|group| (group.as_str(), None)),
            false => self.items.last().map(|(key, item)| (key.as_str(), Some(item))),
        }
    }

    /// Where the next page goes on, if there is one.
    pub(super) fn next(&self) -> Option<(&str, Option<&T>)> {
        self.last().filter(|_| self.is_truncated)
    }

    /// How much is on the page.
    pub(super) fn len(&self) -> usize {
        self.items.len() + self.groups.len()
    }
}

/// A page of at most `most`. One of none is not said to be cut, as with AWS: there would be no end of it.
pub(super) async fn page<S: Source>(mut source: S, grouping: &Grouping, most: usize) -> Result<Listed<S::Item>, Error> {
    let mut listed = Listed { items: Vec::new(), groups: Vec::new(), is_truncated: false, ends_with_group: false };
    if most == 0 {
        return Ok(listed);
    }
    while let Some((key, item)) = source.next().await? {
        if listed.len() == most {
            listed.is_truncated = true;
            break;
        }
        match grouping.group_of(&key) {
            Some(group) => {
                source.skip(group);
                listed.groups.push(group.to_owned());
                listed.ends_with_group = true;
            }
            None => {
                listed.items.push((key, item));
                listed.ends_with_group = false;
            }
        }
    }
    Ok(listed)
}
