use std::ops::Deref;

use bytes::Bytes;
use smallvec::{SmallVec, smallvec};
use tidegate_types::Timestamp;

/// What was built: in an allocation of its own size, or, beyond 64 bytes, in the one that it grew into.
pub(crate) fn finished(bytes: SmallVec<[u8; 64]>) -> Bytes {
    if bytes.spilled() { bytes.into_vec().into() } else { Bytes::copy_from_slice(&bytes) }
}

/// The first byte of every key: who owns what lies under it. Numbers are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Root {
    /// The store's own records: format, markers.
    Store = 0x01,
    /// The server's own records: identity, clock offset.
    Server = 0x02,
    /// `storage/queue`.
    Queue = 0x03,
    /// `storage/log`.
    Log = 0x04,
    /// `storage/blob`.
    Blob = 0x05,
    /// `fabric/*`: pending deliveries, followers.
    Fabric = 0x06,
    /// `fabric/effects`.
    Effects = 0x07,
    /// `fabric/mail`.
    Mail = 0x08,
    /// `services/sqs`.
    Sqs = 0x10,
    /// `services/lambda`.
    Lambda = 0x13,
    /// `services/dynamodb`.
    DynamoDb = 0x14,
    /// `services/s3`.
    S3 = 0x15,
    /// `services/ses`.
    Ses = 0x16,
    /// `services/logs`.
    Logs = 0x17,
    /// `services/iam`.
    Iam = 0x18,
    /// `services/sts`.
    Sts = 0x19,
}

/// Ends a byte string. Sorts below [`ESCAPED_ZERO`], so that a string sorts before its extensions.
pub(crate) const TERMINATOR: [u8; 2] = [0x00, 0x01];
/// Stands for a zero byte within a byte string.
pub(crate) const ESCAPED_ZERO: [u8; 2] = [0x00, 0xff];

/// Builds a key from components. Keys of the same component types sort as the tuples of their
/// components; integers are fixed-width and big-endian, byte strings are escaped and terminated.
///
/// A key cut off between two components is the prefix of exactly the keys that begin with the same
/// components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Nearly all keys are below this: while one is built it takes no memory but the stack's.
    bytes: SmallVec<[u8; 64]>,
}

impl Key {
    /// A key of `root`.
    pub fn new(root: Root) -> Key {
        Key { bytes: smallvec![root as u8] }
    }

    /// A key without a root: what follows a position in a stamped key.
    pub fn suffix() -> Key {
        Key { bytes: SmallVec::new() }
    }

    /// Appends one byte: a tag for the kind of record, or a small number.
    #[must_use]
    pub fn u8(mut self, value: u8) -> Key {
        self.bytes.push(value);
        self
    }

    /// Appends two bytes.
    #[must_use]
    pub fn u16(mut self, value: u16) -> Key {
        self.bytes.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// Appends four bytes.
    #[must_use]
    pub fn u32(mut self, value: u32) -> Key {
        self.bytes.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// Appends eight bytes. A position that the store assigns has the same form.
    #[must_use]
    pub fn u64(mut self, value: u64) -> Key {
        self.bytes.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// Appends a time in milliseconds, eight bytes.
    #[must_use]
    pub fn timestamp(self, value: Timestamp) -> Key {
        self.u64(value.as_millis())
    }

    /// Appends a byte string: two bytes longer than it is, one more for each zero in it.
    #[must_use]
    pub fn bytes(self, value: &[u8]) -> Key {
        let mut key = self.bytes_prefix(value);
        key.bytes.extend_from_slice(&TERMINATOR);
        key
    }

    /// Appends a text, as its bytes: it sorts by code point.
    #[must_use]
    pub fn text(self, value: &str) -> Key {
        self.bytes(value.as_bytes())
    }

    /// Appends the beginning of a byte string: the prefix of all keys whose component begins so.
    /// Nothing may be appended behind it.
    #[must_use]
    pub fn bytes_prefix(mut self, value: &[u8]) -> Key {
        for &byte in value {
            match byte {
                0 => self.bytes.extend_from_slice(&ESCAPED_ZERO),
                other => self.bytes.push(other),
            }
        }
        self
    }

    /// Appends the beginning of a text; see [`Key::bytes_prefix`].
    #[must_use]
    pub fn text_prefix(self, value: &str) -> Key {
        self.bytes_prefix(value.as_bytes())
    }

    /// Appends bytes as they are: for a last component whose end is the key's end.
    #[must_use]
    pub fn rest(mut self, value: &[u8]) -> Key {
        self.bytes.extend_from_slice(value);
        self
    }

    /// The finished key.
    pub fn build(self) -> Bytes {
        finished(self.bytes)
    }
}

impl From<Key> for Bytes {
    fn from(key: Key) -> Bytes {
        key.build()
    }
}

impl Deref for Key {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyReader, testing::assert_key};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    type Parts = (u8, u32, Vec<u8>, u64, Vec<u8>);

    fn encode((a, b, c, d, e): &Parts) -> Bytes {
        Key::new(Root::Log).u8(*a).u32(*b).bytes(c).u64(*d).bytes(e).build()
    }

    fn decode(key: &[u8]) -> Result<Parts, crate::DecodeError> {
        let mut reader = KeyReader::new(key, Root::Log)?;
        let parts = (reader.u8()?, reader.u32()?, reader.bytes()?, reader.u64()?, reader.bytes()?);
        reader.end()?;
        Ok(parts)
    }

    /// Bytes in which zeros, ones and 0xff are frequent: those the escapes are about.
    fn awkward() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
        let byte = proptest::sample::select(vec![0u8, 1, 2, 0x61, 0xfe, 0xff]);
        proptest::collection::vec(byte, 0..6)
    }

    proptest! {
        #[test]
        fn keys_sort_as_their_tuples_and_round_trip(
            a in (0u8..3, 0u32..3, awkward(), 0u64..3, awkward()),
            b in (0u8..3, 0u32..3, awkward(), 0u64..3, awkward()),
        ) {
            prop_assert_eq!(encode(&a).cmp(&encode(&b)), a.cmp(&b));
            prop_assert_eq!(decode(&encode(&a)), Ok(a));
        }

        #[test]
        fn a_text_prefix_covers_exactly_the_texts_that_begin_so(text in awkward(), start in awkward()) {
            let key = Key::new(Root::Log).bytes(&text).u64(7).build();
            let prefix = Key::new(Root::Log).bytes_prefix(&start).build();
            prop_assert_eq!(key.starts_with(&prefix), text.starts_with(&start));
        }

        #[test]
        fn any_bytes_are_a_key_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(parts) = decode(&bytes) {
                prop_assert!(encode(&parts) == bytes, "one key has one spelling");
            }
        }
    }

    #[test]
    fn golden_keys() {
        assert_key("04", &Key::new(Root::Log).build());
        assert_key("0401000203", &Key::new(Root::Log).u8(1).u16(0x0002).u8(3).build());
        assert_key("03000000070000000000000009", &Key::new(Root::Queue).u32(7).u64(9).build());
        assert_key("0361620001", &Key::new(Root::Queue).text("ab").build());
        assert_key("036100ff620001", &Key::new(Root::Queue).bytes(b"a\0b").build());
        assert_key("036162", &Key::new(Root::Queue).text_prefix("ab").build());
        assert_key("61", &Key::suffix().rest(b"a").build());
    }
}
