//! Public access block. What it blocks: lists of access that are public (`acl.rs`), policies that are public
//! (`policy.rs`), and what both of them grant (`ports/policies.rs`).

use tidegate_api_s3::{
    DeletePublicAccessBlockRequest, GetPublicAccessBlockOutput, GetPublicAccessBlockRequest,
    PublicAccessBlockConfiguration, PutPublicAccessBlockRequest,
};
use tidegate_protocol::Call;

use super::{document, found, set, unset};
use crate::error::Error;
use crate::service::S3;
use crate::store::{Bucket, ConfigKind};

/// What buckets are made with since April 2023.
pub(crate) const ALL_BLOCKED: &str = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
    <IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>\
    <RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";

/// What a bucket blocks.
pub(crate) fn access_block(bucket: &Bucket) -> PublicAccessBlockConfiguration {
    bucket.config(ConfigKind::PublicAccessBlock).unwrap_or_default()
}

/// `GetPublicAccessBlock`
pub(crate) async fn get_public_access_block(
    s3: &S3,
    _call: &Call,
    input: GetPublicAccessBlockRequest,
) -> Result<GetPublicAccessBlockOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let (code, words) = ("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found");
    let config: PublicAccessBlockConfiguration = found(&bucket, ConfigKind::PublicAccessBlock, code, words)?;
    Ok(GetPublicAccessBlockOutput { public_access_block_configuration: Some(config) })
}

/// `PutPublicAccessBlock`
pub(crate) async fn put_public_access_block(
    s3: &S3,
    _call: &Call,
    input: PutPublicAccessBlockRequest,
) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let asked = input.public_access_block_configuration.ok_or(Error::MalformedXml)?;
    if asked == PublicAccessBlockConfiguration::default() {
        let words = "Must specify at least one configuration.".to_owned();
        return Err(Error::Refused { code: "InvalidRequest", status: 400, words });
    }
    // What is not said is false, and is shown so.
    let said = |value: Option<bool>| Some(value.unwrap_or(false));
    let config = PublicAccessBlockConfiguration {
        block_public_acls: said(asked.block_public_acls),
        ignore_public_acls: said(asked.ignore_public_acls),
        block_public_policy: said(asked.block_public_policy),
        restrict_public_buckets: said(asked.restrict_public_buckets),
    };
    set(s3, &bucket, ConfigKind::PublicAccessBlock, document("PublicAccessBlockConfiguration", &config)).await
}

/// `DeletePublicAccessBlock`
pub(crate) async fn delete_public_access_block(
    s3: &S3,
    _call: &Call,
    input: DeletePublicAccessBlockRequest,
) -> Result<(), Error> {
    let owner = input.expected_bucket_owner.as_deref();
    unset(s3, input.bucket.as_deref(), owner, ConfigKind::PublicAccessBlock).await
}
