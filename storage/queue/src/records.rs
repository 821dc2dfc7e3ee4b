//! What is stored: each record, its layout, its golden bytes.

use bytes::Bytes;
use tidegate_record::{DecodeError, Reader, Stored, Writer};
use tidegate_store::{Record, Space, StoreError};
use tidegate_types::Timestamp;

use crate::{Discipline, Lease, keys};

/// A queue exists. Its version changes with each purge: who writes into a queue checks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueRecord {
    pub discipline: Discipline,
    pub generation: u32,
}

impl Stored for QueueRecord {
    const NAME: &'static str = "queue";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.u8(match self.discipline {
            Discipline::Standard => 0,
            Discipline::Fifo => 1,
        });
        to.u32(self.generation);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let discipline = match from.u8()? {
            0 => Discipline::Standard,
            1 => Discipline::Fifo,
            _ => return Err(from.malformed("an unknown discipline")),
        };
        Ok(QueueRecord { discipline, generation: from.u32()? })
    }
}

impl Stored for Lease {
    const NAME: &'static str = "lease";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.sent_at);
        to.timestamp(self.visible_at);
        to.u32(self.receive_count);
        to.option(self.first_received_at, Writer::timestamp);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Lease {
            sent_at: from.timestamp()?,
            visible_at: from.timestamp()?,
            receive_count: from.u32()?,
            first_received_at: from.option(Reader::timestamp)?,
        })
    }
}

/// What was sent. The lane is repeated here because bodies lie in order of position: looking
/// through a queue in that order finds each lease by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body {
    pub lane: Bytes,
    pub body: Bytes,
}

impl Stored for Body {
    const NAME: &'static str = "message body";
    const VERSION: u8 = 1;

    fn size_hint(&self) -> usize {
        self.lane.len() + self.body.len() + 16
    }

    fn write(&self, to: &mut Writer) {
        to.bytes(&self.lane);
        to.bytes(&self.body);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Body { lane: from.bytes()?, body: from.bytes()? })
    }
}

/// An entry of the due index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Due {
    pub lane: Bytes,
    pub sent_at: Timestamp,
}

impl Stored for Due {
    const NAME: &'static str = "due entry";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.bytes(&self.lane);
        to.timestamp(self.sent_at);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Due { lane: from.bytes()?, sent_at: from.timestamp()? })
    }
}

/// A message with this deduplication key was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dedup {
    pub expires_at: Timestamp,
    pub position: u64,
    pub note: Bytes,
}

impl Stored for Dedup {
    const NAME: &'static str = "deduplication record";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.expires_at);
        to.position(self.position);
        to.bytes(&self.note);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Dedup { expires_at: from.timestamp()?, position: from.position()?, note: from.bytes()? })
    }
}

/// Decodes a record, or says where the damage is.
pub(crate) fn decode<T: Stored>(space: Space, key: &[u8], record: &Record) -> Result<T, StoreError> {
    T::decode(&record.value).map_err(|error| keys::corrupt(space, key, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_record::testing::assert_golden;

    #[test]
    fn golden_bytes() {
        let time = Timestamp::from_millis;
        assert_golden("010007", &QueueRecord { discipline: Discipline::Standard, generation: 7 });
        assert_golden("0101ac02", &QueueRecord { discipline: Discipline::Fifo, generation: 300 });
        let fresh = Lease { sent_at: time(5), visible_at: time(6), receive_count: 0, first_received_at: None };
        assert_golden("0105060000", &fresh);
        assert_golden(
            "010507020106",
            &Lease { visible_at: time(7), receive_count: 2, first_received_at: Some(time(6)), ..fresh },
        );
        let lane = Bytes::from_static(b"g");
        assert_golden("010167026869", &Body { lane: lane.clone(), body: Bytes::from_static(b"hi") });
        assert_golden("01016705", &Due { lane, sent_at: time(5) });
        let note = Bytes::from_static(b"n");
        assert_golden("01050000000000000009016e", &Dedup { expires_at: time(5), position: 9, note });
    }
}
