//! One frame of a journal: a batch, as fjall 3.1 writes it.
//!
//! ```text
//! start   1 · number of items (4) · fjall's sequence number (8)
//! item    2 · value type · compression · key space (8) · length of the key (2), of the value (4),
//!         of the value as stored (4) · key · value                       any number of times
//! end     3 · xxh3 of all items (8) · "FJL" 3
//! ```
//!
//! All numbers are little-endian. The end covers the items and not the start: that a start's numbers
//! are right shows in the number of items, and in the order of the frames.

use std::io::{self, Read};

use xxhash_rust::xxh3::Xxh3;

use crate::Sequence;
use crate::stored::{COMMIT_KEY, CommitRecord, SYNCED_KEY, decode_synced};

/// The last bytes of each frame.
const END_MAGIC: [u8; 4] = *b"FJL\x03";

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;

const START_BYTES: usize = 13;
const ITEM_BYTES: usize = 21;
const END_BYTES: usize = 13;

/// What is looked at of keys and values at once.
const CHUNK_BYTES: usize = 4096;

/// A whole frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    /// Its length.
    pub bytes: u64,
    /// Fjall's number for it: each is above the one before.
    pub number: u64,
    /// Where the store stands with it, and what follows for the frame before.
    pub commit: Option<Commit>,
}

/// What a group of our commits says of itself and of its predecessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Commit {
    pub record: CommitRecord,
    /// How far the journal had been synced when this was written. `None`: all that lies before.
    pub synced: Option<Sequence>,
    /// The digest that the group's writes give upon the digest before them; `None` if it has none.
    pub chained: Option<u64>,
}

/// Whether a frame may begin here: a cheap look before a thorough one. There are none without items.
pub(super) fn may_begin(bytes: &[u8]) -> bool {
    bytes.first() == Some(&START) && bytes.get(START_BYTES) == Some(&ITEM)
}

/// The length of a frame whose items have keys and values of such lengths together.
pub(super) fn length(items: impl Iterator<Item = usize>) -> u64 {
    items.fold((START_BYTES + END_BYTES) as u64, |sum, bytes| sum + (ITEM_BYTES + bytes) as u64)
}

/// Reads one frame that follows one with the digest `before`. `None` if it is not whole.
///
/// # Errors
/// The reader's, except its end.
pub(super) fn read(reader: &mut impl Read, before: u64) -> io::Result<Option<Frame>> {
    match try_read(reader, before) {
        Ok(frame) => Ok(frame),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn try_read(reader: &mut impl Read, before: u64) -> io::Result<Option<Frame>> {
    let start: [u8; START_BYTES] = array(reader)?;
    let [START, c0, c1, c2, c3, number @ ..] = start else { return Ok(None) };
    let mut items = Items::behind(before);
    let mut bytes = START_BYTES as u64;
    for _ in 0..u32::from_le_bytes([c0, c1, c2, c3]) {
        let Some(length) = items.read(reader)? else { return Ok(None) };
        bytes += length;
    }
    let end: [u8; END_BYTES] = array(reader)?;
    let [tag, sum @ .., m0, m1, m2, m3] = end;
    if tag != END || [m0, m1, m2, m3] != END_MAGIC || u64::from_le_bytes(sum) != items.sum.digest() {
        return Ok(None);
    }
    let chained = (items.ours > 0).then(|| items.digest.digest());
    let commit = items.commit.map(|record| Commit { record, synced: items.synced, chained });
    Ok(Some(Frame { bytes: bytes + end.len() as u64, number: u64::from_le_bytes(number), commit }))
}

struct Items {
    sum: Xxh3,
    digest: Xxh3,
    /// Items that the digest covers.
    ours: u32,
    commit: Option<CommitRecord>,
    synced: Option<Sequence>,
    chunk: [u8; CHUNK_BYTES],
}

impl Items {
    fn behind(digest: u64) -> Items {
        let (sum, digest) = (Xxh3::new(), Xxh3::with_seed(digest));
        Items { sum, digest, ours: 0, commit: None, synced: None, chunk: [0; CHUNK_BYTES] }
    }

    /// Reads an item and returns its length, or nothing if it is none.
    fn read(&mut self, reader: &mut impl Read) -> io::Result<Option<u64>> {
        let header: [u8; ITEM_BYTES] = array(reader)?;
        let [ITEM, .., k0, k1, _, _, _, _, v0, v1, v2, v3] = header else { return Ok(None) };
        self.sum.update(&header);
        let key = usize::from(u16::from_le_bytes([k0, k1]));
        let body = key as u64 + u64::from(u32::from_le_bytes([v0, v1, v2, v3]));
        let mut left = body;
        while left > 0 {
            let length = usize::try_from(left).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
            let part = &mut self.chunk[..length];
            reader.read_exact(part)?;
            self.sum.update(part);
            if length as u64 != body || !self.note(key, length) {
                self.digest.update(&self.chunk[..length]);
                self.ours += u32::from(left == body);
            }
            left -= length as u64;
        }
        Ok(Some(ITEM_BYTES as u64 + body))
    }

    /// Takes what the store says of itself. Returns whether it was that.
    fn note(&mut self, key: usize, length: usize) -> bool {
        let (key, value) = self.chunk[..length].split_at(key);
        // No user's key looks like these: theirs begin with the number of a root. And if one did,
        // its value would have to be a record with the right checksum.
        if key == COMMIT_KEY
            && let Ok(record) = CommitRecord::decode(value)
        {
            self.commit = Some(record);
            return true;
        }
        if key == SYNCED_KEY
            && let Some(synced) = decode_synced(value)
        {
            self.synced = Some(synced);
            return true;
        }
        false
    }
}

fn array<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}
