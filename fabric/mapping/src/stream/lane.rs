use std::sync::Arc;

use tidegate_ports::{Delivery, FollowError, StreamRecord};
use tidegate_types::Timestamp;

use super::checkpoint::{self, CheckpointRecord, Saved, WindowRecord};
use super::event;
use super::reader::{Next, Reader};
use crate::board::{Doing, Part, Place};
use crate::engine::{Shared, Stop};
use crate::keys::LaneName;
use crate::limits::{EVENT_FRAME_BYTES, MAX_EVENT_BYTES, PAUSE, SKIPPED_AT_MOST};
use crate::mapping::{LastResult, Mapping, StreamOptions};

/// How many records are read ahead where not each of them is taken.
const READ_AHEAD: usize = 100;

/// Why a lane ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LaneEnd {
    /// It has read its shard to the end.
    Ended,
    /// Something else is wanted.
    Stopped,
    /// The mapping was deleted.
    Forgotten,
    /// The stream is gone.
    NoStream,
}

/// One of the lanes of a shard: the records of a set of keys, in order.
pub(super) struct Lane {
    pub(super) shared: Arc<Shared>,
    pub(super) mapping: Arc<Mapping>,
    pub(super) options: StreamOptions,
    pub(super) name: LaneName,
    pub(super) part: Part,
    pub(super) stop: Stop,
    pub(super) place: Arc<Place>,
    pub(super) reader: Reader,
    /// What is durable.
    pub(super) saved: CheckpointRecord,
    /// The tumbling window that is open.
    pub(super) window: Option<WindowRecord>,
}

/// Why no more records were collected.
enum Why {
    /// The batch is full, or has waited long enough.
    Batch,
    /// What comes next belongs to a later window, or the time of this one is over.
    WindowOver,
    ShardEnded,
}

impl Lane {
    /// The lane as it was when `saved` was written.
    pub(super) fn new(
        shared: Arc<Shared>,
        mapping: Arc<Mapping>,
        options: StreamOptions,
        place: Place,
        name: LaneName,
        saved: CheckpointRecord,
        stop: Stop,
    ) -> Lane {
        let takes_all = name.lanes == 1 && mapping.filter.is_none();
        let ahead = if takes_all { mapping.batch_size } else { mapping.batch_size.max(READ_AHEAD) };
        let place = Arc::new(place);
        let reader = Reader::new(place.clone(), checkpoint::position(&saved), ahead);
        let (part, window) = (shared.board.enter(), saved.window.clone());
        Lane { shared, mapping, options, name, part, stop, place, reader, saved, window }
    }

    /// Reads and processes until the shard ends or something else is wanted.
    pub(super) async fn run(mut self) -> (LaneEnd, Part) {
        let end = match self.follow().await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        self.part.set(Doing::Working);
        (end, self.part)
    }

    async fn follow(&mut self) -> Result<std::convert::Infallible, LaneEnd> {
        loop {
            let mut records = Vec::new();
            let why = self.collect(&mut records).await?;
            if !records.is_empty() {
                self.process(&records).await?;
            }
            match why {
                Why::Batch => {}
                Why::WindowOver => self.close_window().await?,
                Why::ShardEnded => {
                    self.close_window().await?;
                    self.save(true, None).await?;
                    return Err(LaneEnd::Ended);
                }
            }
        }
    }

    /// Collects the next batch: at most so many records, for at most so long, all of one tumbling window.
    async fn collect(&mut self, records: &mut Vec<StreamRecord>) -> Result<Why, LaneEnd> {
        let mut bytes = EVENT_FRAME_BYTES + self.window.as_ref().map_or(0, |window| window.state.len());
        let mut due = None;
        self.part.set(Doing::Working);
        loop {
            if self.is_stopped() {
                return Err(self.leave(records.is_empty()).await);
            }
            let window_end = self.window_end(records);
            let next = match self.reader.next().await {
                Ok(next) => next,
                Err(error) => {
                    self.fail(&error).await?;
                    continue;
                }
            };
            match next {
                Next::Record(record) if window_end.is_some_and(|end| record.arrived_at >= end) => {
                    return Ok(Why::WindowOver);
                }
                Next::Record(record) if !wants(&self.mapping, &self.name, record) => {
                    self.reader.skip();
                    if self.reader.position().0 - self.saved.position > SKIPPED_AT_MOST && records.is_empty() {
                        self.save(false, None).await?;
                    }
                }
                Next::Record(record) if bytes + record.json.len() + 1 > MAX_EVENT_BYTES && !records.is_empty() => {
                    return Ok(Why::Batch);
                }
                Next::Record(record) => {
                    bytes += record.json.len() + 1;
                    due.get_or_insert(self.shared.parts.env.now().plus(self.mapping.window));
                    records.extend(self.reader.take());
                    if records.len() >= self.mapping.batch_size {
                        return Ok(Why::Batch);
                    }
                }
                Next::ShardEnded => return Ok(Why::ShardEnded),
                Next::CaughtUp => {
                    let now = self.shared.parts.env.now();
                    if window_end.is_some_and(|end| end <= now) {
                        return Ok(Why::WindowOver);
                    }
                    if due.is_some_and(|due| due <= now) {
                        return Ok(Why::Batch);
                    }
                    self.wait(due.into_iter().chain(window_end).min()).await;
                }
            }
        }
    }

    /// The end of the tumbling window that is open, or that the first record opens.
    fn window_end(&self, records: &[StreamRecord]) -> Option<Timestamp> {
        let length = self.options.tumbling?;
        let first = || records.first().map(|first| window_of(first.arrived_at, length).end);
        self.window.as_ref().map(|window| window.end).or_else(first)
    }

    async fn wait(&mut self, due: Option<Timestamp>) {
        let position = self.reader.position();
        self.part.set(Doing::Following(self.place.clone(), position, due));
        let env = &self.shared.parts.env;
        tokio::select! {
            biased;
            () = self.stop.set() => {}
            // An error shows when it is read next.
            _ = self.place.source.wait(&self.place.stream, &self.place.shard, position) => {}
            () = at(env, due) => {}
        }
        self.part.set(Doing::Working);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_set()
    }

    /// Notes what was passed by, if nothing is held; what was collected is read again.
    async fn leave(&mut self, nothing_is_held: bool) -> LaneEnd {
        if nothing_is_held && self.reader.position().0 > self.saved.position {
            return self.save(false, None).await.err().unwrap_or(LaneEnd::Stopped);
        }
        LaneEnd::Stopped
    }

    async fn fail(&mut self, error: &FollowError) -> Result<(), LaneEnd> {
        if let FollowError::NoSuchStream(_) = error {
            return Err(LaneEnd::NoStream);
        }
        tracing::warn!(mapping = %self.mapping.id, %error, "a shard cannot be read; trying again");
        self.shared.board.result(LastResult::SourceFailed);
        self.shared.parts.env.sleep_real(PAUSE).await;
        Ok(())
    }

    /// Writes that everything taken so far has been processed.
    pub(super) async fn save(&mut self, ended: bool, delivery: Option<&Delivery>) -> Result<(), LaneEnd> {
        self.save_at(self.reader.position().0, ended, delivery).await
    }

    /// Writes how far the lane is, and tells the destination. Tried until the store takes it: what was
    /// processed must not be processed again for as long as this goes on.
    pub(super) async fn save_at(
        &mut self,
        position: u64,
        ended: bool,
        delivery: Option<&Delivery>,
    ) -> Result<(), LaneEnd> {
        let checkpoint = CheckpointRecord { position, ended, window: self.window.clone() };
        let parts = &self.shared.parts;
        loop {
            let named = (&self.name, &checkpoint);
            match checkpoint::save(&*parts.store, &*parts.post, self.mapping.id, named, delivery).await {
                Ok(Saved::Yes) => break,
                Ok(Saved::Undelivered(refusal)) => {
                    tracing::warn!(mapping = %self.mapping.id, %refusal, "a destination was not told of failed records");
                    metrics::counter!("tidegate_mapping_records_total", "fate" => "undelivered").increment(1);
                    break;
                }
                Ok(Saved::Forgotten) => return Err(LaneEnd::Forgotten),
                Err(error) => {
                    tracing::warn!(mapping = %self.mapping.id, %error, "a checkpoint cannot be written; trying again");
                    self.shared.board.result(LastResult::SourceFailed);
                    if self.is_stopped() {
                        return Err(LaneEnd::Stopped);
                    }
                    parts.env.sleep_real(PAUSE).await;
                }
            }
        }
        self.saved = checkpoint;
        Ok(())
    }
}

/// Whether a record falls to a lane, and is one that the mapping wants.
fn wants(mapping: &Mapping, name: &LaneName, record: &StreamRecord) -> bool {
    if name.lanes > 1 && event::lane_of(&record.json, name.lanes) != name.lane {
        return false;
    }
    mapping.filter.as_ref().is_none_or(|filter| filter.admits(&record.json))
}

/// The tumbling window into which a time falls. All windows of one length begin together at the epoch.
pub(super) fn window_of(at: Timestamp, length: std::time::Duration) -> WindowRecord {
    let length = (length.as_millis() as u64).max(1);
    let start = at.as_millis() / length * length;
    WindowRecord {
        start: Timestamp::from_millis(start),
        end: Timestamp::from_millis(start + length),
        state: bytes::Bytes::from_static(b"{}"),
    }
}

async fn at(env: &tidegate_env::Env, due: Option<Timestamp>) {
    match due {
        Some(due) => env.sleep_until(due).await,
        None => std::future::pending().await,
    }
}
