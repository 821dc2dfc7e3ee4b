use std::fmt;
use std::str::FromStr;

use tidegate_record::{DecodeError, Reader, Writer};

/// The name of a blob: random, and never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BlobId(pub(crate) u128);

/// The text is not 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a blob's name: {0:?}")]
pub struct InvalidBlobId(pub String);

impl BlobId {
    /// Its sixteen bytes, for keys.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// From its sixteen bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> BlobId {
        BlobId(u128::from_be_bytes(bytes))
    }

    /// Which of the 256 folders it lies in.
    pub(crate) fn folder(self) -> u8 {
        self.to_bytes()[0]
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BlobId {
    type Err = InvalidBlobId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidBlobId(text.to_owned());
        let id = BlobId(u128::from_str_radix(text, 16).map_err(|_| invalid())?);
        // One spelling only: `+1` and upper case are numbers too.
        if id.to_string() == text { Ok(id) } else { Err(invalid()) }
    }
}

/// A stored body, as its owner's record refers to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobRef {
    /// Its name.
    pub id: BlobId,
    /// The bytes of its content.
    pub length: u64,
    /// The checksum in the file's footer: a file that another reference belongs to does not match.
    pub checksum: u32,
}

impl BlobRef {
    /// Writes it as a field of a record.
    pub fn write(&self, to: &mut Writer) {
        to.array(&self.id.to_bytes());
        to.varint(self.length);
        to.array(&self.checksum.to_be_bytes());
    }

    /// Reads it as a field of a record.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the record holds something else.
    pub fn read(from: &mut Reader<'_>) -> Result<BlobRef, DecodeError> {
        Ok(BlobRef {
            id: BlobId::from_bytes(from.array()?),
            length: from.varint()?,
            checksum: u32::from_be_bytes(from.array()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::{Stored, testing::assert_golden};

    #[derive(Debug, PartialEq)]
    struct Holder(BlobRef);

    impl Stored for Holder {
        const NAME: &'static str = "holder";
        const VERSION: u8 = 1;

        fn write(&self, to: &mut Writer) {
            self.0.write(to);
        }

        fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
            BlobRef::read(from).map(Holder)
        }
    }

    #[test]
    fn golden_bytes() {
        let blob = BlobRef { id: BlobId(0xab << 120 | 1), length: 70_000, checksum: 0x0102_0304 };
        assert_golden("01ab000000000000000000000000000001f0a20401020304", &Holder(blob));
    }

    #[test]
    fn names_have_one_spelling() {
        let name = "ab000000000000000000000000000001";
        assert_eq!(name.parse::<BlobId>().unwrap().to_string(), name);
        for text in ["", "1", "AB000000000000000000000000000001", "+b000000000000000000000000000001", "x"] {
            assert_eq!(text.parse::<BlobId>(), Err(InvalidBlobId(text.to_owned())));
        }
    }
}
