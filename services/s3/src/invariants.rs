//! What must hold in every store, whatever happened to it. Tests and `tidegate check` ask the same questions.
//!
//! - S3-1: every record can be read.
//! - S3-2: every object, and every part of an upload, has its whole body, whose checksums hold.
//! - S3-3: every file that is said to be referred to is, by one object or part.
//! - S3-4: every configuration, version and upload belongs to a bucket that exists.
//! - S3-5: what is called the older version `null` of a key is one.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use tidegate_blob::{BlobId, Blobs};
use tidegate_record::{DecodeError, KeyReader, Stored};
use tidegate_store::{Entry, KeyRange, Order, Page, Snapshot, Space, StoreError};

use crate::store::keys::{self, Catalogued};
use crate::store::{
    BucketId, BucketRecord, ConfigRecord, Content, PartRecord, PiecesRecord, UploadRecord, VersionId, VersionRecord,
    behind, corrupt,
};

/// How many records one scan reads.
const PAGE: usize = 1000;

/// What has been found out so far.
struct Audit<'a> {
    view: &'a dyn Snapshot,
    blobs: &'a Blobs,
    buckets: HashSet<BucketId>,
    uploads: HashSet<VersionId>,
    /// How often each file is referred to.
    files: HashMap<BlobId, u32>,
    found: Vec<String>,
}

/// Checks all records of S3 in a view, and the files of larger bodies, and says what is wrong.
///
/// # Errors
/// What reading the store answers.
pub async fn violations(view: &dyn Snapshot, blobs: &Blobs) -> Result<Vec<String>, StoreError> {
    let mut audit = Audit {
        view,
        blobs,
        buckets: HashSet::new(),
        uploads: HashSet::new(),
        files: HashMap::new(),
        found: Vec::new(),
    };
    audit.catalogue().await?;
    audit.versions(keys::all_currents()).await?;
    audit.versions(keys::all_olders()).await?;
    audit.nulls().await?;
    audit.uploads().await?;
    audit.parts().await?;
    audit.files().await?;
    Ok(audit.found)
}

impl Audit<'_> {
    fn wrong(&mut self, invariant: &str, key: &[u8], what: impl std::fmt::Display) {
        self.found.push(format!("{invariant}: {what} at {key:02x?}"));
    }

    /// The record of an entry; one that cannot be read is a violation.
    fn read<T: Stored>(&mut self, entry: &Entry) -> Option<T> {
        match T::decode(&entry.record.value) {
            Ok(record) => Some(record),
            Err(error) => {
                self.wrong("S3-1", &entry.key, error);
                None
            }
        }
    }

    async fn catalogue(&mut self) -> Result<(), StoreError> {
        let mut configured = Vec::new();
        for entry in all(self.view, Space::Map, keys::catalogue()).await? {
            match keys::read_catalogue(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))? {
                Catalogued::Bucket(_) => {
                    if let Some(bucket) = self.read::<BucketRecord>(&entry) {
                        self.buckets.insert(bucket.id);
                    }
                }
                Catalogued::Config(bucket, _) => {
                    if self.read::<ConfigRecord>(&entry).is_some() {
                        configured.push((bucket, entry.key));
                    }
                }
            }
        }
        for (bucket, key) in configured {
            self.belongs(bucket, &key);
        }
        Ok(())
    }

    fn belongs(&mut self, bucket: BucketId, key: &[u8]) {
        if !self.buckets.contains(&bucket) {
            self.wrong("S3-4", key, "something belongs to no bucket");
        }
    }

    async fn versions(&mut self, prefix: Bytes) -> Result<(), StoreError> {
        let mut range = KeyRange::prefix(&prefix);
        loop {
            let entries = page(self.view, Space::Map, &mut range).await?;
            if entries.is_empty() {
                return Ok(());
            }
            for entry in entries {
                self.belongs(bucket_of(&entry.key, &prefix)?, &entry.key);
                let Some(version) = self.read::<VersionRecord>(&entry) else { continue };
                if let Some(object) = version.object() {
                    self.body(&entry.key, object.content, object.size).await?;
                }
            }
        }
    }

    /// Whether a body of so many bytes is where it should be.
    async fn body(&mut self, key: &[u8], content: Content, size: u64) -> Result<(), StoreError> {
        match content {
            Content::Pieces(id) => {
                let place = keys::pieces(id);
                let Some(record) = self.view.get(Space::Map, &place).await? else {
                    self.wrong("S3-2", key, "the list of an object's parts is missing");
                    return Ok(());
                };
                let Some(PiecesRecord { pieces }) = self.read(&Entry { key: place, record }) else { return Ok(()) };
                if pieces.iter().map(|piece| piece.size).sum::<u64>() != size {
                    self.wrong("S3-2", key, "the parts of an object have another size than the object");
                }
                for piece in pieces {
                    self.whole_body(key, piece.content, piece.size).await?;
                }
                Ok(())
            }
            whole => self.whole_body(key, whole, size).await,
        }
    }

    async fn whole_body(&mut self, key: &[u8], content: Content, size: u64) -> Result<(), StoreError> {
        let length = match content {
            Content::Empty => Some(0),
            Content::Stored(id) => {
                self.view.get(Space::Log, &keys::body(id)).await?.map(|record| record.value.len() as u64)
            }
            Content::File(blob) => {
                *self.files.entry(blob.id).or_default() += 1;
                if let Err(error) = self.blobs.verify(blob).await {
                    self.wrong("S3-2", key, error);
                }
                Some(blob.length)
            }
            // A part does not come in parts.
            Content::Pieces(_) => None,
        };
        if length != Some(size) {
            self.wrong("S3-2", key, format!("a body has {length:?} instead of {size} bytes"));
        }
        Ok(())
    }

    async fn nulls(&mut self) -> Result<(), StoreError> {
        for entry in all(self.view, Space::Map, keys::nulls()).await? {
            let mut reader = KeyReader::after(&entry.key, &keys::nulls()).map_err(malformed(&entry.key))?;
            let bucket = BucketId(reader.u64().map_err(malformed(&entry.key))?);
            let key = reader.text().map_err(malformed(&entry.key))?;
            let number: Option<[u8; 16]> = entry.record.value[..].try_into().ok();
            let older = match number {
                Some(number) => {
                    let version = VersionId(u128::from_be_bytes(number));
                    self.view.get(Space::Map, &keys::older(bucket, &key, version)).await?
                }
                None => None,
            };
            let is_null = older.and_then(|record| VersionRecord::decode(&record.value).ok()).is_some_and(|v| v.is_null);
            if !is_null {
                self.wrong("S3-5", &entry.key, "there is no older version `null`");
            }
        }
        Ok(())
    }

    async fn uploads(&mut self) -> Result<(), StoreError> {
        for entry in all(self.view, Space::Map, keys::all_uploads()).await? {
            let bucket = bucket_of(&entry.key, &keys::all_uploads())?;
            self.belongs(bucket, &entry.key);
            let (_, upload) = keys::read_upload(&entry.key, bucket).map_err(malformed(&entry.key))?;
            self.uploads.insert(upload);
            self.read::<UploadRecord>(&entry);
        }
        Ok(())
    }

    async fn parts(&mut self) -> Result<(), StoreError> {
        let mut range = KeyRange::prefix(&keys::all_parts());
        loop {
            let entries = page(self.view, Space::Map, &mut range).await?;
            if entries.is_empty() {
                return Ok(());
            }
            for entry in entries {
                let mut reader = KeyReader::after(&entry.key, &keys::all_parts()).map_err(malformed(&entry.key))?;
                let high = u128::from(reader.u64().map_err(malformed(&entry.key))?);
                let low = u128::from(reader.u64().map_err(malformed(&entry.key))?);
                if !self.uploads.contains(&VersionId(high << 64 | low)) {
                    self.wrong("S3-4", &entry.key, "a part belongs to no upload");
                }
                if let Some(part) = self.read::<PartRecord>(&entry) {
                    self.whole_body(&entry.key, part.content, part.size).await?;
                }
            }
        }
    }

    async fn files(&mut self) -> Result<(), StoreError> {
        for entry in all(self.view, Space::Map, keys::all_blobs()).await? {
            let mut reader = KeyReader::after(&entry.key, &keys::all_blobs()).map_err(malformed(&entry.key))?;
            let high = reader.u64().map_err(malformed(&entry.key))?.to_be_bytes();
            let low = reader.u64().map_err(malformed(&entry.key))?.to_be_bytes();
            let mut id = [0; 16];
            id[..8].copy_from_slice(&high);
            id[8..].copy_from_slice(&low);
            let id = BlobId::from_bytes(id);
            let count = self.files.remove(&id).unwrap_or(0);
            if count != 1 {
                self.wrong("S3-3", &entry.key, format!("the file {id} is referred to {count} times"));
            }
        }
        for id in std::mem::take(&mut self.files).into_keys() {
            self.wrong("S3-3", &id.to_bytes(), "a file is referred to and would be swept");
        }
        Ok(())
    }
}

/// The bucket of a key that has it behind a prefix.
fn bucket_of(key: &Bytes, prefix: &Bytes) -> Result<BucketId, StoreError> {
    let read = || KeyReader::after(key, prefix)?.u64();
    read().map(BucketId).map_err(malformed(key))
}

fn malformed(key: &Bytes) -> impl Fn(DecodeError) -> StoreError {
    move |error| corrupt(Space::Map, key, &error)
}

async fn page(view: &dyn Snapshot, space: Space, range: &mut KeyRange) -> Result<Vec<Entry>, StoreError> {
    let entries = view.scan(space, range, Order::Ascending, Page::of(PAGE)).await?;
    if let Some(last) = entries.last() {
        range.start = behind(&last.key);
    }
    Ok(entries)
}

/// All entries: of kinds of which there are few.
async fn all(view: &dyn Snapshot, space: Space, prefix: Bytes) -> Result<Vec<Entry>, StoreError> {
    let (mut range, mut found) = (KeyRange::prefix(&prefix), Vec::new());
    loop {
        let entries = page(view, space, &mut range).await?;
        if entries.is_empty() {
            return Ok(found);
        }
        found.extend(entries);
    }
}
