//! What is accepted and not yet durable: the newest write of each key, over the durable view.

use std::collections::{BTreeMap, btree_map};
use std::ops::{Bound, ControlFlow};

use bytes::Bytes;

use crate::engine::{Area, View};
use crate::{Each, Entry, KeyRange, Order, Page, Record, Sequence, Space, StoreError, stored};

/// The newest accepted write of a key; no value: a deletion.
#[derive(Debug, Clone)]
pub(crate) struct Newest {
    pub(crate) sequence: Sequence,
    pub(crate) value: Option<Bytes>,
}

#[derive(Default)]
pub(crate) struct Overlay {
    spaces: [BTreeMap<Bytes, Newest>; 3],
}

fn index(space: Space) -> usize {
    Area::Space(space).index()
}

impl Overlay {
    /// Takes a write over. Returns whether there was one of the same key that is not durable either.
    pub(crate) fn put(&mut self, space: Space, key: &Bytes, newest: Newest) -> bool {
        self.spaces[index(space)].insert(key.clone(), newest).is_some()
    }

    /// Forgets the write of `key` by `sequence`, which is durable now, unless there is a newer one.
    pub(crate) fn settle(&mut self, space: Space, key: &Bytes, sequence: Sequence) {
        if let btree_map::Entry::Occupied(newest) = self.spaces[index(space)].entry(key.clone())
            && newest.get().sequence <= sequence
        {
            newest.remove();
        }
    }

    pub(crate) fn get(&self, space: Space, key: &[u8]) -> Option<&Newest> {
        self.spaces[index(space)].get(key)
    }

    pub(crate) fn clear(&mut self) {
        *self = Overlay::default();
    }

    /// The writes in `range`, in `order`.
    pub(crate) fn range(&self, space: Space, range: &KeyRange, order: Order) -> Vec<(Bytes, Newest)> {
        let keys = &self.spaces[index(space)];
        if keys.is_empty() || range.is_empty() {
            return Vec::new();
        }
        let end = range.end.as_ref().map_or(Bound::Unbounded, |end| Bound::Excluded(&end[..]));
        let entries = keys.range::<[u8], _>((Bound::Included(&range.start[..]), end));
        let entries = entries.map(|(key, newest)| (key.clone(), newest.clone()));
        match order {
            Order::Ascending => entries.collect(),
            Order::Descending => entries.rev().collect(),
        }
    }
}

/// Reads the record under `key` from an engine.
pub(crate) fn get(view: &dyn View, space: Space, key: &[u8]) -> Result<Option<Record>, StoreError> {
    view.get(Area::Space(space), key)?.map(|stored| stored::decode(space, key, stored)).transpose()
}

/// Reads a page of `range` from an engine, with the writes of `above` over it.
pub(crate) fn scan(
    view: &dyn View,
    above: Vec<(Bytes, Newest)>,
    space: Space,
    range: &KeyRange,
    order: Order,
    page: Page,
) -> Result<Vec<Entry>, StoreError> {
    let mut pager = Pager { page, bytes: 0, entries: Vec::new() };
    if page.entries == 0 {
        return Ok(pager.entries);
    }
    let mut above = above.into_iter().peekable();
    let mut corrupt = None;
    let mut full = false;
    view.scan(Area::Space(space), range, order, &mut |key, stored| {
        let comes_before = |other: &Bytes| match order {
            Order::Ascending => other[..] < *key,
            Order::Descending => other[..] > *key,
        };
        while let Some((key, newest)) = above.next_if(|(other, _)| comes_before(other)) {
            if pager.push_newest(key, newest).is_break() {
                full = true;
                return ControlFlow::Break(());
            }
        }
        let step = match above.next_if(|(other, _)| other[..] == *key) {
            Some((key, newest)) => pager.push_newest(key, newest),
            None => match stored::decode(space, key, stored) {
                // A copy: the engine's key may be a part of a whole block.
                Ok(record) => pager.push(Bytes::copy_from_slice(key), record),
                Err(error) => {
                    corrupt = Some(error);
                    ControlFlow::Break(())
                }
            },
        };
        full |= step.is_break();
        step
    })?;
    if let Some(error) = corrupt {
        return Err(error);
    }
    for (key, newest) in above {
        if full {
            break;
        }
        full = pager.push_newest(key, newest).is_break();
    }
    Ok(pager.entries)
}

/// Shows a page of `range` from an engine, without a copy; the last key if the page is full.
pub(crate) fn browse(
    view: &dyn View,
    space: Space,
    range: &KeyRange,
    order: Order,
    page: Page,
    each: &mut Each<'_>,
) -> Result<Option<Bytes>, StoreError> {
    let (mut entries, mut bytes) = (0, 0);
    let mut outcome = Ok(None);
    if page.entries == 0 {
        return outcome;
    }
    view.scan(Area::Space(space), range, order, &mut |key, stored| {
        match stored::take(space, key, stored) {
            Ok(record) => {
                entries += 1;
                bytes += key.len() + record.value.len();
                each(key, record);
                if entries < page.entries && bytes <= page.bytes {
                    return ControlFlow::Continue(());
                }
                outcome = Ok(Some(Bytes::copy_from_slice(key)));
            }
            Err(error) => outcome = Err(error),
        }
        ControlFlow::Break(())
    })?;
    outcome
}

/// Fills a page and says when it is full.
struct Pager {
    page: Page,
    bytes: usize,
    entries: Vec<Entry>,
}

impl Pager {
    fn push(&mut self, key: Bytes, record: Record) -> ControlFlow<()> {
        self.bytes += key.len() + record.value.len();
        self.entries.push(Entry { key, record });
        if self.entries.len() >= self.page.entries || self.bytes > self.page.bytes {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn push_newest(&mut self, key: Bytes, newest: Newest) -> ControlFlow<()> {
        match newest.value {
            Some(value) => self.push(key, Record { version: newest.sequence, value }),
            None => ControlFlow::Continue(()),
        }
    }
}
