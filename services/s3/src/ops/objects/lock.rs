//! Until when a version must stay: its retention, and its legal hold.

use tidegate_api_s3::{
    GetObjectLegalHoldOutput, GetObjectLegalHoldRequest, GetObjectRetentionOutput, GetObjectRetentionRequest,
    ObjectLockLegalHold, ObjectLockRetention, PutObjectLegalHoldOutput, PutObjectLegalHoldRequest,
    PutObjectRetentionOutput, PutObjectRetentionRequest,
};
use tidegate_protocol::{Call, ServiceError};

use super::draft::needs_lock;
use super::editing::Named;
use crate::domain::{http_date, lock};
use crate::error::Error;
use crate::service::S3;
use crate::store::Lock;

/// `GetObjectRetention`
pub(crate) async fn get_object_retention(
    s3: &S3,
    _call: &Call,
    input: GetObjectRetentionRequest,
) -> Result<GetObjectRetentionOutput, Error> {
    let bucket = &s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    needs_lock(bucket)?;
    let key = input.key.as_deref().unwrap_or_default();
    let (_, object) = Named { bucket, key, version: input.version_id.as_deref() }.read(s3).await?;
    let Lock { mode, until } = object.lock.ok_or_else(|| unlocked(key))?;
    let mode = Some(lock::mode_name(mode).to_owned());
    let retention = ObjectLockRetention { mode, retain_until_date: Some(until) };
    Ok(GetObjectRetentionOutput { retention: Some(retention) })
}

/// `PutObjectRetention`. A retention that says nothing takes the lock away, where it may be taken.
pub(crate) async fn put_object_retention(
    s3: &S3,
    call: &Call,
    input: PutObjectRetentionRequest,
) -> Result<PutObjectRetentionOutput, Error> {
    let bucket = &s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    needs_lock(bucket)?;
    let key = input.key.as_deref().unwrap_or_default();
    let (now, bypasses) = (s3.now(), input.bypass_governance_retention == Some(true));
    let asked = match input.retention.ok_or(Error::MalformedXml)? {
        ObjectLockRetention { mode: None, retain_until_date: None } => None,
        ObjectLockRetention { mode, retain_until_date: Some(until) } => {
            let mode = lock::mode(mode.as_deref())?;
            if until <= now {
                let words = "The retain until date must be in the future!".to_owned();
                let (name, value) = ("RetainUntilDate".to_owned(), http_date(until));
                return Err(Error::InvalidArgument { words, name, value });
            }
            Some(Lock { mode, until })
        }
        ObjectLockRetention { mode: Some(_), retain_until_date: None } => return Err(Error::MalformedXml),
    };
    let named = Named { bucket, key, version: input.version_id.as_deref() };
    named
        .edit(s3, call, None, |object| {
            if !lock::may_become(object.lock, asked, now, bypasses) {
                return Err(Error::Denied("Access Denied because object protected by object lock.".to_owned()));
            }
            object.lock = asked;
            Ok(())
        })
        .await?;
    Ok(PutObjectRetentionOutput::default())
}

/// `GetObjectLegalHold`
pub(crate) async fn get_object_legal_hold(
    s3: &S3,
    _call: &Call,
    input: GetObjectLegalHoldRequest,
) -> Result<GetObjectLegalHoldOutput, Error> {
    let bucket = &s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    needs_lock(bucket)?;
    let key = input.key.as_deref().unwrap_or_default();
    let (_, object) = Named { bucket, key, version: input.version_id.as_deref() }.read(s3).await?;
    // A hold that was lifted is one that never was.
    if !object.legal_hold {
        return Err(unlocked(key));
    }
    Ok(GetObjectLegalHoldOutput { legal_hold: Some(ObjectLockLegalHold { status: Some("ON".to_owned()) }) })
}

/// `PutObjectLegalHold`
pub(crate) async fn put_object_legal_hold(
    s3: &S3,
    call: &Call,
    input: PutObjectLegalHoldRequest,
) -> Result<PutObjectLegalHoldOutput, Error> {
    let bucket = &s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    needs_lock(bucket)?;
    let key = input.key.as_deref().unwrap_or_default();
    let is_held = match input.legal_hold.and_then(|hold| hold.status).as_deref() {
        Some("ON") => true,
        Some("OFF") => false,
        _ => return Err(Error::MalformedXml),
    };
    let named = Named { bucket, key, version: input.version_id.as_deref() };
    named
        .edit(s3, call, None, |object| {
            object.legal_hold = is_held;
            Ok(())
        })
        .await?;
    Ok(PutObjectLegalHoldOutput::default())
}

fn unlocked(key: &str) -> Error {
    let words = "The specified object does not have a ObjectLock configuration".to_owned();
    let error = Error::Refused { code: "NoSuchObjectLockConfiguration", status: 404, words };
    Error::from(ServiceError::from(error).with_field("Key", key))
}
