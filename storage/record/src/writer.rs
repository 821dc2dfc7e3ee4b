use bytes::Bytes;
use smallvec::SmallVec;
use tidegate_types::Timestamp;

use crate::key::finished;

/// Writes a record's fields, one after the other. Nothing names them: order and type are the layout.
#[derive(Debug, Default)]
pub struct Writer {
    /// Many records are below this.
    bytes: SmallVec<[u8; 64]>,
    stamp: Option<usize>,
}

impl Writer {
    pub(crate) fn with_version(version: u8, size_hint: usize) -> Writer {
        let mut bytes = SmallVec::with_capacity(size_hint);
        bytes.push(version);
        Writer { bytes, stamp: None }
    }

    /// One byte: a small number or the tag of an enum's variant.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// One byte, 0 or 1.
    pub fn bool(&mut self, value: bool) {
        self.u8(value.into());
    }

    /// A number in as few bytes as it needs: seven bits a byte, lowest first (LEB128).
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// As [`Writer::varint`].
    pub fn u32(&mut self, value: u32) {
        self.varint(value.into());
    }

    /// A signed number; those near zero are short (zigzag, then LEB128).
    pub fn signed(&mut self, value: i64) {
        self.varint(((value << 1) ^ (value >> 63)) as u64);
    }

    /// A time in milliseconds, as a varint: six bytes until the year 2109.
    pub fn timestamp(&mut self, value: Timestamp) {
        self.varint(value.as_millis());
    }

    /// Eight bytes, big-endian: for numbers that use their whole width, such as random ones.
    pub fn fixed_u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// The position that the store assigns when the record is committed; see
    /// [`crate::Stored::encode_around_position`]. At most one in a record.
    pub fn position(&mut self, value: u64) {
        assert!(self.stamp.is_none(), "the store stamps one position into a record");
        self.stamp = Some(self.bytes.len());
        self.fixed_u64(value);
    }

    /// Exactly `N` bytes, such as a digest or a UUID.
    pub fn array<const N: usize>(&mut self, value: &[u8; N]) {
        self.bytes.extend_from_slice(value);
    }

    /// Bytes behind their length.
    pub fn bytes(&mut self, value: &[u8]) {
        self.varint(value.len() as u64);
        self.bytes.extend_from_slice(value);
    }

    /// A text behind its length in bytes.
    pub fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    /// 0, or 1 and the value.
    pub fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Writer, T)) {
        self.bool(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// The items behind their number. Each must take at least one byte.
    pub fn list<T>(&mut self, items: impl ExactSizeIterator<Item = T>, mut write: impl FnMut(&mut Writer, T)) {
        self.varint(items.len() as u64);
        for item in items {
            write(self, item);
        }
    }

    pub(crate) fn finish(self) -> Bytes {
        finished(self.bytes)
    }

    pub(crate) fn finish_around_position(self) -> Option<(Bytes, Bytes)> {
        let at = self.stamp?;
        let bytes = finished(self.bytes);
        Some((bytes.slice(..at), bytes.slice(at + 8..)))
    }
}
