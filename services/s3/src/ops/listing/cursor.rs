use std::collections::VecDeque;

use bytes::Bytes;
use tidegate_store::{Entry, KeyRange, Order, Page, Snapshot, Space};

use crate::error::Error;

/// How many entries are read at first, and at most after a jump: one common prefix may be all there is.
const FEW: usize = 8;
/// How many are read after a jump at least. The second one tells whether it had to be a jump: where every common
/// prefix has one key, it is not below the first one's.
const FEWEST: usize = 2;
/// The most that are read at once.
const MANY: usize = 1000;

/// Goes through a range of the store upwards, in batches that grow as long as nothing is jumped over.
pub(super) struct Cursor<'a> {
    snapshot: &'a dyn Snapshot,
    /// What has not been read yet.
    rest: KeyRange,
    read: VecDeque<Entry>,
    batch: usize,
    /// How many to read after a jump: the fewer, the more often all that was read ahead was jumped over.
    after_jump: usize,
    is_at_end: bool,
}

impl<'a> Cursor<'a> {
    /// A cursor at the beginning of a range.
    pub(super) fn new(snapshot: &'a dyn Snapshot, range: KeyRange) -> Cursor<'a> {
        let is_at_end = range.is_empty();
        Cursor { snapshot, rest: range, read: VecDeque::new(), batch: FEW, after_jump: FEW, is_at_end }
    }

    /// The next entry, which stays.
    pub(super) async fn peek(&mut self) -> Result<Option<&Entry>, Error> {
        if self.read.is_empty() && !self.is_at_end {
            let page = Page::of(self.batch);
            let entries = self.snapshot.scan(Space::Map, &self.rest, Order::Ascending, page).await?;
            match entries.last() {
                Some(last) => self.rest.start = crate::store::behind(&last.key),
                None => self.is_at_end = true,
            }
            self.batch = (self.batch * 2).min(MANY);
            self.read = entries.into();
        }
        Ok(self.read.front())
    }

    /// The next entry.
    pub(super) async fn next(&mut self) -> Result<Option<Entry>, Error> {
        self.peek().await?;
        Ok(self.read.pop_front())
    }

    /// Goes on at the first key that is not below `start`, never backwards.
    pub(super) fn skip_to(&mut self, start: Option<Bytes>) {
        let Some(start) = start else {
            self.read.clear();
            self.is_at_end = true;
            return;
        };
        let below = self.read.partition_point(|entry| entry.key < start);
        self.read.drain(..below);
        if !self.read.is_empty() {
            self.after_jump = (2 * self.after_jump).min(FEW);
        } else if self.rest.start < start {
            self.rest.start = start;
            self.after_jump = (self.after_jump / 2).max(FEWEST);
            self.batch = self.after_jump;
            self.is_at_end |= self.rest.is_empty();
        }
    }
}

/// The first place behind all that begin so.
pub(super) fn behind_all(prefix: &Bytes) -> Option<Bytes> {
    KeyRange::prefix(prefix).end
}
