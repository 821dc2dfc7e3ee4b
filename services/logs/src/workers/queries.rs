use std::collections::{BTreeSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use parking_lot::Mutex;
use tidegate_insights::{Overflow, Query, Results, Run, Settings};
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};
use tidegate_types::Timestamp;
use tidegate_workers::{Next, Worker};

use crate::domain::{GroupAddress, QueryState};
use crate::error::Error;
use crate::ops::{EventReader, Step, insights_event, lookup_table};
use crate::service::CloudWatchLogs;
use crate::store::{Group, QueryKey, QueryRecord, ResultPageRecord, Scanned, behind, corrupt, decode, keys};

/// How many queries take turns.
const MAX_ACTIVE: usize = 8;
/// How many events one turn looks at.
const TURN: usize = 2_000;
/// After how many of them others on the same thread get a chance.
const BREATH: usize = 100;
/// How much one query may keep in memory.
const MEMORY_BYTES: usize = 32 * 1024 * 1024;
/// How long a query may run, in real time: AWS's hour.
const MAX_DURATION: Duration = Duration::from_secs(3600);
/// How long answers are kept.
const KEPT_MS: u64 = 7 * 86_400_000;
/// How many queries are kept with their answers; the oldest go first.
const MAX_KEPT: usize = 1000;
/// How much of an answer is written at once.
const PAGE_BYTES: usize = 256 * 1024;
/// How many records one step reads or removes.
const STEP: usize = 200;

/// Runs queries, several by turns; removes those whose answers have been kept for long enough.
pub(crate) struct Queries {
    service: Arc<CloudWatchLogs>,
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    active: VecDeque<Job>,
    /// Whether the store was asked for queries that a restart interrupted.
    has_recovered: bool,
}

/// A query at work.
struct Job {
    key: QueryKey,
    run: Run,
    reader: EventReader,
    /// What is read when that has ended.
    later: VecDeque<EventReader>,
    started_at: Duration,
}

impl Queries {
    pub(crate) fn new(service: Arc<CloudWatchLogs>) -> Queries {
        Queries { service, work: Mutex::default() }
    }

    /// Notes what had not ended when the server did: it is run from the beginning.
    async fn recover(&self) -> Result<(), Error> {
        if self.work.lock().has_recovered {
            return Ok(());
        }
        for (key, record) in self.all().await? {
            if record.state == QueryState::Unfinished {
                self.service.board.add(key);
            }
        }
        self.work.lock().has_recovered = true;
        Ok(())
    }

    async fn all(&self) -> Result<Vec<(QueryKey, QueryRecord)>, Error> {
        let snapshot = self.service.store.snapshot()?;
        let mut range = KeyRange::prefix(&keys::queries());
        let mut all = Vec::new();
        loop {
            let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
            let Some(last) = page.last() else { return Ok(all) };
            range.start = behind(&last.key);
            for entry in page {
                let key = keys::read_query(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
                all.push((key, decode(Space::Map, &entry.key, &entry.record)?));
            }
        }
    }

    /// Makes a job of a query that waits. One that has ended meanwhile is none.
    async fn begin(&self, key: QueryKey) -> Result<Option<Job>, Error> {
        let service = &self.service;
        let place = keys::query(&key);
        let Some(found) = service.store.snapshot()?.get(Space::Map, &place).await? else { return Ok(None) };
        let record: QueryRecord = decode(Space::Map, &place, &found)?;
        if record.state != QueryState::Unfinished {
            return Ok(None);
        }
        let Ok(query) = Query::parse(&record.text) else {
            // It was understood when it came: an older release understood more.
            self.end(&key, QueryState::Failed, Scanned::default(), 0).await?;
            return Ok(None);
        };
        let created_ms = i64::try_from(record.created_at.as_millis()).unwrap_or(i64::MAX);
        let (limit, memory_bytes) = (record.limit as usize, MEMORY_BYTES);
        let settings = Settings { now_ms: created_ms, limit, memory_bytes, ..Settings::default() };
        let mut tables = query.tables(settings);
        for name in query.lookups().iter().map(|lookup| &lookup.table).collect::<BTreeSet<_>>() {
            // One that was deleted meanwhile has no rows.
            let Some(table) = lookup_table(service, key.account, &key.region, name).await? else { continue };
            if let Err(overflow) = tables.add(name, &table) {
                self.fail(&key, Scanned::default(), overflow).await?;
                return Ok(None);
            }
        }
        let mut later = VecDeque::new();
        for (at, reading) in query.readings().into_iter().enumerate() {
            let chosen = record.chosen.get(at).filter(|chosen| !chosen.is_empty());
            if chosen.is_none() && reading.source.is_some_and(|source| Some(source) != query.source()) {
                // An older release did not note what may be read.
                self.end(&key, QueryState::Failed, Scanned::default(), 0).await?;
                return Ok(None);
            }
            let groups = self.groups_at(chosen.unwrap_or(&record.groups))?;
            let (from_ms, to_ms) =
                reading.shift.map_or((record.from_ms, record.to_ms), |shift| shift.of(record.from_ms, record.to_ms));
            later.push_back(EventReader::new(groups, from_ms, to_ms));
        }
        let run = query.start_with(settings, tables);
        let reader = later.pop_front().expect("a query reads its own events at least");
        Ok(Some(Job { key, run, reader, later, started_at: service.env.monotonic() }))
    }

    /// The groups of these addresses. One that was deleted meanwhile has no events.
    fn groups_at(&self, addresses: &[GroupAddress]) -> Result<Vec<Group>, Error> {
        let mut groups = Vec::with_capacity(addresses.len());
        for address in addresses {
            groups.extend(self.service.directory.get(address)?);
        }
        Ok(groups)
    }

    /// One turn of a query. Gives it back if it goes on.
    async fn turn(&self, mut job: Job) -> Result<Option<Job>, Error> {
        for looked_at in 1..=TURN {
            let step = if job.run.is_satisfied() { Step::End } else { job.reader.next(&self.service).await? };
            let event = match step {
                Step::Event(group, found) => Some((group, found)),
                Step::End => None,
                // Whoever stopped the query does not wait for thousands of groups without events.
                Step::Pause if self.breathe(&job).await? => continue,
                Step::Pause => return Ok(None),
            };
            let is_event = event.is_some();
            let mut is_left = match event {
                Some((group, found)) => job.run.push(insights_event(&group.address, found)).map(|()| true),
                None => {
                    job.run.close();
                    Ok(true)
                }
            };
            // One event may become millions of rows.
            while matches!(is_left, Ok(true)) {
                is_left = job.run.work();
                if is_left == Ok(true) && !self.breathe(&job).await? {
                    return Ok(None);
                }
            }
            if let Err(overflow) = is_left {
                self.fail(&job.key, scanned(&job.run), overflow).await?;
                return Ok(None);
            }
            if is_event {
                if looked_at % BREATH == 0 && !self.breathe(&job).await? {
                    return Ok(None);
                }
                continue;
            }
            match (job.run.turn(), job.later.pop_front()) {
                (Ok(true), Some(reader)) => job.reader = reader,
                (Ok(_), _) => return self.finish(job).await.map(|()| None),
                (Err(overflow), _) => {
                    self.fail(&job.key, scanned(&job.run), overflow).await?;
                    return Ok(None);
                }
            }
        }
        Ok(Some(job))
    }

    /// Gives others on the same thread a chance: events that are read already make no await wait. Returns whether the
    /// query goes on: one that ran for too long has ended, and one that was stopped nobody wants any more.
    async fn breathe(&self, job: &Job) -> Result<bool, Error> {
        tokio::task::yield_now().await;
        if self.service.env.monotonic().saturating_sub(job.started_at) > MAX_DURATION {
            self.end(&job.key, QueryState::TimedOut, scanned(&job.run), 0).await?;
            return Ok(false);
        }
        Ok(self.service.board.advance(&job.key, scanned(&job.run)))
    }

    /// Writes a query's rows, then that it has them: a crash in between leaves pages that the next run overwrites.
    async fn finish(&self, job: Job) -> Result<(), Error> {
        let scanned = scanned(&job.run);
        let (key, run) = (job.key, job.run);
        let Results { rows, .. } = match run.finish() {
            Ok(results) => results,
            Err(overflow) => return self.fail(&key, scanned, overflow).await,
        };
        let total = rows.len() as u64;
        let (mut page, mut bytes, mut first) = (Vec::new(), 0, 0);
        for row in rows {
            bytes += row.iter().map(|(field, value)| field.len() + value.len()).sum::<usize>();
            page.push(row);
            if bytes >= PAGE_BYTES {
                let written = page.len() as u64;
                self.write_page(&key, first, std::mem::take(&mut page)).await?;
                (bytes, first) = (0, first + written);
            }
        }
        if !page.is_empty() {
            self.write_page(&key, first, page).await?;
        }
        self.end(&key, QueryState::Complete, scanned, total).await
    }

    async fn write_page(&self, key: &QueryKey, first: u64, rows: Vec<Vec<(String, String)>>) -> Result<(), Error> {
        let (place, page) = (&keys::result_page(&key.id, first), &ResultPageRecord { rows });
        let written = self.service.transact(&[], async |tx: &mut Tx| {
            tx.put(Space::Map, place.clone(), page.encode());
            Ok(())
        });
        written.await.map(drop)
    }

    /// Notes that a query wanted too much. AWS's answers have no place for the reason.
    async fn fail(&self, key: &QueryKey, scanned: Scanned, overflow: Overflow) -> Result<(), Error> {
        tracing::warn!(query = key.id, %overflow, "a query failed");
        self.end(key, QueryState::Failed, scanned, 0).await
    }

    /// Takes what a query's work came to. One that panicked is not begun again: it would panic for ever.
    async fn outcome<T>(
        &self,
        key: &QueryKey,
        work: impl Future<Output = Result<Option<T>, Error>>,
    ) -> Result<Option<T>, Error> {
        if let Some(outcome) = unless_it_panics(work).await {
            return outcome;
        }
        tracing::error!(query = key.id, "a query panicked");
        self.end(key, QueryState::Failed, Scanned::default(), 0).await?;
        Ok(None)
    }

    /// Notes how a query ended, unless it was stopped before.
    async fn end(&self, key: &QueryKey, state: QueryState, scanned: Scanned, rows: u64) -> Result<(), Error> {
        let place = &keys::query(key);
        let now = self.service.now();
        let ended = self.service.transact(&[], async |tx: &mut Tx| {
            let Some(found) = tx.get(Space::Map, place).await? else { return Ok(false) };
            let record: QueryRecord = decode(Space::Map, place, &found)?;
            if record.state != QueryState::Unfinished {
                return Ok(false);
            }
            let record = QueryRecord { state, ended_at: Some(now), scanned, ..record };
            tx.put(Space::Map, place.clone(), record.encode());
            Ok(true)
        });
        if !ended.await?.value && rows > 0 {
            self.remove_pages(key).await?;
        }
        self.service.board.remove(key);
        Ok(())
    }

    async fn remove_pages(&self, key: &QueryKey) -> Result<(), Error> {
        let range = &KeyRange::prefix(&keys::result_pages(&key.id));
        loop {
            let step = self.service.transact(&[], async |tx: &mut Tx| {
                let pages = tx.scan(Space::Map, range, Order::Ascending, Page::of(STEP)).await?;
                pages.iter().for_each(|page| tx.delete(Space::Map, page.key.clone()));
                Ok(pages.is_empty())
            });
            if step.await?.value {
                return Ok(());
            }
        }
    }

    /// Removes what was kept for long enough, and the oldest if there are too many. Returns when the next is due.
    async fn tidy(&self) -> Result<Option<Timestamp>, Error> {
        let now = self.service.now();
        let mut all: Vec<(QueryKey, QueryRecord)> = self.all().await?;
        all.retain(|(_, record)| record.state != QueryState::Unfinished);
        all.sort_by_key(|(_, record)| record.created_at);
        let too_many = all.len().saturating_sub(MAX_KEPT);
        let mut next = None;
        for (at, (key, record)) in all.iter().enumerate() {
            let due = record.created_at.plus_millis(KEPT_MS);
            if at >= too_many && due > now {
                next = Some(due);
                break;
            }
            // The pages first: without its record nobody would find them.
            self.remove_pages(key).await?;
            let place = &keys::query(key);
            let removed = self.service.transact(&[], async |tx: &mut Tx| {
                tx.delete(Space::Map, place.clone());
                Ok(())
            });
            removed.await?;
        }
        Ok(next)
    }
}

/// What some work came to. It holds nothing but one query, and is dropped with that if it panics.
async fn unless_it_panics<T>(work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work).catch_unwind().await.ok()
}

fn scanned(run: &Run) -> Scanned {
    let statistics = run.statistics();
    Scanned {
        records: statistics.records_scanned,
        matched: statistics.records_matched,
        bytes: statistics.bytes_scanned,
    }
}

impl Worker for Queries {
    type Error = Error;

    fn name(&self) -> &'static str {
        "logs queries"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        self.recover().await?;
        while self.work.lock().active.len() < MAX_ACTIVE {
            let Some(key) = self.service.board.begin() else { break };
            match self.outcome(&key, self.begin(key.clone())).await {
                Ok(Some(job)) => self.work.lock().active.push_back(job),
                Ok(None) => self.service.board.remove(&key),
                Err(error) => {
                    self.service.board.repeat(key);
                    return Err(error);
                }
            }
        }
        let job = self.work.lock().active.pop_front();
        let Some(job) = job else { return self.tidy().await.map(Next::at) };
        let key = job.key.clone();
        match self.outcome(&key, self.turn(job)).await {
            Ok(Some(job)) => self.work.lock().active.push_back(job),
            Ok(None) => {}
            Err(error) => {
                // From the beginning: nothing was written that another run does not overwrite.
                self.service.board.repeat(key);
                return Err(error);
            }
        }
        Ok(Next::Again)
    }
}

#[cfg(test)]
mod tests {
    use super::unless_it_panics;

    #[tokio::test]
    async fn a_panic_ends_a_query_alone() {
        assert_eq!(unless_it_panics(async { 1 }).await, Some(1));
        let panics = async {
            tokio::task::yield_now().await;
            assert!(std::env::args().next().is_none(), "a query's own fault");
        };
        assert_eq!(unless_it_panics(panics).await, None);
    }
}
