use std::collections::BTreeMap;

use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

use super::version::{read_texts, write_texts};

/// What all versions of a function have in common. Its account, region and name are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionRecord {
    /// Its number, never used again: what belongs to it lies under that.
    pub id: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// The number that the next published version gets.
    pub next_version: u64,
    /// How many invocations it has reserved.
    pub reserved: Option<u32>,
    /// Whether a chain of events that calls it again and again is ended.
    pub ends_recursion: bool,
    /// What its owner calls it by.
    pub tags: BTreeMap<String, String>,
}

impl Stored for FunctionRecord {
    const NAME: &'static str = "lambda function";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.fixed_u64(self.id);
        to.timestamp(self.created_at);
        to.varint(self.next_version);
        to.option(self.reserved, Writer::u32);
        to.bool(self.ends_recursion);
        write_texts(to, &self.tags);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(FunctionRecord {
            id: from.fixed_u64()?,
            created_at: from.timestamp()?,
            next_version: from.varint()?,
            reserved: from.option(Reader::u32)?,
            ends_recursion: from.bool()?,
            tags: read_texts(from)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        let record = FunctionRecord {
            id: 1,
            created_at: Timestamp::from_millis(5),
            next_version: 2,
            reserved: Some(3),
            ends_recursion: true,
            tags: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        };
        assert_golden("0100000000000000010502010301010161 0162".replace(' ', "").as_str(), &record);
    }
}
