//! Whether a bucket's tags weigh when permissions are asked for (attribute-based access control).

use tidegate_api_s3::{AbacStatus, GetBucketAbacOutput, GetBucketAbacRequest, PutBucketAbacRequest};
use tidegate_protocol::Call;

use super::{document, one_of, set};
use crate::error::Error;
use crate::service::S3;
use crate::store::{Bucket, ConfigKind};

/// `GetBucketAbac`
pub(crate) async fn get_bucket_abac(
    s3: &S3,
    _call: &Call,
    input: GetBucketAbacRequest,
) -> Result<GetBucketAbacOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let kept = bucket.config(ConfigKind::Abac);
    let disabled = || AbacStatus { status: Some("Disabled".to_owned()) };
    Ok(GetBucketAbacOutput { abac_status: Some(kept.unwrap_or_else(disabled)) })
}

/// `PutBucketAbac`
pub(crate) async fn put_bucket_abac(s3: &S3, _call: &Call, input: PutBucketAbacRequest) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let asked = input.abac_status.ok_or(Error::MalformedXml)?;
    one_of(asked.status.as_deref(), &["Enabled", "Disabled"])?;
    set(s3, &bucket, ConfigKind::Abac, document("AbacStatus", &asked)).await
}

/// Whether conditions on a bucket's tags hold for what is asked of it and its objects.
pub(crate) fn has_abac(bucket: &Bucket) -> bool {
    let kept: Option<AbacStatus> = bucket.config(ConfigKind::Abac);
    kept.is_some_and(|kept| kept.status.as_deref() == Some("Enabled"))
}
