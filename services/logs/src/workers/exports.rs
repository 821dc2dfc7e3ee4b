use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use parking_lot::Mutex;
use tidegate_ports::{Acting, ObjectAddress, ObjectRefusal, Objects};
use tidegate_record::Stored;
use tidegate_store::{KeyRange, Order, Page, Space, Tx};
use tidegate_types::AccountId;
use tidegate_workers::{Next, Worker};

use crate::domain::{Cut, Direction, EXPORT_PART_BYTES, ExportState, GroupAddress, lines as lines_of, part_key};
use crate::error::Error;
use crate::ops::{Query, Source};
use crate::service::CloudWatchLogs;
use crate::store::{ExportRecord, Group, StreamRecord, behind, corrupt, decode, keys};

/// How many records one look reads.
const STEP: usize = 200;

/// Carries exports out, one object at a time. What a restart interrupts begins anew and overwrites its objects.
pub(crate) struct Exports {
    service: Arc<CloudWatchLogs>,
    job: Mutex<Option<Job>>,
}

/// An export at work.
#[derive(Clone)]
struct Job {
    key: Bytes,
    id: String,
    account: AccountId,
    group: Group,
    /// The stream that is being written, and where in it; none before the first.
    at: Option<Place>,
}

#[derive(Clone)]
struct Place {
    stream: String,
    record: StreamRecord,
    cut: Cut,
    part: u32,
}

impl Exports {
    pub(crate) fn new(service: Arc<CloudWatchLogs>) -> Exports {
        Exports { service, job: Mutex::default() }
    }

    /// The oldest export that has not ended.
    async fn begin(&self) -> Result<Option<Job>, Error> {
        let service = &self.service;
        let prefix = keys::all_exports();
        let (snapshot, mut range) = (service.store.snapshot()?, KeyRange::prefix(&prefix));
        let mut oldest = None;
        loop {
            let page = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(STEP)).await?;
            let Some(last) = page.last() else { break };
            range.start = behind(&last.key);
            for entry in &page {
                let record: ExportRecord = decode(Space::Map, &entry.key, &entry.record)?;
                if record.state == ExportState::Unfinished {
                    oldest = [oldest, Some((record.created_at, entry.key.clone(), record.group))]
                        .into_iter()
                        .flatten()
                        .min();
                }
            }
        }
        let Some((_, key, name)) = oldest else { return Ok(None) };
        let (account, region, id) = keys::read_export(&key).map_err(|error| corrupt(Space::Map, &key, &error))?;
        match service.directory.get(&GroupAddress { account, region, name })? {
            Some(group) => Ok(Some(Job { key, id, account, group, at: None })),
            None => {
                let why = "The log group was deleted.".to_owned();
                self.end(&key, ExportState::Failed(why)).await?;
                Box::pin(self.begin()).await
            }
        }
    }

    /// Writes one object, or goes on to the next stream. Gives the job back if there is more.
    async fn step(&self, objects: &dyn Objects, job: &Job) -> Result<Option<Job>, Error> {
        let snapshot = self.service.store.snapshot()?;
        let Some(found) = snapshot.get(Space::Map, &job.key).await? else { return Ok(None) };
        let export: ExportRecord = decode(Space::Map, &job.key, &found)?;
        if export.state != ExportState::Unfinished {
            return Ok(None);
        }
        let Some(place) = &job.at else { return self.next_stream(job, &export, None).await };
        let query = Query {
            source: Source::Stream(place.record.id),
            from_ms: export.from_ms.max(job.group.record.cutoff_ms(self.service.now())),
            to_ms: export.to_ms.saturating_add(1),
            cut: place.cut,
            direction: Direction::Forward,
            limit: usize::MAX,
            bytes: EXPORT_PART_BYTES,
            budget: usize::MAX,
            streams: &|_| true,
            pattern: None,
            masks: job.group.masks(),
            with_hidden: false,
        };
        let answer = self.service.find(&query).await?;
        let mut part = place.part;
        if !answer.events.is_empty() {
            let key = part_key(&export.prefix, &job.id, &place.stream, part);
            let address = ObjectAddress { bucket: export.bucket.clone(), key, version: None };
            let body = packed(&lines_of(&answer.events));
            match objects.write(Acting::Account(job.account), &address, body, "application/x-gzip").await {
                Ok(()) => part += 1,
                Err(refusal @ ObjectRefusal::Unavailable(_)) => return Err(Error::Bucket(refusal)),
                Err(refusal) => {
                    self.end(&job.key, ExportState::Failed(refusal.to_string())).await?;
                    return Ok(None);
                }
            }
        }
        match answer.next {
            Some(cut) => Ok(Some(Job { at: Some(Place { cut, part, ..place.clone() }), ..job.clone() })),
            None => self.next_stream(job, &export, Some(&place.stream)).await,
        }
    }

    async fn next_stream(&self, job: &Job, export: &ExportRecord, after: Option<&str>) -> Result<Option<Job>, Error> {
        let group = job.group.id();
        let mut range = KeyRange::prefix(&match &export.stream_prefix {
            Some(prefix) => keys::streams_with_prefix(group, prefix),
            None => keys::streams(group),
        });
        if let Some(after) = after {
            range.start = behind(&keys::stream(group, after));
        }
        let page = self.service.store.snapshot()?.scan(Space::Map, &range, Order::Ascending, Page::of(1)).await?;
        let Some(entry) = page.into_iter().next() else {
            self.end(&job.key, ExportState::Completed).await?;
            return Ok(None);
        };
        let (_, stream) = keys::read_stream(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
        let record: StreamRecord = decode(Space::Map, &entry.key, &entry.record)?;
        Ok(Some(Job { at: Some(Place { stream, record, cut: Cut::START, part: 0 }), ..job.clone() }))
    }

    /// Notes how an export ended, unless it was cancelled before.
    async fn end(&self, key: &Bytes, state: ExportState) -> Result<(), Error> {
        let (now, state) = (self.service.now(), &state);
        let ended = self.service.transact(&[], async |tx: &mut Tx| {
            let Some(found) = tx.get(Space::Map, key).await? else { return Ok(()) };
            let export: ExportRecord = decode(Space::Map, key, &found)?;
            if export.state == ExportState::Unfinished {
                let ended = ExportRecord { state: state.clone(), ended_at: Some(now), ..export };
                tx.put(Space::Map, key.clone(), ended.encode());
            }
            Ok(())
        });
        ended.await.map(drop)
    }
}

fn packed(text: &str) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let whole = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    whole.expect("memory takes all that is written to it").into()
}

impl Worker for Exports {
    type Error = Error;

    fn name(&self) -> &'static str {
        "logs exports"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        // Whoever makes the buckets known gives a hint.
        let Ok(objects) = self.service.objects() else { return Ok(Next::OnHint) };
        let job = self.job.lock().clone();
        let job = match job {
            Some(job) => Some(job),
            None => self.begin().await?,
        };
        let Some(job) = job else { return Ok(Next::OnHint) };
        // Kept where it was if this fails: it goes on from there.
        *self.job.lock() = Some(job.clone());
        let next = self.step(objects, &job).await?;
        *self.job.lock() = next;
        Ok(Next::Again)
    }
}
