//! Whether a bucket keeps versions.

use tidegate_api_s3::{
    GetBucketVersioningOutput, GetBucketVersioningRequest, PutBucketVersioningRequest, VersioningConfiguration,
};
use tidegate_protocol::Call;

use super::change;
use crate::error::Error;
use crate::service::S3;
use crate::store::Versioning;

/// `GetBucketVersioning`
pub(crate) async fn get_bucket_versioning(
    s3: &S3,
    _call: &Call,
    input: GetBucketVersioningRequest,
) -> Result<GetBucketVersioningOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let status = match bucket.record.versioning {
        Versioning::Never => None,
        Versioning::Enabled => Some("Enabled".to_owned()),
        Versioning::Suspended => Some("Suspended".to_owned()),
    };
    Ok(GetBucketVersioningOutput { status, mfa_delete: None })
}

/// `PutBucketVersioning`
pub(crate) async fn put_bucket_versioning(
    s3: &S3,
    _call: &Call,
    input: PutBucketVersioningRequest,
) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let asked = wanted(&input.versioning_configuration.ok_or(Error::MalformedXml)?)?;
    change(s3, &bucket, |record| {
        if record.has_lock && asked == Versioning::Suspended {
            let words = "An Object Lock configuration is present on this bucket, so the versioning state cannot be \
                         changed.";
            return Err(Error::Refused { code: "InvalidBucketState", status: 409, words: words.to_owned() });
        }
        record.versioning = asked;
        Ok(())
    })
    .await
}

fn wanted(config: &VersioningConfiguration) -> Result<Versioning, Error> {
    match config.mfa_delete.as_deref() {
        None | Some("Disabled") => {}
        Some("Enabled") => {
            // Nobody's device is known here.
            let words = "Mfa Authentication must be used for this request".to_owned();
            return Err(Error::Refused { code: "AccessDenied", status: 403, words });
        }
        Some(_) => return Err(Error::MalformedXml),
    }
    match config.status.as_deref() {
        Some("Enabled") => Ok(Versioning::Enabled),
        Some("Suspended") => Ok(Versioning::Suspended),
        Some(_) => Err(Error::MalformedXml),
        None => Err(Error::Refused {
            code: "IllegalVersioningConfigurationException",
            status: 400,
            words: "The Versioning element must be specified".to_owned(),
        }),
    }
}
