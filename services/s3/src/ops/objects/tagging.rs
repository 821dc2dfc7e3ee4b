//! An object's tags.

use std::collections::BTreeMap;

use tidegate_api_s3::{
    DeleteObjectTaggingOutput, DeleteObjectTaggingRequest, GetObjectTaggingOutput, GetObjectTaggingRequest,
    PutObjectTaggingOutput, PutObjectTaggingRequest, Tag,
};
use tidegate_protocol::Call;

use super::editing::Named;
use crate::domain::{Event, MAX_OBJECT_TAGS, checked_tags};
use crate::error::Error;
use crate::service::S3;

/// `GetObjectTagging`
pub(crate) async fn get_object_tagging(
    s3: &S3,
    _call: &Call,
    input: GetObjectTaggingRequest,
) -> Result<GetObjectTaggingOutput, Error> {
    let bucket = &s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = input.key.as_deref().unwrap_or_default();
    let named = Named { bucket, key, version: input.version_id.as_deref() };
    let (record, object) = named.read(s3).await?;
    let tags = object.tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) });
    Ok(GetObjectTaggingOutput { version_id: named.shown_version(&record), tag_set: Some(tags.collect()) })
}

/// `PutObjectTagging`
pub(crate) async fn put_object_tagging(
    s3: &S3,
    call: &Call,
    input: PutObjectTaggingRequest,
) -> Result<PutObjectTaggingOutput, Error> {
    let bucket = &s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = input.key.as_deref().unwrap_or_default();
    let tags = input.tagging.and_then(|tagging| tagging.tag_set).ok_or(Error::MalformedXml)?;
    let pairs = tags.into_iter().map(|tag| tag.key.zip(tag.value).ok_or(Error::MalformedXml));
    let tags = checked_tags(pairs.collect::<Result<Vec<_>, Error>>()?, MAX_OBJECT_TAGS)?;
    let named = Named { bucket, key, version: input.version_id.as_deref() };
    let edited = named.edit(s3, call, Some(Event::TaggingPut), |object| {
        object.tags = tags.clone();
        Ok(())
    });
    let version_id = named.shown_version(&edited.await?);
    Ok(PutObjectTaggingOutput { version_id })
}

/// `DeleteObjectTagging`
pub(crate) async fn delete_object_tagging(
    s3: &S3,
    call: &Call,
    input: DeleteObjectTaggingRequest,
) -> Result<DeleteObjectTaggingOutput, Error> {
    let bucket = &s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = input.key.as_deref().unwrap_or_default();
    let named = Named { bucket, key, version: input.version_id.as_deref() };
    let edited = named.edit(s3, call, Some(Event::TaggingDelete), |object| {
        object.tags = BTreeMap::new();
        Ok(())
    });
    let version_id = named.shown_version(&edited.await?);
    Ok(DeleteObjectTaggingOutput { version_id })
}
