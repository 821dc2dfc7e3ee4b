//! Where a bucket's access logs go. `ops/access_log.rs` notes requests, `workers/access_logs.rs` delivers the lines.

use tidegate_api_s3::{
    BucketLoggingStatus, GetBucketLoggingOutput, GetBucketLoggingRequest, LoggingEnabled, PutBucketLoggingRequest,
};
use tidegate_protocol::Call;

use super::{document, keep};
use crate::error::Error;
use crate::service::S3;
use crate::store::{Bucket, ConfigKey, ConfigKind};

/// `GetBucketLogging`
pub(crate) async fn get_bucket_logging(
    s3: &S3,
    _call: &Call,
    input: GetBucketLoggingRequest,
) -> Result<GetBucketLoggingOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let config: Option<BucketLoggingStatus> = bucket.config(ConfigKind::Logging);
    Ok(GetBucketLoggingOutput { logging_enabled: config.and_then(|config| config.logging_enabled) })
}

/// `PutBucketLogging`. A status that enables nothing disables.
pub(crate) async fn put_bucket_logging(s3: &S3, _call: &Call, input: PutBucketLoggingRequest) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let config = input.bucket_logging_status.ok_or(Error::MalformedXml)?;
    if let Some(enabled) = &config.logging_enabled {
        check(s3, &bucket, enabled)?;
    }
    let document = config.logging_enabled.is_some().then(|| document("BucketLoggingStatus", &config));
    keep(s3, &bucket, ConfigKey::of(ConfigKind::Logging), document).await
}

fn check(s3: &S3, bucket: &Bucket, enabled: &LoggingEnabled) -> Result<(), Error> {
    let (Some(name), Some(_prefix)) = (enabled.target_bucket.as_deref(), &enabled.target_prefix) else {
        return Err(Error::MalformedXml);
    };
    let refused = |code, status, words: &str| Err(Error::Refused { code, status, words: words.to_owned() });
    let Ok(target) = s3.bucket(Some(name)) else {
        let words = "The target bucket for logging does not exist";
        return refused("InvalidTargetBucketForLogging", 400, words);
    };
    if target.record.account != bucket.record.account {
        let words = "The owner for the bucket to be logged and the target bucket must be the same.";
        return refused("InvalidTargetBucketForLogging", 400, words);
    }
    if target.record.region != bucket.record.region {
        return refused("CrossLocationLoggingProhibited", 403, "Cross S3 location logging not allowed. ");
    }
    Ok(())
}
