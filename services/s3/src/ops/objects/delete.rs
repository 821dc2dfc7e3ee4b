use tidegate_api_s3::{
    DeleteObjectOutput, DeleteObjectRequest, DeleteObjectsOutput, DeleteObjectsRequest, DeletedObject,
    Error as ShownError, ObjectIdentifier,
};
use tidegate_protocol::{Call, ServiceError};
use tidegate_store::Tx;
use tidegate_types::Timestamp;

use super::unquoted;
use crate::domain::Event;
use crate::error::Error;
use crate::ops::versions::{bucket_in_tx, current_in_tx, latch, locate_in_tx, put_version_in_tx, remove_version_in_tx};
use crate::service::S3;
use crate::store::{Bucket, LockMode, ObjectRecord, Stands, VersionRecord, Versioning};
use crate::wire;

/// The most objects that one request deletes.
const MOST_AT_ONCE: usize = 1000;

/// What is to be deleted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deletion<'a> {
    /// The key.
    pub key: &'a str,
    /// One of its versions; without one the key is deleted, and its versions stay where they are kept.
    pub version: Option<&'a str>,
    /// Whether a lock of the weaker kind is disregarded.
    pub bypasses_governance: bool,
    /// Only if it has this entity tag.
    pub if_match: Option<&'a str>,
    /// Only if it was written then.
    pub if_written_at: Option<Timestamp>,
    /// Only if it has so many bytes.
    pub if_size: Option<i64>,
}

/// What was deleted.
#[derive(Debug, Default)]
pub(crate) struct Deleted {
    /// The version that was removed, or that says that the key was deleted.
    pub version: Option<String>,
    /// Whether that is a deletion.
    pub is_marker: bool,
}

/// Deletes an object or one of its versions.
pub(crate) async fn delete_object(
    s3: &S3,
    call: &Call,
    input: DeleteObjectRequest,
) -> Result<DeleteObjectOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let deletion = Deletion {
        key: input.key.as_deref().unwrap_or_default(),
        version: input.version_id.as_deref(),
        bypasses_governance: input.bypass_governance_retention == Some(true),
        if_match: input.if_match.as_deref(),
        if_written_at: input.if_match_last_modified_time,
        if_size: input.if_match_size,
    };
    let deleted = delete(s3, call, &bucket, &deletion).await?;
    Ok(DeleteObjectOutput {
        delete_marker: deleted.is_marker.then_some(true),
        version_id: deleted.version,
        request_charged: None,
    })
}

/// Deletes up to a thousand objects, each in a transaction of its own.
pub(crate) async fn delete_objects(
    s3: &S3,
    call: &Call,
    input: DeleteObjectsRequest,
) -> Result<DeleteObjectsOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let delete_these = input.delete.ok_or(Error::MalformedXml)?;
    let (objects, is_quiet) = (delete_these.objects.unwrap_or_default(), delete_these.quiet == Some(true));
    if objects.is_empty() || objects.len() > MOST_AT_ONCE {
        return Err(Error::MalformedXml);
    }
    let bypasses_governance = input.bypass_governance_retention == Some(true);
    let mut output = DeleteObjectsOutput::default();
    for object in objects {
        match delete_one(s3, call, &bucket, &object, bypasses_governance).await {
            Ok(_) if is_quiet => {}
            Ok(deleted) => output.deleted.get_or_insert_default().push(shown(object, deleted)),
            Err(error) => {
                let error = ServiceError::from(error);
                output.errors.get_or_insert_default().push(ShownError {
                    key: object.key,
                    version_id: object.version_id,
                    code: Some(error.shape.query_code.to_owned()),
                    message: Some(error.message),
                });
            }
        }
    }
    Ok(output)
}

async fn delete_one(
    s3: &S3,
    call: &Call,
    bucket: &Bucket,
    object: &ObjectIdentifier,
    bypasses_governance: bool,
) -> Result<Deleted, Error> {
    let key = object.key.as_deref().ok_or(Error::MalformedXml)?;
    wire::may_delete(s3, call, bucket, object)?;
    let deletion = Deletion {
        key,
        version: object.version_id.as_deref(),
        bypasses_governance,
        if_match: object.e_tag.as_deref(),
        if_written_at: object.last_modified_time,
        if_size: object.size,
    };
    delete(s3, call, bucket, &deletion).await
}

fn shown(object: ObjectIdentifier, deleted: Deleted) -> DeletedObject {
    let marker = deleted.is_marker.then(|| deleted.version.clone()).flatten();
    DeletedObject {
        key: object.key,
        version_id: object.version_id,
        delete_marker: deleted.is_marker.then_some(true),
        delete_marker_version_id: marker,
    }
}

async fn delete(s3: &S3, call: &Call, bucket: &Bucket, deletion: &Deletion<'_>) -> Result<Deleted, Error> {
    match deletion.version {
        Some(version) => delete_version(s3, call, bucket, deletion, version).await,
        None => delete_key(s3, call, bucket, deletion).await,
    }
}

async fn delete_version(
    s3: &S3,
    call: &Call,
    bucket: &Bucket,
    deletion: &Deletion<'_>,
    version: &str,
) -> Result<Deleted, Error> {
    let (key, now) = (deletion.key, s3.now());
    let audience = &s3.audience(call, bucket, key);
    let mut latches = audience.latches(s3);
    latches.push(latch(bucket.id(), key));
    let removed = s3.transact(&latches, async |tx: &mut Tx| {
        let record = bucket_in_tx(tx, &bucket.name).await?;
        let located = match locate_in_tx(tx, record.id, key, Some(version)).await {
            Ok(located) => located,
            // What is not there need not be deleted.
            Err(Error::NoSuchVersion { .. }) => return Ok((false, Vec::new())),
            Err(error) => return Err(error),
        };
        deletion.check(located.record.object(), located.record.created_at)?;
        if let Stands::Object(object) = &located.record.stands {
            check_lock(object, now, deletion.bypasses_governance)?;
        }
        let files = remove_version_in_tx(tx, record.id, key, &located).await?;
        audience.raise_in_tx(s3, tx, Event::Delete, &located.record).await?;
        Ok((located.record.object().is_none(), files))
    });
    let (is_marker, files) = removed.await?.value;
    s3.remove_files(files).await;
    let name = (bucket.record.versioning != Versioning::Never).then(|| version.to_owned());
    Ok(Deleted { version: name, is_marker })
}

async fn delete_key(s3: &S3, call: &Call, bucket: &Bucket, deletion: &Deletion<'_>) -> Result<Deleted, Error> {
    let (key, now, number) = (deletion.key, s3.now(), s3.draw_version());
    let audience = &s3.audience(call, bucket, key);
    let mut latches = audience.latches(s3);
    latches.push(latch(bucket.id(), key));
    let deleted = s3.transact(&latches, async |tx: &mut Tx| {
        let record = bucket_in_tx(tx, &bucket.name).await?;
        let current = current_in_tx(tx, record.id, key).await?;
        let object = current.as_ref().and_then(VersionRecord::object);
        if let Some(current) = &current {
            deletion.check(object, current.created_at)?;
        }
        if record.versioning == Versioning::Never {
            if current.is_none() {
                return Ok((None, Vec::new()));
            }
            let located = locate_in_tx(tx, record.id, key, None).await?;
            let files = remove_version_in_tx(tx, record.id, key, &located).await?;
            audience.raise_in_tx(s3, tx, Event::Delete, &located.record).await?;
            return Ok((None, files));
        }
        let marker = VersionRecord {
            version: number,
            is_null: false,
            created_at: now,
            replaced_at: None,
            stands: Stands::Marker { owner: call.account },
        };
        let (marker, files) = put_version_in_tx(tx, &record, key, current, marker).await?;
        audience.raise_in_tx(s3, tx, Event::DeleteMarkerCreated, &marker).await?;
        Ok((Some(marker.name()), files))
    });
    let (marker, files) = deleted.await?.value;
    s3.remove_files(files).await;
    Ok(Deleted { is_marker: marker.is_some(), version: marker })
}

impl Deletion<'_> {
    /// Whether what stands there is what its deleter believes it to be.
    fn check(&self, object: Option<&ObjectRecord>, written_at: Timestamp) -> Result<(), Error> {
        let Some(object) = object else { return Ok(()) };
        let matches = |etag: &str| etag == "*" || unquoted(etag) == object.etag.to_string();
        if self.if_match.is_some_and(|etag| !matches(etag)) {
            return Err(Error::Precondition("If-Match"));
        }
        if self.if_written_at.is_some_and(|time| time.as_millis() / 1000 != written_at.as_millis() / 1000) {
            return Err(Error::Precondition("x-amz-if-match-last-modified-time"));
        }
        if self.if_size.is_some_and(|size| u64::try_from(size) != Ok(object.size)) {
            return Err(Error::Precondition("x-amz-if-match-size"));
        }
        Ok(())
    }
}

/// Whether a version may be removed for good.
pub(crate) fn check_lock(object: &ObjectRecord, now: Timestamp, bypasses_governance: bool) -> Result<(), Error> {
    let is_held =
        object.lock.is_some_and(|lock| lock.until > now && !(bypasses_governance && lock.mode == LockMode::Governance));
    if is_held || object.legal_hold {
        return Err(Error::Denied("Access Denied because object protected by object lock.".to_owned()));
    }
    Ok(())
}
