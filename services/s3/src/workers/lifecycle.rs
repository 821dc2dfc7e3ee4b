use std::sync::Arc;

use tidegate_blob::BlobId;
use tidegate_record::Stored;
use tidegate_store::{Entry, KeyRange, Order, Page, Snapshot, Space, Tx};
use tidegate_types::Timestamp;
use tidegate_workers::{Next, Worker};

use crate::domain::Event;
use crate::domain::lifecycle::{DAY_MS, Fate, LifecycleRule, fate_of_newest, fate_of_older, marker_goes, upload_goes};
use crate::error::Error;
use crate::ops::raising::Audience;
use crate::ops::versions::{bucket_in_tx, current_in_tx, latch, locate_in_tx, put_version_in_tx, remove_version_in_tx};
use crate::ops::{abort_upload_in_tx, aged, check_lock, rules_in};
use crate::service::S3;
use crate::store::{
    Bucket, BucketRecord, LifecyclePlace, LifecycleRecord, LifecycleStage, Stands, UploadRecord, VersionId,
    VersionRecord, Versioning, behind, corrupt, decode, keys,
};

/// How many entries it reads at once, and so the most that one transaction changes.
const PAGE: usize = 200;
/// How many pages it reads before it keeps how far it is.
const PAGES: usize = 20;

/// Does what lifecycle rules say, at each midnight UTC of product time.
///
/// What it has done and how far it is are kept in one transaction. A midnight that was slept through is made up
/// for; of several the last is enough, for what is due only ever grows.
pub(crate) struct Lifecycle {
    s3: Arc<S3>,
}

/// What is to be done with one thing.
#[derive(Debug, Clone)]
enum Action {
    ExpireNewest(VersionRecord),
    RemoveOlder(VersionRecord),
    RemoveMarker(VersionRecord),
    Move(VersionRecord, String),
    GiveUp(VersionId),
}

/// An action and its object.
struct Task {
    key: String,
    action: Action,
    audience: Audience,
}

/// A bucket that has rules.
struct Ruled {
    bucket: Bucket,
    rules: Vec<LifecycleRule>,
}

impl Lifecycle {
    pub(crate) fn new(s3: Arc<S3>) -> Lifecycle {
        Lifecycle { s3 }
    }

    async fn progress(&self) -> Result<Option<LifecycleRecord>, Error> {
        let key = keys::lifecycle();
        let record = self.s3.store.snapshot()?.get(Space::Map, &key).await?;
        Ok(record.map(|record| decode(Space::Map, &key, &record)).transpose()?)
    }

    /// One step of the run of a day. Returns how far it is then.
    async fn step(&self, day: u64, from: LifecyclePlace) -> Result<Option<LifecyclePlace>, Error> {
        let midnight = Timestamp::from_millis(day * DAY_MS);
        let Some((ruled, mut place)) = self.bucket_at(from)? else {
            self.keep(day, None).await?;
            return Ok(None);
        };
        let mut tasks = Vec::new();
        for _ in 0..PAGES {
            let is_over = self.look(&ruled, &mut place, midnight, &mut tasks).await?;
            if is_over {
                place = next_stage(place);
                break;
            }
            if !tasks.is_empty() {
                break;
            }
        }
        self.perform(day, &ruled, &tasks, &place).await?;
        Ok(Some(place))
    }

    /// The bucket with rules at or behind a place.
    fn bucket_at(&self, place: LifecyclePlace) -> Result<Option<(Ruled, LifecyclePlace)>, Error> {
        let buckets = self.s3.directory.of_account(None)?.into_iter();
        for bucket in buckets.filter(|bucket| bucket.name >= place.bucket && !bucket.record.is_going) {
            let rules = rules_in(&bucket);
            if rules.is_empty() {
                continue;
            }
            let place = if bucket.name == place.bucket {
                place
            } else {
                LifecyclePlace { bucket: bucket.name.clone(), ..LifecyclePlace::default() }
            };
            return Ok(Some((Ruled { bucket, rules }, place)));
        }
        Ok(None)
    }

    /// Reads one page, and notes what is to be done. Returns whether the stage is over.
    async fn look(
        &self,
        ruled: &Ruled,
        place: &mut LifecyclePlace,
        now: Timestamp,
        tasks: &mut Vec<Task>,
    ) -> Result<bool, Error> {
        let bucket = ruled.bucket.id();
        let prefix = match place.stage {
            LifecycleStage::Older => keys::olders(bucket),
            LifecycleStage::Newest => keys::currents(bucket),
            LifecycleStage::Uploads => keys::uploads(bucket),
        };
        let start = if place.behind.is_empty() { prefix.clone() } else { behind(&place.behind) };
        let range = KeyRange::prefix_from(&prefix, start);
        let snapshot = self.s3.store.snapshot()?;
        let entries = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(PAGE)).await?;
        for entry in &entries {
            let found = match place.stage {
                LifecycleStage::Older => older(ruled, place, entry, now)?,
                LifecycleStage::Newest => newest(&*snapshot, ruled, entry, now).await?,
                LifecycleStage::Uploads => upload(ruled, entry, now)?,
            };
            place.behind = entry.key.clone();
            if let Some((key, action)) = found {
                let audience = self.s3.audience_of_lifecycle(&ruled.bucket, &key);
                tasks.push(Task { key, action, audience });
            }
        }
        Ok(entries.len() < PAGE)
    }

    /// Does everything, and keeps how far it is, in one transaction.
    async fn perform(&self, day: u64, ruled: &Ruled, tasks: &[Task], place: &LifecyclePlace) -> Result<(), Error> {
        let (s3, bucket) = (&*self.s3, &ruled.bucket);
        let mut latches: Vec<_> = tasks.iter().map(|task| latch(bucket.id(), &task.key)).collect();
        latches.extend(tasks.iter().flat_map(|task| task.audience.latches(s3)));
        latches.sort_unstable();
        latches.dedup();
        let progress = &LifecycleRecord { day, place: Some(place.clone()) };
        let done = s3.transact(&latches, async |tx: &mut Tx| {
            tx.put(Space::Map, keys::lifecycle(), progress.encode());
            let record = match bucket_in_tx(tx, &bucket.name).await {
                Ok(record) if record.id == bucket.id() => record,
                // It went, with all that was in it.
                Ok(_) | Err(Error::NoSuchBucket(_)) => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            let mut gone = Vec::new();
            for task in tasks {
                gone.extend(task.perform_in_tx(s3, tx, &record).await?);
            }
            Ok(gone)
        });
        let files = done.await?.value;
        s3.remove_files(files).await;
        Ok(())
    }

    async fn keep(&self, day: u64, place: Option<LifecyclePlace>) -> Result<(), Error> {
        let record = &LifecycleRecord { day, place };
        self.s3
            .transact(&[], async |tx: &mut Tx| {
                tx.put(Space::Map, keys::lifecycle(), record.encode());
                Ok(())
            })
            .await?;
        Ok(())
    }
}

fn next_stage(place: LifecyclePlace) -> LifecyclePlace {
    let (bucket, stage) = match place.stage {
        LifecycleStage::Older => (place.bucket, LifecycleStage::Newest),
        LifecycleStage::Newest => (place.bucket, LifecycleStage::Uploads),
        // No name of a bucket lies between one and the one with a zero behind it.
        LifecycleStage::Uploads => (place.bucket + "\0", LifecycleStage::default()),
    };
    LifecyclePlace { bucket, stage, ..LifecyclePlace::default() }
}

fn older(
    ruled: &Ruled,
    place: &mut LifecyclePlace,
    entry: &Entry,
    now: Timestamp,
) -> Result<Option<(String, Action)>, Error> {
    let bucket = ruled.bucket.id();
    let read = |key: &[u8]| keys::read_older(key, bucket).map_err(|error| corrupt(Space::Map, key, &error));
    let (key, _) = read(&entry.key)?;
    let is_same_key = !place.behind.is_empty() && read(&place.behind)?.0 == key;
    place.newer = if is_same_key { place.newer + 1 } else { 0 };
    let version: VersionRecord = decode(Space::Map, &entry.key, &entry.record)?;
    let replaced_at = version.replaced_at.unwrap_or(version.created_at);
    let action = match fate_of_older(&ruled.rules, &aged(&key, &version), replaced_at, place.newer, now) {
        Fate::Expire if version.object().is_some_and(|object| check_lock(object, now, false).is_err()) => {
            return Ok(None);
        }
        Fate::Expire => Action::RemoveOlder(version),
        Fate::Move(class) if version.object().is_some() => Action::Move(version, class),
        Fate::Move(_) | Fate::Stay => return Ok(None),
    };
    Ok(Some((key, action)))
}

async fn newest(
    snapshot: &dyn Snapshot,
    ruled: &Ruled,
    entry: &Entry,
    now: Timestamp,
) -> Result<Option<(String, Action)>, Error> {
    let bucket = ruled.bucket.id();
    let key = keys::read_current(&entry.key, bucket).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
    let version: VersionRecord = decode(Space::Map, &entry.key, &entry.record)?;
    if version.object().is_none() {
        if !marker_goes(&ruled.rules, &key, version.created_at, now) {
            return Ok(None);
        }
        let range = KeyRange::prefix(&keys::olders_of(bucket, &key));
        let is_alone = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(1)).await?.is_empty();
        return Ok(is_alone.then_some((key, Action::RemoveMarker(version))));
    }
    let action = match fate_of_newest(&ruled.rules, &aged(&key, &version), now) {
        Fate::Expire => Action::ExpireNewest(version),
        Fate::Move(class) => Action::Move(version, class),
        Fate::Stay => return Ok(None),
    };
    Ok(Some((key, action)))
}

fn upload(ruled: &Ruled, entry: &Entry, now: Timestamp) -> Result<Option<(String, Action)>, Error> {
    let read = keys::read_upload(&entry.key, ruled.bucket.id());
    let (key, id) = read.map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
    let upload: UploadRecord = decode(Space::Map, &entry.key, &entry.record)?;
    let goes = upload_goes(&ruled.rules, &key, upload.created_at, now);
    Ok(goes.then_some((key, Action::GiveUp(id))))
}

impl Task {
    /// Does it, unless the object changed since it was looked at. Returns the files that nothing refers to then.
    async fn perform_in_tx(&self, s3: &S3, tx: &mut Tx, bucket: &BucketRecord) -> Result<Vec<BlobId>, Error> {
        let key = self.key.as_str();
        match &self.action {
            Action::ExpireNewest(version) => self.expire_in_tx(s3, tx, bucket, version).await,
            Action::RemoveOlder(version) => self.remove_in_tx(s3, tx, bucket, version).await,
            Action::RemoveMarker(version) => {
                let range = KeyRange::prefix(&keys::olders_of(bucket.id, key));
                let is_alone = tx.scan(Space::Map, &range, Order::Ascending, Page::of(1)).await?.is_empty();
                if is_alone { self.remove_in_tx(s3, tx, bucket, version).await } else { Ok(Vec::new()) }
            }
            Action::Move(version, class) => {
                let mut located = match locate_in_tx(tx, bucket.id, key, Some(&version.name())).await {
                    Ok(located) if located.record == *version => located,
                    other => return gone_meanwhile(other),
                };
                if let Stands::Object(object) = &mut located.record.stands {
                    object.storage_class.clone_from(class);
                }
                located.put(tx);
                self.audience.raise_in_tx(s3, tx, Event::LifecycleTransition, &located.record).await?;
                Ok(Vec::new())
            }
            Action::GiveUp(upload) => match abort_upload_in_tx(tx, bucket.id, key, *upload).await {
                Ok(gone) => Ok(gone),
                Err(Error::NoSuchUpload(_)) => Ok(Vec::new()),
                Err(error) => Err(error),
            },
        }
    }

    async fn expire_in_tx(
        &self,
        s3: &S3,
        tx: &mut Tx,
        bucket: &BucketRecord,
        version: &VersionRecord,
    ) -> Result<Vec<BlobId>, Error> {
        let current = current_in_tx(tx, bucket.id, &self.key).await?;
        if current.as_ref() != Some(version) {
            return Ok(Vec::new());
        }
        if bucket.versioning == Versioning::Never {
            return self.remove_in_tx(s3, tx, bucket, version).await;
        }
        let marker = VersionRecord {
            version: s3.draw_version(),
            is_null: false,
            created_at: s3.now(),
            replaced_at: None,
            stands: Stands::Marker { owner: bucket.account },
        };
        let (marker, gone) = put_version_in_tx(tx, bucket, &self.key, current, marker).await?;
        self.audience.raise_in_tx(s3, tx, Event::LifecycleDeleteMarkerCreated, &marker).await?;
        Ok(gone)
    }

    async fn remove_in_tx(
        &self,
        s3: &S3,
        tx: &mut Tx,
        bucket: &BucketRecord,
        version: &VersionRecord,
    ) -> Result<Vec<BlobId>, Error> {
        let located = match locate_in_tx(tx, bucket.id, &self.key, Some(&version.name())).await {
            Ok(located) if located.record == *version => located,
            other => return gone_meanwhile(other),
        };
        let gone = remove_version_in_tx(tx, bucket.id, &self.key, &located).await?;
        self.audience.raise_in_tx(s3, tx, Event::LifecycleDelete, &located.record).await?;
        Ok(gone)
    }
}

/// What was found is another thing by now, or nothing; then there is nothing to do.
fn gone_meanwhile<T>(found: Result<T, Error>) -> Result<Vec<BlobId>, Error> {
    match found {
        Ok(_) | Err(Error::NoSuchKey(_) | Error::NoSuchVersion { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

impl Worker for Lifecycle {
    type Error = Error;

    fn name(&self) -> &'static str {
        "s3 lifecycle"
    }

    async fn run_once(&self) -> Result<Next, Error> {
        let today = self.s3.now().as_millis() / DAY_MS;
        let buckets = self.s3.directory.of_account(None)?;
        if buckets.iter().all(|bucket| rules_in(bucket).is_empty()) {
            // A rule that comes is a hint.
            return Ok(Next::OnHint);
        }
        let (day, place) = match self.progress().await? {
            // The first rules there ever were are looked at next midnight, as all others are.
            None => {
                self.keep(today, None).await?;
                (today, None)
            }
            Some(LifecycleRecord { day, place: Some(place) }) => (day, Some(place)),
            Some(LifecycleRecord { day, place: None }) if day < today => (today, Some(LifecyclePlace::default())),
            Some(LifecycleRecord { day, place: None }) => (day, None),
        };
        match place {
            Some(place) => {
                self.step(day, place).await?;
                Ok(Next::Again)
            }
            None => Ok(Next::At(Timestamp::from_millis((day + 1) * DAY_MS))),
        }
    }
}
