//! What is copied to other buckets: checked, kept and shown. Nothing is copied.

use std::collections::HashSet;

use tidegate_api_s3::{
    DeleteBucketReplicationRequest, GetBucketReplicationOutput, GetBucketReplicationRequest,
    PutBucketReplicationRequest, ReplicationConfiguration, ReplicationRule,
};
use tidegate_protocol::Call;

use super::{document, found, invalid, one_of, request, set, unset};
use crate::error::Error;
use crate::service::S3;
use crate::store::{ConfigKind, Versioning};

const MAX_RULES: usize = 1000;
const MAX_ID: usize = 255;

/// `GetBucketReplication`
pub(crate) async fn get_bucket_replication(
    s3: &S3,
    _call: &Call,
    input: GetBucketReplicationRequest,
) -> Result<GetBucketReplicationOutput, Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let (code, words) = ("ReplicationConfigurationNotFoundError", "The replication configuration was not found");
    let config: ReplicationConfiguration = found(&bucket, ConfigKind::Replication, code, words)?;
    Ok(GetBucketReplicationOutput { replication_configuration: Some(config) })
}

/// `PutBucketReplication`
pub(crate) async fn put_bucket_replication(
    s3: &S3,
    _call: &Call,
    input: PutBucketReplicationRequest,
) -> Result<(), Error> {
    let bucket = s3.bucket_of(input.bucket.as_deref(), input.expected_bucket_owner.as_deref())?;
    let mut config = input.replication_configuration.ok_or(Error::MalformedXml)?;
    if bucket.record.versioning != Versioning::Enabled {
        return Err(request("Versioning must be 'Enabled' on the bucket to apply a replication configuration"));
    }
    let role = config.role.as_deref().unwrap_or_default();
    if !(role.starts_with("arn:") && role.contains(":iam::")) {
        return Err(invalid("Invalid Role specified in replication configuration", "Role", role));
    }
    let rules = config.rules.as_deref_mut().unwrap_or_default();
    if rules.is_empty() {
        return Err(Error::MalformedXml);
    }
    if rules.len() > MAX_RULES {
        return Err(request("The number of replication rules must not exceed the allowed limit of 1000 rules."));
    }
    let mut ids = HashSet::new();
    for rule in rules {
        check(s3, rule)?;
        let id = rule.id.get_or_insert_with(|| s3.env.uuid().to_string());
        if !ids.insert(id.clone()) {
            return Err(invalid("Rule Id must be unique", "ID", id.clone()));
        }
    }
    set(s3, &bucket, ConfigKind::Replication, document("ReplicationConfiguration", &config)).await
}

/// `DeleteBucketReplication`
pub(crate) async fn delete_bucket_replication(
    s3: &S3,
    _call: &Call,
    input: DeleteBucketReplicationRequest,
) -> Result<(), Error> {
    unset(s3, input.bucket.as_deref(), input.expected_bucket_owner.as_deref(), ConfigKind::Replication).await
}

fn check(s3: &S3, rule: &ReplicationRule) -> Result<(), Error> {
    one_of(rule.status.as_deref(), &["Enabled", "Disabled"])?;
    if let Some(id) = rule.id.as_ref().filter(|id| id.chars().count() > MAX_ID) {
        return Err(invalid("The maximum value is 255 characters", "ID", id.clone()));
    }
    if rule.prefix.is_some() == rule.filter.is_some() {
        return Err(Error::MalformedXml);
    }
    // Rules with filters are of the newer kind, which says what becomes of deletions.
    if rule.filter.is_some() {
        if rule.delete_marker_replication.is_none() {
            return Err(request(
                "DeleteMarkerReplication must be specified for this version of Cross Region Replication \
                                configuration schema. Please refer to S3 Developer Guide for more information.",
            ));
        }
        if rule.priority.is_none() {
            return Err(request(
                "Priority must be specified for this version of Cross Region Replication configuration \
                                schema. Please refer to S3 Developer Guide for more information.",
            ));
        }
    }
    let destination = rule.destination.as_ref().and_then(|to| to.bucket.as_deref()).ok_or(Error::MalformedXml)?;
    let Some(name) = destination.strip_prefix("arn:aws:s3:::") else {
        return Err(invalid("Invalid bucket ARN.", "Bucket", destination));
    };
    let Ok(to) = s3.bucket(Some(name)) else { return Err(request("Destination bucket must exist.")) };
    if to.record.versioning != Versioning::Enabled {
        return Err(request("Destination bucket must have versioning enabled."));
    }
    Ok(())
}
