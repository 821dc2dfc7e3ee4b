//! The lock that a bucket's new versions get. It is part of the bucket's record: every write looks at it.

use tidegate_api_s3::{
    DefaultRetention, GetObjectLockConfigurationOutput, GetObjectLockConfigurationRequest, ObjectLockConfiguration,
    ObjectLockRule, PutObjectLockConfigurationOutput, PutObjectLockConfigurationRequest,
};
use tidegate_protocol::Call;

use super::{change, invalid, missing};
use crate::domain::lock;
use crate::error::Error;
use crate::service::S3;
use crate::store::{DefaultLock, LockPeriod, Versioning};

const MAX_DAYS: u32 = 36_500;
const MAX_YEARS: u32 = 100;

/// `GetObjectLockConfiguration`
pub(crate) async fn get_object_lock_configuration(
    s3: &S3,
    _call: &Call,
    input: GetObjectLockConfigurationRequest,
) -> Result<GetObjectLockConfigurationOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    if !bucket.record.has_lock {
        let words = "Object Lock configuration does not exist for this bucket";
        return Err(missing(&bucket, "ObjectLockConfigurationNotFoundError", words));
    }
    let config = ObjectLockConfiguration {
        object_lock_enabled: Some("Enabled".to_owned()),
        rule: bucket.record.default_lock.map(shown),
    };
    Ok(GetObjectLockConfigurationOutput { object_lock_configuration: Some(config) })
}

/// `PutObjectLockConfiguration`. Locks that versions have already stay as they are.
pub(crate) async fn put_object_lock_configuration(
    s3: &S3,
    _call: &Call,
    input: PutObjectLockConfigurationRequest,
) -> Result<PutObjectLockConfigurationOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let config = input.object_lock_configuration.ok_or(Error::MalformedXml)?;
    if config.object_lock_enabled.as_deref() != Some("Enabled") {
        return Err(Error::MalformedXml);
    }
    let default = config.rule.as_ref().map(wanted).transpose()?;
    change(s3, &bucket, |record| {
        if record.versioning != Versioning::Enabled {
            let words = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration".to_owned();
            return Err(Error::Refused { code: "InvalidBucketState", status: 409, words });
        }
        record.has_lock = true;
        record.default_lock = default;
        Ok(())
    })
    .await?;
    Ok(PutObjectLockConfigurationOutput::default())
}

fn wanted(rule: &ObjectLockRule) -> Result<DefaultLock, Error> {
    let retention = rule.default_retention.as_ref().ok_or(Error::MalformedXml)?;
    let mode = lock::mode(retention.mode.as_deref())?;
    let bounded = |asked: i32, most: u32| match u32::try_from(asked) {
        Ok(count) if (1..=most).contains(&count) => Ok(count),
        Ok(count) if count > most => Err(invalid("Default retention period too large", "Days", asked.to_string())),
        _ => Err(invalid("Default retention period must be a positive integer value.", "Days", asked.to_string())),
    };
    let period = match (retention.days, retention.years) {
        (Some(days), None) => LockPeriod::Days(bounded(days, MAX_DAYS)?),
        (None, Some(years)) => LockPeriod::Years(bounded(years, MAX_YEARS)?),
        _ => return Err(Error::MalformedXml),
    };
    Ok(DefaultLock { mode, period })
}

fn shown(lock: DefaultLock) -> ObjectLockRule {
    let count = |count: u32| Some(i32::try_from(count).unwrap_or(i32::MAX));
    let (days, years) = match lock.period {
        LockPeriod::Days(days) => (count(days), None),
        LockPeriod::Years(years) => (None, count(years)),
    };
    let mode = Some(lock::mode_name(lock.mode).to_owned());
    ObjectLockRule { default_retention: Some(DefaultRetention { mode, days, years }) }
}
