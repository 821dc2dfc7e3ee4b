use tidegate_api_s3::{AbortMultipartUploadOutput, AbortMultipartUploadRequest};
use tidegate_protocol::Call;
use tidegate_store::Tx;

use super::{abort_in_tx, find_in_tx, parse};
use crate::error::Error;
use crate::ops::versions::{bucket_in_tx, latch};
use crate::service::S3;

/// Gives an upload up, with all that has come of it.
pub(crate) async fn abort_multipart_upload(
    s3: &S3,
    _: &Call,
    input: AbortMultipartUploadRequest,
) -> Result<AbortMultipartUploadOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = input.key.as_deref().unwrap_or_default();
    let id = parse(input.upload_id.as_deref())?;
    let initiated = input.if_match_initiated_time.map(|time| time.as_millis() / 1000);
    let name = bucket.name.as_str();
    let gone = s3
        .transact(&[latch(bucket.id(), key)], async |tx: &mut Tx| {
            let record = bucket_in_tx(tx, name).await?;
            let upload = find_in_tx(tx, record.id, key, id).await?;
            if initiated.is_some_and(|initiated| initiated != upload.created_at.as_millis() / 1000) {
                return Err(Error::Precondition("If-Match-Initiated-Time"));
            }
            abort_in_tx(tx, record.id, key, id).await
        })
        .await?;
    s3.remove_files(gone.value).await;
    Ok(AbortMultipartUploadOutput::default())
}
