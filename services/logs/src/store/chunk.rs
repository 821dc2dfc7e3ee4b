use tidegate_record::{DecodeError, Reader, Stored, Writer};

use crate::domain::{Chunk, Event};

/// Some events in a stream's log. Each time is written as its distance from the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkRecord(pub Chunk);

impl Stored for ChunkRecord {
    const NAME: &'static str = "log events";
    const VERSION: u8 = 1;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.0.ingested_at);
        let mut before = 0;
        to.list(self.0.events.iter(), |to, event| {
            to.varint(event.timestamp - before);
            to.text(&event.message);
            before = event.timestamp;
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let ingested_at = from.timestamp()?;
        let mut before: u64 = 0;
        let events: Vec<Event> = from.list(|from| {
            let ahead = from.varint()?;
            let timestamp = before.checked_add(ahead).ok_or_else(|| from.malformed("a time beyond all times"))?;
            before = timestamp;
            Ok(Event { timestamp, message: from.text()? })
        })?;
        if events.is_empty() {
            return Err(from.malformed("no events"));
        }
        Ok(ChunkRecord(Chunk { ingested_at, events }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tidegate_record::testing::{assert_golden, assert_round_trip};
    use tidegate_types::Timestamp;

    fn chunk(events: &[(u64, &str)]) -> ChunkRecord {
        let event =
            |(timestamp, message): &(u64, &str)| Event { timestamp: *timestamp, message: (*message).to_owned() };
        ChunkRecord(Chunk { ingested_at: Timestamp::from_millis(7), events: events.iter().map(event).collect() })
    }

    #[test]
    fn golden_bytes() {
        assert_golden("010702030161050162", &chunk(&[(3, "a"), (8, "b")]));
    }

    proptest! {
        #[test]
        fn chunks_round_trip(mut events in proptest::collection::vec((any::<u64>(), any::<String>()), 1..20)) {
            events.sort();
            let events: Vec<(u64, &str)> = events.iter().map(|(time, text)| (*time, text.as_str())).collect();
            assert_round_trip(&chunk(&events));
        }
    }
}
