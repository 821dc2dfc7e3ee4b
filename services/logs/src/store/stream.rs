use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_types::Timestamp;

use super::{GroupId, StreamId};

/// A stream. Its group and name are its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamRecord {
    /// The number of its log.
    pub id: StreamId,
    /// When it was created.
    pub created_at: Timestamp,
    /// What was written to it last, if anything was.
    pub written: Option<Written>,
}

/// What is remembered of a stream's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// When its latest event happened.
    pub last_ms: u64,
    /// When it was written to.
    pub ingested_at: Timestamp,
}

impl StreamRecord {
    /// When its latest event happened.
    pub fn last_ms(&self) -> Option<u64> {
        self.written.map(|written| written.last_ms)
    }
}

impl Stored for StreamRecord {
    const NAME: &'static str = "log stream";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.fixed_u64(self.id.0);
        to.timestamp(self.created_at);
        to.option(self.written, |to, written| {
            to.varint(written.last_ms);
            to.timestamp(written.ingested_at);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(StreamRecord {
            id: StreamId(from.fixed_u64()?),
            created_at: from.timestamp()?,
            written: from.option(|from| Ok(Written { last_ms: from.varint()?, ingested_at: from.timestamp()? }))?,
        })
    }
}

/// A group or stream that was deleted and whose leftovers are still to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GarbageRecord {
    /// The group.
    pub group: GroupId,
}

impl Stored for GarbageRecord {
    const NAME: &'static str = "deleted log group or stream";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.fixed_u64(self.group.0);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(GarbageRecord { group: GroupId(from.fixed_u64()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::{assert_golden, assert_round_trip};

    #[test]
    fn golden_bytes() {
        let written = Some(Written { last_ms: 300, ingested_at: Timestamp::from_millis(4) });
        let stream = StreamRecord { id: StreamId(2), created_at: Timestamp::from_millis(3), written };
        assert_golden("0100000000000000020301ac0204", &stream);
        assert_round_trip(&StreamRecord { written: None, ..stream });
        assert_golden("010000000000000005", &GarbageRecord { group: GroupId(5) });
    }
}
