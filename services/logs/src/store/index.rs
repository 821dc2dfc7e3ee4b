use tidegate_record::{DecodeError, Reader, Stored, Writer};

use super::StreamId;

/// What is known of a chunk without reading it. The time of its last event and its position are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRecord {
    /// Its stream.
    pub stream: StreamId,
    /// The stream's name, so that readers by name need not look each one up.
    pub name: String,
    /// When its first event happened.
    pub first_ms: u64,
    /// The size of its events.
    pub bytes: u64,
}

impl Stored for IndexRecord {
    const NAME: &'static str = "place of log events";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.fixed_u64(self.stream.0);
        to.text(&self.name);
        to.varint(self.first_ms);
        to.varint(self.bytes);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(IndexRecord {
            stream: StreamId(from.fixed_u64()?),
            name: from.text()?,
            first_ms: from.varint()?,
            bytes: from.varint()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        let record = IndexRecord { stream: StreamId(2), name: "s".to_owned(), first_ms: 300, bytes: 5 };
        assert_golden("0100000000000000020173ac0205", &record);
    }
}
