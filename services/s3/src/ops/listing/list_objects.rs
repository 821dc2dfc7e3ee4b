use tidegate_api_s3::{ListObjectsOutput, ListObjectsRequest};
use tidegate_protocol::Call;

use super::sources::Objects;
use super::walk;
use crate::error::Error;
use crate::service::S3;
use crate::wire::{self, Encoding};

/// A bucket's objects, as they were listed at first.
pub(crate) async fn list_objects(
    service: &S3,
    _: &Call,
    input: ListObjectsRequest,
) -> Result<ListObjectsOutput, Error> {
    let bucket = service.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let encoding = Encoding::of(input.encoding_type.as_deref())?;
    let most = wire::page_size(input.max_keys, "maxKeys", "maxKeys")?;
    let grouping = wire::grouping(input.prefix.as_deref(), input.delimiter.as_deref());
    let marker = input.marker.unwrap_or_default();
    let snapshot = service.store.snapshot()?;
    let objects = Objects::new(&*snapshot, bucket.id(), &grouping, &marker);
    let listed = walk::page(objects, &grouping, usize::try_from(most).unwrap_or(0)).await?;
    // Without a delimiter clients go on behind the last key that they see.
    let next = listed.next().filter(|_| grouping.delimiter.is_some()).map(|(last, _)| encoding.show(last));
    let show = |(key, version)| wire::object(key, version, encoding, true);
    Ok(ListObjectsOutput {
        is_truncated: Some(listed.is_truncated),
        marker: Some(encoding.show(&marker)),
        next_marker: next,
        contents: Some(listed.items.iter().map(|(key, version)| show((key, version))).collect()),
        name: Some(bucket.name.clone()),
        prefix: Some(encoding.show(&grouping.prefix)),
        delimiter: encoding.show_some(grouping.delimiter.as_deref()),
        max_keys: Some(most),
        common_prefixes: Some(wire::common_prefixes(&listed.groups, encoding)),
        encoding_type: encoding.name(),
        request_charged: None,
    })
}
