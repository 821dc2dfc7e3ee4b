use tidegate_api_s3::{ListMultipartUploadsOutput, ListMultipartUploadsRequest, MultipartUpload};
use tidegate_protocol::Call;

use super::sources::Uploads;
use super::walk;
use crate::domain::acl::owner;
use crate::error::Error;
use crate::service::S3;
use crate::store::{UploadRecord, VersionId};
use crate::wire::{self, Encoding};

/// The uploads in parts that go on in a bucket.
pub(crate) async fn list_multipart_uploads(
    service: &S3,
    _: &Call,
    input: ListMultipartUploadsRequest,
) -> Result<ListMultipartUploadsOutput, Error> {
    let bucket = service.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let encoding = Encoding::of(input.encoding_type.as_deref())?;
    let most = wire::page_size(input.max_uploads, "max-uploads", "max-uploads")?;
    let grouping = wire::grouping(input.prefix.as_deref(), input.delimiter.as_deref());
    let key = input.key_marker.unwrap_or_default();
    let upload = upload_marker(&key, input.upload_id_marker.as_deref())?;
    let snapshot = service.store.snapshot()?;
    let uploads = Uploads::new(&*snapshot, bucket.id(), &grouping, (&key, upload));
    let listed = walk::page(uploads, &grouping, usize::try_from(most).unwrap_or(0)).await?;
    // Said of every page that shows something, as AWS does; only that of a cut one leads further.
    let (next_key, next_upload) = listed.last().unzip();
    let next_upload = next_upload.flatten().map(|(id, _)| id.to_string());
    Ok(ListMultipartUploadsOutput {
        bucket: Some(bucket.name.clone()),
        key_marker: Some(encoding.show(&key)),
        upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        next_key_marker: encoding.show_some(next_key),
        prefix: Some(encoding.show(&grouping.prefix)),
        delimiter: encoding.show_some(grouping.delimiter.as_deref()),
        next_upload_id_marker: next_upload,
        max_uploads: Some(most),
        is_truncated: Some(listed.is_truncated),
        uploads: Some(listed.items.iter().map(|(key, (id, record))| shown(key, *id, record, encoding)).collect()),
        common_prefixes: Some(wire::common_prefixes(&listed.groups, encoding)),
        encoding_type: encoding.name(),
        request_charged: None,
    })
}

/// Without a key it means nothing, and is not looked at.
fn upload_marker(key: &str, marker: Option<&str>) -> Result<Option<VersionId>, Error> {
    match marker.filter(|marker| !marker.is_empty() && !key.is_empty()) {
        Some(marker) => {
            let words = "Invalid uploadId marker";
            let parsed = VersionId::parse(marker);
            parsed.map(Some).ok_or_else(|| wire::argument(words, "upload-id-marker", marker))
        }
        None => Ok(None),
    }
}

fn shown(key: &str, id: VersionId, record: &UploadRecord, encoding: Encoding) -> MultipartUpload {
    MultipartUpload {
        upload_id: Some(id.to_string()),
        key: Some(encoding.show(key)),
        initiated: Some(record.created_at),
        storage_class: Some(record.storage_class.clone()),
        owner: Some(owner(record.owner)),
        initiator: Some(wire::initiator(record)),
        checksum_algorithm: record.checksum.map(|kind| kind.name().to_owned()),
        checksum_type: record.checksum.map(|_| wire::checksum_type(record.is_composite)),
    }
}
