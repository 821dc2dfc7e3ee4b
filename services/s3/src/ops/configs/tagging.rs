//! A bucket's tags.

use tidegate_api_s3::{
    DeleteBucketTaggingRequest, GetBucketTaggingOutput, GetBucketTaggingRequest, PutBucketTaggingRequest, Tagging,
};
use tidegate_protocol::{Answered, Call, HttpAnswer};

use super::{document, found, set, unset};
use crate::domain::{MAX_BUCKET_TAGS, checked_tags};
use crate::error::Error;
use crate::service::S3;
use crate::store::ConfigKind;

/// `GetBucketTagging`
pub(crate) async fn get_bucket_tagging(
    s3: &S3,
    _call: &Call,
    input: GetBucketTaggingRequest,
) -> Result<GetBucketTaggingOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let tagging: Tagging = found(&bucket, ConfigKind::Tagging, "NoSuchTagSet", "The TagSet does not exist")?;
    Ok(GetBucketTaggingOutput { tag_set: Some(tagging.tag_set.unwrap_or_default()) })
}

/// `PutBucketTagging`
pub(crate) async fn put_bucket_tagging(
    s3: &S3,
    _call: &Call,
    input: PutBucketTaggingRequest,
) -> Result<Answered<()>, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let tags = input.tagging.and_then(|tagging| tagging.tag_set).ok_or(Error::MalformedXml)?;
    let pairs = tags.iter().map(|tag| tag.key.clone().zip(tag.value.clone()).ok_or(Error::MalformedXml));
    checked_tags(pairs.collect::<Result<Vec<_>, Error>>()?, MAX_BUCKET_TAGS)?;
    set(s3, &bucket, ConfigKind::Tagging, document("Tagging", &Tagging { tag_set: Some(tags) })).await?;
    Ok(Answered { shape: (), http: HttpAnswer::default().with_status(204) })
}

/// `DeleteBucketTagging`
pub(crate) async fn delete_bucket_tagging(
    s3: &S3,
    _call: &Call,
    input: DeleteBucketTaggingRequest,
) -> Result<(), Error> {
    unset(s3, input.bucket.as_deref(), input.expected_bucket_owner.as_deref(), ConfigKind::Tagging).await
}
