//! How a value and a commit lie in the engine.
//!
//! Every value is preceded by the commit that wrote it and a checksum over key, commit and payload:
//! the engine's own checksums cover its blocks, not a block that was put in the wrong place, and a
//! record without its version would need a second read for each check.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tidegate_types::Timestamp;

use crate::engine::{Area, Write};
use crate::{Record, Sequence, Space, StoreError};

/// The bytes before each payload: commit sequence (8) and checksum (4).
pub(crate) const HEADER_BYTES: usize = 12;

/// The version of everything in this file and of the folder around it.
pub(crate) const FORMAT: u32 = 1;

/// Up to this size a copy costs no more than counting another reference.
const SMALL_BYTES: usize = 512;

/// Over key, commit and payload. Most keys and many payloads are short, and one call over a copy of
/// what is short costs less than a call for each.
fn checksum(key: &[u8], sequence: u64, payload: &[u8]) -> u32 {
    let sequence = sequence.to_be_bytes();
    let (head, length) = (key.len() + 8, key.len() + 8 + payload.len());
    let mut short = [0; 128];
    if head > short.len() {
        let sum = crc32c::crc32c_append(crc32c::crc32c(key), &sequence);
        return crc32c::crc32c_append(sum, payload);
    }
    short[..key.len()].copy_from_slice(key);
    short[key.len()..head].copy_from_slice(&sequence);
    match short.get_mut(head..length) {
        Some(rest) => {
            rest.copy_from_slice(payload);
            crc32c::crc32c(&short[..length])
        }
        None => crc32c::crc32c_append(crc32c::crc32c(&short[..head]), payload),
    }
}

/// Appends the stored form of `payload` to `arena` and splits it off.
pub(crate) fn encode(arena: &mut BytesMut, key: &[u8], sequence: Sequence, payload: &[u8]) -> Bytes {
    arena.reserve(HEADER_BYTES + payload.len());
    arena.put_u64(sequence.0);
    arena.put_u32(checksum(key, sequence.0, payload));
    arena.put_slice(payload);
    arena.split().freeze()
}

/// Takes a stored value apart.
///
/// # Errors
/// [`StoreError::Corrupt`] if it is not what was written under `key`.
pub(crate) fn decode(space: Space, key: &[u8], stored: Bytes) -> Result<Record, StoreError> {
    let mut record = take(space, key, stored)?;
    // A small value is copied out: whoever keeps it would keep the whole block or group it lies in.
    if record.value.len() <= SMALL_BYTES {
        record.value = Bytes::copy_from_slice(&record.value);
    }
    Ok(record)
}

/// The same without a copy: the value is a part of `stored`.
///
/// # Errors
/// As [`decode`].
pub(crate) fn take(space: Space, key: &[u8], stored: Bytes) -> Result<Record, StoreError> {
    try_take(key, stored).map_err(|what| StoreError::Corrupt {
        space,
        key: Bytes::copy_from_slice(key),
        what: what.into(),
    })
}

pub(crate) fn try_take(key: &[u8], mut stored: Bytes) -> Result<Record, String> {
    if stored.len() < HEADER_BYTES {
        return Err(format!("{} bytes are too few for a record", stored.len()));
    }
    let (sequence, sum) = (stored.get_u64(), stored.get_u32());
    let actual = checksum(key, sequence, &stored);
    if actual != sum {
        return Err(format!("its checksum is {actual:08x}, not {sum:08x}"));
    }
    Ok(Record { version: Sequence(sequence), value: stored })
}

/// What each group of commits leaves behind, under [`COMMIT_KEY`]: where the store stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CommitRecord {
    /// The last commit of the group.
    pub sequence: Sequence,
    /// The next position to be assigned.
    pub next_position: u64,
    /// A hash over the previous digest and every write of the group: two stores with one digest
    /// have had the same history.
    pub digest: u64,
    /// Product time when the group was written.
    pub time: Timestamp,
}

/// Where the [`CommitRecord`] lies in the engine's meta area.
pub(crate) const COMMIT_KEY: &[u8] = b"commit";

impl CommitRecord {
    /// Where an empty store stands.
    pub(crate) const EMPTY: CommitRecord =
        CommitRecord { sequence: Sequence(0), next_position: 1, digest: 0, time: Timestamp::EPOCH };

    pub(crate) fn encode(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(40);
        bytes.put_u32(FORMAT);
        bytes.put_u64(self.sequence.0);
        bytes.put_u64(self.next_position);
        bytes.put_u64(self.digest);
        bytes.put_u64(self.time.as_millis());
        let sum = crc32c::crc32c(&bytes);
        bytes.put_u32(sum);
        bytes.freeze()
    }

    pub(crate) fn as_write(&self) -> Write {
        Write { area: Area::Meta, key: Bytes::from_static(COMMIT_KEY), value: Some(self.encode()) }
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<CommitRecord, String> {
        let Some((mut fields, sum)) = bytes.split_last_chunk::<4>().filter(|(fields, _)| fields.len() == 36) else {
            return Err(format!("the commit record has {} bytes", bytes.len()));
        };
        if crc32c::crc32c(fields) != u32::from_be_bytes(*sum) {
            return Err("the commit record's checksum is wrong".to_owned());
        }
        let format = fields.get_u32();
        if format != FORMAT {
            return Err(format!("the commit record has format {format}, not {FORMAT}"));
        }
        Ok(CommitRecord {
            sequence: Sequence(fields.get_u64()),
            next_position: fields.get_u64(),
            digest: fields.get_u64(),
            time: Timestamp::from_millis(fields.get_u64()),
        })
    }
}

/// Where a group that is not synced before the next one says how far the store had been synced.
///
/// Without it a commit whose frame in the journal is damaged cannot be told from one that a cut of
/// power has torn: with it, or where each group is synced, a later frame knows.
pub(crate) const SYNCED_KEY: &[u8] = b"synced";

pub(crate) fn synced_write(synced: Sequence) -> Write {
    let number = synced.0.to_be_bytes();
    let value = [&number[..], &crc32c::crc32c(&number).to_be_bytes()].concat();
    Write { area: Area::Meta, key: Bytes::from_static(SYNCED_KEY), value: Some(value.into()) }
}

pub(crate) fn decode_synced(bytes: &[u8]) -> Option<Sequence> {
    let (number, sum) = bytes.split_first_chunk::<8>()?;
    (crc32c::crc32c(number).to_be_bytes() == *sum).then_some(Sequence(u64::from_be_bytes(*number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes_of_format_1() {
        let stored = encode(&mut BytesMut::new(), b"key", Sequence(7), b"value");
        assert_eq!(stored[..], *b"\0\0\0\0\0\0\0\x07h\x12x8value", "{stored:02x?}");
        let commit =
            CommitRecord { sequence: Sequence(1), next_position: 2, digest: 3, time: Timestamp::from_millis(4) };
        let golden = b"\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x04";
        assert_eq!(commit.encode()[..36], golden[..]);
        assert_eq!(CommitRecord::decode(&commit.encode()), Ok(commit));
        let synced = synced_write(Sequence(7)).value.unwrap();
        assert_eq!((&synced[..8], decode_synced(&synced)), (&b"\0\0\0\0\0\0\0\x07"[..], Some(Sequence(7))));
        assert_eq!(decode_synced(&synced[..11]), None);
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let stored = encode(&mut BytesMut::new(), b"key", Sequence(7), b"value");
        assert_eq!(try_take(b"key", stored.clone()).unwrap().value, "value");
        assert!(try_take(b"kez", stored.clone()).is_err(), "the key is part of the checksum");
        for bit in 0..stored.len() * 8 {
            let mut flipped = stored.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(try_take(b"key", flipped.into()).is_err(), "bit {bit}");
        }
        let commit = CommitRecord::EMPTY.encode();
        for bit in 0..commit.len() * 8 {
            let mut flipped = commit.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(CommitRecord::decode(&flipped).is_err(), "bit {bit}");
        }
    }
}
