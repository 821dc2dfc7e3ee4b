//! Every key of this crate.
//!
//! | space | key | record |
//! |---|---|---|
//! | Queue | 1, queue, 0 | [`QueueRecord`](crate::records::QueueRecord) |
//! | Queue | 1, queue, 1, generation, lane, position | [`Lease`](crate::Lease) |
//! | Queue | 1, queue, 2, generation, due, position | [`Due`](crate::records::Due) |
//! | Queue | 2, queue, deduplication key | [`Dedup`](crate::records::Dedup) |
//! | Queue | 3, expiry, queue, deduplication key | empty |
//! | Queue | 4, queue, generation | empty: what this generation held is garbage |
//! | Log | queue, generation, position | [`Body`](crate::records::Body) |
//!
//! What memory follows lies under one prefix (1), so that one fold sees the changes of a batch in
//! the order it made them. Within it each queue's record comes first and its leases next, so that
//! one scan rebuilds everything.

use bytes::Bytes;
use tidegate_record::{DecodeError, Key, KeyReader, Root};
use tidegate_store::{KeyRange, Position, Space, StoreError};
use tidegate_types::Timestamp;

use crate::{Lane, MessageKey, QueueId};

const FOLDED: u8 = 1;
const DEDUP: u8 = 2;
const DEDUP_EXPIRY: u8 = 3;
const GARBAGE: u8 = 4;

const RECORD: u8 = 0;
const LEASE: u8 = 1;
const DUE: u8 = 2;

fn root(kind: u8) -> Key {
    Key::new(Root::Queue).u8(kind)
}

fn of_queue(queue: QueueId, part: u8) -> Key {
    root(FOLDED).u64(queue.0).u8(part)
}

/// What the fold watches.
pub(crate) fn folded() -> Bytes {
    root(FOLDED).build()
}

/// Not built, as the others that are mostly read by: memory of its own is for what is kept.
pub(crate) fn queue(queue: QueueId) -> Key {
    of_queue(queue, RECORD)
}

/// Everything folded that lies behind a queue.
pub(crate) fn behind_queue(queue: QueueId) -> Bytes {
    match queue.0.checked_add(1) {
        Some(next) => root(FOLDED).u64(next).build(),
        None => root(FOLDED + 1).build(),
    }
}

pub(crate) fn leases(queue: QueueId, generation: u32) -> Bytes {
    of_queue(queue, LEASE).u32(generation).build()
}

pub(crate) fn lane(queue: QueueId, generation: u32, lane: &[u8]) -> Bytes {
    of_queue(queue, LEASE).u32(generation).bytes(lane).build()
}

pub(crate) fn lane_from(queue: QueueId, generation: u32, lane: &[u8], from: u64) -> Key {
    of_queue(queue, LEASE).u32(generation).bytes(lane).u64(from)
}

pub(crate) fn lease(key: &MessageKey) -> Key {
    lane_from(key.queue, key.generation, &key.lane.0, key.position.0)
}

pub(crate) fn dues(queue: QueueId, generation: u32) -> Bytes {
    of_queue(queue, DUE).u32(generation).build()
}

/// The due key up to its position.
pub(crate) fn due_before_position(queue: QueueId, generation: u32, due: Timestamp) -> Bytes {
    of_queue(queue, DUE).u32(generation).timestamp(due).build()
}

pub(crate) fn due(queue: QueueId, generation: u32, due: Timestamp, position: u64) -> Bytes {
    of_queue(queue, DUE).u32(generation).timestamp(due).u64(position).build()
}

pub(crate) fn bodies(queue: QueueId, generation: u32) -> Bytes {
    Key::new(Root::Queue).u64(queue.0).u32(generation).build()
}

pub(crate) fn body(queue: QueueId, generation: u32, position: u64) -> Key {
    Key::new(Root::Queue).u64(queue.0).u32(generation).u64(position)
}

/// Every body of every queue.
pub(crate) fn all_bodies() -> Bytes {
    Key::new(Root::Queue).build()
}

pub(crate) fn dedups() -> Bytes {
    root(DEDUP).build()
}

pub(crate) fn dedup(queue: QueueId, key: &[u8]) -> Bytes {
    root(DEDUP).u64(queue.0).rest(key).build()
}

pub(crate) fn dedup_expiries() -> Bytes {
    root(DEDUP_EXPIRY).build()
}

pub(crate) fn dedup_expiries_from(time: Timestamp) -> Bytes {
    root(DEDUP_EXPIRY).timestamp(time).build()
}

pub(crate) fn dedup_expiry(expires_at: Timestamp, queue: QueueId, key: &[u8]) -> Bytes {
    root(DEDUP_EXPIRY).timestamp(expires_at).u64(queue.0).rest(key).build()
}

pub(crate) fn garbages() -> Bytes {
    root(GARBAGE).build()
}

pub(crate) fn garbage(queue: QueueId, generation: u32) -> Bytes {
    root(GARBAGE).u64(queue.0).u32(generation).build()
}

/// A key under [`folded`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FoldedKey {
    Queue(QueueId),
    Lease(MessageKey),
    Due { queue: QueueId, generation: u32, due: Timestamp, position: u64 },
}

pub(crate) fn read_folded(key: &[u8]) -> Result<FoldedKey, DecodeError> {
    let mut reader = reader(key, FOLDED)?;
    let queue = QueueId(reader.u64()?);
    let read = match reader.u8()? {
        RECORD => FoldedKey::Queue(queue),
        LEASE => FoldedKey::Lease(MessageKey {
            queue,
            generation: reader.u32()?,
            lane: Lane(reader.bytes()?.into()),
            position: Position(reader.u64()?),
        }),
        DUE => FoldedKey::Due { queue, generation: reader.u32()?, due: reader.timestamp()?, position: reader.u64()? },
        _ => return Err(unknown()),
    };
    reader.end()?;
    Ok(read)
}

/// The queue, generation and position of a body's key.
pub(crate) fn read_body(key: &[u8]) -> Result<(QueueId, u32, u64), DecodeError> {
    let mut reader = KeyReader::new(key, Root::Queue)?;
    let read = (QueueId(reader.u64()?), reader.u32()?, reader.u64()?);
    reader.end()?;
    Ok(read)
}

/// The queue and the deduplication key of a deduplication record's key.
pub(crate) fn read_dedup(key: &[u8]) -> Result<(QueueId, &[u8]), DecodeError> {
    let mut reader = reader(key, DEDUP)?;
    Ok((QueueId(reader.u64()?), reader.rest()))
}

/// The expiry, the queue and the deduplication key of an expiry entry's key.
pub(crate) fn read_dedup_expiry(key: &[u8]) -> Result<(Timestamp, QueueId, &[u8]), DecodeError> {
    let mut reader = reader(key, DEDUP_EXPIRY)?;
    Ok((reader.timestamp()?, QueueId(reader.u64()?), reader.rest()))
}

/// The queue and generation of a garbage record's key.
pub(crate) fn read_garbage(key: &[u8]) -> Result<(QueueId, u32), DecodeError> {
    let mut reader = reader(key, GARBAGE)?;
    let read = (QueueId(reader.u64()?), reader.u32()?);
    reader.end()?;
    Ok(read)
}

fn reader(key: &[u8], kind: u8) -> Result<KeyReader<'_>, DecodeError> {
    let mut reader = KeyReader::new(key, Root::Queue)?;
    if reader.u8()? == kind { Ok(reader) } else { Err(unknown()) }
}

fn unknown() -> DecodeError {
    DecodeError::Malformed { at: 1, what: "a kind of key that queues do not have" }
}

/// Damage at `key`.
pub(crate) fn corrupt(space: Space, key: &[u8], error: &DecodeError) -> StoreError {
    StoreError::Corrupt { space, key: Bytes::copy_from_slice(key), what: error.to_string().into() }
}

/// What follows `key` under `prefix`.
pub(crate) fn range_behind(prefix: &[u8], key: &[u8]) -> KeyRange {
    let mut start = key.to_vec();
    start.push(0);
    KeyRange::prefix_from(prefix, start.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_key;

    const Q: QueueId = QueueId(0x0a);

    fn message(lane: &'static [u8], position: u64) -> MessageKey {
        MessageKey { queue: Q, generation: 2, lane: Lane(Bytes::from_static(lane)), position: Position(position) }
    }

    #[test]
    fn golden_keys() {
        let time = Timestamp::from_millis(0x0b);
        assert_key("0301000000000000000a00", &queue(Q));
        assert_key("0301000000000000000a01000000026700010000000000000005", &lease(&message(b"g", 5)));
        assert_key("0301000000000000000a0200000002000000000000000b0000000000000005", &due(Q, 2, time, 5));
        assert_key("0302000000000000000a6b", &dedup(Q, b"k"));
        assert_key("0303000000000000000b000000000000000a6b", &dedup_expiry(time, Q, b"k"));
        assert_key("0304000000000000000a00000002", &garbage(Q, 2));
        assert_key("03000000000000000a000000020000000000000005", &body(Q, 2, 5));
    }

    #[test]
    fn keys_are_read_as_they_were_written() {
        let time = Timestamp::from_millis(11);
        assert_eq!(read_folded(&queue(Q)), Ok(FoldedKey::Queue(Q)));
        for key in [message(b"", 1), message(b"a\0b", u64::MAX)] {
            assert_eq!(read_folded(&lease(&key)), Ok(FoldedKey::Lease(key)));
        }
        let read_due = FoldedKey::Due { queue: Q, generation: 2, due: time, position: 5 };
        assert_eq!(read_folded(&due(Q, 2, time, 5)), Ok(read_due));
        assert_eq!(read_body(&body(Q, 2, 5)), Ok((Q, 2, 5)));
        assert_eq!(read_dedup(&dedup(Q, b"k")), Ok((Q, &b"k"[..])));
        assert_eq!(read_dedup_expiry(&dedup_expiry(time, Q, b"k")), Ok((time, Q, &b"k"[..])));
        assert_eq!(read_garbage(&garbage(Q, 2)), Ok((Q, 2)));
        assert!(read_folded(&garbage(Q, 2)).is_err() && read_folded(&queue(Q)[..5]).is_err());
    }

    #[test]
    fn prefixes_hold_what_they_name() {
        assert!(lease(&message(b"g", 5)).starts_with(&lane(Q, 2, b"g")));
        assert!(!lease(&message(b"gg", 5)).starts_with(&lane(Q, 2, b"g")));
        assert!(
            queue(Q).build() < lease(&message(b"", 0)).build() && due(Q, u32::MAX, Timestamp::MAX, 0) < behind_queue(Q)
        );
        assert!(behind_queue(QueueId(u64::MAX)) > queue(QueueId(u64::MAX)).build());
    }
}
