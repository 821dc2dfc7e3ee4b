//! Transfer acceleration: kept and shown. Nothing here is far away.

use tidegate_api_s3::{
    AccelerateConfiguration, GetBucketAccelerateConfigurationOutput, GetBucketAccelerateConfigurationRequest,
    PutBucketAccelerateConfigurationRequest,
};
use tidegate_protocol::Call;

use super::{document, one_of, request, set};
use crate::error::Error;
use crate::service::S3;
use crate::store::ConfigKind;

/// `GetBucketAccelerateConfiguration`
pub(crate) async fn get_bucket_accelerate_configuration(
    s3: &S3,
    _call: &Call,
    input: GetBucketAccelerateConfigurationRequest,
) -> Result<GetBucketAccelerateConfigurationOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let config: Option<AccelerateConfiguration> = bucket.config(ConfigKind::Accelerate);
    let status = config.and_then(|config| config.status);
    Ok(GetBucketAccelerateConfigurationOutput { status, ..GetBucketAccelerateConfigurationOutput::default() })
}

/// `PutBucketAccelerateConfiguration`
pub(crate) async fn put_bucket_accelerate_configuration(
    s3: &S3,
    _call: &Call,
    input: PutBucketAccelerateConfigurationRequest,
) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    if bucket.name.contains('.') {
        return Err(request("S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"));
    }
    let config = input.accelerate_configuration.ok_or(Error::MalformedXml)?;
    one_of(config.status.as_deref(), &["Enabled", "Suspended"])?;
    set(s3, &bucket, ConfigKind::Accelerate, document("AccelerateConfiguration", &config)).await
}
