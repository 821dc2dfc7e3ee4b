use tidegate_api_s3::{ListPartsOutput, ListPartsRequest};
use tidegate_protocol::Call;
use tidegate_store::{KeyRange, Order, Page, Space};

use crate::domain::acl::owner;
use crate::error::Error;
use crate::ops::multipart;
use crate::service::S3;
use crate::store::keys;
use crate::wire;

/// The parts of an upload that have come.
pub(crate) async fn list_parts(service: &S3, _: &Call, input: ListPartsRequest) -> Result<ListPartsOutput, Error> {
    let bucket = service.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let (most, marker) = wire::part_page(input.max_parts, input.part_number_marker)?;
    let key = input.key.unwrap_or_default();
    let snapshot = service.store.snapshot()?;
    let (id, upload) = multipart::find(&*snapshot, bucket.id(), &key, input.upload_id.as_deref()).await?;
    // What lies behind the greatest number lies behind all parts.
    let start = crate::store::behind(&keys::part(id, u16::try_from(marker).unwrap_or(u16::MAX)));
    let range = KeyRange::prefix_from(&keys::parts(id), start);
    let most_entries = usize::try_from(most).unwrap_or(0);
    let mut entries = snapshot.scan(Space::Map, &range, Order::Ascending, Page::of(most_entries + 1)).await?;
    let is_truncated = most > 0 && entries.len() > most_entries;
    entries.truncate(most_entries);
    let mut parts = Vec::with_capacity(entries.len());
    for entry in &entries {
        let (number, part) = multipart::read_part(entry, id)?;
        parts.push(wire::part(number, &part, upload.checksum));
    }
    let last = parts.last().and_then(|part| part.part_number).unwrap_or(0);
    let (abort_date, abort_rule_id) = service.upload_ends(&bucket, &key, upload.created_at).unzip();
    Ok(ListPartsOutput {
        abort_date,
        abort_rule_id,
        bucket: Some(bucket.name.clone()),
        key: Some(key),
        upload_id: Some(id.to_string()),
        part_number_marker: Some(marker),
        next_part_number_marker: Some(last),
        max_parts: Some(most),
        is_truncated: Some(is_truncated),
        parts: Some(parts),
        initiator: Some(wire::initiator(&upload)),
        owner: Some(owner(upload.owner)),
        storage_class: Some(upload.storage_class.clone()),
        request_charged: None,
        checksum_algorithm: upload.checksum.map(|kind| kind.name().to_owned()),
        checksum_type: upload.checksum.map(|_| wire::checksum_type(upload.is_composite)),
    })
}
