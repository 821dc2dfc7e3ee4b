use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{Sequence, StoreError};

/// The key spaces of a store: one for each of the three structures, because their records live
/// differently (maps are overwritten, leases are short-lived, log records are written once).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Space {
    /// Records by key.
    Map,
    /// Small, short-lived, often rewritten: leases, due times, deduplication.
    Queue,
    /// Written once, read in order, trimmed from the front: log records, message bodies.
    Log,
}

/// A stored value and the commit that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The commit that wrote it: what a [`crate::Check`] compares.
    pub version: Sequence,
    /// The value as it was put.
    pub value: Bytes,
}

/// A key with its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The whole key.
    pub key: Bytes,
    /// What is stored there.
    pub record: Record,
}

/// A range of keys: from `start` (included) to `end` (excluded; `None` is the end of the space).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key.
    pub start: Bytes,
    /// The first key behind the range.
    pub end: Option<Bytes>,
}

impl KeyRange {
    /// All keys that begin with `prefix`.
    pub fn prefix(prefix: &[u8]) -> KeyRange {
        KeyRange { start: Bytes::copy_from_slice(prefix), end: successor_of_prefix(prefix) }
    }

    /// All keys that begin with `prefix` and are not below `start`.
    pub fn prefix_from(prefix: &[u8], start: Bytes) -> KeyRange {
        KeyRange { start, end: successor_of_prefix(prefix) }
    }

    /// From `start` (included) to `end` (excluded).
    pub fn between(start: impl Into<Bytes>, end: impl Into<Bytes>) -> KeyRange {
        KeyRange { start: start.into(), end: Some(end.into()) }
    }

    /// Whether no key lies in the range.
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    /// Whether `key` lies in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= &self.start[..] && self.end.as_ref().is_none_or(|end| key < &end[..])
    }
}

/// The first key that is behind every key with this prefix, if there is one.
fn successor_of_prefix(prefix: &[u8]) -> Option<Bytes> {
    let last = prefix.iter().rposition(|&byte| byte != u8::MAX)?;
    let mut successor = prefix[..=last].to_vec();
    successor[last] += 1;
    Some(successor.into())
}

/// Which way a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// From the lowest key up.
    Ascending,
    /// From the highest key down.
    Descending,
}

/// How much one scan may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// At most this many entries.
    pub entries: usize,
    /// Stop once keys and values exceed this many bytes; the entry that exceeds it is returned.
    pub bytes: usize,
}

impl Page {
    /// At most `entries` entries and 16 MiB.
    pub const fn of(entries: usize) -> Page {
        Page { entries, bytes: 16 * 1024 * 1024 }
    }
}

/// Gets the entries that [`Snapshot::browse`] shows.
pub type Each<'a> = dyn FnMut(&[u8], Record) + Send + 'a;

/// A consistent view of the store. The futures of an embedded store are ready at once; a networked
/// one awaits its database.
pub trait Snapshot: Send + Sync {
    /// The record under `key`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the stored bytes fail their checksum; [`StoreError::Unavailable`]
    /// if the store is closed or recovering.
    fn get<'a>(&'a self, space: Space, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Record>, StoreError>>;

    /// The entries of `range` in `order`, up to `page`. An empty answer means the range is
    /// exhausted; to go on, continue from behind the last key.
    ///
    /// # Errors
    /// As [`Snapshot::get`].
    fn scan<'a>(
        &'a self,
        space: Space,
        range: &'a KeyRange,
        order: Order,
        page: Page,
    ) -> BoxFuture<'a, Result<Vec<Entry>, StoreError>>;

    /// As [`Snapshot::scan`], for entries that are let go soon: their values may share the memory of others, which they
    /// keep alive. Answers the last key if the page is full, so that more may follow.
    ///
    /// # Errors
    /// As [`Snapshot::get`]; some entries may have been shown by then.
    fn browse<'a>(
        &'a self,
        space: Space,
        range: &'a KeyRange,
        order: Order,
        page: Page,
        each: &'a mut Each<'a>,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        Box::pin(async move {
            let entries = self.scan(space, range, order, page).await?;
            let bytes: usize = entries.iter().map(|entry| entry.key.len() + entry.record.value.len()).sum();
            let is_full = entries.len() >= page.entries || bytes > page.bytes;
            let last = entries.last().filter(|_| is_full).map(|entry| entry.key.clone());
            for Entry { key, record } in entries {
                each(&key, record);
            }
            Ok(last)
        })
    }

    /// The last commit that this view contains.
    fn sequence(&self) -> Sequence;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_range_holds_exactly_the_keys_with_the_prefix() {
        let range = KeyRange::prefix(b"ab");
        assert!(range.contains(b"ab") && range.contains(b"ab\xff\xff"));
        assert!(!range.contains(b"aa\xff") && !range.contains(b"ac"));
        assert_eq!(KeyRange::prefix(b"a\xff").end.as_deref(), Some(&b"b"[..]));
        assert_eq!(KeyRange::prefix(b"\xff").end, None);
    }
}
