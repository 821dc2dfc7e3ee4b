//! The first or last few of many events, in memory that depends on how few and not on how many.

use std::collections::BTreeMap;

use tidegate_types::Timestamp;

use super::cut::EventId;

/// An event that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which one.
    pub id: EventId,
    /// The name of its stream.
    pub stream: std::sync::Arc<str>,
    /// When it was written.
    pub ingested_at: Timestamp,
    /// What it says, as it may be seen.
    pub message: String,
    /// What it says, if parts of that are masked.
    pub unmasked: Option<String>,
    /// What the group's transformer made of it, as it may be seen.
    pub transformed: Option<String>,
}

impl Found {
    /// How much it takes, all that it holds counted.
    pub fn bytes(&self) -> usize {
        let more = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.message.len() + more(&self.unmasked) + more(&self.transformed)
    }
}

/// From which end events are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The earliest ones.
    Forward,
    /// The latest ones.
    Backward,
}

/// Keeps the best events of those that it is shown: at most so many, and so many bytes.
#[derive(Debug)]
pub struct Selection {
    direction: Direction,
    limit: usize,
    bytes_limit: usize,
    bytes: usize,
    kept: BTreeMap<EventId, Found>,
    /// The best event that was left out: nothing behind it may be kept.
    bound: Option<EventId>,
}

impl Selection {
    /// An empty selection.
    pub fn new(direction: Direction, limit: usize, bytes_limit: usize) -> Selection {
        Selection { direction, limit: limit.max(1), bytes_limit, bytes: 0, kept: BTreeMap::new(), bound: None }
    }

    /// Whether an event with this id could still be kept.
    pub fn wants(&self, id: EventId) -> bool {
        match (self.bound, self.direction) {
            (None, _) => true,
            (Some(bound), Direction::Forward) => id < bound,
            (Some(bound), Direction::Backward) => id > bound,
        }
    }

    /// The best event that was left out, if one was.
    pub fn bound(&self) -> Option<EventId> {
        self.bound
    }

    /// Offers an event.
    pub fn offer(&mut self, event: Found) {
        if !self.wants(event.id) {
            return;
        }
        self.bytes += event.bytes();
        self.kept.insert(event.id, event);
        // At least one event is answered, however large.
        while self.kept.len() > self.limit || (self.bytes > self.bytes_limit && self.kept.len() > 1) {
            let worst = match self.direction {
                Direction::Forward => self.kept.pop_last(),
                Direction::Backward => self.kept.pop_first(),
            };
            let (id, event) = worst.expect("more than one is kept");
            self.bytes -= event.bytes();
            self.bound = Some(id);
        }
    }

    /// The kept events in order of time.
    pub fn into_events(self) -> Vec<Found> {
        self.kept.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(timestamp: u64, length: usize) -> Found {
        let id = EventId { timestamp, position: timestamp, index: 0 };
        let message = "x".repeat(length);
        let (unmasked, transformed) = (None, None);
        Found { id, stream: "s".into(), ingested_at: Timestamp::EPOCH, message, unmasked, transformed }
    }

    proptest! {
        #[test]
        fn it_keeps_a_run_from_its_end(
            lengths in proptest::collection::vec(1usize..20, 1..40), order in any::<u64>(), limit in 1usize..20, backward: bool,
        ) {
            let direction = if backward { Direction::Backward } else { Direction::Forward };
            let mut all: Vec<Found> = lengths.iter().enumerate().map(|(at, &length)| found(at as u64, length)).collect();
            let sorted = all.clone();
            // Any order: what is kept may not depend on it more than bytes make it.
            all.sort_by_key(|event| (event.id.timestamp + 1).wrapping_mul(order | 1));
            let mut selection = Selection::new(direction, limit, 60);
            all.into_iter().for_each(|event| selection.offer(event));
            let bound = selection.bound();
            let kept = selection.into_events();
            prop_assert!(!kept.is_empty() && kept.len() <= limit);
            let expected: Vec<Found> = match direction {
                Direction::Forward => sorted.iter().take(kept.len()).cloned().collect(),
                Direction::Backward => sorted[sorted.len() - kept.len()..].to_vec(),
            };
            prop_assert_eq!(&kept, &expected);
            prop_assert_eq!(bound.is_some(), kept.len() < sorted.len());
        }
    }
}
