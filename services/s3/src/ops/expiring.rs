//! What a bucket's lifecycle rules say of its objects.

use std::collections::BTreeMap;

use tidegate_api_s3::BucketLifecycleConfiguration;
use tidegate_types::Timestamp;

use crate::domain::lifecycle::{Aged, LifecycleRule, expiration_of, upload_ends};
use crate::ops::configs::MINIMUM;
use crate::service::S3;
use crate::store::{Bucket, ConfigKind, VersionRecord};
use crate::wire::{expiration_header, rules_of};

/// The tags of what has none.
static NO_TAGS: BTreeMap<String, String> = BTreeMap::new();

/// The rules of a bucket that are in force.
pub(crate) fn rules_in(bucket: &Bucket) -> Vec<LifecycleRule> {
    let config = bucket.config::<BucketLifecycleConfiguration>(ConfigKind::Lifecycle);
    let minimum = bucket.documents(ConfigKind::Lifecycle).find(|(id, _)| *id == MINIMUM);
    let archives_small_ones = minimum.is_some_and(|(_, minimum)| minimum == "varies_by_storage_class");
    config.map(|config| rules_of(config, archives_small_ones)).unwrap_or_default()
}

/// What the rules ask for of a version.
pub(crate) fn aged<'a>(key: &'a str, version: &'a VersionRecord) -> Aged<'a> {
    let object = version.object();
    Aged {
        key,
        size: object.map_or(0, |object| object.size),
        tags: object.map_or(&NO_TAGS, |object| &object.tags),
        storage_class: object.map_or("", |object| &object.storage_class),
        created_at: version.created_at,
    }
}

impl S3 {
    /// When and by which rule lifecycle will remove a version, as a header says it. Only the newest versions
    /// expire by themselves.
    pub(crate) fn expiration_of(&self, bucket: &Bucket, key: &str, version: &VersionRecord) -> Option<String> {
        if version.object().is_none() || version.replaced_at.is_some() {
            return None;
        }
        let rules = rules_in(bucket);
        let (due, rule) = expiration_of(&rules, &aged(key, version))?;
        Some(expiration_header(due, rule))
    }

    /// When and by which rule an upload in parts will be given up.
    pub(crate) fn upload_ends(&self, bucket: &Bucket, key: &str, begun_at: Timestamp) -> Option<(Timestamp, String)> {
        let rules = rules_in(bucket);
        upload_ends(&rules, key, begun_at).map(|(due, rule)| (due, rule.id.clone()))
    }
}
