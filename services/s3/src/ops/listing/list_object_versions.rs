use tidegate_api_s3::{DeleteMarkerEntry, ListObjectVersionsOutput, ListObjectVersionsRequest, ObjectVersion};
use tidegate_protocol::Call;
use tidegate_store::Snapshot;

use super::sources::{Version, Versions};
use super::walk;
use crate::domain::acl::owner;
use crate::error::Error;
use crate::ops::versions;
use crate::service::S3;
use crate::store::{BucketId, ObjectRecord, Stands, VersionId};
use crate::wire::{self, Encoding};

/// All versions of a bucket's keys, deletions too.
pub(crate) async fn list_object_versions(
    service: &S3,
    _: &Call,
    input: ListObjectVersionsRequest,
) -> Result<ListObjectVersionsOutput, Error> {
    let (key_marker, version_marker) = (input.key_marker.as_deref(), input.version_id_marker.as_deref());
    check_markers(key_marker, version_marker)?;
    let bucket = service.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let encoding = Encoding::of(input.encoding_type.as_deref())?;
    let most = wire::page_size(input.max_keys, "maxKeys", "maxKeys")?;
    let grouping = wire::grouping(input.prefix.as_deref(), input.delimiter.as_deref());
    let key = key_marker.unwrap_or_default();
    let snapshot = service.store.snapshot()?;
    let version = match version_marker {
        Some(name) => Some(numbered(&*snapshot, bucket.id(), key, name).await?),
        None => None,
    };
    let all = Versions::new(&*snapshot, bucket.id(), &grouping, (key, version));
    let listed = walk::page(all, &grouping, usize::try_from(most).unwrap_or(0)).await?;
    let (next_key, next_version) = listed.next().unzip();
    let mut shown = Shown { encoding, versions: Vec::new(), delete_markers: Vec::new() };
    for (key, version) in &listed.items {
        shown.add(key, version);
    }
    Ok(ListObjectVersionsOutput {
        is_truncated: Some(listed.is_truncated),
        key_marker: Some(encoding.show(key)),
        version_id_marker: Some(version_marker.unwrap_or_default().to_owned()),
        next_key_marker: encoding.show_some(next_key),
        next_version_id_marker: next_version.flatten().map(|version| version.record.name()),
        versions: Some(shown.versions),
        delete_markers: Some(shown.delete_markers),
        name: Some(bucket.name.clone()),
        prefix: Some(encoding.show(&grouping.prefix)),
        delimiter: encoding.show_some(grouping.delimiter.as_deref()),
        max_keys: Some(most),
        common_prefixes: Some(wire::common_prefixes(&listed.groups, encoding)),
        encoding_type: encoding.name(),
        request_charged: None,
    })
}

fn check_markers(key: Option<&str>, version: Option<&str>) -> Result<(), Error> {
    match version {
        Some(version) if key.unwrap_or_default().is_empty() => {
            let words = "A version-id marker cannot be specified without a key marker.";
            Err(wire::argument(words, "version-id-marker", version))
        }
        Some("") => Err(wire::argument("A version-id marker cannot be empty.", "version-id-marker", "")),
        _ => Ok(()),
    }
}

/// The number behind which a key's versions go on. If the version that was called `null` is gone, the key is
/// listed once more: a version may be seen twice, none is left out.
async fn numbered(snapshot: &dyn Snapshot, bucket: BucketId, key: &str, name: &str) -> Result<VersionId, Error> {
    if name != "null" {
        let words = "Invalid version id specified";
        return VersionId::parse(name).ok_or_else(|| wire::argument(words, "version-id-marker", name));
    }
    match versions::find(snapshot, bucket, key, Some(name)).await {
        Ok((version, _)) => Ok(version.version),
        Err(Error::NoSuchVersion { .. }) => Ok(VersionId(u128::MAX)),
        Err(error) => Err(error),
    }
}

struct Shown {
    encoding: Encoding,
    versions: Vec<ObjectVersion>,
    delete_markers: Vec<DeleteMarkerEntry>,
}

impl Shown {
    fn add(&mut self, key: &str, version: &Version) {
        match &version.record.stands {
            Stands::Object(object) => self.versions.push(self.object(key, version, object)),
            Stands::Marker { owner: account } => self.delete_markers.push(DeleteMarkerEntry {
                owner: Some(owner(*account)),
                key: Some(self.encoding.show(key)),
                version_id: Some(version.record.name()),
                is_latest: Some(version.is_latest),
                last_modified: Some(version.record.created_at),
            }),
        }
    }

    fn object(&self, key: &str, version: &Version, object: &ObjectRecord) -> ObjectVersion {
        let (checksum_algorithm, checksum_type) = wire::listed_checksum(object);
        ObjectVersion {
            e_tag: Some(wire::quoted_etag(object)),
            checksum_algorithm,
            checksum_type,
            size: i64::try_from(object.size).ok(),
            storage_class: Some(object.storage_class.clone()),
            key: Some(self.encoding.show(key)),
            version_id: Some(version.record.name()),
            is_latest: Some(version.is_latest),
            last_modified: Some(version.record.created_at),
            owner: Some(owner(object.owner)),
            restore_status: None,
        }
    }
}
