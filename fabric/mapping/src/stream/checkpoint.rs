//! How far each lane of a mapping is: durable, so that it goes on there after a crash.

use std::collections::HashMap;

use bytes::Bytes;
use tidegate_ports::{Delivery, Post, Refusal, StreamPosition};
use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_store::{CommitError, KeyRange, Order, Page, Space, Store, StoreError, TransactError, Tx, transact};
use tidegate_types::Timestamp;
use uuid::Uuid;

use crate::keys::{self, LaneName};

/// That a mapping follows a stream. Whoever deletes the mapping deletes it: what still goes on then writes
/// nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FollowingRecord {
    /// Whether its starting position has been looked up. From then on a shard without a checkpoint is one
    /// that came later, and is read from its beginning.
    pub begun: bool,
}

impl Stored for FollowingRecord {
    const NAME: &'static str = "followed stream";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.bool(self.begun);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(FollowingRecord { begun: from.bool()? })
    }
}

/// How far a lane is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct CheckpointRecord {
    /// Everything before it has been processed.
    pub position: u64,
    /// Whether the shard was read to its end.
    pub ended: bool,
    /// The tumbling window that is open.
    pub window: Option<WindowRecord>,
}

/// A tumbling window and what the function has made of its records so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WindowRecord {
    pub start: Timestamp,
    pub end: Timestamp,
    /// JSON.
    pub state: Bytes,
}

impl Stored for CheckpointRecord {
    const NAME: &'static str = "checkpoint";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.varint(self.position);
        to.bool(self.ended);
        to.option(self.window.as_ref(), |to, window| {
            to.timestamp(window.start);
            to.timestamp(window.end);
            to.bytes(&window.state);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (position, ended) = (from.varint()?, from.bool()?);
        let window = from.option(|from| {
            Ok(WindowRecord { start: from.timestamp()?, end: from.timestamp()?, state: from.bytes()? })
        })?;
        Ok(CheckpointRecord { position, ended, window })
    }
}

/// A mapping of a stream comes into being, in the transaction that writes the mapping itself.
pub fn follow_in_tx(tx: &mut Tx, mapping: Uuid) {
    tx.put(Space::Map, keys::following(mapping), FollowingRecord { begun: false }.encode());
}

/// A mapping of a stream is deleted, in the transaction that deletes the mapping itself. What goes on for it
/// writes no checkpoint any more.
///
/// # Errors
/// The store's.
pub async fn forget_in_tx(tx: &mut Tx, mapping: Uuid) -> Result<(), StoreError> {
    // Read, so that a lane that writes its first checkpoint this very moment comes before or not at all.
    let key = keys::following(mapping);
    if tx.get(Space::Map, &key).await?.is_none() {
        return Ok(());
    }
    let mut range = KeyRange::prefix(&keys::everything_of(mapping));
    loop {
        let page = tx.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        range.start = [&last.key[..], &[0]].concat().into();
        for entry in page {
            tx.delete(Space::Map, entry.key);
        }
    }
}

/// What is known of a mapping.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub begun: bool,
    pub checkpoints: HashMap<LaneName, CheckpointRecord>,
}

impl Known {
    /// Where a shard that was divided otherwise goes on: where the slowest of its lanes was. `None`: nobody
    /// has read it.
    pub(crate) fn slowest(&self, shard: &str) -> Option<CheckpointRecord> {
        let lanes = self.checkpoints.iter().filter(|(name, _)| name.shard == shard).map(|(_, checkpoint)| checkpoint);
        let slowest = lanes.min_by_key(|checkpoint| (checkpoint.ended, checkpoint.position))?;
        Some(CheckpointRecord { window: None, ..slowest.clone() })
    }
}

fn corrupt(key: Bytes, what: &DecodeError) -> StoreError {
    StoreError::Corrupt { space: Space::Map, key, what: what.to_string().into() }
}

/// What is durable of a mapping; `None` if it was deleted.
pub(crate) async fn load(store: &dyn Store, mapping: Uuid) -> Result<Option<Known>, StoreError> {
    let snapshot = store.snapshot()?;
    let key = keys::following(mapping);
    let Some(record) = snapshot.get(Space::Map, &key).await? else { return Ok(None) };
    let FollowingRecord { begun } = FollowingRecord::decode(&record.value).map_err(|error| corrupt(key, &error))?;
    let mut known = Known { begun, checkpoints: HashMap::new() };
    let mut range = KeyRange::prefix(&keys::checkpoints(mapping));
    loop {
        let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1000)).await?;
        let Some(last) = page.last() else { return Ok(Some(known)) };
        range.start = [&last.key[..], &[0]].concat().into();
        for entry in &page {
            let failed = |error: DecodeError| corrupt(entry.key.clone(), &error);
            let name = keys::read_checkpoint(&entry.key, mapping).map_err(failed)?;
            let checkpoint = CheckpointRecord::decode(&entry.record.value).map_err(failed)?;
            known.checkpoints.insert(name, checkpoint);
        }
    }
}

/// Writes where lanes begin and forgets others, as one: of a shard there are the checkpoints of all lanes of
/// one division, or none. `false`: the mapping was deleted.
pub(crate) async fn divide(
    store: &dyn Store,
    mapping: Uuid,
    begins: &[(LaneName, CheckpointRecord)],
    over: &[LaneName],
) -> Result<bool, CommitError> {
    let done = transact(store, &[], async |tx: &mut Tx| {
        let key = keys::following(mapping);
        if tx.get(Space::Map, &key).await?.is_none() {
            return Ok(false);
        }
        tx.put(Space::Map, key, FollowingRecord { begun: true }.encode());
        over.iter().for_each(|name| tx.delete(Space::Map, keys::checkpoint(mapping, name)));
        for (name, checkpoint) in begins {
            tx.put(Space::Map, keys::checkpoint(mapping, name), checkpoint.encode());
        }
        Ok::<_, StoreError>(true)
    });
    Ok(done.await.map_err(commit_error)?.value)
}

/// What became of a checkpoint that was to be written.
#[derive(Debug)]
pub(crate) enum Saved {
    /// It is durable, and so is the delivery that went along.
    Yes,
    /// It is durable. The destination refused the delivery.
    Undelivered(Refusal),
    /// The mapping was deleted: nothing is written any more.
    Forgotten,
}

/// Writes how far a lane is, and in the same transaction tells a destination of what was given up.
pub(crate) async fn save(
    store: &dyn Store,
    post: &dyn Post,
    mapping: Uuid,
    (name, checkpoint): (&LaneName, &CheckpointRecord),
    delivery: Option<&Delivery>,
) -> Result<Saved, CommitError> {
    let latches = delivery.map(|delivery| post.latches(std::slice::from_ref(delivery))).unwrap_or_default();
    let saved = transact(store, &latches, async |tx: &mut Tx| {
        if tx.get(Space::Map, &keys::following(mapping)).await?.is_none() {
            return Ok(Saved::Forgotten);
        }
        tx.put(Space::Map, keys::checkpoint(mapping, name), checkpoint.encode());
        let Some(delivery) = delivery else { return Ok(Saved::Yes) };
        match post.post(tx, delivery.clone()).await {
            Ok(()) => Ok(Saved::Yes),
            Err(Refusal::Retry(error)) => Err(error),
            Err(refusal) => Ok(Saved::Undelivered(refusal)),
        }
    });
    Ok(saved.await.map_err(commit_error)?.value)
}

fn commit_error(error: TransactError<StoreError>) -> CommitError {
    match error {
        TransactError::Refused(error) => error.into(),
        TransactError::Commit(error) => error,
    }
}

/// The place of a checkpoint.
pub(crate) fn position(checkpoint: &CheckpointRecord) -> StreamPosition {
    StreamPosition(checkpoint.position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        assert_golden("0101", &FollowingRecord { begun: true });
        assert_golden("01050000", &CheckpointRecord { position: 5, ended: false, window: None });
        let window = WindowRecord {
            start: Timestamp::from_millis(1),
            end: Timestamp::from_millis(2),
            state: Bytes::from_static(b"{}"),
        };
        assert_golden("010501010102027b7d", &CheckpointRecord { position: 5, ended: true, window: Some(window) });
    }

    #[test]
    fn a_shard_that_was_divided_otherwise_goes_on_with_the_slowest() {
        let name = |lane| LaneName { shard: "s".to_owned(), lanes: 2, lane };
        let at = |position, ended| CheckpointRecord { position, ended, window: None };
        let mut known = Known::default();
        assert_eq!(known.slowest("s"), None);
        known.checkpoints.insert(name(0), at(5, true));
        known.checkpoints.insert(name(1), at(7, false));
        assert_eq!(known.slowest("s"), Some(at(7, false)));
    }
}
