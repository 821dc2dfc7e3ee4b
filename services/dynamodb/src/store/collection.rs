//! How large an item collection is: the items of one partition key and their entries in local indexes.
//! Only tables with local indexes have these records, because only their collections are bounded.

use tidegate_record::{DecodeError, Reader, Stored, Writer};

/// The size of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectionRecord {
    /// What everything in it weighs.
    pub bytes: u64,
}

impl Stored for CollectionRecord {
    const NAME: &'static str = "dynamodb item collection";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.varint(self.bytes);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(CollectionRecord { bytes: from.varint()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_round_trip};

    #[test]
    fn golden_bytes() {
        assert_golden("01ac02", &CollectionRecord { bytes: 300 });
        assert_round_trip(&CollectionRecord { bytes: u64::MAX });
    }
}
