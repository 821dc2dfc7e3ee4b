//! What happens to the versions of a key. Whoever changes a key holds the latch of its newest version, so that
//! a range of older ones holds still.

use bytes::Bytes;
use tidegate_blob::BlobId;
use tidegate_record::Stored;
use tidegate_store::{KeyRange, LatchKey, Order, Page, Record, Snapshot, Space, Tx};
use tidegate_types::Timestamp;

use super::content::remove_content_in_tx;
use crate::error::Error;
use crate::store::{BucketId, BucketRecord, Stands, VersionId, VersionRecord, Versioning, corrupt, decode, keys};

/// The latch that whoever changes a key holds.
pub(crate) fn latch(bucket: BucketId, key: &str) -> LatchKey {
    keys::current(bucket, key)
}

/// The bucket of a transaction, as it is accepted: whatever writes into a bucket begins with this.
pub(crate) async fn bucket_in_tx(tx: &mut Tx, name: &str) -> Result<BucketRecord, Error> {
    let key = keys::bucket(name);
    let record = tx.get(Space::Map, &key).await?.ok_or_else(|| Error::NoSuchBucket(name.to_owned()))?;
    let bucket: BucketRecord = decode(Space::Map, &key, &record)?;
    if bucket.is_going { Err(Error::NoSuchBucket(name.to_owned())) } else { Ok(bucket) }
}

/// A version and where it lies.
#[derive(Debug, Clone)]
pub(crate) struct Located {
    place: Bytes,
    /// Whether it is the newest.
    pub is_current: bool,
    /// The version.
    pub record: VersionRecord,
}

impl Located {
    /// Writes the version back.
    pub(crate) fn put(&self, tx: &mut Tx) {
        tx.put(Space::Map, self.place.clone(), self.record.encode());
    }
}

/// Where versions are read. (A trait would be the same; the compiler cannot show then that these futures may change
/// their thread.)
enum Source<'a> {
    Accepted(&'a mut Tx),
    Durable(&'a dyn Snapshot),
}

impl Source<'_> {
    async fn record(&mut self, place: &Bytes) -> Result<Option<Record>, Error> {
        Ok(match self {
            Source::Accepted(tx) => tx.get(Space::Map, place).await?,
            Source::Durable(snapshot) => snapshot.get(Space::Map, place).await?,
        })
    }

    async fn version(&mut self, place: &Bytes) -> Result<Option<VersionRecord>, Error> {
        match self.record(place).await? {
            Some(record) => Ok(Some(decode(Space::Map, place, &record)?)),
            None => Ok(None),
        }
    }
}

async fn get_in_tx(tx: &mut Tx, place: &Bytes) -> Result<Option<VersionRecord>, Error> {
    Source::Accepted(tx).version(place).await
}

/// The newest version of a key in accepted state.
pub(crate) async fn current_in_tx(tx: &mut Tx, bucket: BucketId, key: &str) -> Result<Option<VersionRecord>, Error> {
    get_in_tx(tx, &keys::current(bucket, key)).await
}

/// A version in accepted state: the newest, or the one that a client names.
///
/// # Errors
/// If there is none, as S3 words it. A deletion is found too.
pub(crate) async fn locate_in_tx(
    tx: &mut Tx,
    bucket: BucketId,
    key: &str,
    version: Option<&str>,
) -> Result<Located, Error> {
    locate(Source::Accepted(tx), bucket, key, version).await
}

/// A durable version, and whether it is the newest.
///
/// # Errors
/// As [`locate_in_tx`].
pub(crate) async fn find(
    snapshot: &dyn Snapshot,
    bucket: BucketId,
    key: &str,
    version: Option<&str>,
) -> Result<(VersionRecord, bool), Error> {
    let Located { record, is_current, .. } = locate(Source::Durable(snapshot), bucket, key, version).await?;
    Ok((record, is_current))
}

async fn locate(mut from: Source<'_>, bucket: BucketId, key: &str, version: Option<&str>) -> Result<Located, Error> {
    let place = keys::current(bucket, key);
    let current = from.version(&place).await?;
    let Some(name) = version else {
        let record = current.ok_or_else(|| Error::NoSuchKey(key.to_owned()))?;
        return Ok(Located { place, is_current: true, record });
    };
    if let Some(record) = current.filter(|current| current.name() == name) {
        return Ok(Located { place, is_current: true, record });
    }
    let number = match name {
        "null" => {
            let at = keys::null(bucket, key);
            let pointer = from.record(&at).await?;
            pointer.map(|record| read_pointer(&at, &record.value)).transpose()?
        }
        _ => Some(parse(name)?),
    };
    if let Some(number) = number {
        let place = keys::older(bucket, key, number);
        if let Some(record) = from.version(&place).await?.filter(|record| record.name() == name) {
            return Ok(Located { place, is_current: false, record });
        }
    }
    Err(Error::NoSuchVersion { key: key.to_owned(), version: name.to_owned() })
}

/// The number that a client wrote for a version.
pub(crate) fn parse(name: &str) -> Result<VersionId, Error> {
    let words = if name.is_empty() { "Version id cannot be the empty string" } else { "Invalid version id specified" };
    VersionId::parse(name).ok_or_else(|| Error::InvalidArgument {
        words: words.to_owned(),
        name: "versionId".to_owned(),
        value: name.to_owned(),
    })
}

fn read_pointer(at: &Bytes, value: &Bytes) -> Result<VersionId, Error> {
    let malformed = tidegate_record::DecodeError::Malformed { at: 0, what: "not the number of a version" };
    let number: [u8; 16] = value[..].try_into().map_err(|_| corrupt(Space::Map, at, &malformed))?;
    Ok(VersionId(u128::from_be_bytes(number)))
}

/// Puts a version in front of the others of its key, of which `current` is the newest. Returns it as it was
/// written, and the files that nothing refers to any more once the transaction is durable.
pub(crate) async fn put_version_in_tx(
    tx: &mut Tx,
    bucket: &BucketRecord,
    key: &str,
    current: Option<VersionRecord>,
    mut new: VersionRecord,
) -> Result<(VersionRecord, Vec<BlobId>), Error> {
    let place = keys::current(bucket.id, key);
    let mut gone = Vec::new();
    new.is_null = bucket.versioning != Versioning::Enabled;
    if new.is_null && bucket.versioning == Versioning::Suspended {
        remove_older_null(tx, bucket.id, key, &mut gone).await?;
    }
    if let Some(current) = current {
        new.version = new.version.behind(current.version);
        if new.is_null && current.is_null {
            remove_stands_in_tx(tx, &current.stands, &mut gone).await?;
        } else {
            retire(tx, bucket.id, key, current, new.created_at);
        }
    }
    tx.put(Space::Map, place, new.encode());
    Ok((new, gone))
}

/// The newest version becomes an older one.
fn retire(tx: &mut Tx, bucket: BucketId, key: &str, mut version: VersionRecord, now: Timestamp) {
    version.replaced_at = Some(now);
    tx.put(Space::Map, keys::older(bucket, key, version.version), version.encode());
    if version.is_null {
        tx.put(Space::Map, keys::null(bucket, key), version.version.0.to_be_bytes().to_vec());
    }
}

async fn remove_older_null(tx: &mut Tx, bucket: BucketId, key: &str, gone: &mut Vec<BlobId>) -> Result<(), Error> {
    let at = keys::null(bucket, key);
    let Some(pointer) = tx.get(Space::Map, &at).await? else { return Ok(()) };
    let place = keys::older(bucket, key, read_pointer(&at, &pointer.value)?);
    if let Some(older) = get_in_tx(tx, &place).await? {
        remove_stands_in_tx(tx, &older.stands, gone).await?;
        tx.delete(Space::Map, place);
    }
    tx.delete(Space::Map, at);
    Ok(())
}

/// Removes one version for good; the next older one becomes the newest. Returns the files that nothing refers to
/// any more once the transaction is durable.
pub(crate) async fn remove_version_in_tx(
    tx: &mut Tx,
    bucket: BucketId,
    key: &str,
    located: &Located,
) -> Result<Vec<BlobId>, Error> {
    let mut gone = Vec::new();
    remove_stands_in_tx(tx, &located.record.stands, &mut gone).await?;
    tx.delete(Space::Map, located.place.clone());
    if !located.is_current {
        if located.record.is_null {
            tx.delete(Space::Map, keys::null(bucket, key));
        }
        return Ok(gone);
    }
    let range = KeyRange::prefix(&keys::olders_of(bucket, key));
    let next = tx.scan(Space::Map, &range, Order::Ascending, Page::of(1)).await?;
    if let Some(entry) = next.first() {
        let mut record: VersionRecord = decode(Space::Map, &entry.key, &entry.record)?;
        record.replaced_at = None;
        tx.delete(Space::Map, entry.key.clone());
        if record.is_null {
            tx.delete(Space::Map, keys::null(bucket, key));
        }
        tx.put(Space::Map, located.place.clone(), record.encode());
    }
    Ok(gone)
}

async fn remove_stands_in_tx(tx: &mut Tx, stands: &Stands, gone: &mut Vec<BlobId>) -> Result<(), Error> {
    match stands {
        Stands::Object(object) => remove_content_in_tx(tx, object.content, gone).await,
        Stands::Marker { .. } => Ok(()),
    }
}
