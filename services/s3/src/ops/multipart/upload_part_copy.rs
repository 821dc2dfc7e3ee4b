use std::ops::Range;

use tidegate_api_s3::{CopyPartResult, UploadPartCopyOutput, UploadPartCopyRequest};
use tidegate_protocol::Call;

use super::{Place, check_customer_key, find, part_number};
use crate::error::Error;
use crate::ops::content::{Announced, MAX_SINGLE_BODY, receive};
use crate::ops::objects::{Conditions, CopySource, checked_key, opened, shown_version};
use crate::service::S3;
use crate::store::ChecksumKind;
use crate::wire;

/// Takes a part from an object that is there.
pub(crate) async fn upload_part_copy(
    s3: &S3,
    _: &Call,
    input: UploadPartCopyRequest,
) -> Result<UploadPartCopyOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let key = checked_key(input.key.as_deref())?;
    let number = part_number(input.part_number)?;
    let (id, upload) = find(&*s3.store.snapshot()?, bucket.id(), key, input.upload_id.as_deref()).await?;
    check_customer_key(&upload, input.sse_customer_key_md5.as_deref())?;
    let source = CopySource::parse(input.copy_source.as_deref().unwrap_or_default())?;
    let conditions = Conditions {
        if_match: input.copy_source_if_match.as_deref(),
        if_none_match: input.copy_source_if_none_match.as_deref(),
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let customer_key = input.copy_source_sse_customer_key_md5.as_deref();
    let owner = input.expected_source_bucket_owner.as_deref();
    let (source, asked) = (&source, input.copy_source_range.as_deref());
    let ((from, viewed, length), opened) = opened(s3, async || {
        let (bucket, viewed) = source.view(s3, conditions, customer_key, owner).await?;
        let range = range(asked, viewed.object().size)?;
        let (content, length) = (viewed.object().content, range.end - range.start);
        Ok(((bucket, viewed, length), content, range))
    })
    .await?;
    if length > MAX_SINGLE_BODY {
        return Err(Error::TooLarge { size: length, most: MAX_SINGLE_BODY });
    }
    let kind = upload.checksum.unwrap_or(ChecksumKind::DEFAULT);
    let announced = Announced { length: Some(length), md5: None, checksum: Some((kind, None)) };
    let received = receive(s3, None, Some(opened.into_pieces()), announced).await?;
    let place = Place { s3, bucket: &bucket, key, upload: id, number };
    let part = place.put(&received, received.checksum.clone()).await?;
    let mut result = CopyPartResult {
        e_tag: Some(wire::quoted_md5(&part.md5)),
        last_modified: Some(part.created_at),
        ..CopyPartResult::default()
    };
    if upload.checksum.is_some() {
        wire::show_checksum_value!(result, part.checksum.as_ref());
    }
    let mut output = UploadPartCopyOutput {
        copy_source_version_id: shown_version(&from, &viewed.version),
        copy_part_result: Some(result),
        ..UploadPartCopyOutput::default()
    };
    wire::show_encryption!(output, upload.encryption);
    Ok(output)
}

/// The bytes that are copied: all, or those of `bytes=first-last`, which must be there.
fn range(asked: Option<&str>, size: u64) -> Result<Range<u64>, Error> {
    let Some(asked) = asked else { return Ok(0..size) };
    let argument = |words: &str| wire::argument(words, "x-amz-copy-source-range", asked);
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let bounds = asked.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let Some((first, last)) = bounds.and_then(|(first, last)| number(first).zip(number(last))) else {
        return Err(argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy",
        ));
    };
    match () {
        () if first > last => {
            Err(Error::InvalidRequest("The specified copy range is invalid for the source object size".to_owned()))
        }
        () if last >= size => Err(argument(&format!("Range specified is not valid for source object of size: {size}"))),
        () => Ok(first..last + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(range(None, 10).unwrap(), 0..10);
        assert_eq!(range(Some("bytes=0-9"), 10).unwrap(), 0..10);
        assert_eq!(range(Some("bytes=3-3"), 10).unwrap(), 3..4);
        for wrong in ["0-9", "bytes=0-", "bytes=-5", "bytes=a-b", "bytes=0-1,3-4", "bytes=+1-2"] {
            assert!(range(Some(wrong), 10).unwrap_err().to_string().contains("must be of the form"), "{wrong}");
        }
        for wrong in ["bytes=0-10", "bytes=10-10"] {
            assert!(range(Some(wrong), 10).unwrap_err().to_string().ends_with("of size: 10"), "{wrong}");
        }
        assert!(range(Some("bytes=5-4"), 10).is_err());
    }
}
