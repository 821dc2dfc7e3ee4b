//! What is listed, as it lies in the store.

use tidegate_store::{Entry, KeyRange, Snapshot, Space};

use super::cursor::{Cursor, behind_all};
use super::walk::Source;
use crate::domain::Grouping;
use crate::error::Error;
use crate::store::{BucketId, UploadRecord, VersionId, VersionRecord, corrupt, decode, keys};

/// The objects of a bucket: newest versions that are no deletions.
pub(super) struct Objects<'a> {
    bucket: BucketId,
    currents: Cursor<'a>,
}

impl<'a> Objects<'a> {
    /// Those behind a key or a common prefix.
    pub(super) fn new(snapshot: &'a dyn Snapshot, bucket: BucketId, grouping: &Grouping, after: &str) -> Objects<'a> {
        let range = KeyRange::prefix(&keys::currents_with_prefix(bucket, &grouping.prefix));
        let mut objects = Objects { bucket, currents: Cursor::new(snapshot, range) };
        if grouping.is_group(after) {
            objects.skip(after);
        } else if !after.is_empty() {
            objects.currents.skip_to(Some(crate::store::behind(&keys::current(bucket, after))));
        }
        objects
    }
}

impl Source for Objects<'_> {
    type Item = VersionRecord;

    async fn next(&mut self) -> Result<Option<(String, VersionRecord)>, Error> {
        while let Some(entry) = self.currents.next().await? {
            let version: VersionRecord = decode(Space::Map, &entry.key, &entry.record)?;
            if version.object().is_some() {
                return Ok(Some((key_of_current(&entry, self.bucket)?, version)));
            }
        }
        Ok(None)
    }

    fn skip(&mut self, prefix: &str) {
        self.currents.skip_to(behind_all(&keys::currents_with_prefix(self.bucket, prefix)));
    }
}

/// All versions of a bucket's keys: of each key the newest first.
pub(super) struct Versions<'a> {
    bucket: BucketId,
    currents: Cursor<'a>,
    olders: Cursor<'a>,
}

/// A version, and whether it is the newest.
pub(super) struct Version {
    pub record: VersionRecord,
    pub is_latest: bool,
}

impl<'a> Versions<'a> {
    /// Those behind a key or a common prefix; with a version, those of the key that are older than it, and what
    /// follows.
    pub(super) fn new(
        snapshot: &'a dyn Snapshot,
        bucket: BucketId,
        grouping: &Grouping,
        after: (&str, Option<VersionId>),
    ) -> Versions<'a> {
        let currents = KeyRange::prefix(&keys::currents_with_prefix(bucket, &grouping.prefix));
        let olders = KeyRange::prefix(&keys::olders_with_prefix(bucket, &grouping.prefix));
        let (currents, olders) = (Cursor::new(snapshot, currents), Cursor::new(snapshot, olders));
        let mut versions = Versions { bucket, currents, olders };
        let (key, version) = after;
        if grouping.is_group(key) {
            versions.skip(key);
        } else if !key.is_empty() {
            versions.currents.skip_to(Some(crate::store::behind(&keys::current(bucket, key))));
            versions.olders.skip_to(match version {
                Some(version) => Some(crate::store::behind(&keys::older(bucket, key, version))),
                None => behind_all(&keys::olders_of(bucket, key)),
            });
        }
        versions
    }
}

impl Source for Versions<'_> {
    type Item = Version;

    async fn next(&mut self) -> Result<Option<(String, Version)>, Error> {
        let bucket = self.bucket;
        let current = self.currents.peek().await?.map(|entry| key_of_current(entry, bucket)).transpose()?;
        let older = self.olders.peek().await?.map(|entry| key_of_older(entry, bucket)).transpose()?;
        let is_latest = match (&current, &older) {
            (None, None) => return Ok(None),
            (Some(current), Some(older)) => current <= older,
            (current, _) => current.is_some(),
        };
        let cursor = if is_latest { &mut self.currents } else { &mut self.olders };
        let Some((entry, key)) = cursor.next().await?.zip(if is_latest { current } else { older }) else {
            return Ok(None);
        };
        let record = decode(Space::Map, &entry.key, &entry.record)?;
        Ok(Some((key, Version { record, is_latest })))
    }

    fn skip(&mut self, prefix: &str) {
        self.currents.skip_to(behind_all(&keys::currents_with_prefix(self.bucket, prefix)));
        self.olders.skip_to(behind_all(&keys::olders_with_prefix(self.bucket, prefix)));
    }
}

/// The uploads in parts of a bucket: of each key the earliest first.
pub(super) struct Uploads<'a> {
    bucket: BucketId,
    uploads: Cursor<'a>,
}

impl<'a> Uploads<'a> {
    /// Those behind a key or a common prefix; with an upload, the later ones of the key, and what follows.
    pub(super) fn new(
        snapshot: &'a dyn Snapshot,
        bucket: BucketId,
        grouping: &Grouping,
        after: (&str, Option<VersionId>),
    ) -> Uploads<'a> {
        let range = KeyRange::prefix(&keys::uploads_with_prefix(bucket, &grouping.prefix));
        let mut uploads = Uploads { bucket, uploads: Cursor::new(snapshot, range) };
        let (key, upload) = after;
        if grouping.is_group(key) {
            uploads.skip(key);
        } else if !key.is_empty() {
            uploads.uploads.skip_to(match upload {
                Some(upload) => Some(crate::store::behind(&keys::upload(bucket, key, upload))),
                None => behind_all(&keys::uploads_of(bucket, key)),
            });
        }
        uploads
    }
}

impl Source for Uploads<'_> {
    type Item = (VersionId, UploadRecord);

    async fn next(&mut self) -> Result<Option<(String, Self::Item)>, Error> {
        let Some(entry) = self.uploads.next().await? else { return Ok(None) };
        let read = keys::read_upload(&entry.key, self.bucket);
        let (key, upload) = read.map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
        Ok(Some((key, (upload, decode(Space::Map, &entry.key, &entry.record)?))))
    }

    fn skip(&mut self, prefix: &str) {
        self.uploads.skip_to(behind_all(&keys::uploads_with_prefix(self.bucket, prefix)));
    }
}

fn key_of_current(entry: &Entry, bucket: BucketId) -> Result<String, Error> {
    Ok(keys::read_current(&entry.key, bucket).map_err(|error| corrupt(Space::Map, &entry.key, &error))?)
}

fn key_of_older(entry: &Entry, bucket: BucketId) -> Result<String, Error> {
    let (key, _) = keys::read_older(&entry.key, bucket).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
    Ok(key)
}
