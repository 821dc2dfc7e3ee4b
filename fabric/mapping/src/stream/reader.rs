use std::collections::VecDeque;
use std::sync::Arc;

use tidegate_ports::{FollowError, ReadLimit, StreamPosition, StreamRecord};

use crate::board::Place;
use crate::limits::MAX_EVENT_BYTES;

/// Reads a shard some records ahead. What was not taken is read again after a restart.
pub(super) struct Reader {
    place: Arc<Place>,
    /// Behind the last record that was taken.
    taken: StreamPosition,
    /// Behind the last record that was read.
    read: StreamPosition,
    ahead: VecDeque<StreamRecord>,
    at_once: usize,
}

/// What is next in a shard.
pub(super) enum Next<'a> {
    /// A record, to be taken by [`Reader::take`].
    Record(&'a StreamRecord),
    /// Nothing yet.
    CaughtUp,
    /// Nothing any more.
    ShardEnded,
}

impl Reader {
    pub(super) fn new(place: Arc<Place>, from: StreamPosition, at_once: usize) -> Reader {
        Reader { place, taken: from, read: from, ahead: VecDeque::new(), at_once }
    }

    /// Behind everything that was taken.
    pub(super) fn position(&self) -> StreamPosition {
        self.taken
    }

    /// Looks at the next record.
    ///
    /// # Errors
    /// [`FollowError::NoSuchStream`] and the store's.
    pub(super) async fn next(&mut self) -> Result<Next<'_>, FollowError> {
        while self.ahead.is_empty() {
            let limit = ReadLimit { records: self.at_once, bytes: MAX_EVENT_BYTES };
            match self.place.source.read(&self.place.stream, &self.place.shard, self.read, limit).await {
                Ok(page) if page.records.is_empty() => {
                    return Ok(if page.ended { Next::ShardEnded } else { Next::CaughtUp });
                }
                Ok(page) => {
                    self.ahead = page.records.into();
                    self.read = self.ahead.back().map_or(self.read, StreamRecord::next);
                }
                // All its records were too old.
                Err(FollowError::NoSuchShard { .. }) => return Ok(Next::ShardEnded),
                Err(error) => {
                    if let Some(error) = self.pass(error) {
                        return Err(error);
                    }
                }
            }
        }
        Ok(self.ahead.front().map_or(Next::CaughtUp, Next::Record))
    }

    /// Records that are gone or damaged must not stop those behind them: they are counted, and passed. Other
    /// errors come back.
    fn pass(&mut self, error: FollowError) -> Option<FollowError> {
        let shard = &self.place.shard;
        let behind = match error {
            FollowError::Trimmed { oldest } => {
                tracing::warn!(shard, %error, "records were too old before they were processed");
                oldest
            }
            FollowError::Unreadable { at, .. } => {
                tracing::error!(shard, %error, "a record is damaged and passed over");
                StreamPosition(at.0 + 1)
            }
            FollowError::NoSuchStream(_) | FollowError::NoSuchShard { .. } | FollowError::Store(_) => {
                return Some(error);
            }
        };
        metrics::counter!("tidegate_mapping_records_total", "fate" => "lost").increment(1);
        (self.read, self.taken) = (behind, behind);
        None
    }

    /// Takes the record that was looked at.
    pub(super) fn take(&mut self) -> Option<StreamRecord> {
        let record = self.ahead.pop_front()?;
        self.taken = record.next();
        Some(record)
    }

    /// Passes the record that was looked at.
    pub(super) fn skip(&mut self) {
        drop(self.take());
    }
}
