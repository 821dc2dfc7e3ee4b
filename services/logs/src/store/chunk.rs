use tidegate_record::{DecodeError, Reader, Stored, Writer};

use crate::domain::{Chunk, Event};

/// Some events in a stream's log. Each time is written as its distance from the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkRecord(pub Chunk);

impl Stored for ChunkRecord {
    const NAME: &'static str = "log events";
    const VERSION: u8 = 2;

    fn write(&self, to: &mut Writer) {
        to.timestamp(self.0.ingested_at);
        let mut before = 0;
        to.list(self.0.events.iter(), |to, event| {
            to.varint(event.timestamp - before);
            to.text(&event.message);
            before = event.timestamp;
        });
        // Few groups have a transformer: for the others this is one byte.
        let transformed: Vec<(u64, &String)> =
            (0..).zip(&self.0.events).filter_map(|(at, event)| Some((at, event.transformed.as_ref()?))).collect();
        to.list(transformed.into_iter(), |to, (at, text)| {
            to.varint(at);
            to.text(text);
        });
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut chunk = read_first(from)?;
        let transformed: Vec<(u64, String)> = from.list(|from| Ok((from.varint()?, from.text()?)))?;
        for (at, text) in transformed {
            let event = usize::try_from(at).ok().and_then(|at| chunk.events.get_mut(at));
            event.ok_or_else(|| from.malformed("no event to be transformed"))?.transformed = Some(text);
        }
        Ok(ChunkRecord(chunk))
    }

    /// In version 1 nothing was transformed.
    fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match version {
            1 => read_first(from).map(ChunkRecord),
            found => Err(DecodeError::UnknownVersion { record: Self::NAME, found }),
        }
    }
}

fn read_first(from: &mut Reader<'_>) -> Result<Chunk, DecodeError> {
    let ingested_at = from.timestamp()?;
    let mut before: u64 = 0;
    let events: Vec<Event> = from.list(|from| {
        let ahead = from.varint()?;
        let timestamp = before.checked_add(ahead).ok_or_else(|| from.malformed("a time beyond all times"))?;
        before = timestamp;
        Ok(Event::new(timestamp, from.text()?))
    })?;
    if events.is_empty() {
        return Err(from.malformed("no events"));
    }
    Ok(Chunk { ingested_at, events })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tidegate_record::testing::{assert_golden, assert_reads_older, assert_round_trip};
    use tidegate_types::Timestamp;

    fn chunk(events: &[(u64, &str)]) -> ChunkRecord {
        let event = |(timestamp, message): &(u64, &str)| Event::new(*timestamp, (*message).to_owned());
        ChunkRecord(Chunk { ingested_at: Timestamp::from_millis(7), events: events.iter().map(event).collect() })
    }

    #[test]
    fn golden_bytes() {
        let mut chunk = chunk(&[(3, "a"), (8, "b")]);
        assert_reads_older("010702030161050162", &chunk);
        assert_golden("02070203016105016200", &chunk);
        chunk.0.events[1].transformed = Some("{}".to_owned());
        assert_golden("0207020301610501620101027b7d", &chunk);
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
