//! Uploads in parts. A part is a body of its own; completing an upload names its parts' bodies as those of the
//! object, and copies none.
//!
//! Whoever changes an upload or its parts holds the latch of its key, so that the range of parts holds still.

mod abort;
mod complete;
mod completion;
mod create;
mod upload_part;
mod upload_part_copy;

use tidegate_record::Stored;
use tidegate_store::{Entry, KeyRange, Order, Page, Snapshot, Space, Tx};

pub(crate) use abort::abort_multipart_upload;
pub(crate) use complete::complete_multipart_upload;
pub(crate) use create::create_multipart_upload;
pub(crate) use upload_part::upload_part;
pub(crate) use upload_part_copy::upload_part_copy;

use super::content::{Received, remove_content_in_tx};
use super::objects::Draft;
use super::versions::{bucket_in_tx, latch};
use crate::error::Error;
use crate::service::S3;
use crate::store::{
    Bucket, BucketId, Checksum, ContentId, Encryption, PartRecord, UploadRecord, VersionId, corrupt, decode, keys,
};
use crate::wire;

/// The most parts of an upload.
const MAX_PARTS: u16 = 10_000;

/// The number of an upload, as a client names it.
fn parse(upload: Option<&str>) -> Result<VersionId, Error> {
    let upload = upload.unwrap_or_default();
    VersionId::parse(upload).ok_or_else(|| Error::NoSuchUpload(upload.to_owned()))
}

/// An upload that goes on, as it is durable.
pub(crate) async fn find(
    snapshot: &dyn Snapshot,
    bucket: BucketId,
    key: &str,
    upload: Option<&str>,
) -> Result<(VersionId, UploadRecord), Error> {
    let id = parse(upload)?;
    let place = keys::upload(bucket, key, id);
    let record = snapshot.get(Space::Map, &place).await?.ok_or_else(|| Error::NoSuchUpload(id.to_string()))?;
    Ok((id, decode(Space::Map, &place, &record)?))
}

/// An upload that goes on, as it is accepted.
async fn find_in_tx(tx: &mut Tx, bucket: BucketId, key: &str, id: VersionId) -> Result<UploadRecord, Error> {
    let place = keys::upload(bucket, key, id);
    let record = tx.get(Space::Map, &place).await?.ok_or_else(|| Error::NoSuchUpload(id.to_string()))?;
    Ok(decode(Space::Map, &place, &record)?)
}

/// The parts that have come, by their numbers.
async fn parts_in_tx(tx: &mut Tx, id: VersionId) -> Result<Vec<(u16, PartRecord)>, Error> {
    let range = KeyRange::prefix(&keys::parts(id));
    let entries = tx.scan(Space::Map, &range, Order::Ascending, Page::of(usize::from(MAX_PARTS))).await?;
    entries.iter().map(|entry| read_part(entry, id)).collect()
}

/// A part and its number.
pub(crate) fn read_part(entry: &Entry, id: VersionId) -> Result<(u16, PartRecord), Error> {
    let number = keys::read_part(&entry.key, id).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
    Ok((number, decode(Space::Map, &entry.key, &entry.record)?))
}

/// Removes an upload and the signs of its parts, but not their bodies.
fn remove_in_tx(tx: &mut Tx, bucket: BucketId, key: &str, id: VersionId, parts: &[(u16, PartRecord)]) {
    tx.delete(Space::Map, keys::upload(bucket, key, id));
    for (number, _) in parts {
        tx.delete(Space::Map, keys::part(id, *number));
    }
}

/// Removes an upload with all that has come of it. Returns the files that nothing refers to any more once the
/// transaction is durable. Its caller holds the latch of the key.
pub(crate) async fn abort_in_tx(
    tx: &mut Tx,
    bucket: BucketId,
    key: &str,
    id: VersionId,
) -> Result<Vec<tidegate_blob::BlobId>, Error> {
    let parts = parts_in_tx(tx, id).await?;
    remove_in_tx(tx, bucket, key, id, &parts);
    let mut gone = Vec::new();
    for (_, part) in parts {
        remove_content_in_tx(tx, part.content, &mut gone).await?;
    }
    Ok(gone)
}

/// What the object of an upload will be, its body aside.
fn draft(upload: &UploadRecord) -> Draft {
    let upload = upload.clone();
    Draft {
        owner: upload.owner,
        storage_class: upload.storage_class,
        headers: upload.headers,
        metadata: upload.metadata,
        tags: upload.tags,
        acl: upload.acl,
        lock: upload.lock,
        legal_hold: upload.legal_hold,
        encryption: upload.encryption,
        redirect: upload.redirect,
    }
}

/// The number of a part that comes.
fn part_number(asked: Option<i32>) -> Result<u16, Error> {
    let asked = asked.unwrap_or(0);
    let number = u16::try_from(asked).ok().filter(|number| (1..=MAX_PARTS).contains(number));
    let words = "Part number must be an integer between 1 and 10000, inclusive";
    number.ok_or_else(|| wire::argument(words, "partNumber", &asked.to_string()))
}

/// The key that its client keeps must come with every part.
fn check_customer_key(upload: &UploadRecord, brought: Option<&str>) -> Result<(), Error> {
    let kept = match &upload.encryption {
        Some(Encryption::Customer { key_md5 }) => Some(key_md5.as_str()),
        Some(Encryption::Service { .. }) | None => None,
    };
    match (kept, brought) {
        (None, _) => Ok(()),
        (Some(kept), Some(brought)) if kept == brought => Ok(()),
        (Some(_), None) => Err(Error::InvalidRequest(
            "The multipart upload initiate requested encryption. Subsequent part requests must include the \
             appropriate encryption parameters."
                .to_owned(),
        )),
        (Some(_), Some(_)) => Err(Error::InvalidRequest(
            "The provided encryption parameters did not match the ones used originally.".to_owned(),
        )),
    }
}

/// Where a part belongs.
#[derive(Clone, Copy)]
struct Place<'a> {
    s3: &'a S3,
    bucket: &'a Bucket,
    key: &'a str,
    upload: VersionId,
    number: u16,
}

impl Place<'_> {
    /// Keeps a part whose body has come, instead of one that came under the same number. If nothing comes of
    /// it, the body's file is removed.
    async fn put(self, received: &Received, checksum: Option<Checksum>) -> Result<PartRecord, Error> {
        let Place { s3, bucket, key, upload, number } = self;
        let (id, created_at) = (ContentId(s3.draw_version().0), s3.now());
        let checksum = &checksum;
        let at = keys::part(upload, number);
        let at = &at;
        let kept = s3
            .transact(&[latch(bucket.id(), key)], async |tx: &mut Tx| {
                let record = bucket_in_tx(tx, &bucket.name).await?;
                find_in_tx(tx, record.id, key, upload).await?;
                let mut gone = Vec::new();
                if let Some(earlier) = tx.get(Space::Map, at).await? {
                    let earlier: PartRecord = decode(Space::Map, at, &earlier)?;
                    remove_content_in_tx(tx, earlier.content, &mut gone).await?;
                }
                let content = received.place(tx, id);
                let (size, md5) = (received.size, received.md5);
                let part = PartRecord { created_at, size, md5, content, checksum: checksum.clone() };
                tx.put(Space::Map, at.clone(), part.encode());
                Ok((part, gone))
            })
            .await;
        match kept {
            Ok(kept) => {
                let (part, gone) = kept.value;
                s3.remove_files(gone).await;
                Ok(part)
            }
            Err(error) => {
                s3.remove_files(received.files()).await;
                Err(error)
            }
        }
    }
}
