//! Reading events in order of time, in bounded memory, whatever the group's size.
//!
//! A reader walks the index of a group or stream, which names chunks by their last event, from where it
//! left off. A chunk spans at most [`CHUNK_SPAN_MS`]; so once the index is that far behind the last event
//! that will be answered, nothing earlier can follow. What is kept meanwhile is the answer, one page of
//! the index, and one page of chunks.

use std::collections::VecDeque;
use std::sync::Arc;

use tidegate_log::{LogError, LogId, LogRecord, Page, Position};
use tidegate_logfilter::Pattern;
use tidegate_record::Stored;
use tidegate_store::{Entry, KeyRange, Order, Space};
use tidegate_types::Timestamp;

use crate::domain::{CHUNK_SPAN_MS, Chunk, Cut, Direction, Event, EventId, Found, Masks, Selection};
use crate::error::Error;
use crate::service::CloudWatchLogs;
use crate::store::{ChunkRecord, Group, GroupId, IndexRecord, StreamId, behind, corrupt, decode, keys};

/// How many entries of an index are read at once.
const INDEX_PAGE: usize = 256;
/// How many chunks of one stream are read at once.
const CHUNK_PAGE: Page = Page { entries: 32, bytes: 1024 * 1024 };

/// Whose events are read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// A group's.
    Group(GroupId),
    /// A stream's.
    Stream(StreamId),
}

/// Which events are wanted.
pub(crate) struct Query<'a> {
    /// Whose.
    pub source: Source,
    /// From this time on.
    pub from_ms: u64,
    /// Up to this time, itself excluded.
    pub to_ms: u64,
    /// Forward: those behind this; backward: those before it.
    pub cut: Cut,
    /// From which end.
    pub direction: Direction,
    /// At most this many.
    pub limit: usize,
    /// At most this many bytes of text.
    pub bytes: usize,
    /// How many chunks one call reads before it answers what it has, if it goes forward.
    pub budget: usize,
    /// Of which streams, by name.
    pub streams: &'a (dyn Fn(&str) -> bool + Sync),
    /// Which they match.
    pub pattern: Option<&'a Pattern>,
    /// What is masked before anything is looked at.
    pub masks: Masks,
    /// Whether what lies behind a message is wanted too: what it says unmasked, and what it was transformed to.
    pub with_hidden: bool,
}

/// What was found.
pub(crate) struct Answer {
    /// The events, in order of time.
    pub events: Vec<Found>,
    /// Forward: where to go on, if there may be more.
    pub next: Option<Cut>,
}

impl CloudWatchLogs {
    /// Finds events.
    pub(crate) async fn find(&self, query: &Query<'_>) -> Result<Answer, Error> {
        let index = match query.source {
            Source::Group(group) => keys::group_index(group),
            Source::Stream(stream) => keys::stream_index(stream),
        };
        let mut walk = Walk {
            query,
            selection: Selection::new(query.direction, query.limit, query.bytes),
            chunks: Chunks { service: self, ahead: None, last: None, direction: query.direction },
            read: 0,
        };
        let mut range = query.range(&index);
        let view = self.store.snapshot()?;
        let order = match query.direction {
            Direction::Forward => Order::Ascending,
            Direction::Backward => Order::Descending,
        };
        loop {
            if range.is_empty() {
                return Ok(walk.end(None));
            }
            let page = view.scan(Space::Log, &range, order, Page::of(INDEX_PAGE)).await?;
            let Some(last) = page.last().map(|entry| entry.key.clone()) else { return Ok(walk.end(None)) };
            for entry in &page {
                let (last_ms, position) =
                    keys::read_chunk(&entry.key, &index).map_err(|error| corrupt(Space::Log, &entry.key, &error))?;
                if walk.is_over(last_ms) {
                    return Ok(walk.end(None));
                }
                if let Some(frontier) = walk.frontier(last_ms) {
                    return Ok(walk.end(Some(frontier)));
                }
                walk.look(entry, last_ms, position).await?;
            }
            match query.direction {
                Direction::Forward => range.start = behind(&last),
                Direction::Backward => range.end = Some(last),
            }
        }
    }

    /// A chunk, unless it was removed meanwhile.
    pub(crate) async fn chunk(&self, stream: StreamId, position: Position) -> Result<Option<Chunk>, Error> {
        Chunks { service: self, ahead: None, last: None, direction: Direction::Backward }.get(stream, position).await
    }
}

impl Query<'_> {
    /// Where chunks with wanted events lie in the index.
    fn range(&self, index: &bytes::Bytes) -> KeyRange {
        let (from, to) = match self.direction {
            Direction::Forward => (self.from_ms.max(self.cut.0.timestamp), self.to_ms),
            Direction::Backward => (self.from_ms, self.to_ms.min(self.cut.0.timestamp.saturating_add(1))),
        };
        // A chunk whose last event is later than this begins behind the end.
        let end = to.saturating_add(CHUNK_SPAN_MS);
        KeyRange::between(keys::at_time(index.clone(), from), keys::at_time(index.clone(), end))
    }

    fn wants(&self, id: EventId) -> bool {
        let on_side = match self.direction {
            Direction::Forward => id >= self.cut.0,
            Direction::Backward => id < self.cut.0,
        };
        on_side && (self.from_ms..self.to_ms).contains(&id.timestamp)
    }
}

/// One walk through an index.
struct Walk<'a> {
    query: &'a Query<'a>,
    selection: Selection,
    chunks: Chunks<'a>,
    /// How many chunks were read.
    read: usize,
}

impl Walk<'_> {
    /// Whether nothing that still follows could be wanted.
    fn is_over(&self, last_ms: u64) -> bool {
        match (self.selection.bound(), self.query.direction) {
            (None, _) => false,
            (Some(bound), Direction::Forward) => last_ms.saturating_sub(CHUNK_SPAN_MS) > bound.timestamp,
            (Some(bound), Direction::Backward) => last_ms < bound.timestamp,
        }
    }

    /// If enough was read for one call: the time before which nothing more follows. Not before the walk
    /// has come further than where it began.
    fn frontier(&self, last_ms: u64) -> Option<Cut> {
        if self.read < self.query.budget || self.query.direction == Direction::Backward {
            return None;
        }
        let frontier = Cut::before_time(last_ms.saturating_sub(CHUNK_SPAN_MS));
        Some(frontier).filter(|frontier| *frontier > self.query.cut && frontier.0.timestamp > self.query.from_ms)
    }

    async fn look(&mut self, entry: &Entry, last_ms: u64, position: Position) -> Result<(), Error> {
        let index: IndexRecord = decode(Space::Log, &entry.key, &entry.record)?;
        let best = match self.query.direction {
            Direction::Forward => EventId { timestamp: index.first_ms, position: position.0, index: 0 },
            Direction::Backward => EventId { timestamp: last_ms, position: position.0, index: u32::MAX },
        };
        let is_wanted = index.first_ms < self.query.to_ms && self.selection.wants(best);
        if !is_wanted || !(self.query.streams)(&index.name) {
            return Ok(());
        }
        self.read += 1;
        let Some(chunk) = self.chunks.get(index.stream, position).await? else { return Ok(()) };
        let stream: Arc<str> = index.name.into();
        for (place, event) in (0..).zip(chunk.events) {
            let id = EventId { timestamp: event.timestamp, position: position.0, index: place };
            if !self.query.wants(id) || !self.selection.wants(id) {
                continue;
            }
            let mut found = found(id, stream.clone(), chunk.ingested_at, event, &self.query.masks);
            if !self.query.with_hidden {
                // Nor may it count as something that is answered.
                (found.unmasked, found.transformed) = (None, None);
            }
            if self.query.pattern.is_none_or(|pattern| pattern.is_match(&found.message)) {
                self.selection.offer(found);
            }
        }
        Ok(())
    }

    fn end(self, frontier: Option<Cut>) -> Answer {
        let bound = self.selection.bound().map(Cut::before);
        let mut events = self.selection.into_events();
        let next = match (bound, frontier) {
            (Some(bound), Some(frontier)) => Some(bound.min(frontier)),
            (bound, frontier) => bound.or(frontier),
        };
        if let (Some(next), Some(_)) = (next, frontier) {
            events.retain(|event| Cut::before(event.id) < next);
        }
        Answer { events, next }
    }
}

/// Chunks by their places. Of a stream that is read again and again, several are read at once.
struct Chunks<'a> {
    service: &'a CloudWatchLogs,
    ahead: Option<(StreamId, Vec<LogRecord>)>,
    last: Option<StreamId>,
    direction: Direction,
}

impl Chunks<'_> {
    async fn get(&mut self, stream: StreamId, position: Position) -> Result<Option<Chunk>, Error> {
        if let Some((_, records)) = self.ahead.as_ref().filter(|(of, _)| *of == stream)
            && let Ok(place) = records.binary_search_by_key(&position, |record| record.position)
        {
            return Ok(Some(chunk_of(&records[place])?));
        }
        let is_run = self.last.replace(stream) == Some(stream) && self.direction == Direction::Forward;
        let page = if is_run { CHUNK_PAGE } else { Page::of(1) };
        let records = match self.service.logs.read(LogId(stream.0), position, page).await {
            Ok(page) => page.records,
            // The stream was deleted, and the index has not been swept yet.
            Err(LogError::NoSuchLog(_)) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        // Another first record: this one was trimmed meanwhile.
        let found = records.first().filter(|record| record.position == position).map(chunk_of).transpose()?;
        self.ahead = Some((stream, records));
        Ok(found)
    }
}

/// An event as it may be seen.
pub(crate) fn found(id: EventId, stream: Arc<str>, ingested_at: Timestamp, event: Event, masks: &Masks) -> Found {
    let transformed = event.transformed.map(|text| masks.masked(&text, ingested_at).unwrap_or(text));
    let (message, unmasked) = match masks.masked(&event.message, ingested_at) {
        Some(masked) => (masked, Some(event.message)),
        None => (event.message, None),
    };
    Found { id, stream, ingested_at, message, unmasked, transformed }
}

fn chunk_of(record: &LogRecord) -> Result<Chunk, Error> {
    let ChunkRecord(chunk) = ChunkRecord::decode(&record.value)
        .map_err(|error| corrupt(Space::Log, &record.position.0.to_be_bytes(), &error))?;
    Ok(chunk)
}

/// The events of several groups between two times, one after the other in order of time: what a query of
/// Insights reads. Holds about a megabyte, whatever there is.
///
/// Of more than [`MERGED`] groups, so many are read to their ends before the next: a reader must have room for a chunk,
/// or it decodes the same one for each of its events. Queries do not ask for an order.
pub(crate) struct EventReader {
    from_ms: u64,
    to_ms: u64,
    /// Those that are read now.
    groups: Vec<GroupReader>,
    /// Those that are read later.
    waiting: std::vec::IntoIter<Group>,
}

struct GroupReader {
    group: Group,
    /// Where to go on; `None` at the end.
    next: Option<Cut>,
    read: VecDeque<Found>,
}

/// What an [`EventReader`] comes to.
pub(crate) enum Step {
    /// An event with its group.
    Event(Group, Found),
    /// The end of some groups: others are read next. There may be thousands without any event.
    Pause,
    /// The end of all.
    End,
}

/// How many bytes an [`EventReader`] reads at once, of all groups together.
const READER_BYTES: usize = 1024 * 1024;
/// How many groups an [`EventReader`] reads side by side: each has room for a chunk.
const MERGED: usize = READER_BYTES / (64 * 1024);

impl EventReader {
    /// Reads the events of `groups` from `from_ms` on and before `to_ms`. What has outlived its group's
    /// retention is left out.
    pub(crate) fn new(groups: Vec<Group>, from_ms: u64, to_ms: u64) -> EventReader {
        EventReader { from_ms, to_ms, groups: Vec::new(), waiting: groups.into_iter() }
    }

    /// The next event. The service is given each time, so that a reader can be kept between two steps of a worker.
    pub(crate) async fn next(&mut self, service: &CloudWatchLogs) -> Result<Step, Error> {
        if self.groups.is_empty() {
            let reader = |group| GroupReader { group, next: Some(Cut::START), read: VecDeque::new() };
            self.groups = self.waiting.by_ref().take(MERGED).map(reader).collect();
        }
        if let Some((group, found)) = self.merged(service).await? {
            return Ok(Step::Event(group, found));
        }
        self.groups.clear();
        Ok(if self.waiting.len() == 0 { Step::End } else { Step::Pause })
    }

    /// The next event of the groups that are read now.
    async fn merged(&mut self, service: &CloudWatchLogs) -> Result<Option<(Group, Found)>, Error> {
        let bytes = READER_BYTES / self.groups.len().max(1);
        let now = service.now();
        for reader in &mut self.groups {
            while let (true, Some(cut)) = (reader.read.is_empty(), reader.next) {
                let query = Query {
                    source: Source::Group(reader.group.id()),
                    from_ms: self.from_ms.max(reader.group.record.cutoff_ms(now)),
                    to_ms: self.to_ms,
                    cut,
                    direction: Direction::Forward,
                    limit: usize::MAX,
                    bytes,
                    budget: usize::MAX,
                    streams: &|_| true,
                    pattern: None,
                    masks: reader.group.masks(),
                    with_hidden: true,
                };
                let answer = service.find(&query).await?;
                reader.next = answer.next;
                reader.read = answer.events.into();
            }
        }
        let first = |reader: &&mut GroupReader| reader.read.front().map(|event| event.id);
        let earliest = self.groups.iter_mut().filter(|reader| !reader.read.is_empty()).min_by_key(first);
        Ok(earliest.and_then(|reader| Some((reader.group.clone(), reader.read.pop_front()?))))
    }
}
