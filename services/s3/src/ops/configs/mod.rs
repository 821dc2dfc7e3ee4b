//! What buckets are configured with: each operation reads its bucket, checks the document that its caller sent
//! as S3 does, and keeps it whole. Everything that acts on a configuration reads it from the directory.

mod abac;
mod accelerate;
mod access_block;
mod acl;
mod cors;
mod encryption;
mod lifecycle;
mod listed;
mod logging;
mod object_lock;
mod ownership;
mod payment;
mod policy;
mod replication;
mod tagging;
mod versioning;
mod website;

use tidegate_protocol::Shape;
use tidegate_protocol::aws_query::XmlWriter;
use tidegate_record::Stored;
use tidegate_store::{Space, Tx};

use super::versions::bucket_in_tx;
use crate::error::Error;
use crate::service::S3;
use crate::store::{Bucket, BucketRecord, ConfigKey, ConfigKind, ConfigRecord, keys};

pub(crate) use abac::{get_bucket_abac, has_abac, put_bucket_abac};
pub(crate) use accelerate::{get_bucket_accelerate_configuration, put_bucket_accelerate_configuration};
pub(crate) use access_block::{
    ALL_BLOCKED, access_block, delete_public_access_block, get_public_access_block, put_public_access_block,
};
pub(crate) use acl::{
    check_grant, check_grants, check_list, get_bucket_acl, is_owner_enforced, missing_header, no_lists, ownership,
    put_bucket_acl, refuse_public, unexpected_content,
};
pub(crate) use cors::{delete_bucket_cors, get_bucket_cors, put_bucket_cors};
pub(crate) use encryption::{delete_bucket_encryption, get_bucket_encryption, put_bucket_encryption};
pub(crate) use lifecycle::{
    MINIMUM, delete_bucket_lifecycle, get_bucket_lifecycle_configuration, put_bucket_lifecycle_configuration,
};
pub(crate) use listed::{
    delete_bucket_analytics_configuration, delete_bucket_intelligent_tiering_configuration,
    delete_bucket_inventory_configuration, delete_bucket_metrics_configuration, get_bucket_analytics_configuration,
    get_bucket_intelligent_tiering_configuration, get_bucket_inventory_configuration, get_bucket_metrics_configuration,
    list_bucket_analytics_configurations, list_bucket_intelligent_tiering_configurations,
    list_bucket_inventory_configurations, list_bucket_metrics_configurations, put_bucket_analytics_configuration,
    put_bucket_intelligent_tiering_configuration, put_bucket_inventory_configuration, put_bucket_metrics_configuration,
};
pub(crate) use logging::{get_bucket_logging, put_bucket_logging};
pub(crate) use object_lock::{get_object_lock_configuration, put_object_lock_configuration};
pub(crate) use ownership::{
    delete_bucket_ownership_controls, get_bucket_ownership_controls, put_bucket_ownership_controls,
};
pub(crate) use payment::{get_bucket_request_payment, put_bucket_request_payment};
pub(crate) use policy::{delete_bucket_policy, get_bucket_policy, get_bucket_policy_status, put_bucket_policy};
pub(crate) use replication::{delete_bucket_replication, get_bucket_replication, put_bucket_replication};
pub(crate) use tagging::{delete_bucket_tagging, get_bucket_tagging, put_bucket_tagging};
pub(crate) use versioning::{get_bucket_versioning, put_bucket_versioning};
pub(crate) use website::{delete_bucket_website, get_bucket_website, put_bucket_website};

/// A shape as the document that is kept.
pub(crate) fn document(root: &'static str, shape: &impl Shape) -> String {
    let mut writer = XmlWriter::new(String::new(), root);
    shape.write(&mut writer);
    writer.finish()
}

/// Keeps a document, or removes it.
async fn keep(s3: &S3, bucket: &Bucket, config: ConfigKey, document: Option<String>) -> Result<(), Error> {
    keep_all(s3, bucket, vec![(config, document)]).await
}

/// Keeps and removes documents in one transaction.
async fn keep_all(s3: &S3, bucket: &Bucket, configs: Vec<(ConfigKey, Option<String>)>) -> Result<(), Error> {
    let configs = &configs;
    let kept = s3.transact(&[], async |tx: &mut Tx| {
        accepted(tx, bucket).await?;
        for (config, document) in configs {
            let place = keys::config(bucket.id(), config);
            match document.clone() {
                Some(document) => tx.put(Space::Map, place, ConfigRecord { document }.encode()),
                None => tx.delete(Space::Map, place),
            }
        }
        Ok(())
    });
    kept.await.map(drop)
}

/// Keeps the only document of a kind.
async fn set(s3: &S3, bucket: &Bucket, kind: ConfigKind, document: String) -> Result<(), Error> {
    keep(s3, bucket, ConfigKey::of(kind), Some(document)).await
}

/// Removes the only document of a kind, if there is one.
async fn unset(s3: &S3, name: Option<&str>, owner: Option<&str>, kind: ConfigKind) -> Result<(), Error> {
    let bucket = s3.bucket_of(name, owner)?;
    keep(s3, &bucket, ConfigKey::of(kind), None).await
}

/// The bucket's record in accepted state. One that was removed and made again meanwhile is another.
async fn accepted(tx: &mut Tx, bucket: &Bucket) -> Result<BucketRecord, Error> {
    let record = bucket_in_tx(tx, &bucket.name).await?;
    if record.id == bucket.id() { Ok(record) } else { Err(Error::NoSuchBucket(bucket.name.clone())) }
}

/// Changes the bucket's own record.
async fn change(
    s3: &S3,
    bucket: &Bucket,
    edit: impl Fn(&mut BucketRecord) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let edit = &edit;
    let changed = s3.transact(&[], async |tx: &mut Tx| {
        let mut record = accepted(tx, bucket).await?;
        edit(&mut record)?;
        tx.put(Space::Map, keys::bucket(&bucket.name), record.encode());
        Ok(())
    });
    changed.await.map(drop)
}

/// The only configuration of a kind, or what S3 says if there is none.
fn found<T: Shape + Clone>(
    bucket: &Bucket,
    kind: ConfigKind,
    code: &'static str,
    words: &'static str,
) -> Result<T, Error> {
    bucket.config(kind).ok_or_else(|| missing(bucket, code, words))
}

fn missing(bucket: &Bucket, code: &'static str, words: &'static str) -> Error {
    Error::NoSuchConfig { code, words, bucket: bucket.name.clone() }
}

fn invalid(words: impl Into<String>, name: &str, value: impl Into<String>) -> Error {
    Error::InvalidArgument { words: words.into(), name: name.to_owned(), value: value.into() }
}

fn request(words: impl Into<String>) -> Error {
    Error::InvalidRequest(words.into())
}

/// The one of `known` that is said.
fn one_of(said: Option<&str>, known: &[&str]) -> Result<(), Error> {
    if said.is_some_and(|said| known.contains(&said)) { Ok(()) } else { Err(Error::MalformedXml) }
}
