use tidegate_api_s3::{ListObjectsV2Output, ListObjectsV2Request};
use tidegate_protocol::Call;

use super::sources::Objects;
use super::walk;
use crate::domain::{continuation_token, read_continuation_token};
use crate::error::Error;
use crate::service::S3;
use crate::wire::{self, Encoding};

/// A bucket's objects.
pub(crate) async fn list_objects_v2(
    service: &S3,
    _: &Call,
    input: ListObjectsV2Request,
) -> Result<ListObjectsV2Output, Error> {
    let bucket = service.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let encoding = Encoding::of(input.encoding_type.as_deref())?;
    let most = wire::page_size(input.max_keys, "maxKeys", "maxKeys")?;
    let grouping = wire::grouping(input.prefix.as_deref(), input.delimiter.as_deref());
    let token = input.continuation_token;
    // A token knows more than where the listing began.
    let after = match token.as_deref() {
        Some(token) => continued(token)?,
        None => input.start_after.clone().unwrap_or_default(),
    };
    let snapshot = service.store.snapshot()?;
    let objects = Objects::new(&*snapshot, bucket.id(), &grouping, &after);
    let listed = walk::page(objects, &grouping, usize::try_from(most).unwrap_or(0)).await?;
    let shows_owner = input.fetch_owner == Some(true);
    Ok(ListObjectsV2Output {
        is_truncated: Some(listed.is_truncated),
        contents: Some(
            listed.items.iter().map(|(key, version)| wire::object(key, version, encoding, shows_owner)).collect(),
        ),
        name: Some(bucket.name.clone()),
        prefix: Some(encoding.show(&grouping.prefix)),
        delimiter: encoding.show_some(grouping.delimiter.as_deref()),
        max_keys: Some(most),
        common_prefixes: Some(wire::common_prefixes(&listed.groups, encoding)),
        encoding_type: encoding.name(),
        key_count: i32::try_from(listed.len()).ok(),
        continuation_token: token,
        next_continuation_token: listed.next().map(|(last, _)| continuation_token(last)),
        start_after: encoding.show_some(input.start_after.as_deref()),
        request_charged: None,
    })
}

fn continued(token: &str) -> Result<String, Error> {
    let words = "The continuation token provided is incorrect";
    read_continuation_token(token).ok_or_else(|| wire::argument(words, "continuation-token", token))
}
