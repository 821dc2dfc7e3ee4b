//! How events lie in the log: several to a record, because a record for each line would make writing a
//! hundred lines a hundred times as dear as writing one.

use tidegate_types::Timestamp;

use super::batch::Event;

/// The most bytes of a chunk, unless a single event is larger.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// The longest time between a chunk's first and last event. Chunks are found by the time of their last
/// event; how much further a reader must look to be sure that nothing earlier follows is this long.
pub const CHUNK_SPAN_MS: u64 = 10_000;

/// Some events of one stream that were written together, in order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// When they were written: product time.
    pub ingested_at: Timestamp,
    /// The events; at least one.
    pub events: Vec<Event>,
}

impl Chunk {
    /// When its first event happened.
    pub fn first_ms(&self) -> u64 {
        self.events.first().expect("a chunk has an event").timestamp
    }

    /// When its last event happened.
    pub fn last_ms(&self) -> u64 {
        self.events.last().expect("a chunk has an event").timestamp
    }

    /// What its events count as stored bytes.
    pub fn bytes(&self) -> u64 {
        self.events.iter().map(Event::size).sum::<usize>() as u64
    }
}

/// Cuts events, which are in order of time, into chunks.
pub fn split(events: Vec<Event>, ingested_at: Timestamp) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut bytes = 0;
    for event in events {
        let fits = chunks.last().is_some_and(|chunk: &Chunk| {
            bytes + event.size() <= CHUNK_BYTES && event.timestamp - chunk.first_ms() <= CHUNK_SPAN_MS
        });
        match chunks.last_mut().filter(|_| fits) {
            Some(chunk) => {
                bytes += event.size();
                chunk.events.push(event);
            }
            None => {
                bytes = event.size();
                chunks.push(Chunk { ingested_at, events: vec![event] });
            }
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn chunks_are_short_and_lose_nothing(mut events in proptest::collection::vec((0u64..100_000, 0usize..40_000), 1..60)) {
            events.sort_unstable();
            let event = |(timestamp, length): (u64, usize)| Event::new(timestamp, "x".repeat(length));
            let events: Vec<Event> = events.into_iter().map(event).collect();
            let chunks = split(events.clone(), Timestamp::EPOCH);
            for chunk in &chunks {
                prop_assert!(chunk.last_ms() - chunk.first_ms() <= CHUNK_SPAN_MS);
                prop_assert!(chunk.bytes() <= CHUNK_BYTES as u64 || chunk.events.len() == 1);
            }
            let again: Vec<Event> = chunks.into_iter().flat_map(|chunk| chunk.events).collect();
            prop_assert_eq!(again, events);
        }
    }
}
